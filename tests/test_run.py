"""The way of a call: checked inputs in, declared outputs out, with warnings, progress and an asynchronous twin."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from hex_blocks import Connection, HexError, Registry
from hex_blocks.clock import DrivenClock, SystemClock
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.tools.progress import Progress
from tests.calling import hex_on
from tests.faulty import Exchange, Faulty, reply
from tests.whole import whole

PROJECT = "5a8591dd-4039-49df-9202-96385ba3eff8"
RUN = "78c33d18-170c-44d3-a227-b3194f134f73"
STATUS = {
    "projectId": PROJECT,
    "projectVersion": 12,
    "runId": RUN,
    "runUrl": "https://app.hex.tech/x",
    "status": "PENDING",
    "runTrigger": "API",
    "startTime": None,
    "endTime": None,
    "elapsedTime": None,
    "traceId": "t-1",
}
ASKED = {"projectId": PROJECT, "runId": RUN}


@pytest.fixture
def server() -> Iterator[Faulty]:
    with Faulty(reply(200, STATUS)) as running:
        yield running


@pytest.fixture
def connection(server: Faulty, clock: DrivenClock) -> Iterator[Connection]:
    options: dict[str, Any] = {"allowed_hosts": (server.origin,), "clock": clock}
    with Connection("hxtp_of_this_test", server.origin, **options) as made:
        yield made


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def at_sandbox(sandbox: Sandbox) -> Iterator[Connection]:
    """A connection to the sandbox on the machine's clock."""
    with Connection(TOKENS.personal, sandbox.base_url, allowed_hosts=(sandbox.origin,), clock=SystemClock()) as made:
        yield made


def test_outputs_are_those_declared_in_declared_order(
    registry: Registry, server: Faulty, connection: Connection
) -> None:
    tool = registry["hex_get_run_status"]
    server.play(reply(200, {"new": 1, **dict(reversed(STATUS.items())), "another": {"new": 2}}))

    outputs = hex_on(connection).call(tool, ASKED)

    assert list(outputs) == list(tool.spec.outputs)
    assert outputs["status"] == "PENDING"


def test_what_hex_leaves_out_is_null(registry: Registry, server: Faulty, connection: Connection) -> None:
    server.play(reply(200, {"runId": RUN, "status": "RUNNING"}))

    outputs = hex_on(connection).call("hex_get_run_status", ASKED)

    assert {name for name, value in outputs.items() if value is not None} == {"runId", "status", "warnings"}
    (warning,) = outputs["warnings"]
    assert warning["warning"] == "reply_incomplete"
    assert "projectId, runUrl, traceId" in warning["message"]


def test_an_empty_answer_to_a_write_is_its_success(registry: Registry, server: Faulty, connection: Connection) -> None:
    server.play(reply(204, b""))

    assert hex_on(connection).call("hex_cancel_run", ASKED) == {"success": True, **ASKED}


def test_values_of_another_type_than_declared_are_null(
    registry: Registry, server: Faulty, connection: Connection
) -> None:
    odd = {"runUrl": 7, "projectVersion": "twelve", "elapsedTime": True, "traceId": {"a": 1}}
    server.play(reply(200, STATUS | odd))

    outputs = hex_on(connection).call("hex_get_run_status", ASKED)

    assert {outputs[name] for name in odd} == {None}
    (warning,) = outputs["warnings"]
    assert warning["warning"] == "reply_unread"
    assert all(name in warning["message"] for name in odd)
    assert outputs["runId"] == RUN


def test_numbers_beyond_all_measure_are_null(registry: Registry, server: Faulty, connection: Connection) -> None:
    server.play(reply(200, STATUS | {"elapsedTime": 10**400, "projectVersion": -(10**30)}))

    outputs = hex_on(connection).call("hex_get_run_status", ASKED)

    assert (outputs["elapsedTime"], outputs["elapsedSeconds"], outputs["projectVersion"]) == (None, None, None)


def test_a_result_without_anything_to_tell_has_no_warnings(registry: Registry, connection: Connection) -> None:
    assert "warnings" not in hex_on(connection).call("hex_get_run_status", ASKED)


def test_warnings_come_beside_the_outputs(registry: Registry, server: Faulty, connection: Connection) -> None:
    server.play(reply(201, whole("hex_run_project", **ASKED)))

    outputs = hex_on(connection).call("hex_run_project", {"projectId": PROJECT, "dryRun": True})

    assert [warning["warning"] for warning in outputs["warnings"]] == ["nothing_ran"]
    assert list(outputs)[-1] == "warnings"


