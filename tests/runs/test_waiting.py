"""Running a project and waiting for its end: every end, every trouble on the way, and what is left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from hex_blocks import Connection, HexError, Registry
from hex_blocks.clock import DrivenClock
from hex_blocks.errors.classes import RunError
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan
from hex_blocks.tools.progress import Progress
from tests.calling import hex_on
from tests.faulty import Act, Exchange, Faulty, end_mid_body, lost, pass_on, reply, reset

RunTool = Callable[..., dict[str, Any]]
Asked = Callable[[], list[str]]

TOOL = "hex_run_and_wait"
REVENUE = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.fixture
def between(sandbox: Sandbox) -> Iterator[Faulty]:
    """A server between us and the sandbox, that passes everything on until it is told otherwise."""
    with Faulty(pass_on, upstream=sandbox.origin) as running:
        yield running


@pytest.fixture
def run_between(registry: Registry, between: Faulty, clock: DrivenClock) -> Iterator[RunTool]:
    """Run a tool on the sandbox through the server between."""
    options: dict[str, Any] = {"allowed_hosts": (between.origin,), "pinned": True, "clock": clock}
    with Connection(TOKENS.personal, between.base_url, **options) as connection:
        yield lambda tool_id, inputs, **more: hex_on(connection).call(registry[tool_id], inputs, **more)


def id_of(sandbox: Sandbox, title: str) -> str:
    return sandbox.world.project(title).id


def last_run(sandbox: Sandbox, title: str) -> tuple[str, str]:
    """Give the ID and the state of a project's newest run."""
    run = sandbox.world.runs(id_of(sandbox, title))[0]
    return run.id, run.state(sandbox.clock.time()).status


def on_looks(act: Act, count: int = 3) -> Act:
    """Play an act for the first looks at runs that are asked for after a start, and pass the rest on."""
    left = [count]
    started = threading.Event()

    def choose(exchange: Exchange) -> None:
        if exchange.request.method == "POST":
            started.set()
        elif started.is_set() and exchange.request.method == "GET" and left[0] > 0:
            left[0] -= 1
            act(exchange)
            return
        pass_on(exchange)

    return choose


# Ends


def test_a_run_that_ends_well_is_given_whole(run: RunTool, sandbox: Sandbox) -> None:
    ended = run(TOOL, {"projectId": REVENUE, "inputParams": {"region": "EMEA"}})

    assert ended["status"] == "COMPLETED"
    assert ended["elapsedSeconds"] == 6
    assert ended["runUrl"].endswith(ended["runId"])
    assert (ended["runId"], "COMPLETED") == last_run(sandbox, "Revenue report")
    assert sandbox.world.runs(REVENUE)[0].inputs == {"region": "EMEA"}


@pytest.mark.parametrize(
    ("title", "key", "status"),
    [
        ("Broken import", "run_errored", "ERRORED"),
        ("Model training", "run_no_kernel", "UNABLE_TO_ALLOCATE_KERNEL"),
    ],
)
def test_bad_ends_are_told_apart(run: RunTool, sandbox: Sandbox, title: str, key: str, status: str) -> None:
    with pytest.raises(RunError) as caught:
        run(TOOL, {"projectId": id_of(sandbox, title)})

    error = caught.value
    run_id, state = last_run(sandbox, title)
    assert (error.key, error.kind, state) == (key, "run", status)
    assert error.status is None
    assert error.trace_id
    assert {name: error.values[name] for name in ("projectId", "runId", "runStatus")} == {
        "projectId": id_of(sandbox, title),
        "runId": run_id,
        "runStatus": status,
    }
    assert run_id in error.values["runUrl"]


def test_a_run_that_somebody_kills_meanwhile_is_told_as_killed(run: RunTool, sandbox: Sandbox) -> None:
    def kill(progress: Progress) -> None:
        if progress.elapsed > 30:
            sandbox.world.runs(id_of(sandbox, "Endless simulation"))[0].cancelled_at = sandbox.clock.time()

    with pytest.raises(RunError) as caught:
        run(TOOL, {"projectId": id_of(sandbox, "Endless simulation")}, progress=kill)

    assert caught.value.key == "run_killed"


