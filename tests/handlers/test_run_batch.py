"""Batches: every set is run once, as fast as Hex's limits and kernels allow."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from hex_blocks import Connection, HexError, Registry
from hex_blocks.clock import DrivenClock
from hex_blocks.handlers.run_batch import _marks
from hex_blocks.runs.model import seconds_of
from hex_blocks.runs.record.configured import record_of
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan, Run
from hex_blocks.tools.progress import Progress
from tests.calling import hex_on
from tests.conftest import WrongClock
from tests.faulty import Act, Exchange, Faulty, done_then, lost, pass_on, reply, reset, silence, when

TITLE = "Revenue report"
REGIONS = ("EMEA", "US", "APAC")
RunTool = Callable[..., dict[str, Any]]
Connect = Callable[..., Connection]


@pytest.fixture
def project(sandbox: Sandbox) -> str:
    return sandbox.world.project(TITLE).id


@pytest.fixture
def ran(sandbox: Sandbox, project: str) -> Callable[[], list[Run]]:
    """Give the runs that were started since the test began, oldest first."""
    before = {run.id for run in sandbox.world.runs(project)}
    return lambda: [run for run in sandbox.world.runs(project)[::-1] if run.id not in before]


@pytest.fixture
def batch(run: RunTool, project: str) -> RunTool:
    """Run a batch: batch([{…}, …], key="k", …)."""

    def run_batch(sets: list[dict[str, Any]] | None = None, key: str | None = None, **more: Any) -> dict[str, Any]:
        given = {"projectId": project, "parameterSets": sets, "idempotencyKey": key}
        options = {name: more.pop(name) for name in ("progress", "stop") if name in more}
        return run("hex_run_batch", {**given, **more}, **options)

    return run_batch


def days(count: int) -> list[dict[str, Any]]:
    return [{"start_date": f"{2000 + number}-01-01"} for number in range(count)]


def statuses(result: dict[str, Any]) -> Counter[str]:
    return Counter(each["status"] for each in result["sets"])


def errors(result: dict[str, Any]) -> list[str | None]:
    return [each["error"] and each["error"]["error"] for each in result["sets"]]


# What is run


def test_every_set_is_run_once_and_reported(batch: RunTool, ran: Callable[[], list[Run]]) -> None:
    result = batch([{"region": region} for region in REGIONS])

    assert [run.inputs["region"] for run in ran()] == list(REGIONS)
    assert [each["runId"] for each in result["sets"]] == [run.id for run in ran()]
    assert [each["inputParams"] for each in result["sets"]] == [{"region": region} for region in REGIONS]
    assert (result["succeeded"], result["total"], result["completed"], result["failed"]) == (True, 3, 3, 0)
    assert result["failedSets"] == []
    assert [each["elapsedSeconds"] for each in result["sets"]] == [6.0] * 3


def test_lists_are_combined(batch: RunTool, ran: Callable[[], list[Run]]) -> None:
    result = batch(combine={"region": ["EMEA", "US"], "start_date": ["2026-01-01", "2026-02-01", "2026-03-01"]})

    wanted = [(region, f"2026-0{month}-01") for region in ("EMEA", "US") for month in (1, 2, 3)]
    assert [(run.inputs["region"], run.inputs["start_date"]) for run in ran()] == wanted
    assert result["sets"][0]["name"] == "region=EMEA, start_date=2026-01-01"


def test_equal_sets_are_run_each(batch: RunTool, ran: Callable[[], list[Run]]) -> None:
    first, again = (batch([{}, {"region": "US"}, {}, {}], "equal") for _ in range(2))

    runs = [each["runId"] for each in first["sets"]]
    assert len(set(runs)) == len(ran()) == 4
    assert [each["runId"] for each in again["sets"]] == runs


def test_a_list_that_was_reordered_and_made_longer_finds_the_runs_of_the_first(
    batch: RunTool, ran: Callable[[], list[Run]]
) -> None:
    first = batch(days(3), "growing")["sets"]
    again = batch(days(5)[::-1], "growing")["sets"]

    assert [each["runId"] for each in again[:1:-1]] == [each["runId"] for each in first]
    assert len(ran()) == 5


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"parameterSets": [{}, 7]}, "not_object"),
        ({"combine": {"region": "EMEA"}}, "not_array"),
        ({"combine": {"a": list(range(100)), "b": list(range(100))}}, "too_many_sets"),
        ({"combine": {str(number): list(range(1000)) for number in range(40)}}, "too_many_sets"),
        ({"combine": {"a": [1, 2], "b": []}}, "too_short"),
        ({"combine": {}}, "too_short"),
        ({}, "one_of"),
        ({"parameterSets": [{}], "combine": {"a": [1]}}, "not_together"),
    ],
)
def test_sets_that_are_none_are_refused(given: dict[str, Any], fault: str, run: RunTool, project: str) -> None:
    with pytest.raises(HexError) as caught:
        run("hex_run_batch", {"projectId": project, **given})

    assert [each.key for each in caught.value.faults] == [fault]


# How fast


@pytest.mark.slow
def test_two_hundred_sets_take_hardly_longer_than_hexs_limits_make_them(
    batch: RunTool, sandbox: Sandbox, clock: DrivenClock
) -> None:
    result = batch(days(200))

    # Twenty starts a minute and sixty an hour: the last twenty begin after three hours, and run eight seconds.
    least = 3 * 3600 + 8
    assert result["completed"] == 200
    assert clock.monotonic() <= 1.05 * least
    requests = Counter((request.operation_id, request.status) for request in sandbox.requests)
    assert requests[("RunProject", 201)] == 200
    assert requests[("GetProjectRuns", 200)] <= 40
    assert set(requests) == {("RunProject", 201), ("GetProjectRuns", 200)}


def test_no_more_run_at_once_than_wanted(batch: RunTool, ran: Callable[[], list[Run]], clock: DrivenClock) -> None:
    result = batch(days(10), parallel=3)

    moments = [run.created_at for run in ran()]
    assert result["completed"] == 10
    assert max(sum(start <= moment < start + 8 for moment in moments) for start in moments) == 3
    assert result["sets"][-1]["waits"][0]["for"] == "FREE_PLACE"
    assert result["sets"][-1]["waits"][0]["seconds"] == pytest.approx(30, abs=6)


def test_what_the_sets_waited_for_is_told(batch: RunTool) -> None:
    result = batch(days(41), parallel=25)

    [wait] = result["sets"][-1]["waits"]
    assert wait == {"for": "REQUEST_LIMIT", "seconds": 122.0}


@contextmanager
def kernels_taken(sandbox: Sandbox, count: int, seconds: float) -> Iterator[None]:
    """Let the user's own notebooks hold kernels for some time."""
    user = sandbox.world.tokens[TOKENS.personal].user_id
    for _ in range(count):
        sandbox.world.add(
            Run(
                id=sandbox.world.new_id(),
                project_id=sandbox.world.project("Endless simulation").id,
                caller=user or "",
                version=1,
                created_at=sandbox.clock.time(),
                plan=Plan(0, seconds),
            )
        )
    yield