def test_the_inputs_of_the_caller_are_left_alone(registry: Registry, connection: Connection) -> None:
    inputs: dict[str, Any] = {**ASKED, "apiKey": "hxtp_of_the_call", "baseUrl": None}
    before = dict(inputs)

    hex_on(connection).call("hex_get_run_status", inputs)

    assert inputs == before
    assert type(inputs["apiKey"]) is str


@pytest.mark.parametrize("inputs", [[], "text", 7, [("projectId", PROJECT)]])
def test_inputs_that_are_no_object_are_an_error(registry: Registry, connection: Connection, inputs: Any) -> None:
    with pytest.raises(HexError) as caught:
        hex_on(connection).call("hex_get_run_status", inputs)

    assert [fault.key for fault in caught.value.faults] == ["not_an_inputs_object"]


def test_bad_inputs_never_reach_hex(registry: Registry, server: Faulty, connection: Connection) -> None:
    with pytest.raises(HexError):
        hex_on(connection).call("hex_get_run_status", {"projectId": "../x"})

    assert server.requests == []


def test_waits_are_told_as_progress(registry: Registry, server: Faulty, connection: Connection) -> None:
    told: list[Progress] = []
    server.play(reply(429, {}, {"Retry-After": "3"}), reply(200, STATUS))

    hex_on(connection).call("hex_get_run_status", ASKED, progress=told.append)

    assert [progress.values["error"] for progress in told] == ["rate_limited"] * len(told)
    assert told[0].remaining is not None
    assert told[0].remaining >= 3


def test_a_stop_ends_a_wait(registry: Registry, server: Faulty, connection: Connection, clock: DrivenClock) -> None:
    stop = threading.Event()
    stop.set()
    server.play(reply(429, {}, {"Retry-After": "3"}), reply(200, STATUS))

    with pytest.raises(HexError) as caught:
        hex_on(connection).call("hex_get_run_status", ASKED, stop=stop)

    assert caught.value.key == "rate_limited"
    assert clock.monotonic() == 0


# The asynchronous twin


def test_run_async_gives_what_run_gives(registry: Registry, connection: Connection) -> None:
    tool = registry["hex_get_run_status"]

    assert asyncio.run(hex_on(connection).call_async(tool, ASKED)) == hex_on(connection).call(tool, ASKED)


def test_run_async_raises_what_run_raises(registry: Registry, server: Faulty, connection: Connection) -> None:
    server.play(reply(404, {"reason": "no such run"}))

    with pytest.raises(HexError) as caught:
        asyncio.run(hex_on(connection).call_async("hex_get_run_status", ASKED))

    assert caught.value.key == "not_found"


def test_run_async_lets_the_event_loop_go_on(registry: Registry, server: Faulty, connection: Connection) -> None:
    arrived, answered = threading.Event(), threading.Event()

    def answer_when_the_loop_says_so(exchange: Exchange) -> None:
        arrived.set()
        assert answered.wait(60)
        reply(200, STATUS)(exchange)

    async def talk() -> dict[str, Any]:
        call = asyncio.create_task(hex_on(connection).call_async("hex_get_run_status", ASKED))
        await asyncio.to_thread(arrived.wait, 60)
        # Nobody would say it if the loop stood still.
        answered.set()
        return await call

    server.play(answer_when_the_loop_says_so)

    assert asyncio.run(talk())["status"] == "PENDING"


def test_many_calls_run_at_once(registry: Registry, server: Faulty, clock: DrivenClock) -> None:
    together = threading.Barrier(4)

    def answer_together(exchange: Exchange) -> None:
        together.wait(60)
        reply(200, STATUS)(exchange)

    async def talk() -> list[dict[str, Any]]:
        tool = registry["hex_get_run_status"]
        with Connection("hxtp_of_this_test", server.origin, allowed_hosts=(server.origin,), clock=clock) as connection:
            return await asyncio.gather(*(hex_on(connection).call_async(tool, ASKED) for _ in range(4)))

    server.play(answer_together)

    assert [outputs["status"] for outputs in asyncio.run(talk())] == ["PENDING"] * 4


def test_cancelling_run_async_ends_its_wait(registry: Registry, sandbox: Sandbox, at_sandbox: Connection) -> None:
    endless = {"projectId": sandbox.world.project("Endless simulation").id, "timeout": 3600}
    waiting = threading.Event()

    def hear(progress: Progress) -> None:
        waiting.set()

    async def talk() -> str:
        call = asyncio.create_task(hex_on(at_sandbox).call_async("hex_run_and_wait", endless, progress=hear))
        await asyncio.to_thread(waiting.wait, 60)
        call.cancel()
        # The loop ends only when its threads have: without the cancellation in an hour.
        return "cancelled" if (await asyncio.gather(call, return_exceptions=True))[0] else "done"

    assert asyncio.run(talk()) == "cancelled"
    assert [request.operation_id for request in sandbox.requests].count("CancelRun") == 0