@pytest.mark.parametrize("timeout", [20, "45.5", 120])
def test_a_timeout_leaves_the_run_going_and_says_where_it_is(
    run: RunTool, sandbox: Sandbox, clock: DrivenClock, asked: Asked, timeout: Any
) -> None:
    with pytest.raises(RunError) as caught:
        run(TOOL, {"projectId": id_of(sandbox, "Endless simulation"), "timeout": timeout})

    run_id, status = last_run(sandbox, "Endless simulation")
    assert caught.value.key == "run_timeout"
    assert caught.value.values["runId"] == run_id
    assert run_id in caught.value.hint()
    assert status == "RUNNING"
    assert "CancelRun" not in asked()
    assert float(timeout) <= clock.monotonic() <= float(timeout) + 1


def test_a_timeout_can_cancel_the_run(run: RunTool, sandbox: Sandbox, clock: DrivenClock, asked: Asked) -> None:
    inputs = {"projectId": id_of(sandbox, "Endless simulation"), "timeout": 20, "cancelOnTimeout": True}

    with pytest.raises(RunError) as caught:
        run(TOOL, inputs)

    assert caught.value.key == "run_cancelled_at_timeout"
    assert last_run(sandbox, "Endless simulation")[1] == "KILLED"
    assert asked().count("CancelRun") == 1


def test_a_run_that_ends_just_before_it_would_be_cancelled_is_a_success(
    run_between: RunTool, between: Faulty, sandbox: Sandbox
) -> None:
    def end_run_before_cancelling(exchange: Exchange) -> None:
        if exchange.request.method == "DELETE":
            sandbox.world.runs(id_of(sandbox, "Endless simulation"))[0].plan = Plan(1, 2)
        pass_on(exchange)

    between.play(end_run_before_cancelling)
    inputs = {"projectId": id_of(sandbox, "Endless simulation"), "timeout": 20, "cancelOnTimeout": True}

    assert run_between(TOOL, inputs)["status"] == "COMPLETED"


def test_a_run_that_cannot_be_cancelled_is_said_to_go_on(
    run_between: RunTool, between: Faulty, sandbox: Sandbox
) -> None:
    def refuse_cancelling(exchange: Exchange) -> None:
        if exchange.request.method == "DELETE":
            reply(403, {"reason": "not yours", "traceId": "t-1"})(exchange)
        else:
            pass_on(exchange)

    between.play(refuse_cancelling)
    inputs = {"projectId": id_of(sandbox, "Endless simulation"), "timeout": 20, "cancelOnTimeout": True}

    with pytest.raises(RunError) as caught:
        run_between(TOOL, inputs)

    assert caught.value.key == "run_not_cancelled"
    assert "not yours" in caught.value.message()
    assert last_run(sandbox, "Endless simulation")[1] in ("PENDING", "RUNNING")


# Trouble on the way

