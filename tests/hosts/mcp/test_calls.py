from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator

import pytest

pytest.importorskip("mcp", reason="run by make test-hosts")

import anyio
from mcp import Client

from hex_blocks import Connection
from hex_blocks.errors.classes import hex_error
from hex_blocks.hosts.mcp.server import HexServer, without_client_fields
from hex_blocks.hosts.models.toolbox import Answer, Toolbox
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from hex_blocks.sandbox.seed.run_data import KNOWN_RUN
from tests.hosts.agent import JOBS, CallResult, check
from tests.meeting import MeetingClock

MODES = ("auto", "legacy")
RESULTS = {"projectId": REVENUE_REPORT, "runId": KNOWN_RUN}


@pytest.fixture(params=MODES)
def mode(request) -> str:
    return str(request.param)


@pytest.fixture
def fast() -> Iterator[tuple[Sandbox, Connection]]:
    """A sandbox and a connection whose time stands still after a while: what waits for an endless run waits on."""
    clock = MeetingClock(ends_at=600)
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
    runs = sandbox.world.runs(endless(sandbox)["projectId"])
    return [run.id for run in runs if run.state(sandbox.clock.time()).active]


def call(server, name: str, arguments: dict | None = None, mode: str = "auto", **options):
    """Make one call."""

    async def make():
        async with Client(server, mode=mode) as client:
            return await client.call_tool(name, arguments or {}, **options)

    return asyncio.run(make())


def test_structured_content_comes_with_the_same_as_text(mode, make_server):
    result = call(make_server(), "hex_find_project", {"query": "revenue report"}, mode)

    assert result.is_error is False
    assert result.structured_content["matches"][0]["id"] == REVENUE_REPORT
    assert json.loads(result.content[0].text)["total"] == 1


@pytest.mark.parametrize("name", ["toolCallId", "sessionId", "chatInput", "action", "tool", "tool_call_id"])
def test_what_a_client_adds_for_itself_is_left_out(name, mode, make_server):
    result = call(make_server(), "hex_find_project", {"query": "revenue report", name: "call_7f3"}, mode)

    assert result.is_error is False


def test_any_other_name_is_refused(mode, make_server):
    assert call(make_server(), "hex_find_project", {"query": "revenue report", "colour": "red"}, mode).is_error


def test_what_hex_answers_with_half_of_a_surrogate_pair_can_be_written(make_server, registry):
    server = HexServer(Toolbox(registry=registry))
    error = hex_error("unknown_tool", name="a \ud83d", guess="")
    found = Answer("hex_find_project", {"matches": [{"title": "Cut \ud83d"}], "total": 1})

    answers = [server.call_result(found), server.call_result(Answer(error=error))]

    assert "\ufffd" in json.dumps(answers[0], ensure_ascii=False)
    assert all(json.dumps(answer, ensure_ascii=False).encode() for answer in answers)


def test_an_input_that_a_tool_declares_stays():
    given = {"sessionId": "s", "toolCallId": "c", "query": "q"}

    assert without_client_fields(given, {"sessionId", "query"}) == {"sessionId": "s", "query": "q"}


def test_pictures_are_image_content(mode, make_server):
    result = call(make_server(), "hex_get_run_results", RESULTS, mode)

    assert [part.type for part in result.content if part.type != "resource_link"] == ["text", "image", "image"]
    assert result.content[1].mime_type == "image/png"
    assert result.content[1].data.startswith("iVBOR")
    assert "iVBOR" not in json.dumps(result.structured_content)
    assert result.structured_content["charts"][1]["image"] == {"mimeType": "image/png", "picture": 2}


def test_an_error_says_key_sentence_and_hint(mode, make_server):
    run = {"projectId": REVENUE_REPORT, "runId": REVENUE_REPORT.replace("0", "9")}

    result = call(make_server(), "hex_get_run_status", run, mode)

    assert result.is_error is True
    assert result.content[0].text.startswith("not_found: Not found in Hex")
    assert result.structured_content["failure"]["error"] == "not_found"
    assert result.structured_content["failure"]["hint"].startswith("Check the ID")


@pytest.mark.parametrize("name", ["hex_delete_group", "no_such_tool", "", "x" * 5000])
def test_a_tool_that_is_not_listed_is_an_error_that_a_model_can_read(name, mode, make_server):
    result = call(make_server(), name, {}, mode)

    assert result.is_error is True
    assert len(result.content[0].text) < 500


def test_what_nobody_foresaw_is_told_without_its_words(make_server, monkeypatch):
    def explode(*_: object) -> None:
        raise RuntimeError("hxtp_secret_in_a_message")

    monkeypatch.setattr("hex_blocks.handlers.find_project.find_project", explode)

    result = call(make_server(), "hex_find_project", {"query": "x"})

    assert result.is_error is True
    assert result.content[0].text.startswith("tool_failed: hex_find_project failed")
    assert "secret" not in result.model_dump_json()


