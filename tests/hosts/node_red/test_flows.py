"""Every node in Node-RED's own engine, on the sandbox."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from hex_blocks.hosts.javascript.forms import key_of
from hex_blocks.hosts.node_red.nodes import nodes_of
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.calling import our_tools
from tests.faulty import Act, Exchange, Faulty, lost, pass_on, reset
from tests.hosts.node_red.conftest import CONNECTION, NodeRed

Json = Any
REVENUE = "01234567-89ab-cdef-0123-456789abcdef"
QUICK = "eaac7a41-372e-5b14-a151-abbf25d8ccce"
BROKEN = "0bf12f53-44ba-51cb-b903-c40ff204ee95"
ENDLESS = "dfb5c799-241f-5d9a-8953-72e4a8a98d5d"
DRAFT = "23efcd7f-9b0e-5722-b407-4900005a68a8"
NODES = nodes_of([tool for tool in our_tools().values() if not tool.experimental], our_tools().groups)
# What Hex may answer to a worked example, whose IDs are of another workspace.
REFUSALS = {
    "not_found",
    "no_permission",
    "request_refused",
    "run_not_ended",
    "run_ended_already",
    "export_refused",
    "not_published",
    "not_enabled",
    "rate_limited",
    "budget_spent",
}
OPERATIONS = [(node.type, key_of(tool)) for node in NODES for tool in node.tools]


def fixed(**inputs: str) -> Json:
    return {name: value for name, text in inputs.items() for name, value in ((name, text), (f"{name}Type", "str"))}


def start_lost_and_then_silence() -> Act:
    """Lose the answer to the first start, and then each answer to a question."""
    left = [lost]

    def act(exchange: Exchange) -> None:
        if exchange.request.method == "POST" and left:
            left.pop()(exchange)
        elif exchange.request.method == "GET" and not left:
            reset(exchange)
        else:
            pass_on(exchange)

    return act


def completed_run(sandbox: Sandbox) -> str:
    now = sandbox.clock.time()
    return next(run.id for run in sandbox.world.runs(REVENUE) if run.state(now).status == "COMPLETED")


def test_a_project_is_run_with_parameters_and_waited_for(red: NodeRed) -> None:
    node = {"type": "hex-run", "wait": True, **fixed(projectId=REVENUE)}
    node |= {"inputParams": '{"region": region}', "inputParamsType": "jsonata"}
    told = red.run(node, {"region": "EMEA", "topic": "kept"})
    assert told["payload"]["status"] == "COMPLETED"
    assert told["hex"] == {
        "tool": "hex_run_and_wait",
        "runId": told["payload"]["runId"],
        "traceId": told["payload"]["traceId"],
    }
    assert told["topic"] == "kept"
    assert "idempotencyKey" not in told["payload"]


def test_without_the_wait_the_run_has_just_begun(red: NodeRed) -> None:
    told = red.run({"type": "hex-run", "wait": False, **fixed(projectId=QUICK)})
    assert told["hex"]["tool"] == "hex_run_project"
    assert told["payload"]["runId"]


def test_a_failed_run_goes_to_the_catch_node_with_its_page(red: NodeRed) -> None:
    told = red.run({"type": "hex-run", "wait": True, **fixed(projectId=BROKEN)}, {"kept": 1})
    assert told["hexError"]["key"] == "run_errored"
    assert told["hexError"]["runUrl"] in told["error"]
    assert told["error"].endswith("[run_errored]")
    assert told["payload"] == {"kept": 1}


def test_a_failure_can_go_to_the_second_output(red: NodeRed) -> None:
    node = {"type": "hex-run", "wait": True, "onFailure": "output2", "outputs": 2, **fixed(projectId=DRAFT)}
    told = red.run(node)
    assert told["hexError"]["key"] == "not_published"
    assert told.get("error") is None


def test_a_bad_token_is_told_and_in_no_log(red: NodeRed) -> None:
    told = red.run({"type": "hex-find", **fixed(query="quick check")}, token="hxtp_marked_tamarind_token")
    assert told["hexError"]["key"] == "token_refused"
    assert "tamarind" not in red.log.read_text() + json.dumps(told)
    _, flows = red.ask("GET", "/flows")
    assert "tamarind" not in json.dumps(flows)
    assert all("tamarind" not in file.read_text(errors="replace") for file in red.folder.glob("flows*.json"))


def test_null_blank_and_missing_mean_not_given(red: NodeRed) -> None:
    node = {"type": "hex-projects", "operation": "list_projects", "limit": "null", "limitType": "json"}
    node |= {"statusFilter": "", "statusFilterType": "str", "creatorEmail": "nothing", "creatorEmailType": "msg"}
    assert len(red.run(node)["payload"]["projects"]) > 10


def test_the_token_may_come_from_the_environment(red: NodeRed) -> None:
    told = red.run({"type": "hex-find", **fixed(query="quick check")}, token="${HEX_TEST_TOKEN}")
    assert told["payload"]["matches"][0]["id"] == QUICK


def test_the_only_chart_of_a_run_is_a_picture(red: NodeRed, fast_sandbox: Sandbox) -> None:
    run = completed_run(fast_sandbox)
    all_of_it = red.run({"type": "hex-results", **fixed(projectId=REVENUE, runId=run)})["payload"]
    assert all_of_it["charts"][0]["image"]["type"] == "Buffer"
    node = {"type": "hex-results", "output": "picture", "charts": json.dumps([all_of_it["charts"][0]["label"]])}
    told = red.run(node | {"chartsType": "json"} | fixed(projectId=REVENUE, runId=run))
    assert told["filename"].endswith(".png")
    assert bytes(told["payload"]["data"]).startswith(b"\x89PNG")


def test_entries_are_sent_one_by_one_and_joined_again(red: NodeRed) -> None:
    node = {
        "type": "hex-projects",
        "operation": "list_projects",
        "output": "split",
        "fetchAll": "true",
        "fetchAllType": "bool",
    }
    red.deploy(
        {"id": "in", "type": "http in", "url": "/split", "method": "post", "wires": [["hex"]]},
        {"id": "hex", "connection": CONNECTION, "wires": [["join"]], **node},
        {"id": "join", "type": "join", "mode": "auto", "wires": [["out"]]},
        {"id": "out", "type": "http response", "wires": []},
    )
    told = red.post("/split")
    assert len(told) > 10
    assert all(each["title"] for each in told)


def test_a_wait_is_stopped_by_a_message(red: NodeRed) -> None:
    red.deploy(
        {"id": "in", "type": "http in", "url": "/slow", "method": "post", "wires": [["hex"]]},
        {
            "id": "hex",
            "type": "hex-run",
            "wait": True,
            "connection": CONNECTION,
            "wires": [[]],
            **fixed(projectId=ENDLESS),
        },
        {"id": "stop", "type": "http in", "url": "/stop", "method": "post", "wires": [["reset", "ok"]]},
        {"id": "reset", "type": "function", "func": "return {reset: true};", "wires": [["hex"]]},
        {"id": "catch", "type": "catch", "scope": ["hex"], "wires": [["told"]]},
        {"id": "told", "type": "function", "func": "msg.payload = msg.hexError; return msg;", "wires": [["ok"]]},
        {"id": "ok", "type": "http response", "wires": []},
    )
    found: list[Json] = []
    waiting = threading.Thread(target=lambda: found.append(red.post("/slow")))
    waiting.start()
    time.sleep(2)
    red.post("/stop")
    waiting.join(20)
    assert found[0]["key"] == "interrupted"


def test_a_message_that_comes_again_after_a_lost_answer_finds_its_run(
    red: NodeRed, timely_sandbox: Sandbox, timely_hex: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Lost starts are told apart by when runs began, by clocks that agree.
    monkeypatch.setattr(red, "hex", timely_hex)
    before = len(timely_sandbox.world.runs(QUICK))
    answer = "msg.payload = {payload: msg.payload, hexError: msg.hexError}; return msg;"
    red.deploy(
        {"id": "in", "type": "http in", "url": "/again", "method": "post", "wires": [["same"]]},
        {"id": "same", "type": "function", "func": "msg._msgid = 'the same'; return msg;", "wires": [["hex"]]},
        {
            "id": "hex",
            "type": "hex-run",
            "wait": False,
            "connection": CONNECTION,
            "wires": [["told"]],
            **fixed(projectId=QUICK),
        },
        {"id": "catch", "type": "catch", "scope": ["hex"], "wires": [["told"]]},
        {"id": "told", "type": "function", "func": answer, "wires": [["out"]]},
        {"id": "out", "type": "http response", "wires": []},
    )
    red.hex.play(start_lost_and_then_silence())
    for _ in range(2):
        # Messages that learn nothing leave the start to the next.
        assert red.post("/again")["hexError"]["key"]
    red.hex.play(pass_on)
    again = red.post("/again")
    runs = timely_sandbox.world.runs(QUICK)
    assert len(runs) == before + 1
    assert again["payload"].get("runId") in {run.id for run in runs}, again["hexError"]


@pytest.mark.timeout(180)
def test_fifty_messages_at_once(red: NodeRed, fast_sandbox: Sandbox) -> None:
    del fast_sandbox
    count = "const n = (flow.get('n') || 0) + 1; flow.set('n', n); return n === 50 ? msg : null;"
    red.deploy(
        {"id": "in", "type": "http in", "url": "/many", "method": "post", "wires": [["spread"]]},
        {
            "id": "spread",
            "type": "function",
            "func": "for (let i = 0; i < 50; i += 1) node.send({ req: msg.req, res: msg.res, payload: i });",
            "wires": [["hex"]],
        },
        {"id": "hex", "type": "hex-find", "connection": CONNECTION, "wires": [["count"]], **fixed(query=QUICK)},
        {"id": "count", "type": "function", "func": count, "wires": [["out"]]},
        {"id": "out", "type": "http response", "wires": []},
    )
    assert red.post("/many")["matches"][0]["id"] == QUICK


def test_each_finished_run_is_told_once(red: NodeRed) -> None:
    told = "const seen = flow.get('seen') || []; seen.push(msg.payload.runId); flow.set('seen', seen);"
    red.deploy(
        {
            "id": "watch",
            "type": "hex-watch",
            "connection": CONNECTION,
            "projectIds": QUICK,
            "interval": 5,
            "wires": [["note"]],
        },
        {"id": "note", "type": "function", "func": told, "wires": []},
        {"id": "go", "type": "http in", "url": "/go", "method": "post", "wires": [["hex"]]},
        {
            "id": "hex",
            "type": "hex-run",
            "wait": False,
            "connection": CONNECTION,
            "wires": [["out"]],
            **fixed(projectId=QUICK),
        },
        {"id": "ask", "type": "http in", "url": "/seen", "method": "post", "wires": [["tell"]]},
        {
            "id": "tell",
            "type": "function",
            "func": "msg.payload = flow.get('seen') || []; return msg;",
            "wires": [["out"]],
        },
        {"id": "out", "type": "http response", "wires": []},
    )
    time.sleep(2)
    started = {red.post("/go")["runId"] for _ in range(3)}
    until = time.monotonic() + 30
    seen: list[str] = []
    while time.monotonic() < until and len(seen) < 3:
        time.sleep(1)
        seen = red.post("/seen")
    time.sleep(6)
    assert sorted(red.post("/seen")) == sorted(started)


@pytest.mark.parametrize(("type_", "operation"), OPERATIONS, ids=lambda each: str(each))
def test_every_operation_runs(red: NodeRed, type_: str, operation: str) -> None:
    """Runs with the inputs of the worked example: the sandbox does it, or says in Hex's words why not."""
    if operation in ("run_and_wait", "ask"):
        pytest.skip("waits; has tests of its own")
    tool = our_tools()[operation]
    given = {name: value for name, value in tool.raw["examples"][0]["inputs"].items() if name != "file"}
    node = {"type": type_, "operation": operation, "wait": False}
    for name, value in given.items():
        node |= {name: json.dumps(value), f"{name}Type": "json"}
    told = red.run(node)
    error = told.get("hexError")
    assert error is None or error["key"] in REFUSALS, told


def test_the_connection_is_tested_with_the_token_where_it_is_stored_to_go(red: NodeRed) -> None:
    red.deploy()
    status, told = red.ask(
        "POST", "/hex-blocks/test", {"id": CONNECTION, "region": "custom", "baseUrl": "https://evil.hex.tech"}
    )
    assert status == 200, told
    assert told["baseUrl"] == red.hex.base_url
    typed = {"region": "custom", "baseUrl": "https://evil.example", "apiKey": TOKENS.personal}
    status, told = red.ask("POST", "/hex-blocks/test", typed)
    assert status == 400
    assert "evil.example" in told["message"]


@pytest.mark.parametrize("kind", ["projectId", "collectionId", "groupId", "userId", "dataConnectionId", "runId"])
def test_what_there_is_can_be_picked(red: NodeRed, kind: str) -> None:
    red.deploy()
    status, told = red.ask("GET", f"/hex-blocks/list/{kind}?connection={CONNECTION}&projectId={REVENUE}")
    assert status == 200, told
    assert told
    assert all(each["value"] and each["label"] for each in told)
