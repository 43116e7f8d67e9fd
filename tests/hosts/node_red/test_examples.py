"""The example flows, each imported and run whole, with a local receiver standing in for the chat."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from hex_blocks.hosts.exports import request_for
from hex_blocks.hosts.node_red.examples import CHAT, PROJECT
from hex_blocks.hosts.node_red.export import TARGET
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan, Run
from tests.calling import our_tools
from tests.hosts.chat import TOLD_WITHIN, Chat
from tests.hosts.node_red.conftest import NodeRed

Json = Any
REVENUE = "01234567-89ab-cdef-0123-456789abcdef"
EXAMPLES = {
    name.removeprefix("examples/").removesuffix(".json"): json.loads(content)
    for name, content in TARGET.files(request_for(TARGET, our_tools())).items()
    if name.startswith("examples/")
}


@pytest.fixture
def chat(httpserver: HTTPServer) -> Chat:
    return Chat(httpserver)


def bring(red: NodeRed, name: str, chat: Chat, project: str = REVENUE, **changes: Json) -> Json:
    """Import an example with the sandbox's connection, and deploy it."""
    flow = json.loads(json.dumps(EXAMPLES[name]).replace(CHAT, chat.url).replace(PROJECT, project))
    for node in flow:
        if node["type"] == "hex-connection":
            own = {"region": "custom", "baseUrl": red.hex.base_url, "credentials": {"apiKey": TOKENS.personal}}
            node |= own
        node |= {key: value for key, value in changes.items() if key in node}
    status, told = red.ask("POST", "/flows", {"flows": flow})
    assert status == 200, told
    return flow


def inject(red: NodeRed, flow: Json) -> None:
    """Press the button of the flow's first node."""
    button = next(node["id"] for node in flow if node["type"] == "inject")
    until = time.monotonic() + TOLD_WITHIN
    while (status := red.ask("POST", f"/inject/{button}")[0]) != 200:
        # It answers a moment after it was deployed.
        assert time.monotonic() < until, status
        time.sleep(0.1)


@pytest.mark.timeout(180)
def test_the_report_sends_its_chart(red: NodeRed, chat: Chat, fast_sandbox: Sandbox) -> None:
    inject(red, bring(red, "report-every-morning", chat))

    [post] = chat.wait(1, red.log)
    assert post.get_data().startswith(b"\x89PNG")
    assert post.content_type == "image/png"
    inputs = fast_sandbox.world.runs(REVENUE)[0].inputs
    assert set(inputs) == {"start_date", "end_date"}
    assert inputs["start_date"] < inputs["end_date"]
    assert all(len(day) == len("2026-03-01") for day in inputs.values())


@pytest.mark.timeout(180)
def test_a_report_that_fails_sends_the_page_of_its_run(red: NodeRed, chat: Chat, fast_sandbox: Sandbox) -> None:
    broken = fast_sandbox.world.project("Broken import")
    inject(red, bring(red, "report-every-morning", chat, broken.id, inputParams="{}"))

    [post] = chat.wait(1, red.log)
    assert post.get_json()["link"].startswith("http")
    assert broken.id in post.get_json()["link"]
    assert "ended with an error" in post.get_json()["text"]


@pytest.mark.timeout(180)
def test_each_region_has_a_run_of_its_own(red: NodeRed, chat: Chat, fast_sandbox: Sandbox) -> None:
    before = len(fast_sandbox.world.runs(REVENUE))
    flow = bring(red, "one-run-per-region", chat)
    # What the debug node shows goes to the chat as well.
    last = next(node for node in flow if node["type"] == "join")
    post = {"id": "post", "type": "http request", "method": "POST", "ret": "txt", "url": chat.url, "wires": [[]]}
    last["wires"][0].append("post")
    red.ask("POST", "/flows", {"flows": [*flow, {"z": last["z"], "x": 0, "y": 0, **post}]})
    inject(red, flow)

    [told] = chat.wait(1, red.log)
    assert [each["status"] for each in told.get_json()] == ["COMPLETED"] * 3
    started = fast_sandbox.world.runs(REVENUE)[: len(fast_sandbox.world.runs(REVENUE)) - before]
    assert {run.inputs["region"] for run in started} == {"US", "EMEA", "APAC"}


@pytest.mark.timeout(180)
def test_a_finished_run_is_told(red: NodeRed, chat: Chat, fast_sandbox: Sandbox) -> None:
    asked = len([each for each in fast_sandbox.requests if each.operation_id == "GetProjectRuns"])
    bring(red, "notify-on-finished-run", chat, interval=5)
    until = time.monotonic() + TOLD_WITHIN
    while len([each for each in fast_sandbox.requests if each.operation_id == "GetProjectRuns"]) == asked:
        assert time.monotonic() < until
        time.sleep(0.1)
    run = end_a_run(fast_sandbox)

    [post] = chat.wait(1, red.log)
    assert post.get_json()["text"].startswith("Hex run COMPLETED: http")
    assert run in post.get_json()["text"]


def end_a_run(sandbox: Sandbox) -> str:
    """Let a run begin and end; give its ID."""
    world, at = sandbox.world, sandbox.clock.time()
    ada, plan = world.user("Ada Okafor").id, Plan(pending=0.1, running=1)
    run = Run(id=world.new_id(), project_id=REVENUE, caller=ada, version=1, created_at=at, plan=plan)
    return str(world.add(run).id)
