"""The ends of runs are told each exactly once, whatever happens between two calls."""

from __future__ import annotations

import base64
import json
import os
import random
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hex_blocks import Connection, HexError, Registry
from hex_blocks.clock import DrivenClock
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan, Project, Run
from tests.calling import hex_on
from tests.faulty import Exchange, Faulty, changed, pass_on, when

# More of them with SEEDS=200.
SEEDS = int(os.environ.get("SEEDS", "8"))
TITLES = ("Quick check", "Revenue report", "Team digest", "Broken import")
Watch = Callable[..., dict[str, Any]]


@pytest.fixture
def sandbox(clock: DrivenClock) -> Iterator[Sandbox]:
    with Sandbox(clock=clock, limits=False) as running:
        yield running


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, clock: DrivenClock, registry: Registry) -> Iterator[Watch]:
    """Ask what has ended: watch(project_ids, cursor=…)."""
    monkeypatch.setenv("HEX_BLOCKS_BUDGET", "off")
    with Connection(
        TOKENS.personal, sandbox.base_url, allowed_hosts=(sandbox.origin,), pinned=True, clock=clock
    ) as connection:

        def ask(project_ids: list[str], cursor: str | None = None, **more: Any) -> dict[str, Any]:
            given = {"projectIds": project_ids, "cursor": cursor, **more}
            return hex_on(connection).call("hex_watch_runs", given)

        yield ask


@pytest.fixture
def project(sandbox: Sandbox) -> str:
    return sandbox.world.project(TITLES[0]).id


def add_run(sandbox: Sandbox, project_id: str, seconds: float | None = 10, **more: Any) -> str:
    """Add a run that takes so long from now on; for ever if that is None."""
    run = Run(
        id=sandbox.world.new_id(),
        project_id=project_id,
        caller="somebody",
        version=1,
        created_at=more.pop("at", sandbox.clock.time()),
        plan=Plan(more.pop("pending", 1), seconds, more.pop("end", "COMPLETED")),
        **more,
    )
    return sandbox.world.add(run).id


def ids(result: dict[str, Any]) -> list[str]:
    return [run["runId"] for run in result["runs"]]


def test_the_first_call_marks_where_to_begin(watch: Watch, project: str) -> None:
    result = watch([project])

    assert (result["runs"], result["total"], result["active"]) == ([], 0, 0)
    assert watch([project], result["cursor"])["runs"] == []


def test_an_end_is_told_once(sandbox: Sandbox, clock: DrivenClock, watch: Watch, project: str) -> None:
    cursor = watch([project])["cursor"]
    run_id = add_run(sandbox, project)
    going = watch([project], cursor)
    clock.advance(60)
    ended = watch([project], going["cursor"])
    later = watch([project], ended["cursor"])

    assert (going["runs"], going["active"]) == ([], 1)
    assert ids(ended) == [run_id]
    assert ended["runs"][0]["status"] == "COMPLETED"
    assert (later["runs"], later["active"]) == ([], 0)


def test_a_project_that_is_left_out_of_a_poll_misses_no_end(
    sandbox: Sandbox, clock: DrivenClock, watch: Watch, project: str
) -> None:
    other = sandbox.world.project(TITLES[1]).id
    cursor = watch([project, other])["cursor"]
    run_id = add_run(sandbox, project)
    without = watch([other], cursor)
    clock.advance(60)
    still_without = watch([other], without["cursor"])
    back = watch([project, other], still_without["cursor"])

    assert (without["active"], without["runs"], still_without["runs"]) == (0, [], [])
    assert ids(back) == [run_id]
    assert watch([project, other], back["cursor"])["runs"] == []


def test_the_cursor_goes_before_the_moment_of_the_first_call(
    sandbox: Sandbox, clock: DrivenClock, watch: Watch, project: str
) -> None:
    since = "2020-01-01T00:00:00Z"
    first = watch([project], since=since)
    run_id = add_run(sandbox, project)
    clock.advance(60)

    assert len(ids(first)) > 1
    assert ids(watch([project], first["cursor"], since=since)) == [run_id]


