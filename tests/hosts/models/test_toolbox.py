from __future__ import annotations

import asyncio
import json

import pytest

from hex_blocks import Connection
from hex_blocks.hosts.models.schemas import drop_nonconforming, outputs_of
from hex_blocks.hosts.models.search import best_matches
from hex_blocks.hosts.models.toolbox import CALL_TOOL, FIND_TOOL, Answer, Toolbox, wait_for_calls
from hex_blocks.run import handler_of
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from hex_blocks.sandbox.seed.run_data import KNOWN_RUN
from tests.calling import confirmed
from tests.meeting import MeetingClock

GROUP = "b7d2e6a4-15c3-4f0b-8e9d-6a2c40f1d385"


@pytest.fixture
def box(registry) -> Toolbox:
    return Toolbox(registry=registry)


@pytest.fixture
def all_tools(registry) -> Toolbox:
    return Toolbox("all", registry=registry)


@pytest.fixture
def read_only(registry) -> Toolbox:
    return Toolbox(registry=registry, read_only=True)


def key_of(answer: Answer) -> str:
    """Give the key of the error that came."""
    return answer.error.key if answer.error else "none"


def test_a_call_gives_the_tools_outputs(box, hex_connection):
    answer = box.call("hex_find_project", {"query": "Revenue report"}, hex_connection)

    assert answer.error is None
    assert answer.outputs["matches"][0]["id"] == REVENUE_REPORT
    assert json.loads(answer.text) == answer.outputs


def test_arguments_may_be_json_text(box, hex_connection):
    answer = box.call("hex_find_project", '{"query": "Revenue report", "includeArchived": null}', hex_connection)

    assert answer.outputs["total"] == 1


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ("{", "bad_json"),
        ("[1]", "not_an_inputs_object"),
        ([1], "not_an_inputs_object"),
        ("[" * 100_000, "json_too_deep"),
    ],
)
def test_what_is_no_object_is_refused(arguments, fault, box, hex_connection):
    answer = box.call("hex_find_project", arguments, hex_connection)

    assert key_of(answer) == "bad_inputs"
    assert [each.key for each in answer.error.faults] == [fault]


@pytest.mark.parametrize("arguments", [None, "", "  "])
def test_no_arguments_are_no_inputs(arguments, all_tools, hex_connection):
    assert all_tools.call("hex_get_current_user", arguments, hex_connection).error is None


def test_an_error_says_key_sentence_and_hint(box, hex_connection):
    run = {"projectId": REVENUE_REPORT, "runId": REVENUE_REPORT.replace("0", "9")}

    answer = box.call("hex_get_run_status", run, hex_connection)

    assert answer.sentence.startswith("not_found: Not found in Hex")
    assert answer.sentence.endswith("Check the ID, and that the token's user can open it in Hex.")
    assert json.loads(answer.text)["error"] == "not_found"


def test_pictures_stand_beside_the_outputs(box, hex_connection):
    answer = box.call("hex_get_run_results", {"projectId": REVENUE_REPORT, "runId": KNOWN_RUN}, hex_connection)

    assert [chart["image"] for chart in answer.outputs["charts"]] == [
        {"mimeType": "image/png", "picture": 1},
        {"mimeType": "image/png", "picture": 2},
    ]
    assert [picture.mime_type for picture in answer.pictures] == ["image/png", "image/png"]
    assert all(picture.base64 not in answer.text for picture in answer.pictures)


@pytest.mark.parametrize("name", ["hex_delete_group", "delete_group"])
def test_a_tool_that_is_not_shown_is_not_called(name, box, hex_connection, sandbox):
    answer = box.call(name, {"groupId": GROUP}, hex_connection)

    assert key_of(answer) == "tool_not_offered"
    assert sandbox.requests == []


def test_a_tool_that_is_not_shown_is_unknown_where_nothing_reaches_it(registry, hex_connection):
    answer = Toolbox(registry=registry, search=False).call("hex_delete_group", {}, hex_connection)

    assert key_of(answer) == "unknown_tool"


def test_an_unknown_tool_is_guessed(box, hex_connection):
    answer = box.call("hex_run_and_wiat", {}, hex_connection)

    assert "Did you mean hex_run_and_wait" in answer.sentence


@pytest.mark.parametrize("name", ["hex_run_project", "hex_cancel_run", "hex_delete_group"])
def test_nothing_writes_where_only_reading_is_allowed(name, read_only, hex_connection, sandbox):
    direct = read_only.call(name, {"projectId": REVENUE_REPORT}, hex_connection)
    around = read_only.call(CALL_TOOL, {"name": name, "arguments": {"groupId": GROUP}}, hex_connection)

    assert key_of(direct) == "only_reading"
    assert key_of(around) == "unknown_tool"
    assert sandbox.requests == []