TROUBLE: dict[str, Act] = {
    "429": reply(429, {}, {"Retry-After": "2"}),
    "500": reply(500, {"reason": "oops"}),
    "502": reply(502, b""),
    "503": reply(503, b""),
    "504": reply(504, b""),
    "reset": reset,
    "half": end_mid_body,
    "page": reply(200, b"<html>maintenance</html>"),
    "redirect": reply(302, b"", {"Location": "/login"}),
    "odd": reply(200, {"runs": None, "status": ["RUNNING"], "runId": 7}),
    "future state": reply(200, {"runs": [], "status": "HIBERNATING"}),
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_trouble_while_looking_does_not_fail_the_wait(
    run_between: RunTool, between: Faulty, sandbox: Sandbox, trouble: str
) -> None:
    between.play(on_looks(TROUBLE[trouble]))

    ended = run_between(TOOL, {"projectId": REVENUE})

    assert (ended["runId"], ended["status"]) == last_run(sandbox, "Revenue report")
    assert ended["status"] == "COMPLETED"


@pytest.mark.parametrize("trouble", ["500", "reset", "page", "429"])
def test_trouble_without_end_ends_with_the_timeout(
    run_between: RunTool, between: Faulty, sandbox: Sandbox, clock: DrivenClock, trouble: str
) -> None:
    between.play(on_looks(TROUBLE[trouble], 10_000))

    with pytest.raises(RunError) as caught:
        run_between(TOOL, {"projectId": REVENUE, "timeout": 60})

    assert caught.value.key == "run_timeout"
    assert caught.value.values["runId"] == last_run(sandbox, "Revenue report")[0]
    assert 60 <= clock.monotonic() <= 60 + 30


def test_a_limit_that_closes_for_long_does_not_stretch_the_timeout(
    run_between: RunTool, between: Faulty, clock: DrivenClock
) -> None:
    between.play(on_looks(reply(429, {}, {"Retry-After": "3000"}), 10_000))

    with pytest.raises(RunError) as caught:
        run_between(TOOL, {"projectId": REVENUE, "timeout": 30})

    assert caught.value.key == "run_timeout"
    assert clock.monotonic() <= 60


@pytest.mark.parametrize(
    ("status", "key", "said"),
    [
        (401, "run_unfollowed", "token"),
        (403, "run_unfollowed", "does not have permission"),
        (404, "run_gone", "Not found"),
    ],
)
def test_a_run_that_cannot_be_looked_at_any_more_is_told_of_with_what_is_known(
    run_between: RunTool, between: Faulty, sandbox: Sandbox, status: int, key: str, said: str
) -> None:
    between.play(on_looks(reply(status, {"reason": "because"}), 10_000))

    with pytest.raises(RunError) as caught:
        run_between(TOOL, {"projectId": REVENUE})

    assert caught.value.key == key
    assert said in caught.value.message()
    assert caught.value.values["runId"] == last_run(sandbox, "Revenue report")[0]


@pytest.mark.parametrize("refusal", [reply(503, {"reason": "no kernel"}), reply(429, {}, {"Retry-After": "5"})])
def test_a_start_that_is_refused_for_now_is_waited_out(
    run_between: RunTool, between: Faulty, sandbox: Sandbox, refusal: Act
) -> None:
    before = len(sandbox.world.runs(REVENUE))
    left = [2]

    def refuse_starts(exchange: Exchange) -> None:
        if exchange.request.method == "POST" and left[0] > 0:
            left[0] -= 1
            refusal(exchange)
        else:
            pass_on(exchange)

    between.play(refuse_starts)

    ended = run_between(TOOL, {"projectId": REVENUE})

    assert ended["status"] == "COMPLETED"
    assert len(sandbox.world.runs(REVENUE)) == before + 1


def test_a_start_whose_answer_was_lost_is_followed_and_not_repeated(
    run_between: RunTool, between: Faulty, sandbox: Sandbox
) -> None:
    before = len(sandbox.world.runs(REVENUE))

    def lose_the_start(exchange: Exchange) -> None:
        (lost if exchange.request.method == "POST" else pass_on)(exchange)

    between.play(lose_the_start)

    ended = run_between(TOOL, {"projectId": REVENUE})

    assert ended["status"] == "COMPLETED"
    assert [warning["warning"] for warning in ended["warnings"]] == ["start_recovered"]
    assert len(sandbox.world.runs(REVENUE)) == before + 1


def test_a_start_that_is_refused_for_good_is_an_error_at_once(run: RunTool, sandbox: Sandbox) -> None:
    with pytest.raises(HexError) as caught:
        run(TOOL, {"projectId": id_of(sandbox, "New customer survey")})

    assert caught.value.key == "not_published"


# Stopping


def test_a_stop_ends_the_wait_and_leaves_the_run(run: RunTool, sandbox: Sandbox, asked: Asked) -> None:
    stop = threading.Event()

    def stop_later(progress: Progress) -> None:
        stop.set() if progress.elapsed > 10 else None

    with pytest.raises(RunError) as caught:
        run(TOOL, {"projectId": id_of(sandbox, "Endless simulation")}, progress=stop_later, stop=stop)

    assert caught.value.key == "interrupted"
    assert caught.value.values["runId"] == last_run(sandbox, "Endless simulation")[0]
    assert last_run(sandbox, "Endless simulation")[1] in ("PENDING", "RUNNING")
    assert "CancelRun" not in asked()


def test_an_interruption_by_hand_is_told_as_one(run: RunTool, sandbox: Sandbox) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.elapsed > 10:
            raise KeyboardInterrupt

    with pytest.raises(RunError) as caught:
        run(TOOL, {"projectId": id_of(sandbox, "Endless simulation")}, progress=interrupt)

    assert caught.value.key == "interrupted"
    assert last_run(sandbox, "Endless simulation")[0] in caught.value.hint()


# How much it asks, and what it tells


def test_a_short_run_costs_few_requests(run: RunTool, asked: Asked) -> None:
    run(TOOL, {"projectId": REVENUE})

    assert asked().count("RunProject") == 1
    assert len(asked()) <= 6


def test_a_long_run_is_looked_at_ever_more_seldom(run: RunTool, sandbox: Sandbox, asked: Asked) -> None:
    run(TOOL, {"projectId": id_of(sandbox, "Quarterly forecast"), "timeout": 3600})

    looks = [request.at for request in sandbox.requests if request.operation_id in ("GetRunStatus", "GetProjectRuns")]
    pauses = [later - sooner for sooner, later in pairwise(looks)]
    assert len(looks) <= 60
    assert max(pauses) >= 10


@pytest.mark.parametrize("interval", [5, 20, "30"])
def test_looks_are_at_least_the_interval_apart(run: RunTool, sandbox: Sandbox, interval: Any) -> None:
    inputs = {"projectId": id_of(sandbox, "Endless simulation"), "timeout": 100, "pollInterval": interval}

    with pytest.raises(RunError):
        run(TOOL, inputs)

    looks = [request.at for request in sandbox.requests if request.operation_id == "GetRunStatus"]
    pauses = [later - sooner for sooner, later in pairwise(looks)]
    # The last look, when time is up, waits for nothing.
    assert all(pause >= float(interval) for pause in pauses[:-1])


def test_progress_tells_state_time_and_what_is_left(run: RunTool, sandbox: Sandbox) -> None:
    told: list[Progress] = []

    ended = run(TOOL, {"projectId": REVENUE}, progress=told.append)

    states = list(dict.fromkeys(progress.status for progress in told))
    assert states[0] == "PENDING"
    assert states[-1] == "COMPLETED"
    assert [progress.elapsed for progress in told] == sorted(progress.elapsed for progress in told)
    assert told[-1].percent == 100
    assert all(progress.percent is None or 0 <= progress.percent <= 100 for progress in told)
    assert told[-1].values["runId"] == ended["runId"]


def test_trouble_is_told_while_it_lasts(run_between: RunTool, between: Faulty) -> None:
    told: list[Progress] = []
    between.play(on_looks(TROUBLE["500"], 2))

    run_between(TOOL, {"projectId": REVENUE}, progress=told.append)

    assert [progress.message for progress in told if "status 500" in progress.message]


# A run that was started elsewhere


def wait_for(run_tool: RunTool, sandbox: Sandbox, title: str, **inputs: Any) -> dict[str, Any]:
    started = run_tool("hex_run_project", {"projectId": id_of(sandbox, title)})
    return run_tool("hex_wait_for_run", {"projectId": started["projectId"], "runId": started["runId"], **inputs})


def test_a_run_that_was_started_elsewhere_is_followed_to_its_end(run_between: RunTool, sandbox: Sandbox) -> None:
    told: list[Progress] = []
    before = len(sandbox.world.runs(REVENUE))
    started = run_between("hex_run_project", {"projectId": REVENUE})
    asked = {"projectId": REVENUE, "runId": started["runId"]}

    run = run_between("hex_wait_for_run", asked, progress=told.append)
    again = run_between("hex_wait_for_run", asked)

    assert (run["runId"], run["status"]) == (started["runId"], "COMPLETED")
    assert {**run, "traceId": ""} == {**again, "traceId": ""}
    assert "idempotencyKey" not in run
    assert [each.status for each in told][-1] == "COMPLETED"
    assert len(sandbox.world.runs(REVENUE)) == before + 1


@pytest.mark.parametrize(
    ("title", "inputs", "key"),
    [
        ("Broken import", {}, "run_errored"),
        ("Endless simulation", {"timeout": 30}, "run_timeout"),
    ],
)
def test_a_run_elsewhere_that_does_not_end_well_is_an_error(
    run_between: RunTool, sandbox: Sandbox, title: str, inputs: dict[str, Any], key: str
) -> None:
    with pytest.raises(RunError) as caught:
        wait_for(run_between, sandbox, title, **inputs)

    assert caught.value.key == key
    assert "idempotencyKey" not in caught.value.values


def test_a_wait_for_a_run_elsewhere_that_is_stopped_leaves_it_going(run_between: RunTool, sandbox: Sandbox) -> None:
    stop = threading.Event()
    started = run_between("hex_run_project", {"projectId": id_of(sandbox, "Endless simulation")})

    with pytest.raises(RunError) as caught:
        run_between(
            "hex_wait_for_run",
            {"projectId": started["projectId"], "runId": started["runId"]},
            progress=lambda _progress: stop.set(),
            stop=stop,
        )

    assert caught.value.key == "following_interrupted"
    assert last_run(sandbox, "Endless simulation")[1] in ("PENDING", "RUNNING")


def test_a_run_that_does_not_exist_is_not_waited_for(run_between: RunTool) -> None:
    with pytest.raises(HexError) as caught:
        run_between("hex_wait_for_run", {"projectId": REVENUE, "runId": "00000000-0000-4000-8000-000000000000"})

    assert caught.value.key == "not_found"