def test_a_call_that_was_lost_can_be_made_again(
    sandbox: Sandbox, clock: DrivenClock, watch: Watch, project: str
) -> None:
    cursor = watch([project])["cursor"]
    run_id = add_run(sandbox, project)
    clock.advance(60)

    assert ids(watch([project], cursor)) == ids(watch([project], cursor)) == [run_id]


def test_ends_come_in_the_order_in_which_they_happened(
    sandbox: Sandbox, clock: DrivenClock, watch: Watch, project: str
) -> None:
    other = sandbox.world.project(TITLES[1]).id
    cursor = watch([project, other])["cursor"]
    slow, quick, middle = (add_run(sandbox, *each) for each in ((project, 30), (other, 10), (project, 20)))
    clock.advance(60)

    assert ids(watch([project, other], cursor)) == [quick, middle, slow]


def test_only_the_wanted_ends_are_told_and_the_others_do_not_come_later(
    sandbox: Sandbox, clock: DrivenClock, watch: Watch, project: str
) -> None:
    cursor = watch([project])["cursor"]
    add_run(sandbox, project)
    failed = add_run(sandbox, project, end="ERRORED")
    clock.advance(60)

    result = watch([project], cursor, statuses=["ERRORED"])

    assert ids(result) == [failed]
    assert watch([project], result["cursor"])["runs"] == []


def test_hundreds_of_new_runs_are_all_told(sandbox: Sandbox, clock: DrivenClock, watch: Watch, project: str) -> None:
    cursor = watch([project])["cursor"]
    added = []
    for _ in range(450):
        added.append(add_run(sandbox, project))
        clock.advance(1)
    clock.advance(60)

    assert ids(watch([project], cursor)) == added


def test_runs_that_go_on_for_long_are_told_though_hundreds_came_after(
    sandbox: Sandbox, clock: DrivenClock, watch: Watch, project: str
) -> None:
    cursor = watch([project])["cursor"]
    slow = [add_run(sandbox, project, 5000) for _ in range(5)]
    for _ in range(4):
        for _ in range(150):
            add_run(sandbox, project)
        clock.advance(100)
        cursor = watch([project], cursor)["cursor"]
    clock.advance(5000)

    assert sorted(ids(watch([project], cursor))) == sorted(slow)


def test_runs_that_go_on_deep_in_the_list_cost_few_requests(
    sandbox: Sandbox, clock: DrivenClock, watch: Watch, project: str
) -> None:
    cursor = watch([project])["cursor"]
    for _ in range(40):
        add_run(sandbox, project, None)
    for _ in range(300):
        add_run(sandbox, project)
    clock.advance(100)
    cursor = watch([project], cursor)["cursor"]
    before = len(sandbox.requests)

    result = watch([project], cursor)

    assert result["active"] == 40
    assert len(sandbox.requests) - before <= 4


def test_runs_that_went_on_before_the_first_call_are_told(
    sandbox: Sandbox, clock: DrivenClock, watch: Watch, project: str
) -> None:
    early = add_run(sandbox, project, 500)
    for _ in range(250):
        add_run(sandbox, project)
    clock.advance(100)

    first = watch([project])
    clock.advance(500)

    assert (first["runs"], first["active"]) == ([], 1)
    assert ids(watch([project], first["cursor"])) == [early]


@pytest.mark.parametrize("gone", [1, 5, 1000])
def test_runs_by_which_the_place_was_known_may_be_gone(
    gone: int, sandbox: Sandbox, clock: DrivenClock, watch: Watch, project: str
) -> None:
    for _ in range(10):
        add_run(sandbox, project)
    clock.advance(60)
    cursor = watch([project])["cursor"]
    for run in sandbox.world.runs(project)[:gone]:
        sandbox.world.remove(run)
    new = [add_run(sandbox, project) for _ in range(3)]
    clock.advance(60)

    result = watch([project], cursor)

    assert sorted(ids(result)) == sorted(new)
    assert watch([project], result["cursor"])["runs"] == []