def test_the_token_of_the_environment_is_missed_in_words_for_models(box):
    answer = box.call("hex_find_project", {"query": "Revenue"})

    assert key_of(answer) == "token_missing_at_host"
    assert "apiKey" not in answer.sentence


@pytest.mark.parametrize(
    "more",
    [
        {"apiKey": "hxtp_other"},
        {"baseUrl": "https://evil.example"},
        {"apiKey": "hxtp_other", "baseUrl": "https://evil.example"},
    ],
)
def test_a_token_and_a_base_url_are_not_a_models_to_give(more, box, hex_connection, sandbox):
    direct = box.call("hex_find_project", {"query": "Revenue", **more}, hex_connection)
    arguments = {"name": "hex_list_groups", "arguments": more}
    around = box.call(CALL_TOOL, arguments, hex_connection)

    assert [fault.input for fault in direct.error.faults] == list(more)
    assert [fault.input for fault in around.error.faults] == list(more)
    assert sandbox.requests == []


def test_a_file_of_the_machine_is_not_a_models_to_give(all_tools, hex_connection, sandbox):
    arguments = {"semanticProjectId": GROUP, "file": "/etc/passwd"}

    answer = all_tools.call("hex_ingest_semantic_project", arguments, hex_connection)

    assert [(fault.input, fault.key) for fault in answer.error.faults] == [("file", "unknown")]
    assert sandbox.requests == []


def test_a_tool_is_found_and_called(box, hex_connection):
    found = box.call(FIND_TOOL, {"query": "list the groups"}, hex_connection).outputs["tools"]
    called = box.call(CALL_TOOL, {"name": "hex_list_groups", "arguments": {"limit": 1}}, hex_connection)

    described = {tool["name"]: tool["inputSchema"] for tool in found[:3]}
    assert "limit" in described["hex_list_groups"]["properties"]
    assert called.outputs["result"]["total"] == 1


@pytest.mark.parametrize("beside", [{}, {"limit": 1}])
@pytest.mark.parametrize(
    "arguments", ['{"sortBy": "NAME"}', ' {"sortBy":"NAME"} ', json.dumps('{"sortBy": "NAME"}'), ""]
)
def test_the_arguments_of_another_tool_may_be_json_text(arguments, beside, box, hex_connection):
    called = box.call(CALL_TOOL, {"name": "hex_list_groups", "arguments": arguments, **beside}, hex_connection)

    assert called.error is None


def test_inputs_beside_the_arguments_are_meant_for_the_tool_that_is_called(box, hex_connection):
    beside = {"name": "hex_list_groups", "limit": 1}

    assert box.call(CALL_TOOL, beside, hex_connection).outputs["result"]["total"] == 1
    assert key_of(box.call(CALL_TOOL, {**beside, "arguments": {"limit": 2}}, hex_connection)) == "bad_inputs"
    assert key_of(box.call(CALL_TOOL, {**beside, "colour": "red"}, hex_connection)) == "bad_inputs"


def test_a_call_of_a_call_is_refused(box, hex_connection):
    arguments = {"name": CALL_TOOL, "arguments": {"name": "hex_list_groups"}}

    assert key_of(box.call(CALL_TOOL, arguments, hex_connection)) == "unknown_tool"


def test_pictures_come_through_a_call_by_name(box, hex_connection):
    arguments = {"name": "hex_get_run_results", "arguments": {"projectId": REVENUE_REPORT, "runId": KNOWN_RUN}}

    assert len(box.call(CALL_TOOL, arguments, hex_connection).pictures) == 2


@pytest.mark.parametrize(
    ("query", "tool_id"),
    [
        ("delete a group", "hex_delete_group"),
        ("share a project with a group", "hex_edit_project_sharing_groups"),
        ("who uses this workspace? list users", "hex_list_users"),
        ("embed an app in a page", "hex_create_presigned_url"),
        ("database connections", "hex_list_data_connections"),
        ("ask the agent a question", "hex_ask"),
        ("change the SQL of a cell", "hex_update_cell"),
        ("put a project into a collection", "hex_edit_project_sharing_collections"),
        ("upload a semantic model", "hex_ingest_semantic_project"),
        ("publish guides", "hex_publish_guide_drafts"),
        ("export a notebook", "hex_export_project"),
        ("which tables does it query", "hex_get_queried_tables"),
    ],
)
def test_what_is_asked_for_is_among_the_first(query, tool_id, registry):
    found = [tool.id for tool in best_matches(registry, query)]

    assert tool_id in found[:3]


@pytest.mark.slow
def test_every_tool_is_found_by_its_name_and_by_its_title(box, registry, hex_connection):
    for tool in (registry[name] for name in confirmed(registry)):
        by_name = box.call(FIND_TOOL, {"query": tool.id}, hex_connection).outputs["tools"]
        by_title = [each.id for each in best_matches(registry, tool.title())]
        assert [each["name"] for each in by_name] == [tool.id]
        assert tool.id in by_title


