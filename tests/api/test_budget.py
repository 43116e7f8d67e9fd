"""Hex's request limits: kept in every window, in the order of coming, by one process or by many."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import pytest

from hex_blocks import Connection, Registry
from hex_blocks.api.limits.budget import Budget
from hex_blocks.api.limits.groups import HEX_LIMITS
from hex_blocks.clock import Clock, DrivenClock, SystemClock
from hex_blocks.errors.classes import BusyError, HexError
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.calling import hex_on
from tests.postgres import PostgresServer, drop_databases, make_database

NEVER = float("inf")
GROUPS = [group for group in HEX_LIMITS if group != "all"]


def moments_of(budget: Budget, group: str | None, count: int) -> list[float]:
    """Take so many requests in a row, each as soon as it may be, and give when each was taken."""
    taken = []
    for _ in range(count):
        budget.take(group, NEVER)
        taken.append(budget.clock.monotonic())
    return taken


def most_in(seconds: int, moments: list[float]) -> int:
    """Give how many of the moments lie in the fullest stretch of so many seconds."""
    return max(sum(start <= moment <= start + seconds for moment in moments) for start in moments)


@pytest.fixture
def budget(clock: DrivenClock) -> Budget:
    return Budget("app.hex.tech", "a token", clock)


@pytest.mark.parametrize("group", [None, *GROUPS])
def test_no_window_of_any_group_ever_holds_more_than_hex_allows(group: str | None, budget: Budget) -> None:
    taken = moments_of(budget, group, 200)

    for count, seconds in (*HEX_LIMITS[group or "all"], *HEX_LIMITS["all"]):
        assert most_in(seconds, taken) <= count


@pytest.mark.parametrize("group", [None, *GROUPS])
def test_requests_are_sent_at_once_as_long_as_there_is_room(group: str | None, budget: Budget) -> None:
    first = min((count for count, _ in HEX_LIMITS[group or "all"]), default=60)

    taken = moments_of(budget, group, first)

    assert taken[-1] == taken[0]


def test_the_sixty_first_start_of_an_hour_waits_for_the_next_hour(budget: Budget) -> None:
    taken = moments_of(budget, "runs", 61)

    assert taken[59] < 180
    assert taken[60] == 3601


def test_a_group_is_counted_in_the_whole_as_well(budget: Budget) -> None:
    moments_of(budget, "hex-api", 30)

    taken = moments_of(budget, None, 31)

    assert taken[29] == 0
    assert taken[30] == 61


def test_a_group_that_is_used_up_takes_no_room_from_the_others(budget: Budget) -> None:
    moments_of(budget, "runs", 20)

    with pytest.raises(BusyError):
        budget.take("runs", until=30)

    assert moments_of(budget, None, 40)[-1] == 0


def test_the_wait_and_what_is_left_are_known_beforehand(budget: Budget) -> None:
    moments_of(budget, "runs", 20)

    assert budget.wait_for("runs") == 61
    assert budget.wait_for() == 0
    assert budget.left("runs") == 0
    assert budget.left() == 40


def test_a_request_whose_turn_comes_too_late_fails_at_once_and_says_when_it_would_come(
    budget: Budget, clock: DrivenClock
) -> None:
    moments_of(budget, None, 60)

    with pytest.raises(BusyError) as caught:
        budget.take(None, until=clock.monotonic() + 60)

    assert caught.value.key == "budget_spent"
    assert caught.value.values["seconds"] == 61
    assert clock.monotonic() == 0


def test_a_wait_is_told_and_can_be_ended(budget: Budget) -> None:
    moments_of(budget, None, 60)
    stop = threading.Event()
    told: list[tuple[float, str]] = []

    def stop_when_told(seconds: float, error: HexError) -> None:
        told.append((seconds, error.key))
        stop.set()

    with pytest.raises(BusyError):
        budget.take(None, NEVER, stop, stop_when_told)

    assert told == [(61, "budget_spent")]


def test_the_wall_clock_may_jump(clock: DrivenClock) -> None:
    class Jumping(DrivenClock):
        def time(self) -> float:
            return -super().time() if round(self.monotonic()) % 2 else super().time()

    jumping = Jumping()

    taken = moments_of(Budget("app.hex.tech", "a token", jumping), None, 180)

    assert most_in(60, taken) <= 60
    assert taken[-1] == 122


# Those who wait


class HeldClock(DrivenClock):
    """A clock on which nobody gets past a wait until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        self.let_go.wait(30)
        return super().wait(seconds, stop)