def test_an_open_run_that_is_gone_is_told_of(sandbox: Sandbox, watch: Watch, project: str) -> None:
    run_id = add_run(sandbox, project, None)
    cursor = watch([project])["cursor"]
    sandbox.world.remove(sandbox.world.runs(project)[0])

    result = watch([project], cursor)

    assert [warning["warning"] for warning in result["warnings"]] == ["run_gone"]
    assert run_id in result["warnings"][0]["message"]
    assert result["active"] == 0


@pytest.mark.parametrize("zone", ["Z", ".000Z", "+00:00"])
def test_a_first_call_can_look_back(
    zone: str, sandbox: Sandbox, clock: DrivenClock, watch: Watch, project: str
) -> None:
    from hex_blocks.runs.jobs.job import moment

    add_run(sandbox, project, 10)
    clock.advance(1000)
    since = moment(clock.time() // 1).replace(".000Z", zone)
    long = add_run(sandbox, project, 50, at=clock.time() - 40)
    new = [add_run(sandbox, project, 20) for _ in range(150)]
    clock.advance(100)

    result = watch([project], since=since)

    assert sorted(ids(result)) == sorted([long, *new])
    assert watch([project], result["cursor"])["runs"] == []


def test_a_moment_of_another_zone_is_understood(
    sandbox: Sandbox, clock: DrivenClock, watch: Watch, project: str
) -> None:
    clock.advance(36_000)
    run_id = add_run(sandbox, project, 10)
    clock.advance(100)

    assert ids(watch([project], since="2020-01-01T05:00:00+05:00"))[-1] == run_id
    assert ids(watch([project], since="2120-01-01T00:00:00-11:00")) == []


def test_a_project_that_cannot_be_read_keeps_nobody_from_the_others(
    sandbox: Sandbox, clock: DrivenClock, watch: Watch, project: str
) -> None:
    private = sandbox.world.new_id()
    cursor = watch([project, private])["cursor"]
    run_id = add_run(sandbox, project)
    clock.advance(60)

    result = watch([project, private], cursor)

    assert ids(result) == [run_id]
    assert [warning["warning"] for warning in result["warnings"]] == ["project_unwatched"]
    assert private in result["warnings"][0]["message"]


def test_projects_of_which_none_can_be_read_are_an_error(sandbox: Sandbox, watch: Watch) -> None:
    with pytest.raises(HexError):
        watch([sandbox.world.new_id(), sandbox.world.new_id()])


def test_a_project_may_be_added_and_named_twice(
    sandbox: Sandbox, clock: DrivenClock, watch: Watch, project: str
) -> None:
    other = sandbox.world.project(TITLES[1]).id
    cursor = watch([project, project.upper()])["cursor"]
    add_run(sandbox, other)
    clock.advance(60)
    cursor = watch([project, other], cursor)["cursor"]
    runs = [add_run(sandbox, each) for each in (project, other)]
    clock.advance(60)

    assert sorted(ids(watch([project.upper(), other, project], cursor))) == sorted(runs)


def _cursor(document: Any) -> str:
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(document).encode())).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "eyJ2IjoxLCJwcm9qZWN0cyI6e319",
        _cursor([]),
        _cursor({"v": 1, "projects": {}}),
        _cursor({"v": 99, "projects": {}}),
        _cursor({"v": 2, "projects": []}),
        _cursor({"v": 2, "projects": {"x": {"newest": 1}}}),
        _cursor({"v": 2, "projects": {"x": {"newest": [], "open": [], "latest": "soon"}}}),
        base64.urlsafe_b64encode(zlib.compress(b" " * 10**8)).decode(),
        base64.urlsafe_b64encode(zlib.compress(b"[" * 10**6)).decode(),
    ],
)
def test_a_cursor_of_somebody_else_is_refused(cursor: str, watch: Watch, project: str) -> None:
    with pytest.raises(HexError) as caught:
        watch([project], cursor)

    assert [fault.key for fault in caught.value.faults] == ["not_our_cursor"]


