"""Calls through a network that does its worst: outcomes are right, nothing is doubled, nothing lost."""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from hex_blocks import Connection, HexError, Registry
from hex_blocks.clock import Clock, DrivenClock, FastClock
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import NotebookInput, Run
from tests.calling import hex_on
from tests.conftest import WrongClock
from tests.faulty import (
    LOGIN_PAGE,
    Act,
    Exchange,
    Faulty,
    done_then,
    end,
    half_a_json,
    head,
    lost,
    pass_on,
    reply,
    reset,
    reset_mid_body,
    silence,
)

# What comes here is not what Hex would say.
pytestmark = pytest.mark.any_answer

# A thousand with make stress; fewer each time the tests run.
CALLS = int(os.environ.get("CALLS", "100"))
TITLES = ("Extract orders", "Transform orders", "Load orders")
ENDLESS = "Endless simulation"

# What gateways say of themselves, also after Hex took the request.
ENVOY = reply(503, b"upstream connect error or disconnect/reset before headers. reset reason: connection termination")
NGINX = reply(503, b"<html><head><title>503 Service Temporarily Unavailable</title></head></html>", kind="text/html")
API_GATEWAY = reply(503, {"message": "Service Unavailable"})
EMPTY = reply(200, {})
FOREIGN = reply(
    201,
    {
        "projectId": "11111111-1111-4111-8111-111111111111",
        "runId": "22222222-2222-4222-8222-222222222222",
        "runUrl": "https://app.hex.tech/x",
        "runStatusUrl": "https://app.hex.tech/y",
        "traceId": "t",
        "projectVersion": 1,
        "notifications": [],
    },
)


def of_a_write(act: Act) -> Act:
    """Do something to requests that write, and nothing to the others."""
    return lambda exchange: act(exchange) if exchange.request.method == "POST" else pass_on(exchange)


def announced(exchange: Exchange) -> None:
    """Say twice that the answer is to come, and then give it."""
    exchange.send(head(103, {"Link": "</x>; rel=preload"}) + head(102, {}) + head(104, {}))
    pass_on(exchange)


FAULTS: list[Act] = [
    ENVOY,
    NGINX,
    API_GATEWAY,
    done_then(ENVOY),
    done_then(NGINX),
    done_then(API_GATEWAY),
    EMPTY,
    done_then(EMPTY),
    reply(200, b""),
    done_then(reply(200, b"")),
    of_a_write(FOREIGN),
    of_a_write(done_then(FOREIGN)),
    announced,
    reset,
    end,
    lost,
    done_then(end),
    done_then(reset_mid_body),
    done_then(half_a_json),
    half_a_json,
    reply(500, {"reason": "oh"}),
    done_then(reply(500, {"reason": "oh"})),
    reply(502, b"<html>Bad gateway</html>", kind="text/html"),
    done_then(reply(504, b"timed out")),
    reply(429, {"reason": "slow down"}, {"Retry-After": "7"}),
    reply(429, b""),
    reply(200, LOGIN_PAGE, kind="text/html"),
    done_then(reply(200, LOGIN_PAGE, kind="text/html")),
    reply(302, b"", {"Location": "/login"}),
    silence,
    done_then(silence),
]