@pytest.fixture
def held() -> Iterator[HeldClock]:
    clock = HeldClock()
    yield clock
    clock.let_go.set()


def until(true: Callable[[], bool]) -> None:
    while not true():
        threading.Event().wait(0.001)


def test_those_who_wait_are_served_in_the_order_of_coming(held: HeldClock) -> None:
    budget = Budget("app.hex.tech", "a token", held)
    moments_of(budget, "ingest", 3)
    served: list[int] = []

    def come(number: int) -> None:
        budget.take("ingest", NEVER)
        served.append(number)

    with ThreadPoolExecutor(12) as pool:
        for number in range(12):
            pool.submit(come, number)
            until(lambda expected=number + 1: len(budget._queue("ingest")) == expected)  # type: ignore[misc]
        held.let_go.set()

    # Those that share a window go at the same moment.
    assert [sorted(served[place : place + 3]) for place in range(0, 12, 3)] == [
        [0, 1, 2],
        [3, 4, 5],
        [6, 7, 8],
        [9, 10, 11],
    ]
    assert held.monotonic() == 4 * 61


def test_who_comes_behind_others_fails_at_once_when_its_own_turn_comes_too_late(held: HeldClock) -> None:
    budget = Budget("app.hex.tech", "a token", held)
    moments_of(budget, "ingest", 3)

    with ThreadPoolExecutor(3) as pool:
        for number in range(3):
            pool.submit(budget.take, "ingest", NEVER)
            until(lambda expected=number + 1: len(budget._queue("ingest")) == expected)  # type: ignore[misc]
        with pytest.raises(BusyError) as caught:
            budget.take("ingest", until=100)
        held.let_go.set()

    # The three ahead fill the next window.
    assert caught.value.values["seconds"] == 122


def test_who_waits_for_one_group_keeps_nobody_from_another(held: HeldClock) -> None:
    budget = Budget("app.hex.tech", "a token", held)
    moments_of(budget, "ingest", 3)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(budget.take, "ingest", NEVER)
        until(lambda: len(budget._queue("ingest")) == 1)
        taken = moments_of(budget, "hex-api", 30)
        held.let_go.set()

    assert taken[-1] == 0


def test_who_gives_up_makes_room_for_those_behind(held: HeldClock) -> None:
    budget = Budget("app.hex.tech", "a token", held)
    moments_of(budget, "ingest", 3)
    stop = threading.Event()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(budget.take, "ingest", NEVER, stop)
        until(lambda: len(budget._queue("ingest")) == 1)
        second = pool.submit(budget.take, "ingest", NEVER)
        until(lambda: len(budget._queue("ingest")) == 2)
        stop.set()
        held.let_go.set()

    assert isinstance(first.exception(), BusyError)
    assert second.exception() is None


# What is learnt from refusals


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("seconds", [30, 3000])
def test_a_refusal_closes_its_group_and_no_other(group: str, seconds: int, budget: Budget) -> None:
    other = "charts" if group != "charts" else "ingest"

    budget.close_group(group, seconds)

    assert budget.wait_for(group) == seconds
    assert budget.wait_for(other) == 0
    assert moments_of(budget, group, 1) == [seconds]


@pytest.mark.parametrize("seconds", [30, 3000])
def test_a_refusal_without_a_group_closes_everything(seconds: int, budget: Budget) -> None:
    budget.close_group(None, seconds)

    assert [budget.wait_for(group) for group in (None, *GROUPS)] == [seconds] * (len(GROUPS) + 1)
    assert budget.left() == 0