def test_a_cursor_for_fifty_projects_stays_small(sandbox: Sandbox, watch: Watch) -> None:
    projects = [sandbox.world.project(TITLES[0])]
    for _ in range(49):
        made = Project(**{**vars(projects[0]), "id": sandbox.world.new_id()})
        projects.append(sandbox.world.add(made))
    for each in projects:
        for _ in range(10):
            add_run(sandbox, each.id)

    cursor = watch([each.id for each in projects])["cursor"]

    assert len(cursor) < 25_000


# Entries that cannot be read


@pytest.fixture
def watch_through(sandbox: Sandbox, clock: DrivenClock, registry: Registry) -> Iterator[Watch]:
    """Ask what has ended where Hex's replies are changed: watch_through(change, project_ids, cursor)."""
    with Faulty(pass_on, upstream=sandbox.origin) as proxy:

        def ask(change: Callable[[Any], object], project_ids: list[str], cursor: str | None = None) -> dict[str, Any]:
            proxy.play(changed(change))
            with Connection(
                TOKENS.personal, proxy.base_url, allowed_hosts=(proxy.origin,), pinned=True, clock=clock
            ) as connection:
                return hex_on(connection).call("hex_watch_runs", {"projectIds": project_ids, "cursor": cursor})

        yield ask


def names(result: dict[str, Any]) -> str:
    return " ".join(each["message"] for each in result.get("warnings", []) if each["warning"].startswith("reply_"))


def test_a_run_whose_state_the_list_does_not_tell_is_asked_for(
    sandbox: Sandbox, clock: DrivenClock, watch: Watch, watch_through: Watch, project: str
) -> None:
    cursor = watch([project])["cursor"]
    told = [add_run(sandbox, project) for _ in range(5)]
    clock.advance(60)

    def spoil(document: dict[str, Any]) -> None:
        if "runs" in document:
            document["runs"][1]["status"] = None

    ended = watch_through(spoil, [project], cursor)

    assert Counter(ids(ended)) == Counter(told)
    assert "runs[].status" in names(ended)


def test_a_run_whose_state_cannot_be_read_at_all_is_told_when_it_can(
    sandbox: Sandbox, clock: DrivenClock, watch: Watch, watch_through: Watch, project: str
) -> None:
    cursor = watch([project])["cursor"]
    told = [add_run(sandbox, project) for _ in range(5)]
    clock.advance(60)

    def spoil(document: dict[str, Any]) -> None:
        for run in document.get("runs", [document]):
            if run["runId"] == told[0]:
                del run["status"]

    first = watch_through(spoil, [project], cursor)
    second = watch([project], first["cursor"])

    assert (set(ids(first)), first["active"]) == (set(told[1:]), 1)
    assert ids(second) == told[:1]


@pytest.mark.parametrize("odd", ["a run", {"status": "COMPLETED"}], ids=["no object", "no ID"])
def test_an_entry_that_cannot_be_read_is_told_and_ends_no_list(
    odd: Any, sandbox: Sandbox, clock: DrivenClock, watch: Watch, watch_through: Watch, project: str
) -> None:
    cursor = watch([project])["cursor"]
    told = [add_run(sandbox, project) for _ in range(150)]
    clock.advance(60)

    def spoil(document: dict[str, Any]) -> None:
        document["runs"][0] = odd

    ended = watch_through(spoil, [project], cursor)

    assert len(set(ids(ended)) & set(told)) >= 148
    assert "runs[]" in names(ended)


# Lists that change while they are read