def test_every_query_without_needs_keeps_to_its_schema(make_server, registry):
    """The client checks structured content against the schema that was listed."""
    server = make_server("all", whole_schemas=True)
    plain = [
        tool.id
        for tool in registry.values()
        if tool.operation == "query"
        and not tool.experimental
        and not any(each.required for each in tool.spec.inputs.values() if each.place != "connection")
    ]

    async def call_all() -> dict[str, bool]:
        async with Client(server) as client:
            await client.list_tools()
            return {name: (await client.call_tool(name, {})).is_error for name in plain}

    came = asyncio.run(call_all())

    assert len(came) > 8
    assert set(came.values()) == {False}


def test_waits_send_progress_that_grows(mode, fast, registry):
    _, connection = fast
    server = HexServer(Toolbox(registry=registry), connection).sdk_server()
    told: list[tuple[float, float | None, str | None]] = []

    async def take(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    result = call(server, "hex_run_and_wait", {"projectId": REVENUE_REPORT}, mode, progress_callback=take)

    assert result.is_error is False
    assert len(told) >= 2
    assert [each[0] for each in told] == sorted({each[0] for each in told})
    assert told[-1][0] == 100
    assert all("Run " in str(each[2]) for each in told)


def test_a_cancelled_wait_ends_and_the_run_goes_on(mode, fast, registry):
    sandbox, connection = fast
    server = HexServer(Toolbox(registry=registry), connection).sdk_server()

    async def cancel_midway() -> None:
        async with Client(server, mode=mode) as client:
            async with anyio.create_task_group() as group:
                group.start_soon(client.call_tool, "hex_run_and_wait", endless(sandbox))
                while not going_on(sandbox):
                    await anyio.sleep(0.05)
                group.cancel_scope.cancel()
            found = await client.call_tool("hex_find_project", {"query": "revenue report"})
            assert found.structured_content["total"] == 1
            with anyio.fail_after(10):
                while any(thread.name == "hex-blocks call" for thread in threading.enumerate()):
                    await anyio.sleep(0.05)

    asyncio.run(cancel_midway())

    assert len(going_on(sandbox)) == 1


def test_a_cancelled_wait_cancels_its_run_where_that_was_asked_for(mode, fast, registry):
    sandbox, connection = fast
    server = HexServer(Toolbox(registry=registry), connection).sdk_server()

    async def cancel_midway() -> None:
        async with Client(server, mode=mode) as client:
            async with anyio.create_task_group() as group:
                group.start_soon(client.call_tool, "hex_run_and_wait", endless(sandbox) | {"cancelOnInterrupt": True})
                while not going_on(sandbox):
                    await anyio.sleep(0.05)
                group.cancel_scope.cancel()
            with anyio.fail_after(10):
                while going_on(sandbox):
                    await anyio.sleep(0.05)

    asyncio.run(cancel_midway())


def test_long_waits_do_not_hold_up_other_calls(mode, fast, registry):
    sandbox, connection = fast
    server = HexServer(Toolbox(registry=registry), connection).sdk_server()

    async def many() -> int:
        async with Client(server, mode=mode) as client, anyio.create_task_group() as group:
            for _ in range(12):
                group.start_soon(client.call_tool, "hex_run_and_wait", endless(sandbox))
            while len(going_on(sandbox)) < 12:
                await anyio.sleep(0.01)
            await client.call_tool("hex_find_tool", {"query": "groups"})
            waiting = sum(thread.name == "hex-blocks call" for thread in threading.enumerate())
            group.cancel_scope.cancel()
        return waiting

    assert asyncio.run(many()) == 12


def test_many_calls_at_once_share_the_budget(fast, registry):
    sandbox, connection = fast
    server = HexServer(Toolbox("all", registry=registry), connection).sdk_server()

    async def many() -> list[bool]:
        async with Client(server) as client, anyio.create_task_group() as group:
            errors: list[bool] = []

            async def ask() -> None:
                errors.append((await client.call_tool("hex_get_current_user", {})).is_error)

            for _ in range(50):
                group.start_soon(ask)
        return errors

    errors = asyncio.run(many())

    assert errors == [False] * 50
    assert {request.status for request in sandbox.requests} == {200}


@pytest.mark.parametrize("job", JOBS)
def test_a_scripted_agent_does_the_job(job, mode, make_server):
    async def work() -> dict:
        async with Client(make_server(), mode=mode) as client:
            doing = JOBS[job]()
            wanted = next(doing)
            while True:
                result = await client.call_tool(wanted.tool, wanted.arguments)
                pictures = sum(part.type == "image" for part in result.content)
                try:
                    wanted = doing.send(CallResult(json.loads(result.content[0].text), pictures, result.is_error))
                except StopIteration as done:
                    return dict(done.value)

    check(job, asyncio.run(work()))
