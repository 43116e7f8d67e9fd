"""How long a request may take and wait: numbers that are checked, and waits that end when nobody wants them."""

from __future__ import annotations

import math
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import pytest

from hex_blocks import Connection, HexError
from hex_blocks.api.hex_api import HexApi
from hex_blocks.api.limits.budget import MAX_CLOSED, Budget
from hex_blocks.api.secret import Secret
from hex_blocks.api.timing import MIN_READ, Timing
from hex_blocks.clock import DrivenClock, SystemClock
from hex_blocks.runs.model import Run
from hex_blocks.runs.stopping import detached, refresh_run
from hex_blocks.sandbox import Sandbox
from hex_blocks.tools.tool_call import ToolCall
from tests.calling import hex_on, our_tools
from tests.faulty import Exchange, Faulty, head, reply, silence

TOKEN = "hxtp_of_this_test"
GROUPS = {"values": [], "pagination": {"after": None, "before": None}}
HUGE = [pytest.param(number, id=name) for name, number in {"400": 10**400, "-400": -(10**400), "10k": 10**9999}.items()]
ODD = [-1, -0.001, math.nan, True, "60", None, *HUGE]


@pytest.mark.parametrize("value", [*ODD, 0, math.inf, 1e9])
def test_a_timeout_is_a_number_of_seconds_that_an_answer_can_take(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^timeout is .*; it must be a number of seconds above 0, at most 86400$"):
        Connection(TOKEN, timeout=value)


@pytest.mark.parametrize("value", ODD)
def test_patience_is_a_number_of_seconds(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^patience is .*; it must be a number of seconds, 0 or more$"):
        Connection(TOKEN, patience=value)


@pytest.mark.parametrize("patience", [0, 0.0, 1e-9, math.inf])
def test_a_call_without_patience_is_sent_and_answered(patience: float) -> None:
    with (
        Faulty(reply(200, GROUPS)) as server,
        Connection(TOKEN, server.origin, allowed_hosts=(server.origin,), patience=patience) as connection,
    ):
        assert hex_on(connection).call("hex_list_groups")["groups"] == []


def test_a_part_without_time_still_has_the_time_for_an_answer() -> None:
    timing = Timing(read=60.0)

    assert (timing.within(0).read, timing.within(-5).patience) == (MIN_READ, 0.0)
    assert Timing(read=0.3).within(0).read == 0.3


def test_a_run_is_looked_at_when_no_patience_is_left(sandbox: Sandbox, connect: Callable[..., Connection]) -> None:
    tools, run = our_tools(), sandbox.world.runs(sandbox.world.project("Revenue report").id)[0]
    call = ToolCall(tools["hex_run_and_wait"], tools, connect(), lambda *_: {}).part(patience=0.0)
    before: Run = {"projectId": run.project_id, "runId": run.id}

    assert refresh_run(call, before)["status"]
    assert refresh_run(detached(call, 0.0), before)["status"]


def interim(*statuses: int) -> Callable[[Exchange], None]:
    """Say that the answer is to come, and then give it."""

    def act(exchange: Exchange) -> None:
        for status in statuses:
            exchange.send(head(status, {"Link": "</style.css>; rel=preload"}))
        reply(200, GROUPS)(exchange)

    return act


@pytest.mark.parametrize("statuses", [(100,), (102,), (103,), (104,), (199, 150), (103, 102, 100, 103), (103,) * 60])
def test_interim_answers_are_passed_over(statuses: tuple[int, ...]) -> None:
    with (
        Faulty(interim(*statuses), reply(200, GROUPS)) as server,
        Connection(TOKEN, server.origin, allowed_hosts=(server.origin,)) as connection,
    ):
        assert hex_on(connection).call("hex_list_groups")["groups"] == []
        assert hex_on(connection).call("hex_list_groups")["groups"] == []
        assert len({request.connection for request in server.requests}) == 1


def test_interim_answers_without_end_are_a_broken_connection() -> None:
    with (
        Faulty(interim(*(103,) * 500)) as server,
        Connection(TOKEN, server.origin, allowed_hosts=(server.origin,), patience=0) as connection,
        pytest.raises(HexError) as caught,
    ):
        hex_on(connection).call("hex_list_groups")

    assert caught.value.key == "connection_lost"


def test_a_connection_whose_answer_came_late_is_not_used_again() -> None:
    gone = threading.Event()

    def late(exchange: Exchange) -> None:
        gone.wait(20)
        reply(200, GROUPS | {"values": [{"id": "of the first request", "name": "x", "createdAt": None}]})(exchange)

    with (
        Faulty(late, reply(200, GROUPS)) as server,
        Connection(TOKEN, server.origin, allowed_hosts=(server.origin,), patience=0, timeout=0.3) as connection,
    ):
        with pytest.raises(HexError) as caught:
            hex_on(connection).call("hex_list_groups")
        gone.set()
        groups = hex_on(connection).call("hex_list_groups")["groups"]

        assert caught.value.key == "timeout"
        assert groups == []
        assert len({request.connection for request in server.requests}) == 2


def test_a_stop_ends_the_wait_for_an_answer() -> None:
    stop = threading.Event()
    with (
        Faulty(silence) as server,
        Connection(TOKEN, server.origin, allowed_hosts=(server.origin,), clock=SystemClock()) as connection,
    ):
        outcome: list[HexError] = []

        def call() -> None:
            try:
                hex_on(connection).call("hex_list_groups", stop=stop)
            except HexError as error:
                outcome.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        while not server.requests:
            thread.join(0.01)
        stop.set()
        thread.join(20)

        assert not thread.is_alive()
        assert [error.key for error in outcome] == ["call_stopped"]


@contextmanager
def nobody_takes_it(_: pytest.MonkeyPatch) -> Iterator[str]:
    """Give a server whose queue of connections is full."""
    with socket.socket() as listener, ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _each in range(3):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def it_says_nothing(_: pytest.MonkeyPatch) -> Iterator[str]:
    """Give a server that takes a connection and says nothing to make it a secure one."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def the_proxy_says_nothing(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give a server behind a proxy that takes a connection and does not go on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{listener.getsockname()[1]}")
        yield "https://hex.example"


@contextmanager
def its_name_is_looked_up_for_ever(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give a server whose name no name server answers for."""
    over = threading.Event()

    def never(*_: Any, **__: Any) -> Any:
        over.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", never)
    try:
        yield "http://hex.example"
    finally:
        over.set()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "cause", [nobody_takes_it, it_says_nothing, the_proxy_says_nothing, its_name_is_looked_up_for_ever]
)
@pytest.mark.timeout(30)
def test_a_stop_ends_the_making_of_a_connection(
    cause: Callable[[pytest.MonkeyPatch], AbstractContextManager[str]], method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()
    timing = Timing(connect=3600, read=3600, stop=stop, on_send=stop.set)

    with cause(monkeypatch) as origin, pytest.raises(HexError) as caught:
        HexApi(f"{origin}/api/v1", Secret(TOKEN), SystemClock()).call(method, "/x", timing=timing)

    assert caught.value.key == "call_stopped"
    assert "outcome" not in caught.value.values


@pytest.mark.timeout(30)
def test_a_connection_that_is_made_though_nobody_wants_it_any_more_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, found, look_up = threading.Event(), threading.Event(), socket.getaddrinfo
    timing = Timing(connect=3600, stop=stop, on_send=stop.set)

    def late(*given: Any, **more: Any) -> Any:
        found.wait()
        return look_up(*given, **more)

    monkeypatch.setattr(socket, "getaddrinfo", late)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with pytest.raises(HexError):
            HexApi(f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1", Secret(TOKEN), SystemClock()).call(
                "POST", "/x", timing=timing
            )
        found.set()
        client, _ = listener.accept()

        with client:
            assert client.recv(1) == b""


def test_no_refusal_closes_a_group_for_longer_than_any_window_of_hexs() -> None:
    clock = DrivenClock()
    budget = Budget("hex.example", TOKEN, clock)

    budget.close_group("charts", 10.0**9)

    assert budget.wait_for("charts") == MAX_CLOSED