@pytest.fixture
def watch_while(sandbox: Sandbox, clock: DrivenClock, registry: Registry) -> Iterator[Watch]:
    """Ask what has ended while something happens between two pages: watch_while(happens, project_ids, cursor)."""
    with Faulty(pass_on, upstream=sandbox.origin) as proxy:

        def ask(happens: Callable[[], object], project_ids: list[str], cursor: str | None = None) -> dict[str, Any]:
            def pass_on_and_go_on(exchange: Exchange) -> None:
                pass_on(exchange)
                happens()

            proxy.play(when("GET", pass_on_and_go_on))
            with Connection(
                TOKENS.personal, proxy.base_url, allowed_hosts=(proxy.origin,), pinned=True, clock=clock
            ) as connection:
                return hex_on(connection).call("hex_watch_runs", {"projectIds": project_ids, "cursor": cursor})

        yield ask


@pytest.mark.parametrize("arriving", [5, 95, 250])
def test_what_arrives_between_two_pages_is_told_next_time_and_once(
    arriving: int, sandbox: Sandbox, clock: DrivenClock, watch: Watch, watch_while: Watch, project: str
) -> None:
    cursor = watch([project])["cursor"]
    told = [add_run(sandbox, project) for _ in range(150)]
    clock.advance(60)

    def arrive() -> None:
        told.extend(add_run(sandbox, project, 0, pending=0) for _ in range(arriving))
        clock.advance(5)

    first = watch_while(arrive, [project], cursor)
    clock.advance(60)
    second = watch([project], first["cursor"])

    assert Counter(ids(first) + ids(second)) == Counter(told)


def test_runs_that_get_their_kernels_while_they_are_listed_are_not_missed(
    sandbox: Sandbox, clock: DrivenClock, watch: Watch, watch_while: Watch, project: str
) -> None:
    waiting = [add_run(sandbox, project, 30, pending=40 if number < 60 else 400) for number in range(250)]
    clock.advance(30)

    # The oldest sixty get their kernels when the first pages have been read.
    cursor = watch_while(lambda: clock.advance(8), [project])["cursor"]
    clock.advance(1000)

    assert sorted(ids(watch([project], cursor))) == sorted(waiting)


# Any course of things


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_end_is_missed_and_none_told_twice_whatever_happens_between_calls(
    seed: int, sandbox: Sandbox, clock: DrivenClock, watch: Watch
) -> None:
    chance = random.Random(seed)
    projects = [sandbox.world.project(title).id for title in TITLES[: chance.randint(1, 4)]]
    started: list[str] = []
    told: Counter[str] = Counter()
    cursor = watch(projects)["cursor"]

    for _ in range(60):
        for _ in range(chance.choice([0, 1, 2, 5, 130]) if chance.random() < 0.5 else 0):
            more = {
                "pending": chance.choice([0, 1, 30]),
                "end": chance.choice(["COMPLETED", "ERRORED", "UNABLE_TO_ALLOCATE_KERNEL"]),
                "trigger": chance.choice(["API", "SCHEDULED", "APP_REFRESH"]),
            }
            started.append(add_run(sandbox, chance.choice(projects), chance.choice([0, 5, 60, 600, None]), **more))
        clock.advance(chance.choice([0, 0.4, 5, 70, 700]))
        endless = [
            run for run in (sandbox.world.get(Run, each) for each in started) if run and run.plan.running is None
        ]
        for run in chance.sample(endless, min(2, len(endless))):
            run.cancelled_at = run.cancelled_at or clock.time()
        if chance.random() < 0.7:
            result = watch(projects, cursor)
            # A caller that is killed now has neither the runs nor the cursor.
            if chance.random() < 0.7:
                told.update(ids(result))
                cursor = result["cursor"]
    clock.advance(10_000)
    told.update(ids(watch(projects, cursor)))

    runs = [sandbox.world.get(Run, run_id) for run_id in started]
    ended = [run.id for run in runs if run and not run.state(clock.time()).active]
    assert told == Counter(ended)