def test_a_later_refusal_never_opens_what_an_earlier_one_closed(budget: Budget) -> None:
    budget.close_group("runs", 3000)
    budget.close_group("runs", 10)

    assert budget.wait_for("runs") == 3000


def test_connections_with_the_same_token_count_and_learn_together(clock: DrivenClock, budget: Budget) -> None:
    same = Budget("app.hex.tech", "a token", clock)
    other = Budget("app.hex.tech", "another token", clock)
    elsewhere = Budget("eu.hex.tech", "a token", clock)
    moments_of(budget, None, 60)
    budget.close_group("runs", 100)

    assert (same.wait_for(), same.wait_for("runs")) == (61, 100)
    assert (other.wait_for(), other.wait_for("runs")) == (0, 0)
    assert (elsewhere.wait_for(), elsewhere.wait_for("runs")) == (0, 0)


# Other limits than Hex's


def test_a_connection_may_have_limits_of_its_own(sandbox_of: Callable[..., Sandbox], clock: DrivenClock) -> None:
    sandbox = sandbox_of(limits={"whole-api": ((5, 10),)})
    with Connection(
        TOKENS.personal, sandbox.base_url, allowed_hosts=(sandbox.origin,), clock=clock, limits={"all": ((5, 10),)}
    ) as connection:
        for _ in range(12):
            hex_on(connection).call(Registry.load()["hex_list_users"], {})

    assert [request.status for request in sandbox.requests] == [200] * 12
    assert clock.monotonic() == 22


def test_the_other_groups_keep_hexs_limits(clock: DrivenClock) -> None:
    budget = Budget("app.hex.tech", "a token", clock, {"all": ((1000, 60),)})

    assert budget.left("runs") == 20
    assert budget.left() == 1000


def test_nothing_is_counted_when_the_budget_is_off(clock: DrivenClock) -> None:
    budget = Budget("app.hex.tech", "a token", clock, storage_uri="off")

    assert moments_of(budget, "runs", 1000)[-1] == 0
    assert budget.left() is None
    assert budget.per_second() == NEVER


@pytest.fixture
def sandbox_of(clock: DrivenClock) -> Iterator[Callable[..., Sandbox]]:
    """Make a sandbox: sandbox_of(limits=…)."""
    made: list[Sandbox] = []

    def make(clock: Clock = clock, **options: object) -> Sandbox:
        made.append(Sandbox(clock=clock, **options).start())  # type: ignore[arg-type]
        return made[-1]

    yield make
    for sandbox in made:
        sandbox.stop()


# Many processes


class RedisServer:
    """A Redis of a test's own."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self.uri = f"redis+unix://{self.socket}"
        self.start()

    def start(self) -> None:
        command = ["redis-server", "--port", "0", "--unixsocket", str(self.socket), "--save", "", "--dir", "/tmp"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        until(self._listens)

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self.socket)) == 0

    def stop(self) -> None:
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        self._process.wait(10)
        self.socket.unlink(missing_ok=True)

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)


class Counter(Protocol):
    """A server in which processes count together."""

    uri: str

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def freeze(self) -> None: ...


class PostgresCounter:
    """A database of a test's own in the session's PostgreSQL server."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        make_database(server.address(), "counter")
        self.uri = server.address("counter")
        self.start, self.stop, self.freeze = server.start, server.stop, server.freeze

    def close(self) -> None:
        self._server.thaw()
        drop_databases(self._server.address(), "counter")


@pytest.fixture
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    if not shutil.which("redis-server"):
        pytest.skip("redis-server is not installed: apt-get install redis-server")
    # A socket's path must be short, which the folder of a test need not be.
    server = RedisServer(tmp_path_factory.mktemp("r"))
    yield server
    server.stop()


@pytest.fixture
def in_postgres(postgres: PostgresServer) -> Iterator[PostgresCounter]:
    made = PostgresCounter(postgres)
    yield made
    made.close()


@pytest.fixture(params=["redis", "in_postgres"])
def counter(request: pytest.FixtureRequest) -> Counter:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