def test_all_names_are_given_where_nothing_is_asked(box, registry, hex_connection):
    named = box.call(FIND_TOOL, {}, hex_connection).outputs["tools"]

    assert [each["name"] for each in named] == confirmed(registry)


def test_hints_are_the_specs(registry, all_tools):
    for tool in registry.values():
        hints = all_tools.hints(tool)
        assert hints.read_only is (tool.spec.operation == "query")
        assert hints.destructive is tool.spec.destructive
        assert hints.idempotent is tool.spec.idempotent
        assert hints.open_world is True


def test_calling_by_name_is_marked_destructive_unless_only_reading_is_allowed(box, read_only):
    assert box.hints(box.shown[CALL_TOOL]).destructive is True
    assert read_only.hints(read_only.shown[CALL_TOOL])[:2] == (True, False)


@pytest.mark.parametrize("short", [True, False])
def test_every_example_keeps_to_the_schema_that_is_listed(short, registry, schema_errors):
    for tool in registry.values():
        schema = outputs_of(tool, short=short)
        for example in tool.spec.examples:
            assert schema_errors(drop_nonconforming(example.outputs, schema), schema) == []


def test_what_hex_answers_otherwise_than_it_says_is_left_out(schema_errors):
    schema = {
        "type": "object",
        "properties": {
            "total": {"type": "integer"},
            "runs": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}},
        },
    }
    answer = {"total": None, "runs": [{"id": 7, "more": 1}, None, {"id": "a"}], "new": {"any": "thing"}}

    kept = drop_nonconforming(answer, schema)

    assert kept == {"runs": [{"more": 1}, {"id": "a"}], "new": {"any": "thing"}}
    assert schema_errors(kept, schema) == []


def test_no_output_stands_where_an_error_would(registry):
    assert not [tool.id for tool in registry.values() if "failure" in tool.spec.outputs]


def test_our_own_tools_are_whole(box, hex_connection):
    for name in (FIND_TOOL, CALL_TOOL):
        tool = box.shown[name]
        assert callable(handler_of(tool))
        for example in tool.spec.examples:
            assert box.call(name, example.inputs, hex_connection).error is None


@pytest.fixture
def slow_hex():
    """A sandbox whose time stands still after a while, so that what waits for an endless run waits for ever."""
    clock = MeetingClock(ends_at=300)
    with (
        Sandbox(clock=clock) as sandbox,
        Connection(
            TOKENS.personal, sandbox.base_url, allowed_hosts=(sandbox.origin,), pinned=True, clock=clock
        ) as connection,
    ):
        yield sandbox, connection


def endless(sandbox: Sandbox) -> dict[str, str]:
    return {"projectId": sandbox.world.project("Endless simulation").id}


def going_on(sandbox: Sandbox) -> list[str]:
    """Name the runs that have not ended."""
    runs = sandbox.world.runs(endless(sandbox)["projectId"])
    return [run.id for run in runs if run.state(sandbox.clock.time()).status in ("PENDING", "RUNNING")]


def test_waits_do_not_hold_up_other_calls(box, slow_hex):
    sandbox, connection = slow_hex

    async def many() -> None:
        waits = [
            asyncio.create_task(box.call_async("hex_run_and_wait", endless(sandbox), connection)) for _ in range(10)
        ]
        while len(going_on(sandbox)) < len(waits):
            await asyncio.sleep(0.01)
        found = await box.call_async(FIND_TOOL, {"query": "groups"}, connection)
        assert found.outputs["total"]
        assert not [wait for wait in waits if wait.done()]
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)

    asyncio.run(many())


def test_a_cancelled_call_ends_its_wait_and_leaves_the_run(box, slow_hex):
    sandbox, connection = slow_hex

    async def start_and_cancel() -> None:
        call = asyncio.create_task(box.call_async("hex_run_and_wait", endless(sandbox), connection))
        while not going_on(sandbox):
            await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(start_and_cancel())
    assert wait_for_calls(timeout=20)
    assert len(going_on(sandbox)) == 1


def test_a_wait_gives_up_after_the_longest_one(registry, slow_hex):
    sandbox, connection = slow_hex

    answer = Toolbox(registry=registry, longest_wait=1).call("hex_run_and_wait", endless(sandbox), connection)

    assert key_of(answer) == "interrupted"
    assert answer.document["values"]["runId"]


def test_what_half_of_a_surrogate_pair_is_in_can_be_sent_to_a_model(box, sandbox, hex_connection):
    sandbox.world.project("Revenue report").title = "Revenue \ud83d report"

    found = box.call("hex_find_project", {"query": "revenue"}, hex_connection)
    refused = box.call("hex_find_project \ud83d", {}, hex_connection)

    assert found.outputs["matches"][0]["title"] == "Revenue \ufffd report"
    for answer in (found, refused):
        assert answer.text.encode()
        assert answer.sentence.encode() is not None