class Weather:
    """Chooses what happens to each request: mostly nothing, sometimes a fault, sometimes a storm of one fault."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._storm: list[Act] = []
        self.faults = 0

    def __call__(self, exchange: Exchange) -> None:
        with self._lock:
            act = self._storm.pop() if self._storm else self._next()
            self.faults += act is not pass_on
        act(exchange)

    def _next(self) -> Act:
        if self._chance.random() < 0.8:
            return pass_on
        fault = self._chance.choice(FAULTS)
        if self._chance.random() < 0.1:
            self._storm = [fault] * self._chance.randint(2, 6)
        return fault


class JumpingClock(WrongClock):
    """A clock whose time of day is set anew again and again."""

    def __init__(self, right: Clock) -> None:
        super().__init__(right)
        self._chance = random.Random(0)

    def time(self) -> float:
        return self.right.time() + self._chance.choice([-90_000, -3600, 0, 5, 400, 86_400 * 30])


class Callers:
    """Make calls as schedulers do: again with the same key until something came of it."""

    def __init__(self, sandbox: Sandbox, connections: list[Connection], registry: Registry) -> None:
        self.sandbox = sandbox
        self.connections = connections
        self.registry = registry
        self.runs: dict[str, str] = {}
        self.errors: Counter[str] = Counter()
        self.made = 0
        self._chance = random.Random(0)
        self._lock = threading.Lock()

    def call(self, tool: str, **inputs: Any) -> dict[str, Any]:
        with self._lock:
            self.made += 1
            [connection] = self._chance.choices(self.connections, weights=[20, 1, 1])
        try:
            return hex_on(connection).call(self.registry[tool], inputs)
        except HexError as error:
            with self._lock:
                self.errors[error.key] += 1
            # As an orchestrator does before it tries again.
            connection.clock.wait(float(error.values.get("seconds", 10)))
            raise

    def until_done(self, tool: str, **inputs: Any) -> dict[str, Any]:
        while True:
            try:
                return self.call(tool, **inputs)
            except HexError as error:
                if error.kind not in ("busy", "down") and error.key != "start_uncertain":
                    raise

    def work(self, number: int) -> None:
        chance, done = random.Random(number), 0
        while self.made < CALLS:
            done += 1
            project = self.sandbox.world.project(chance.choice(TITLES)).id
            key = f"{number}-{done}"
            what = chance.choice([self.start, self.wait, self.look, self.cancel])
            what(project, key)

    def start(self, project: str, key: str) -> None:
        run = self.until_done("hex_run_project", projectId=project, inputParams={"mark": key}, idempotencyKey=key)
        self.runs[key] = run["runId"]

    def wait(self, project: str, key: str) -> None:
        run = self.until_done("hex_run_and_wait", projectId=project, inputParams={"mark": key}, idempotencyKey=key)
        self.runs[key] = run["runId"]
        assert run["status"] == "COMPLETED"
        assert self.status_of(run["runId"]) == "COMPLETED"

    def look(self, project: str, key: str) -> None:
        for run_id in list(self.runs.values())[-2:]:
            run = self.sandbox.world.get(Run, run_id)
            assert run
            with suppress(HexError):
                seen = self.call("hex_get_run_status", projectId=run.project_id, runId=run_id)
                assert (seen["runId"], seen["projectId"]) == (run_id, run.project_id)

    def cancel(self, _: str, key: str) -> None:
        project = self.sandbox.world.project(ENDLESS).id
        run = self.until_done("hex_run_project", projectId=project, idempotencyKey=key)
        self.runs[key] = run["runId"]
        while self.status_of(run["runId"]) != "KILLED":
            with suppress(HexError):
                cancelled = self.call("hex_cancel_run", projectId=project, runId=run["runId"])
                assert cancelled["success"]
                assert self.status_of(run["runId"]) == "KILLED"

    def status_of(self, run_id: str) -> str:
        run = self.sandbox.world.get(Run, run_id)
        assert run
        return run.state(self.sandbox.clock.time()).status


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make_clock", "clock_of_the_callers", "callers"),
    [(DrivenClock, None, 1), (DrivenClock, JumpingClock, 1), (lambda: FastClock(40), None, 6)],
    ids=["one after the other", "while the clock jumps", "six at once"],
)
def test_calls_through_a_bad_network_come_out_right(
    make_clock: Callable[[], Clock],
    clock_of_the_callers: Callable[[Clock], Clock] | None,
    callers: int,
    registry: Registry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    weather, clock = Weather(seed=7), make_clock()
    ours = clock_of_the_callers(clock) if clock_of_the_callers else clock
    with ExitStack() as opened:
        sandbox = opened.enter_context(Sandbox(clock=clock, limits=False))
        for title in TITLES:
            sandbox.world.project(title).inputs = (NotebookInput("mark", "text"),)
        before = {run.id for run in sandbox.world.all(Run)}
        proxy = opened.enter_context(Faulty(weather, upstream=sandbox.origin))
        closed = opened.enter_context(Faulty(listen=False))

        def connect(through: str = "") -> Connection:
            monkeypatch.setenv("http_proxy", through)
            made = Connection(
                TOKENS.personal,
                proxy.base_url,
                allowed_hosts=(proxy.origin,),
                pinned=True,
                timeout=0.25,
                patience=30,
                clock=ours,
                limits={"all": ((10**6, 60),), "runs": ((10**6, 60),)},
            )
            # What the environment says is read now.
            assert made.api
            return opened.enter_context(made)

        ways = [connect(), connect(closed.origin), connect("http://no-such-host.invalid")]
        crowd = Callers(sandbox, ways, registry)
        with ThreadPoolExecutor(callers) as pool:
            for finished in [pool.submit(crowd.work, number) for number in range(callers)]:
                finished.result()

    new = {run.id: run for run in sandbox.world.all(Run) if run.id not in before}
    assert crowd.made >= CALLS
    assert weather.faults > CALLS / 10
    assert crowd.errors["no_network"] > CALLS / 100
    # Every key has its run, no run is anybody's but its own key's, and none is left over.
    assert sorted(crowd.runs.values()) == sorted(new)
    key_of = {run_id: key for key, run_id in crowd.runs.items()}
    assert all(run.inputs.get("mark", key_of[run_id]) == key_of[run_id] for run_id, run in new.items())