def test_budgets_count_together(counter: Counter, clock: DrivenClock) -> None:
    one, other = (Budget("app.hex.tech", "a token", DrivenClock(), storage_uri=counter.uri) for _ in range(2))
    stranger = Budget("app.hex.tech", "another token", clock, storage_uri=counter.uri)
    moments_of(one, "runs", 12)
    moments_of(other, "runs", 8)

    assert one.left("runs") == other.left("runs") == 0
    assert 55 < one.wait_for("runs") <= 61
    assert one.left() == 40
    assert stranger.left("runs") == 20


def test_budgets_learn_from_refusals_together(counter: Counter) -> None:
    one, other = (Budget("app.hex.tech", "a token", DrivenClock(), storage_uri=counter.uri) for _ in range(2))

    one.close_group("ingest", 500)
    one.close_group("ingest", 20)

    assert 490 < other.wait_for("ingest") <= 500
    assert other.left("ingest") == 0
    assert other.wait_for() == 0


def test_who_comes_behind_others_knows_it_there_too(counter: Counter) -> None:
    budget = Budget("app.hex.tech", "a token", DrivenClock(), storage_uri=counter.uri)
    moments_of(budget, "ingest", 3)

    waits = [budget._store.wait(budget._token_hash, budget._windows_of("ingest"), ahead) for ahead in (0, 2, 3, 6)]

    assert [round(wait / 61) for wait in waits] == [1, 1, 2, 3]


@pytest.mark.slow
def test_what_is_counted_there_is_counted_no_more_when_its_time_is_over(counter: Counter, clock: DrivenClock) -> None:
    limits = {"brief": ((2, 0),)}
    one, other = (Budget("app.hex.tech", "a token", DrivenClock(), limits, counter.uri) for _ in range(2))
    moments_of(one, "brief", 2)
    before = other.left("brief")

    until(lambda: other.left("brief") == 2)

    assert before == 0


@pytest.mark.parametrize(
    ("kind", "name", "fault", "known"),
    [
        ("redis", "Redis", "ConnectionError", 0),
        ("in_postgres", "PostgreSQL", "OperationalError", 15),
    ],
)
def test_a_server_that_goes_away_is_told_of_and_comes_back(
    kind: str,
    name: str,
    fault: str,
    known: int,
    clock: DrivenClock,
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
) -> None:
    counter: Counter = request.getfixturevalue(kind)
    budget = Budget("app.hex.tech", "a token", clock, storage_uri=counter.uri)
    moments_of(budget, "runs", 15)
    counter.stop()

    with caplog.at_level(logging.WARNING, "hex_blocks"):
        moments_of(budget, "runs", 5)

    assert [record.getMessage() for record in caplog.records] == [
        f"The {name} that keeps the request budget cannot be reached ({fault}): this process counts for itself"
    ]
    # What was counted together is still known.
    assert budget.left("runs") == 0
    counter.start()
    clock.advance(31)
    # A server that was started anew may know nothing of what this process has sent.
    assert budget.left("runs") == 0
    clock.advance(31)
    assert budget.left("runs") == 20 - known


def test_a_connection_that_was_lost_while_nobody_used_it_is_made_anew(
    in_postgres: PostgresCounter, postgres: PostgresServer, clock: DrivenClock, caplog: pytest.LogCaptureFixture
) -> None:
    budget = Budget("app.hex.tech", "a token", clock, storage_uri=in_postgres.uri)
    other = Budget("app.hex.tech", "a token", DrivenClock(), storage_uri=in_postgres.uri)
    moments_of(budget, "runs", 5)
    postgres.restart()

    with caplog.at_level(logging.WARNING, "hex_blocks"):
        moments_of(budget, "runs", 5)

    assert caplog.records == []
    assert other.left("runs") == 10


@pytest.mark.slow
def test_a_server_that_hangs_holds_no_request_for_long(counter: Counter, clock: DrivenClock) -> None:
    budget = Budget("app.hex.tech", "a token", clock, storage_uri=counter.uri)
    counter.freeze()

    budget.take("runs", until=1)

    assert budget.left("runs") == 19


