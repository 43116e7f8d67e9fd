"""Many runs are followed together: with few requests, none forgotten, whoever leaves."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from hex_blocks import Connection, HexError, Registry
from hex_blocks.clock import Clock, DrivenClock
from hex_blocks.run import execute
from hex_blocks.runs.watcher import Followed, Watcher, watcher_of
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan, Project, Run
from hex_blocks.tools.tool_call import ToolCall
from tests.calling import hex_on
from tests.faulty import Act, Faulty, changed, pass_on, reply, reset
from tests.meeting import MeetingClock

PROJECT = "5a8591dd-4039-49df-9202-96385ba3eff8"
RUN_ID = "78c33d18-170c-44d3-a227-b3194f134f73"
NEVER = float("inf")


@dataclass
class Scene:
    """A sandbox, a connection to it, and the watcher of that connection."""

    sandbox: Sandbox
    connection: Connection
    registry: Registry
    noticed: dict[str, float] = field(default_factory=dict)

    @property
    def clock(self) -> Clock:
        return self.sandbox.clock

    @property
    def watcher(self) -> Watcher:
        return watcher_of(self.connection)

    def call(self, stop: threading.Event | None = None) -> ToolCall:
        return ToolCall(
            self.registry["hex_run_and_wait"], self.registry, self.connection, execute, stop=stop or threading.Event()
        )

    def project(self, title: str) -> str:
        """Add a published project without any runs."""
        template, now = self.sandbox.world.project("Quick check"), self.clock.time()
        made = Project(
            id=self.sandbox.world.new_id(),
            title=title,
            creator_id=template.creator_id,
            owner_id=template.owner_id,
            created_at=now,
            last_edited_at=now,
            last_published_at=now,
        )
        return self.sandbox.world.add(made).id

    def add_run(self, project_id: str, seconds: float | None) -> Run:
        """Add a run that takes so long from now on; for ever if that is None."""
        return self.sandbox.world.add(
            Run(
                id=self.sandbox.world.new_id(),
                project_id=project_id,
                caller="somebody",
                version=1,
                created_at=self.clock.time(),
                plan=Plan(0, seconds),
            )
        )

    def follow(self, run: Run, interval: float = 5.0) -> Followed:
        return self.watcher.follow({"projectId": run.project_id, "runId": run.id}, interval)

    def wait_for_all(self, followed: list[Followed], until: float = NEVER) -> None:
        """Wait for every run, and keep the moment at which the end of each was noticed."""
        left = list(followed)
        while left:
            ended = self.watcher.wait(self.call(), left, until)
            if not ended:
                return
            for each in ended:
                self.noticed[each.run_id] = self.clock.time()
                self.watcher.leave(each)
                left.remove(each)

    def delays(self) -> list[float]:
        """Tell how long after its end each run was noticed."""
        ends = {run_id: self.sandbox.world.get(Run, run_id) for run_id in self.noticed}
        states = {run_id: run.state(self.clock.time()) for run_id, run in ends.items() if run}
        return [self.noticed[run_id] - (state.ended_at or 0) for run_id, state in states.items()]

    def requests_per_minute(self) -> float:
        return 60 * len(self.sandbox.requests) / self.clock.monotonic()


@pytest.fixture
def make(registry: Registry) -> Iterator[Callable[..., Scene]]:
    """Make a Scene and what follows its runs: make(clock, proxy's acts …)."""
    with ExitStack() as open_ones:

        def make_it(clock: Clock, *acts: Act, limits: bool = True, **options: Any) -> Scene:
            sandbox = open_ones.enter_context(Sandbox(clock=clock, limits=limits))
            origin = sandbox.origin
            if acts:
                origin = open_ones.enter_context(Faulty(*acts, upstream=sandbox.origin)).origin
            connection = Connection(
                TOKENS.personal, origin, allowed_hosts=(origin,), pinned=True, clock=clock, **options
            )
            return Scene(sandbox, open_ones.enter_context(connection), registry)

        yield make_it


@pytest.fixture
def hex_(make: Callable[..., Scene], clock: DrivenClock) -> Scene:
    return make(clock)


# How much it costs, and how soon an end is noticed

# Fifty pollers at five seconds would send 600 requests a minute.
A_TWENTIETH = 30


@pytest.mark.parametrize(
    ("runs", "projects", "interval"),
    [(1, 1, 5), (50, 1, 6), (500, 1, 15), (50, 5, 20), (50, 50, 115), (500, 50, 115)],
)
def test_runs_are_followed_with_few_requests_and_their_ends_noticed_within_an_interval(
    runs: int, projects: int, interval: float, hex_: Scene
) -> None:
    ids = [hex_.project(f"Project {number}") for number in range(projects)]
    followed = [
        hex_.follow(hex_.add_run(ids[number % projects], seconds=60 + 300 * number / runs)) for number in range(runs)
    ]

    hex_.wait_for_all(followed)

    assert len(hex_.noticed) == runs
    assert max(hex_.delays()) <= interval
    assert hex_.requests_per_minute() <= A_TWENTIETH


def test_a_project_with_a_few_runs_is_not_forgotten_beside_one_with_hundreds(hex_: Scene) -> None:
    crowd, alone = hex_.project("Crowd"), hex_.project("Alone")
    followed = [hex_.follow(hex_.add_run(crowd, 600)) for _ in range(450)]

    one = hex_.add_run(alone, 100)
    hex_.wait_for_all([*followed, hex_.follow(one)], until=300)

    assert list(hex_.noticed) == [one.id]
    assert max(hex_.delays()) <= 25


def test_runs_that_lie_deep_in_the_list_are_noticed_too(hex_: Scene) -> None:
    project = hex_.project("Busy")
    deep = [hex_.add_run(project, 400) for _ in range(3)]
    for _ in range(700):
        hex_.add_run(project, None)
    fresh = [hex_.add_run(project, 400) for _ in range(10)]

    hex_.wait_for_all([hex_.follow(run) for run in [*deep, *fresh]], until=1000)

    assert len(hex_.noticed) == 13
    assert max(hex_.delays()) <= 60
    assert hex_.requests_per_minute() <= A_TWENTIETH


@pytest.mark.slow
def test_fifty_calls_at_once_are_all_done_under_hexs_limits(make: Callable[..., Scene], registry: Registry) -> None:
    hex_ = make(MeetingClock())
    project = hex_.sandbox.world.project("Quick check").id

    def run_and_wait(_: int) -> str:
        return str(hex_on(hex_.connection).call("hex_run_and_wait", {"projectId": project})["status"])

    with ThreadPoolExecutor(50) as pool:
        ends = Counter(pool.map(run_and_wait, range(50)))

    assert ends == {"COMPLETED": 50}
    assert sum(request.status == 201 for request in hex_.sandbox.requests) == 50


def test_nothing_is_counted_where_the_budget_is_off(
    monkeypatch: pytest.MonkeyPatch, make: Callable[..., Scene], clock: DrivenClock
) -> None:
    monkeypatch.setenv("HEX_BLOCKS_BUDGET", "off")
    hex_ = make(clock, limits=False)
    runs = [hex_.add_run(hex_.project(f"Project {number}"), 30) for number in range(10)]

    hex_.wait_for_all([hex_.follow(run) for run in runs])

    assert max(hex_.delays()) <= 5


# When to look


@pytest.mark.parametrize(
    ("elapsed", "usual", "interval", "expected"),
    [
        (0, None, 5, 5),
        (100, None, 5, 5),
        (600, None, 5, 10),
        (100_000, None, 5, 30),
        (0, 600, 5, 30),
        (500, 600, 5, 10),
        (590, 600, 5, 5),
        (700, 600, 5, 5),
        (1200, 600, 5, 10),
        (9000, 600, 5, 30),
        (0, 8, 5, 5),
        (590, 600, 60, 60),
    ],
)
def test_looks_become_rare_with_age_and_frequent_near_the_expected_end(
    elapsed: float, usual: float | None, interval: float, expected: float
) -> None:
    followed = Followed(PROJECT, RUN_ID, interval, began=0, usual=usual)

    assert followed.poll_interval(elapsed) == expected


def test_how_long_runs_take_is_learnt_from_the_projects_history(hex_: Scene) -> None:
    project = hex_.project("Regular")
    for _ in range(5):
        hex_.add_run(project, 120)
        hex_.clock.wait(130)
    followed = [hex_.follow(hex_.add_run(project, 120)) for _ in range(2)]

    hex_.wait_for_all(followed)

    assert [each.usual for each in followed] == [120, 120]
    assert max(hex_.delays()) <= 5


# Together


def test_whoever_follows_the_same_run_is_told(hex_: Scene) -> None:
    run = hex_.add_run(hex_.project("Shared"), 20)
    one, other = hex_.follow(run), hex_.follow(run)

    hex_.wait_for_all([one])
    hex_.wait_for_all([other])

    assert (one.status, other.status) == ("COMPLETED", "COMPLETED")


def test_who_leaves_takes_nothing_from_those_who_stay(hex_: Scene) -> None:
    run = hex_.add_run(hex_.project("Shared"), 20)
    one, other = hex_.follow(run), hex_.follow(run)

    hex_.watcher.leave(one)
    hex_.wait_for_all([other])

    assert (one.status, other.status) == ("PENDING", "COMPLETED")
    hex_.watcher.leave(one)


def test_an_interrupted_leader_hands_over(make: Callable[..., Scene]) -> None:
    hex_ = make(MeetingClock())
    project = hex_.project("Shared")
    first, second = hex_.follow(hex_.add_run(project, None)), hex_.follow(hex_.add_run(project, 20))
    stop = threading.Event()

    with ThreadPoolExecutor(2) as pool:
        leading = pool.submit(hex_.watcher.wait, hex_.call(stop), [first], NEVER, stop.set)
        following = pool.submit(hex_.watcher.wait, hex_.call(), [second], NEVER)

    assert leading.result() == []
    assert [each.status for each in following.result()] == ["COMPLETED"]


class BrokenCall(ToolCall):
    """A call that dies of a fault of ours whenever it asks."""

    def request_with_details(self, *given: Any, **options: Any) -> Any:
        raise RuntimeError("a fault of ours")


def test_a_leader_that_dies_leaves_nobody_stranded(hex_: Scene) -> None:
    project = hex_.project("Shared")
    first, second = hex_.follow(hex_.add_run(project, 20)), hex_.follow(hex_.add_run(project, 20))
    broken = BrokenCall(hex_.registry["hex_run_and_wait"], hex_.registry, hex_.connection, execute)

    with ThreadPoolExecutor(2) as pool:
        leading = pool.submit(hex_.watcher.wait, broken, [first], NEVER)
        error = leading.exception(20)
        following = pool.submit(hex_.watcher.wait, hex_.call(), [second], NEVER)

    assert isinstance(error, RuntimeError)
    assert [each.status for each in following.result()] == ["COMPLETED"]


def test_a_wait_ends_at_its_deadline(hex_: Scene) -> None:
    followed = hex_.follow(hex_.add_run(hex_.project("Endless"), None))

    assert hex_.watcher.wait(hex_.call(), [followed], until=100) == []
    assert 100 <= hex_.clock.monotonic() <= 101


def test_whoever_waits_is_told_about_every_second(hex_: Scene) -> None:
    followed = hex_.follow(hex_.add_run(hex_.project("Endless"), None))
    ticks: list[float] = []

    hex_.watcher.wait(hex_.call(), [followed], 30, lambda: ticks.append(hex_.clock.monotonic()))

    assert ticks == [float(second) for second in range(30)]


# Trouble


@pytest.mark.parametrize(
    "trouble",
    [reset, reply(500), reply(503), reply(429, {}, {"Retry-After": "20"}), reply(200, b"<html>Sign in</html>")],
)
def test_trouble_is_shown_and_passes(trouble: Act, make: Callable[..., Scene], clock: DrivenClock) -> None:
    hex_ = make(clock, *[trouble] * 12, pass_on)
    followed = hex_.follow(hex_.add_run(hex_.project("Shared"), 20))
    troubles: list[str] = []

    def tick() -> None:
        troubles.extend([followed.last_error.key] if followed.last_error else [])

    [ended] = hex_.watcher.wait(hex_.call(), [followed], NEVER, tick)

    assert troubles
    assert ended.last_error is None
    assert ended.status == "COMPLETED"


def test_a_refused_token_ends_the_wait_for_everybody(make: Callable[..., Scene], clock: DrivenClock) -> None:
    hex_ = make(clock, reply(401))
    followed = [hex_.follow(hex_.add_run(hex_.project(f"Project {number}"), 20)) for number in range(2)]

    hex_.wait_for_all(followed)

    assert [each.failed.key for each in followed if each.failed] == ["token_refused"] * 2


ODD_ENTRIES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no state": lambda run: run | {"status": None},
    "a state of another type": lambda run: run | {"status": 7},
    "no ID": lambda run: {name: value for name, value in run.items() if name != "runId"},
    "no object": lambda run: "a run",
}