@pytest.mark.parametrize(("taken", "seconds"), [(25, 900), (24, 36_000)])
def test_a_batch_completes_though_others_hold_the_kernels(
    taken: int, seconds: float, sandbox: Sandbox, batch: RunTool, ran: Callable[[], list[Run]]
) -> None:
    with kernels_taken(sandbox, taken, seconds):
        result = batch(days(6))

    refused = sum(request.status == 503 for request in sandbox.requests)
    assert statuses(result) == {"COMPLETED": 6}
    assert len(ran()) == 6
    # Each refusal costs one of the sixty starts of an hour.
    assert 1 <= refused <= 10
    assert "KERNEL" in {wait["for"] for each in result["sets"] for wait in each["waits"]}


# Failures


@pytest.fixture
def failing(sandbox: Sandbox) -> None:
    sandbox.world.project(TITLE).plan = Plan(2, 6, "ERRORED")


@pytest.mark.usefixtures("failing")
def test_failed_sets_are_reported_and_ready_to_be_given_again(batch: RunTool) -> None:
    result = batch(days(3))

    assert (result["succeeded"], result["completed"], result["failed"]) == (False, 0, 3)
    assert errors(result) == ["run_errored"] * 3
    assert result["failedSets"] == days(3)


@pytest.mark.usefixtures("failing")
def test_a_batch_can_stop_at_the_first_failure(batch: RunTool, ran: Callable[[], list[Run]]) -> None:
    result = batch(days(6), parallel=2, onFailure="STOP")

    assert statuses(result) == {"ERRORED": 2, "SKIPPED": 4}
    assert len(ran()) == 2
    assert result["failedSets"] == days(6)