def test_what_is_over_is_not_kept_in_postgres(in_postgres: PostgresCounter, postgres: PostgresServer) -> None:
    for token in range(30):
        budget = Budget("app.hex.tech", f"token {token}", DrivenClock(), {"brief": ((2, 0),)}, in_postgres.uri)
        moments_of(budget, "brief", 1)
    postgres.ask("UPDATE hex_blocks.windows SET expires_at = 1", "counter")

    moments_of(budget, "brief", 1)

    assert len(postgres.ask("SELECT 1 FROM hex_blocks.windows", "counter")) == 2


def test_the_server_of_the_shared_record_keeps_the_count_where_nothing_else_is_said(
    in_postgres: PostgresCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEX_BLOCKS_RECORD", in_postgres.uri)
    one, other = (Budget("app.hex.tech", "a token", DrivenClock()) for _ in range(2))
    moments_of(one, "runs", 12)
    monkeypatch.setenv("HEX_BLOCKS_BUDGET", "memory://")
    alone = Budget("app.hex.tech", "a token", DrivenClock())

    assert other.left("runs") == 8
    assert alone.left("runs") == 20


@pytest.mark.parametrize(
    "uri",
    [
        "redis//localhost",
        "gopher://me:secret@localhost",
        "memcached://localhost",
        "postgresql+psycopg2://me:secret@localhost",
        "postgresql://me:a@secret@localhost",
        "postgresql://me:a/secret@localhost",
        "postgresql://localhost/?secret",
    ],
)
def test_a_bad_address_is_refused_without_being_repeated(uri: str, clock: DrivenClock) -> None:
    with pytest.raises(HexError) as caught:
        Budget("app.hex.tech", "a token", clock, storage_uri=uri)

    assert caught.value.key == "bad_budget"
    assert "secret" not in str(caught.value.document())


@pytest.mark.parametrize("uri", ["nonsense", "redis//localhost", "memcached://localhost", "redis:localhost", "://"])
def test_what_is_the_address_of_no_store_is_said_to_be_none(uri: str, clock: DrivenClock) -> None:
    with pytest.raises(HexError, match=r"HEX_BLOCKS_BUDGET is not valid: it begins with neither redis://"):
        Budget("app.hex.tech", "a token", clock, storage_uri=uri)


@pytest.mark.parametrize(
    ("uri", "package"), [("redis://localhost", "redis"), ("valkey://localhost", "valkey"), ("redis+unix:///x", "redis")]
)
def test_the_package_that_an_address_needs_is_named(
    uri: str, package: str, clock: DrivenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hex_blocks.api.limits.budget.find_spec", lambda name: None if name == package else object())
    monkeypatch.setitem(sys.modules, "hex_blocks.api.limits.redis_windows", None)

    with pytest.raises(HexError, match=f"HEX_BLOCKS_BUDGET is not valid: the package {package} is missing"):
        Budget("app.hex.tech", "a token", clock, storage_uri=uri)


WORKER = """
import json, os, sys
from hex_blocks import Hex
url, token, count, limits = json.loads(sys.argv[1])
with Hex(token, url, allowed_hosts=(url.removesuffix("/api/v1"),), limits=limits) as hex:
    for _ in range(count):
        hex.call("hex_list_groups")
"""


@pytest.mark.slow
def test_eight_processes_that_share_a_token_through_a_server_are_never_refused(
    counter: Counter, sandbox_of: Callable[..., Sandbox]
) -> None:
    sandbox = sandbox_of(SystemClock(), limits={"whole-api": ((40, 1),)})
    given = json.dumps([sandbox.base_url, TOKENS.personal, 15, {"all": ((40, 1),)}])

    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, given], env=os.environ | {"HEX_BLOCKS_BUDGET": counter.uri})
        for _ in range(8)
    ]

    assert [worker.wait(60) for worker in workers] == [0] * 8
    assert [request.status for request in sandbox.requests] == [200] * 120
