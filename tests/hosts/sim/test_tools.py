"""Every tool as Sim runs it, on the sandbox: as it should be, and with what people and models give instead."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from hex_blocks import HexError
from hex_blocks.hosts.exports import request_for, targets
from hex_blocks.hosts.sim.operations import Operation, operations
from hex_blocks.hosts.sim.tools import answers_itself
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan, Run
from hex_blocks.tools.registry import Registry
from tests.faulty import Faulty, pass_on, reply
from tests.hosts.javascript.cases import ODD_TEXTS, ODD_VALUES
from tests.hosts.sim.calls import CALLS, ENDLESS, REPORT, RUN
from tests.hosts.sim.conftest import Sim, exported, put_together

REGISTRY = Registry.load(plugins=False)
SHOWN = operations(request_for(targets()["sim"], REGISTRY).tools)
BY_KEY = {each.key: each for each in SHOWN}
ONE_REQUEST = [each.key for each in SHOWN if answers_itself(each)]
# The sixteen of both pages.
PAGES = (
    "cancel_run", "create_collection", "get_collection", "get_data_connection", "get_group", "get_project",
    "get_project_runs", "get_queried_tables", "get_run_status", "list_collections", "list_data_connections",
    "list_groups", "list_projects", "list_users", "run_project", "update_project",
)  # fmt: skip
# A character that is half of one cannot be written as JSON by every program.
ODD = [each for each in (*ODD_TEXTS, *ODD_VALUES) if "\ud800" not in repr(each) and "\\ud800" not in repr(each)]


def params_of(key: str, sim: Sim, sandbox: Sandbox) -> dict[str, Any]:
    given = dict(CALLS[key][0](sandbox.world))
    if key == "cancel_run":
        started = sim.execute("hex_run_project", {"projectId": given["projectId"]})
        given["runId"] = started["output"]["runId"]
    return given


def test_every_tool_has_a_call():
    assert set(BY_KEY) == set(CALLS)
    assert set(PAGES) <= set(BY_KEY)


@pytest.mark.parametrize("key", BY_KEY)
def test_a_tool_is_done(key, sim, sandbox):
    done = sim.execute(f"hex_{key}", params_of(key, sim, sandbox))

    assert done["success"], done
    assert done["output"][CALLS[key][1]] not in (None, ""), done
    assert "base64" not in json.dumps(done)
    assert list(done["output"])[: len(BY_KEY[key].outputs)] == list(BY_KEY[key].outputs)


@pytest.mark.parametrize("key", BY_KEY)
def test_a_refused_token_is_said(key, sim, sandbox):
    sim.connection["apiKey"] = "hxtp_nobody"
    params = CALLS[key][0](sandbox.world) | ({"runId": RUN} if key == "cancel_run" else {})

    done = sim.execute(f"hex_{key}", params)

    assert not done["success"]
    assert done["error"].endswith("[token_refused]")
    assert done["output"]["errorKey"] == "token_refused"
    assert "hxtp_" not in json.dumps(done)


@pytest.mark.parametrize("key", ONE_REQUEST)
def test_the_request_that_is_declared_does_the_same(key, sim, sandbox):
    reads = BY_KEY[key].tool.operation == "query"
    params = CALLS[key][0](sandbox.world)

    declared = sim.execute(f"hex_{key}", params, byRequest=True)

    assert declared["success"], declared
    if reads:
        assert steady(declared["output"]) == steady(sim.execute(f"hex_{key}", params)["output"])


def steady(told: Any) -> Any:
    """Leave out what Hex answers anew each time."""
    if isinstance(told, list):
        return [steady(each) for each in told]
    if not isinstance(told, dict):
        return told
    changing = {"traceId", "warnings", "url", "lastLoginDate"}
    return {name: steady(each) for name, each in told.items() if name not in changing}


@pytest.mark.parametrize("key", ONE_REQUEST)
def test_the_declared_request_is_the_one_that_is_sent(key, sim, sandbox):
    params = CALLS[key][0](sandbox.world)
    with Faulty(pass_on, upstream=sandbox.origin) as between:
        sim.ask("allow", hosts=between.origin)
        sim.connection["baseUrl"] = between.base_url
        address = sim.ask("address", tool=f"hex_{key}", params={**sim.connection, **params})
        sim.execute(f"hex_{key}", params)
        sent = between.requests[0]

    assert address["url"] == between.origin + sent.target
    assert address["method"] == sent.method
    assert address["body"] == (json.loads(sent.body) if sent.body else None)


def odd_calls(operation: Operation) -> Iterator[tuple[str, Any]]:
    """Yield an input and what it is given instead, so that each input meets each odd value once in a few tools."""
    for place, name in enumerate(operation.inputs):
        for number in range(place, len(ODD), 7):
            yield name, ODD[number]


@pytest.mark.parametrize("key", BY_KEY)
def test_what_python_refuses_is_refused_here_in_the_same_words(key, sim, sandbox):
    operation = BY_KEY[key]
    good = CALLS[key][0](sandbox.world) | ({"runId": RUN} if key == "cancel_run" else {})
    refused = 0
    for name, value in odd_calls(operation):
        params = {**good, name: value}
        try:
            operation.tool.check({each: given for each, given in params.items() if each in operation.tool.spec.inputs})
            continue
        except HexError as error:
            wanted = error
        done = sim.execute(f"hex_{key}", params)
        refused += 1
        if "Missing" in done["error"]:
            # Sim itself asks for what is required.
            assert value in (None, "")
            continue
        assert done["output"]["errorKey"] == wanted.key, (name, value, done)
        assert done["error"].startswith(wanted.message()), (name, value)
    assert refused or not operation.inputs


@pytest.mark.parametrize("key", [key for key in BY_KEY if CALLS[key][0].__name__ != "nothing"])
@pytest.mark.parametrize("blank", [None, "", "  "])
def test_null_and_blank_mean_not_given(key, blank, sim, sandbox):
    operation = BY_KEY[key]
    params = params_of(key, sim, sandbox)
    blanks = {name: blank for name in (*operation.inputs, "region") if name not in params}

    done = sim.execute(f"hex_{key}", {**blanks, **params})

    assert done["success"], done


@pytest.mark.parametrize(
    "identity",
    ["..", "../../users/me", "x/../../y", "%2e%2e", "a?b=c", "\u202e", "{{TOKEN}}", [], {}],
)
def test_an_id_cannot_lead_to_another_place(identity, sim, sandbox):
    with Faulty(pass_on, upstream=sandbox.origin) as between:
        sim.ask("allow", hosts=between.origin)
        sim.connection["baseUrl"] = between.base_url
        for key in ("get_group", "get_project", "get_run_status", "cancel_run", "get_data_connection"):
            names = [name for name, field in BY_KEY[key].inputs.items() if field.required]
            done = sim.execute(f"hex_{key}", dict.fromkeys(names, identity))
            assert not done["success"]
        assert between.requests == []


@pytest.mark.parametrize(
    ("connection", "key"),
    [
        ({"baseUrl": "https://evil.example"}, "host_not_allowed"),
        ({"baseUrl": "http://127.0.0.1:9"}, "host_not_allowed"),
        ({"baseUrl": "https://app.hex.tech.evil.example"}, "host_not_allowed"),
        ({"baseUrl": "https://app.hex.tech@evil.example"}, "bad_base_url"),
        ({"region": "custom"}, "base_url_missing"),
        ({"region": "mars"}, "region_unknown"),
        ({"apiKey": " "}, "token_missing_in_builder"),
        ({"apiKey": None}, "token_missing_in_builder"),
        ({"apiKey": "Bearer x y"}, "token_malformed"),
    ],
)
def test_the_token_goes_nowhere_else(connection, key, process):
    given = {"apiKey": "hxtp_0123456789", "projectId": REPORT, **connection}

    done = process.ask("execute", tool="hex_get_project", params=given)

    assert done["output"]["errorKey"] == key, done
    assert "hxtp_0123456789" not in json.dumps(done)


@pytest.mark.parametrize(("region", "host"), [("app", "app"), ("eu", "eu"), ("hc", "hc"), ("", "app"), (None, "app")])
def test_a_region_has_its_own_host(region, host, process):
    given = {"apiKey": "hxtp_0123456789", "projectId": REPORT, "region": region}

    asked = process.ask("address", tool="hex_get_project", params=given)

    assert asked["url"] == f"https://{host}.hex.tech/api/v1/projects/{REPORT}"


def test_a_single_tenant_is_reached_by_its_address(process):
    given = {"apiKey": "hxtp_0123456789", "projectId": REPORT, "baseUrl": "acme.hex.tech"}

    for region in ("custom", "app", ""):
        asked = process.ask("address", tool="hex_get_project", params={**given, "region": region})
        assert asked["url"] == f"https://acme.hex.tech/api/v1/projects/{REPORT}"


@pytest.mark.parametrize(
    "given", [{"apiKey": "not a token"}, {"apiKey": "a\r\nX: y"}, {"baseUrl": "https://evil.example"}]
)
def test_the_declared_request_has_no_token_for_what_is_refused(given, process):
    done = process.ask(
        "execute", tool="hex_get_current_user", params={"apiKey": "hxtp_1234567890", **given}, byRequest=True
    )

    assert not done["success"]
    assert "hxtp_1234567890" not in json.dumps(done)
    assert "fetch" not in done["error"]


def test_a_base_url_that_was_left_in_the_form_does_not_outweigh_a_region(process):
    given = {"apiKey": "hxtp_0123456789", "projectId": REPORT, "region": "eu", "baseUrl": "acme.hex.tech"}

    asked = process.ask("address", tool="hex_get_project", params=given)

    assert asked["url"] == f"https://eu.hex.tech/api/v1/projects/{REPORT}"


def test_no_redirect_is_followed(sim, sandbox):
    with Faulty(reply(302, headers={"Location": sandbox.base_url + "/users/me"})) as between:
        sim.ask("allow", hosts=f"{between.origin} {sandbox.origin}")
        sim.connection["baseUrl"] = between.base_url

        done = sim.execute("hex_get_current_user")

    assert not done["success"]
    assert done["output"]["errorKey"] == "redirected"


def going_on(sandbox: Sandbox) -> dict[str, str]:
    """Let a run begin that does not end by itself."""
    known = sandbox.world.project(ENDLESS)
    plan = Plan(0.1, None)
    at = sandbox.clock.time()
    run = Run(
        id=sandbox.world.new_id(),
        project_id=known.id,
        caller=sandbox.world.user("Ada Okafor").id,
        version=1,
        created_at=at,
        plan=plan,
    )
    return {"projectId": known.id, "runId": sandbox.world.add(run).id}


def test_a_wait_that_is_over_gives_the_state_and_how_to_go_on(sim, sandbox):
    done = sim.execute("hex_wait_for_run", {**going_on(sandbox), "timeout": 10})

    assert done["success"]
    assert done["output"]["status"] in ("PENDING", "RUNNING")
    assert done["output"]["runUrl"] in done["output"]["hint"]
    assert "hex_wait_for_run" in done["output"]["hint"]


def test_a_wait_ends_before_sim_ends_the_workflow(sim, sandbox):
    began = sandbox.clock.monotonic()

    done = sim.execute("hex_wait_for_run", going_on(sandbox))

    assert done["success"]
    assert 239 <= sandbox.clock.monotonic() - began < 300


def test_stopping_the_workflow_ends_the_wait(sim, sandbox):
    done = sim.execute("hex_wait_for_run", going_on(sandbox), stopAfter=200)

    assert done["output"]["status"] in ("PENDING", "RUNNING", None)
    assert "hint" in done["output"]


@pytest.mark.parametrize("given", [False, "false", " False "])
def test_a_run_that_fails_is_an_error_or_a_status_as_wanted(given, sim, sandbox):
    failing = {"projectId": sandbox.world.project("Broken import").id}

    failed = sim.execute("hex_run_and_wait", failing)
    told = sim.execute("hex_run_and_wait", {**failing, "failOnRunError": given})

    assert not failed["success"]
    assert failed["output"]["errorKey"] == "run_errored"
    assert failed["output"]["runUrl"] in failed["error"]
    assert told["success"]
    assert set(told["output"]) == {"projectId", "runId", "runUrl", "status"}
    assert told["output"]["status"] == "ERRORED"


def test_pictures_are_files_and_nothing_else(sim, sandbox):
    done = sim.execute("hex_get_run_results", {"projectId": REPORT, "runId": RUN})

    charts, files = done["output"]["charts"], done["output"]["files"]
    assert [chart["image"]["fileName"] for chart in charts] == [file["name"] for file in files]
    assert len({file["name"] for file in files}) == len(files) > 1
    assert {file["head"] for file in files} == {"\x89PNG"}
    assert {file["type"] for file in files} == {"image/png"}


def test_a_list_is_read_to_its_end_where_asked(sim, sandbox):
    page = sim.execute("hex_list_users", {"limit": "2"})
    whole = sim.execute("hex_list_users", {"limit": "2", "fetchAll": "true"})

    assert page["output"]["total"] == 2
    assert whole["output"]["total"] > 2


def test_what_hex_does_not_say_is_null_with_a_warning(sim, sandbox):
    with Faulty(reply(200, {"id": REPORT, "title": "Report"})) as odd:
        sim.ask("allow", hosts=odd.origin)
        sim.connection["baseUrl"] = odd.base_url

        done = sim.execute("hex_get_project", {"projectId": REPORT})

    assert done["success"], done
    assert done["output"]["title"] == "Report"
    assert done["output"]["lastEditedAt"] is None
    assert done["output"]["warnings"]


def test_errors_are_in_the_language_of_the_export(tmp_path):
    german = Sim(put_together(exported(tmp_path / "export", "de"), tmp_path / "repository"))
    try:
        done = german.ask("execute", tool="hex_get_project", params={"apiKey": TOKENS.personal, "projectId": "x"})
        tools = german.ask("tools")
    finally:
        german.stop()

    assert "muss eine ID" in done["error"]
    assert done["output"]["errorKey"] == "bad_inputs"
    assert tools["hex_get_project"]["name"] != "Hex Get Project"
    assert tools["hex_get_project"]["id"] == "hex_get_project"