def test_sets_that_hex_does_not_take_fail_alone(batch: RunTool, ran: Callable[[], list[Run]]) -> None:
    result = batch([{"region": "EMEA"}, {"region": 7}, {"nonsense": 1}, {"region": "US"}])

    assert errors(result) == [None, "bad_parameters", "bad_parameters", None]
    assert statuses(result) == {"COMPLETED": 2, "NOT_STARTED": 2}
    assert len(ran()) == 2


@pytest.mark.usefixtures("failing")
def test_failed_sets_are_run_again_when_asked_for(
    sandbox: Sandbox, batch: RunTool, ran: Callable[[], list[Run]]
) -> None:
    first = batch(days(2), "monthly")
    again = batch(days(2), "monthly")
    sandbox.world.project(TITLE).plan = Plan(2, 6)
    retried = batch(days(3), "monthly", retryFailed=True)
    after = batch(days(3), "monthly")

    assert [each["runId"] for each in again["sets"]] == [each["runId"] for each in first["sets"]]
    assert errors(again) == ["run_errored"] * 2
    assert statuses(retried) == {"COMPLETED": 3}
    assert [each["runId"] for each in after["sets"]] == [each["runId"] for each in retried["sets"]]
    assert len(ran()) == 5


def test_runs_that_hex_no_longer_knows_are_told_of_and_run_again_when_asked_for(
    batch: RunTool, sandbox: Sandbox, ran: Callable[[], list[Run]]
) -> None:
    stop = threading.Event()
    sandbox.world.project(TITLE).plan = Plan(0, 100)

    def stop_when_both_go_on(progress: Progress) -> None:
        if progress.values["going"] == 2:
            stop.set()

    with pytest.raises(HexError):
        batch(days(2), key="k", stop=stop, progress=stop_when_both_go_on)
    for run in ran():
        sandbox.world.remove(run)

    told = batch(days(2), key="k")
    again = batch(days(2), key="k", retryFailed=True)

    assert errors(told) == ["run_gone", "run_gone"]
    assert statuses(again) == {"COMPLETED": 2}
    assert len(ran()) == 2


def test_sets_that_completed_are_kept_when_failed_ones_are_run_again(
    sandbox: Sandbox, batch: RunTool, ran: Callable[[], list[Run]]
) -> None:
    good = batch(days(3), "monthly")
    sandbox.world.project(TITLE).plan = Plan(2, 6, "KILLED")
    batch(days(5), "monthly")
    sandbox.world.project(TITLE).plan = Plan(2, 6)

    result = batch(days(5), "monthly", retryFailed=True)

    assert [each["runId"] for each in result["sets"][:3]] == [each["runId"] for each in good["sets"]]
    assert statuses(result) == {"COMPLETED": 5}
    assert len(ran()) == 7


@pytest.mark.parametrize(("cancels", "status"), [(True, "KILLED"), (False, "RUNNING")])
def test_runs_that_take_too_long_are_given_up(
    cancels: bool, status: str, sandbox: Sandbox, clock: DrivenClock, batch: RunTool, ran: Callable[[], list[Run]]
) -> None:
    sandbox.world.project(TITLE).plan = Plan(2, None)

    result = batch(days(2), timeout=60, cancelOnTimeout=cancels)

    assert errors(result) == ["run_cancelled_at_timeout" if cancels else "run_timeout"] * 2
    assert [run.state(clock.time()).status for run in ran()] == [status] * 2
    assert clock.monotonic() < 75


def test_a_run_that_ends_at_the_last_moment_is_no_timeout(sandbox: Sandbox, batch: RunTool) -> None:
    sandbox.world.project(TITLE).plan = Plan(2, 57.5)

    result = batch(days(1), timeout=60, pollInterval=45, cancelOnTimeout=True)

    assert statuses(result) == {"COMPLETED": 1}


# Trouble


@pytest.fixture
def batch_through(
    sandbox: Sandbox, clock: DrivenClock, registry: Registry, project: str
) -> Iterator[Callable[..., dict[str, Any]]]:
    """Run a batch through a proxy that misbehaves: batch_through([act, …], sets)."""
    with Faulty(pass_on, upstream=sandbox.origin) as proxy:

        def run_batch(
            acts: list[Act], sets: list[dict[str, Any]], stop: threading.Event | None = None, **more: Any
        ) -> dict[str, Any]:
            proxy.play(*acts)
            with Connection(
                TOKENS.personal, proxy.base_url, allowed_hosts=(proxy.origin,), pinned=True, clock=clock, timeout=0.5
            ) as connection:
                given = {"projectId": project, "parameterSets": sets, **more}
                return hex_on(connection).call("hex_run_batch", given, stop=stop)

        yield run_batch