@pytest.mark.parametrize("how", ODD_ENTRIES)
def test_an_odd_entry_of_the_list_is_followed_by_itself_and_the_others_as_ever(
    how: str, make: Callable[..., Scene], clock: DrivenClock
) -> None:
    def spoil(document: dict[str, Any]) -> None:
        if "runs" in document:
            document["runs"][2] = ODD_ENTRIES[how](document["runs"][2])

    hex_ = make(clock, changed(spoil))
    project = hex_.project("Shared")
    followed = [hex_.follow(hex_.add_run(project, 60)) for _ in range(20)]

    hex_.wait_for_all(followed, until=600)

    assert [(each.failed, each.status) for each in followed] == [(None, "COMPLETED")] * 20
    assert max(hex_.delays()) <= 30


def test_a_page_with_an_odd_entry_is_not_the_last_one(make: Callable[..., Scene], clock: DrivenClock) -> None:
    def spoil(document: dict[str, Any]) -> None:
        if "runs" in document:
            document["runs"][:1] = ["a run"]

    hex_ = make(clock, changed(spoil))
    project = hex_.project("Busy")
    followed = [hex_.follow(hex_.add_run(project, 60)) for _ in range(150)]

    hex_.wait_for_all(followed, until=600)

    assert {each.status for each in followed} == {"COMPLETED"}
    assert len([each for each in hex_.sandbox.requests if each.operation_id == "GetRunStatus"]) < 30