@pytest.mark.parametrize(
    "acts",
    [
        [when("POST", lost, lost, lost)],
        [when("POST", reset, reply(500), reply(502), lost)],
        [*[reset] * 40, pass_on],
        [pass_on, *[reply(500)] * 8, pass_on],
        [pass_on, *[reply(429, {}, {"Retry-After": "30"})] * 6, pass_on],
        [pass_on, *[reply(200, b"<html>Sign in</html>", kind="text/html")] * 10, pass_on],
    ],
)
def test_a_batch_outlasts_trouble_and_doubles_nothing(
    acts: list[Act], batch_through: Callable[..., dict[str, Any]], ran: Callable[[], list[Run]]
) -> None:
    result = batch_through(acts, days(5))

    assert statuses(result) == {"COMPLETED": 5}
    assert sorted(each["runId"] for each in result["sets"]) == sorted(run.id for run in ran())


def test_a_batch_gives_up_when_hex_stays_away(batch_through: Callable[..., dict[str, Any]], clock: DrivenClock) -> None:
    with pytest.raises(HexError) as caught:
        batch_through([reset], days(50), timeout=300)

    assert caught.value.kind == "down"
    assert 300 <= clock.monotonic() <= 500


@pytest.mark.parametrize("refusal", [reply(429, {}, {"Retry-After": "30"}), reply(503, {"reason": "no kernel"})])
def test_a_batch_gives_up_when_hex_takes_no_start(
    refusal: Act, batch_through: Callable[..., dict[str, Any]], clock: DrivenClock, ran: Callable[[], list[Run]]
) -> None:
    with pytest.raises(HexError) as caught:
        batch_through([when("POST", *[refusal] * 1000)], days(5), startTimeout=3600)

    assert caught.value.kind == "busy"
    assert 3000 <= clock.monotonic() <= 4000
    assert ran() == []


def test_a_batch_gives_up_at_once_when_hex_says_that_it_will_take_too_long(
    batch_through: Callable[..., dict[str, Any]], clock: DrivenClock
) -> None:
    with pytest.raises(HexError) as caught:
        batch_through([when("POST", reply(429, {}, {"Retry-After": "80000"}))], days(5), startTimeout=1800)

    # No window of Hex's is longer than an hour, so no more is believed.
    assert caught.value.values == {"seconds": 3600}
    assert clock.monotonic() <= 60


def test_what_was_started_before_hex_took_no_more_is_followed_to_its_end(
    batch_through: Callable[..., dict[str, Any]], ran: Callable[[], list[Run]]
) -> None:
    refused = [reply(429, {}, {"Retry-After": "30"})] * 1000
    result = batch_through([when("POST", pass_on, pass_on, *refused)], days(5), startTimeout=3600)

    assert statuses(result) == {"COMPLETED": 2, "NOT_STARTED": 1, "SKIPPED": 2}
    assert errors(result) == [None, None, "rate_limited", None, None]
    assert len(ran()) == 2


def test_a_batch_fails_at_once_where_nothing_answers(registry: Registry, project: str, clock: DrivenClock) -> None:
    with Faulty(listen=False) as closed:
        connection = Connection(TOKENS.personal, closed.base_url, allowed_hosts=(closed.origin,), clock=clock)
        with pytest.raises(HexError) as caught:
            hex_on(connection).call("hex_run_batch", {"projectId": project, "parameterSets": days(2)})

    assert caught.value.key == "no_network"
    assert clock.monotonic() <= 30


def test_a_set_whose_answer_was_lost_is_sent_again_as_soon_as_that_is_safe(
    batch_through: Callable[..., dict[str, Any]], clock: DrivenClock
) -> None:
    result = batch_through([when("POST", reset)], days(1))

    waits = {wait["for"]: wait["seconds"] for wait in result["sets"][0]["waits"]}
    assert result["succeeded"]
    assert 80 <= waits["OTHER_START"] <= 100
    assert clock.monotonic() <= 130


def test_no_limit_is_believed_to_be_closed_for_longer_than_any_window_of_hexs(
    run: RunTool, connect: Connect, project: str, clock: DrivenClock
) -> None:
    connect().api.budget.close_group("runs", 86_400)

    result = run("hex_run_batch", {"projectId": project, "parameterSets": days(2)})

    assert result["succeeded"]
    assert 3_600 <= clock.monotonic() <= 4_500


def test_a_start_timeout_ends_the_waiting_for_an_answer_too(
    batch_through: Callable[..., dict[str, Any]], clock: DrivenClock
) -> None:
    with pytest.raises(HexError) as caught:
        batch_through([reset], days(2), startTimeout=60)

    assert caught.value.kind == "down"
    assert 60 <= clock.monotonic() <= 150


def test_times_are_by_hexs_clock_from_the_first_set_on(registry: Registry, sandbox: Sandbox, project: str) -> None:
    ahead = WrongClock(sandbox.clock, 3600)
    with Connection(TOKENS.personal, sandbox.base_url, allowed_hosts=(sandbox.origin,), clock=ahead) as connection:
        given = {"projectId": project, "parameterSets": [{}, {"nonsense": 1}]}
        result = hex_on(connection).call("hex_run_batch", given)

    for each in result["sets"]:
        assert result["startedAt"] <= each["startedAt"] <= each["endedAt"] <= result["endedAt"]
    assert seconds_of(result["startedAt"]) == pytest.approx(sandbox.clock.time(), abs=60)


def test_a_key_that_stands_for_something_else_is_named_as_it_was_given(batch: RunTool) -> None:
    batch(days(1), key="mine", useCachedSqlResults=True)

    with pytest.raises(HexError) as caught:
        batch(days(1), key="mine", useCachedSqlResults=False)

    assert (caught.value.key, caught.value.values["used"]) == ("key_reused", "mine")


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_no_set_can_pass_ends_the_batch_at_once(
    status: int, batch_through: Callable[..., dict[str, Any]], sandbox: Sandbox
) -> None:
    with pytest.raises(HexError) as caught:
        batch_through([when("POST", *[reply(status, {"reason": "no"})] * 9)], days(50))

    assert caught.value.status == status
    assert not [request for request in sandbox.requests if request.method == "POST"]


def test_what_no_set_can_pass_any_more_skips_the_rest(
    batch_through: Callable[..., dict[str, Any]], ran: Callable[[], list[Run]]
) -> None:
    result = batch_through([when("POST", pass_on, pass_on, *[reply(401)] * 9)], days(5))

    assert statuses(result) == {"COMPLETED": 2, "NOT_STARTED": 1, "SKIPPED": 2}
    assert errors(result) == [None, None, "token_refused", None, None]
    assert len(ran()) == 2


def test_a_project_that_is_not_published_is_said_once(run: RunTool, sandbox: Sandbox) -> None:
    draft = sandbox.world.project("Scratch notebook").id

    with pytest.raises(HexError) as caught:
        run("hex_run_batch", {"projectId": draft, "parameterSets": [{}] * 30})

    assert caught.value.key == "not_published"
    assert len([request for request in sandbox.requests if request.method == "POST"]) == 1


# Stopped


@pytest.mark.parametrize(
    ("cancels", "key", "status"),
    [(True, "work_interrupted_and_cancelled", "KILLED"), (False, "work_interrupted", "RUNNING")],
)
def test_a_batch_that_is_stopped_says_what_goes_on_and_how_to_go_on(
    cancels: bool,
    key: str,
    status: str,
    sandbox: Sandbox,
    clock: DrivenClock,
    batch: RunTool,
    ran: Callable[[], list[Run]],
) -> None:
    sandbox.world.project(TITLE).plan = Plan(2, 60)
    stop = threading.Event()

    with pytest.raises(HexError) as caught:
        batch(days(5), "monthly", parallel=3, progress=after(clock, 30, stop), stop=stop, cancelOnInterrupt=cancels)

    error = caught.value
    assert (error.key, error.values["used"]) == (key, "monthly")
    assert set(error.values["cancelled" if cancels else "going"]) == {run.id for run in ran()}
    assert [run.state(clock.time()).status for run in ran()] == [status] * 3
    assert statuses(batch(days(5), "monthly")) == {"COMPLETED": 5}
    assert len(ran()) == (8 if cancels else 5)