def test_runs_whose_state_cannot_be_read_keep_no_other_from_being_read(
    make: Callable[..., Scene], clock: DrivenClock
) -> None:
    mute: set[str] = set()

    def spoil(document: dict[str, Any]) -> None:
        for run in document.get("runs", [document]):
            if run.get("runId") in mute:
                run["status"] = None

    hex_ = make(clock, changed(spoil))
    project = hex_.project("Shared")
    odd = [hex_.follow(hex_.add_run(project, 60)) for _ in range(2)]
    mute.update(each.run_id for each in odd)
    others = [hex_.follow(hex_.add_run(project, 60)) for _ in range(2)]

    hex_.wait_for_all(others, until=600)
    hex_.watcher.wait(hex_.call(), odd, until=700)

    assert {each.status for each in others} == {"COMPLETED"}
    assert max(hex_.delays()) <= 30
    assert [each.last_error.key for each in odd if each.last_error] == ["not_hex"] * 2


def test_a_run_that_is_gone_ends_its_own_wait_and_no_other(make: Callable[..., Scene], clock: DrivenClock) -> None:
    hex_ = make(clock)
    project = hex_.project("Shared")
    here = hex_.follow(hex_.add_run(project, 60))
    gone = hex_.watcher.follow({"projectId": project, "runId": RUN_ID})

    hex_.wait_for_all([gone, here])

    assert isinstance(gone.failed, HexError)
    assert (here.failed, here.status) == (None, "COMPLETED")


@pytest.mark.parametrize("status", ["QUEUED", "", None, 7, ["RUNNING"]])
def test_a_state_that_is_not_known_counts_as_going_on(
    status: Any, httpserver: HTTPServer, registry: Registry, connection: Connection, clock: DrivenClock
) -> None:
    path = f"/api/v1/projects/{PROJECT}/runs/{RUN_ID}"
    httpserver.expect_oneshot_request(path).respond_with_json({"runId": RUN_ID, "status": status})
    httpserver.expect_oneshot_request(path).respond_with_json({"runId": RUN_ID, "status": "COMPLETED"})
    followed = watcher_of(connection).follow({"projectId": PROJECT, "runId": RUN_ID})

    watcher_of(connection).wait(
        ToolCall(registry["hex_run_and_wait"], registry, connection, execute), [followed], NEVER
    )

    assert followed.status == "COMPLETED"
    assert clock.monotonic() >= 10