def after(clock: DrivenClock, seconds: float, stop: threading.Event) -> Callable[[Progress], None]:
    """Stop a call once so much time has passed."""

    def watch(_: Progress) -> None:
        if clock.monotonic() >= seconds:
            stop.set()

    return watch


def test_a_batch_that_is_stopped_before_it_begins_starts_nothing(batch: RunTool, ran: Callable[[], list[Run]]) -> None:
    stop = threading.Event()
    stop.set()

    with pytest.raises(HexError) as caught:
        batch(days(5), stop=stop)

    assert caught.value.key == "work_interrupted_between"
    assert ran() == []


def test_a_batch_that_is_called_again_goes_on_with_runs_that_are_going(
    sandbox: Sandbox, clock: DrivenClock, batch: RunTool, ran: Callable[[], list[Run]]
) -> None:
    sandbox.world.project(TITLE).plan = Plan(2, 300)
    stop = threading.Event()
    with pytest.raises(HexError):
        batch(days(30), "monthly", progress=after(clock, 100, stop), stop=stop)
    before = [run.id for run in ran()]

    result = batch(days(30), "monthly")

    assert statuses(result) == {"COMPLETED": 30}
    assert [run.id for run in ran()][: len(before)] == before
    assert len(ran()) == 30


@pytest.mark.usefixtures("failing")
def test_a_batch_that_stopped_at_a_failure_starts_no_more_when_it_is_called_again(
    batch: RunTool, ran: Callable[[], list[Run]]
) -> None:
    results = [batch(days(3), key="k", onFailure="STOP", parallel=1) for _ in range(3)]

    assert [list(statuses(result).items()) for result in results] == [[("ERRORED", 1), ("SKIPPED", 2)]] * 3
    assert len(ran()) == 1


def test_nothing_is_started_after_a_stop(
    batch_through: Callable[..., dict[str, Any]], ran: Callable[[], list[Run]]
) -> None:
    stop = threading.Event()

    def stop_and_pass_on(exchange: Exchange) -> None:
        stop.set()
        pass_on(exchange)

    with pytest.raises(HexError) as caught:
        batch_through([when("POST", pass_on, stop_and_pass_on)], days(9), stop=stop)

    assert caught.value.key == "work_interrupted"
    assert len(ran()) == len(caught.value.values["going"]) == 2


def test_ctrl_c_during_a_start_stops_the_whole_and_says_that_it_may_have_been_made(
    batch_through: Callable[..., dict[str, Any]], ran: Callable[[], list[Run]]
) -> None:
    def interrupt(exchange: Exchange) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        silence(exchange)

    with pytest.raises(HexError) as caught:
        batch_through([when("POST", done_then(interrupt))], days(9), idempotencyKey="mine")

    assert (caught.value.key, caught.value.values["used"]) == ("start_interrupted", "mine")
    assert len(ran()) == 1


def test_a_run_that_ended_by_itself_before_it_could_be_cancelled_is_not_called_cancelled(
    batch: RunTool, sandbox: Sandbox, clock: DrivenClock
) -> None:
    sandbox.world.project(TITLE).plan = Plan(0, 3)
    stop = threading.Event()

    def stop_late(progress: Progress) -> None:
        if progress.values["going"] and not stop.is_set():
            clock.advance(4)
            stop.set()

    with pytest.raises(HexError) as caught:
        batch(days(1), stop=stop, progress=stop_late, cancelOnInterrupt=True)

    assert caught.value.key == "work_interrupted_between"
    assert caught.value.partial
    assert statuses(caught.value.partial) == {"COMPLETED": 1}


def test_a_finished_batch_waits_for_nobody_when_it_is_called_again(batch: RunTool, connect: Connect) -> None:
    batch(days(2), key="k")
    connection = connect()
    keys = [f"k#set:{mark}" for mark in _marks(days(2))]

    with ExitStack() as held:
        for key in keys:
            held.enter_context(record_of(connection).lock_key(connection.base_url, key))
        result = batch(days(2), key="k")

    assert result["succeeded"]


def test_progress_tells_how_far_it_is_and_what_it_waits_for(batch: RunTool) -> None:
    told: list[Progress] = []

    batch(days(30), progress=told.append)

    assert told[-1].message == "30 of 30 ended, 0 active"
    assert told[-1].percent == 100
    waiting = [each for each in told if each.values.get("waitingFor") == "REQUEST_LIMIT"]
    assert waiting[-1].message == "20 of 30 ended, 0 active; the next one is waiting for Hex's request limit"
