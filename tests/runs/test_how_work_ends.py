"""How starts and waits end badly, with every tool that makes or follows runs: what is raised, and what reported."""

from __future__ import annotations

import hashlib
import math
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hex_blocks import Connection, HexError
from hex_blocks.clock import DrivenClock
from hex_blocks.runs.recent import RecentRuns
from hex_blocks.runs.record.configured import record_of
from hex_blocks.runs.record.sqlite import SqliteRecord
from hex_blocks.runs.record.store import GiveUp, RecordBusyError, RecordError, Start
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan
from tests.calling import hex_on
from tests.faulty import Act, Exchange, done_then, lost, pass_on, reply, reset, silence, when
from tests.meeting import MeetingClock
from tests.starts import TITLE, Through, appear

ONE_RUN = ("hex_run_project", "hex_run_notebook", "hex_run_and_wait")
MANY_RUNS = ("hex_run_batch", "hex_run_pipeline")
KEY = "daily"
# So little that every wait for a start ends before its reason does.
IMPATIENT: dict[str, dict[str, Any]] = {
    "hex_run_and_wait": {"timeout": 5},
    "hex_run_batch": {"startTimeout": 1},
    "hex_run_pipeline": {"startTimeout": 1},
}


@dataclass
class Scene:
    """What a scenario works with. after_a_run: whether a run that goes well is made before the one it is about."""

    through: Through
    sandbox: Sandbox
    project: str
    clock: DrivenClock
    folder: Path
    tool: str
    after_a_run: bool = False
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.runs_before = {run.id for run in self.sandbox.world.runs(self.project)}

    def enough_to_send_again(self, seconds: float) -> dict[str, float]:
        """Return the input that lets many runs try so long to start one; the other tools send a start once."""
        return {"startTimeout": seconds} if self.tool in MANY_RUNS else {}

    def inputs(self, **more: Any) -> dict[str, Any]:
        shared = {"idempotencyKey": KEY} | IMPATIENT.get(self.tool, {})
        shared |= {name: more.pop(name) for name in ("startTimeout", "idempotencyKey") if name in more}
        one: dict[str, Any] = {"projectId": self.project} | more
        if self.tool == "hex_run_pipeline":
            return shared | {"steps": [one] * (2 if self.after_a_run else 1)}
        sets = {"parameterSets": [{}] * (2 if self.after_a_run else 1), "parallel": 1}
        return shared | one | (sets if self.tool == "hex_run_batch" else {})

    def key_of_start(self) -> str:
        of_a_set = hashlib.sha256(b"{}").hexdigest()[:24] + ("-2" if self.after_a_run else "")
        step = 2 if self.after_a_run else 1
        return KEY + {"hex_run_batch": f"#set:{of_a_set}", "hex_run_pipeline": f"#step:{step}"}.get(self.tool, "")

    def connect(self, *acts: Act, **options: Any) -> Connection:
        """Connect through a proxy that does these to what is sent to start the run that the scenario is about."""
        return self.through(when("POST", *([pass_on] * self.after_a_run), *acts), **{"patience": 5.0, **options})

    def ends_with(self, key: str) -> Ends:
        """Return how the call ends where its one run does so with an error."""
        return Ends(None, {key}) if self.tool in MANY_RUNS else Ends(key, set())

    def run_id(self) -> str | None:
        """Return the ID of the run that was started in this scene."""
        return next((run.id for run in self.sandbox.world.runs(self.project) if run.id not in self.runs_before), None)

    def follow(self, connection: Connection, **options: Any) -> Ends:
        """Make a run and follow it, or follow one that somebody else has just started."""
        shared = {"timeout": 600} | options
        if self.tool == "hex_wait_for_run":
            return self._call(connection, {"projectId": self.project, "runId": appear(self.sandbox)} | shared)
        return self._call(connection, self.inputs() | shared)

    def call(self, connection: Connection, **more: Any) -> Ends:
        return self._call(connection, self.inputs(**more))

    def _call(self, connection: Connection, inputs: dict[str, Any]) -> Ends:
        try:
            outputs = hex_on(connection).call(self.tool, inputs, stop=self.stop)
        except HexError as error:
            return Ends(error.key, reported(error.partial))
        return Ends(None, reported(outputs))

    @contextmanager
    def passing_time(self) -> Iterator[None]:
        """Let time pass meanwhile, for waits that no clock of ours drives."""
        over = threading.Event()

        def tick() -> None:
            while not over.wait(0.01):
                self.clock.advance(1)

        ticking = threading.Thread(target=tick)
        ticking.start()
        try:
            yield
        finally:
            over.set()
            ticking.join()


class Ends(NamedTuple):
    """How a call ended: the key of the error that was raised, and those that were reported of single runs."""

    raised: str | None
    reported: set[str]


def reported(outputs: dict[str, Any] | None) -> set[str]:
    parts = (outputs or {}).get("sets") or (outputs or {}).get("steps") or ()
    return {part["error"]["error"] for part in parts if part["error"]}


class FailingRecord(SqliteRecord):
    """A record that fails, after so many starts that go well."""

    error: RecordError
    starts_before: int = 0

    def intend(self, *given: Any, **options: Any) -> None:
        self._fail(RecordError)
        self.starts_before -= 1
        super().intend(*given, **options)

    def find(self, *given: Any, **options: Any) -> Any:
        self._fail(RecordBusyError)
        return super().find(*given, **options)

    def _fail(self, kind: type[RecordError]) -> None:
        if self.starts_before <= 0 and isinstance(self.error, kind):
            raise self.error


class StoppingRecord(SqliteRecord):
    """A record that stops the call when it begins to work on its start."""

    stop: threading.Event

    def lock_key(self, base_url: str, key: str, give_up: GiveUp = lambda: False) -> Any:
        self.stop.set()
        return super().lock_key(base_url, key, give_up)


# Starts


def refused(status: int, body: dict[str, Any]) -> Callable[[Scene], Ends]:
    return lambda scene: scene.call(scene.connect(*[reply(status, body)] * 9))


def never_arrives(scene: Scene) -> Ends:
    return scene.call(scene.connect(*[reset] * 9), **scene.enough_to_send_again(100))


def never_arrives_and_cannot_be_looked_up(scene: Scene) -> Ends:
    sent_at = -math.inf

    def act(exchange: Exchange) -> None:
        nonlocal sent_at
        if exchange.request.method == "POST" and not (scene.after_a_run and sent_at == -math.inf):
            sent_at = scene.clock.monotonic()
            reset(exchange)
        elif exchange.request.method == "POST":
            sent_at = -1000.0
            pass_on(exchange)
        elif scene.clock.monotonic() < sent_at + 30:
            reset(exchange)
        else:
            pass_on(exchange)

    return scene.call(scene.through(act, patience=5.0), **scene.enough_to_send_again(80))


def could_be_anothers(scene: Scene) -> Ends:
    def lose_while_another_appears(exchange: Exchange) -> None:
        lost(exchange)
        appear(scene.sandbox)

    return scene.call(scene.connect(lose_while_another_appears, patience=300))


def may_still_be_carried_out(scene: Scene) -> Ends:
    scene.call(scene.connect(*[reset] * 9))
    return scene.call(scene.connect())


def waits_for_another(scene: Scene) -> Ends:
    def intend_another() -> None:
        another = Start("another", scene.project, "asks for something else", scene.clock.time(), after=())
        record_of(connection).intend(connection.base_url, another)

    def pass_on_while_another_starts(exchange: Exchange) -> None:
        intend_another()
        pass_on(exchange)

    connection = scene.through(when("POST", pass_on_while_another_starts), patience=5.0)
    if not scene.after_a_run:
        intend_another()
    return scene.call(connection)


def is_worked_on_elsewhere(scene: Scene) -> Ends:
    connection = scene.connect()
    with record_of(connection).lock_key(connection.base_url, scene.key_of_start()), scene.passing_time():
        return scene.call(connection)


def has_its_key_from_another_start(scene: Scene) -> Ends:
    scene.call(scene.connect(), useCachedSqlResults=True)
    return scene.call(scene.connect(), useCachedSqlResults=False)


def meets_a_record(error: RecordError) -> Callable[[Scene], Ends]:
    def meet(scene: Scene) -> Ends:
        record = FailingRecord(scene.folder / "failing")
        record.error, record.starts_before = error, int(scene.after_a_run)
        return scene.call(scene.connect(record=record))

    return meet


def is_interrupted(scene: Scene) -> Ends:
    def interrupt(exchange: Exchange) -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        silence(exchange)

    return scene.call(scene.connect(done_then(interrupt), timeout=30))


STARTS: dict[str, Callable[[Scene], Ends]] = {
    "bad_parameters": refused(422, {"invalid": [{"paramName": "region", "paramValue": "x", "dataType": "NUMBER"}]}),
    "key_busy": is_worked_on_elsewhere,
    "key_reused": has_its_key_from_another_start,
    "no_free_kernel": refused(503, {"reason": "No kernel is free."}),
    "not_found": refused(404, {"reason": "There is no such project."}),
    "not_published": refused(422, {"reason": "The project has not been published."}),
    "project_busy": waits_for_another,
    "record_busy": meets_a_record(RecordBusyError("locked")),
    "record_unusable": meets_a_record(RecordError("full")),
    "start_interrupted": is_interrupted,
    "start_lost": never_arrives,
    "start_pending": may_still_be_carried_out,
    "start_uncertain": could_be_anothers,
    "start_unknown": never_arrives_and_cannot_be_looked_up,
}
# What is the business of one run only, also where it is the first one.
OF_ONE_RUN = {
    "hex_run_batch": {"bad_parameters", "start_uncertain"},
    "hex_run_pipeline": set(STARTS) - {"key_reused", "record_unusable", "start_interrupted"},
}
# What ends the work whenever it comes.
OF_THE_WHOLE = {"key_reused", "record_unusable", "start_interrupted"}


@pytest.fixture
def scene(
    request: pytest.FixtureRequest,
    through: Through,
    sandbox: Sandbox,
    project: str,
    clock: DrivenClock,
    tmp_path: Path,
) -> Scene:
    return Scene(through, sandbox, project, clock, tmp_path, tool=request.param)


def with_tools(*tools: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("scene", tools, indirect=True)


@with_tools(*ONE_RUN)
@pytest.mark.parametrize("key", STARTS)
def test_a_start_that_fails_says_why(key: str, scene: Scene) -> None:
    assert STARTS[key](scene) == (key, set())


@with_tools(*MANY_RUNS)
@pytest.mark.parametrize("key", STARTS)
def test_work_whose_first_start_fails_ends_where_the_others_would_fail_too(key: str, scene: Scene) -> None:
    ends = STARTS[key](scene)

    assert (ends.raised, ends.reported - {"start_interrupted"}) == (
        (None, {key}) if key in OF_ONE_RUN[scene.tool] else (key, set())
    )


@with_tools(*MANY_RUNS)
@pytest.mark.parametrize("key", sorted(set(STARTS) - OF_THE_WHOLE))
def test_work_with_a_run_reports_which_of_the_others_could_not_be_started(key: str, scene: Scene) -> None:
    scene.after_a_run = True

    assert STARTS[key](scene) == (None, {key})


@with_tools(*ONE_RUN, *MANY_RUNS)
def test_a_start_that_is_stopped_before_it_is_sent_says_so(scene: Scene) -> None:
    record = StoppingRecord(scene.folder / "stopping")
    record.stop = scene.stop
    connection = scene.connect(record=record)

    with recent_runs_read_elsewhere(connection, scene.project):
        ends = scene.call(connection)

    assert ends == scene.ends_with("interrupted_before")


@contextmanager
def recent_runs_read_elsewhere(connection: Connection, project: str) -> Iterator[None]:
    """Keep the list of a project's newest runs from being read, as another thread does that waits for Hex's limits."""
    with connection.api.shared.get(RecentRuns, RecentRuns).reading(project):
        yield


@with_tools(*ONE_RUN, *MANY_RUNS)
def test_a_start_whose_answer_is_lost_without_a_record_cannot_be_looked_up(scene: Scene) -> None:
    record = FailingRecord(scene.folder / "failing")
    record.error = RecordError("full")
    ends = scene.call(scene.connect(lost, record=record), idempotencyKey=None)

    assert ends == scene.ends_with("start_unrecorded")


# Waits


def ends_as(status: str) -> Callable[[Scene], Ends]:
    def end(scene: Scene) -> Ends:
        scene.sandbox.world.project(TITLE).plan = Plan(1, 1, end=status)
        return scene.follow(scene.connect())

    return end


def lasts(act: Act = pass_on, method: str = "GET", **options: Any) -> Callable[[Scene], Ends]:
    """Follow a run that does not end, while requests of a method meet something after the run was started."""

    def last(scene: Scene) -> Ends:
        scene.sandbox.world.project(TITLE).plan = Plan(1, None)

        # What is there already is looked at once before it is followed.
        looks = ["first"] if scene.tool == "hex_wait_for_run" else []

        def meet(exchange: Exchange) -> None:
            is_met = exchange.request.method == method and exchange.request.path.endswith(scene.run_id() or "none")
            if is_met and method == "GET" and looks:
                is_met = not looks.pop()
            (act if is_met else pass_on)(exchange)

        return scene.follow(scene.through(meet, patience=5.0), **options)

    return last


def is_stopped(scene: Scene) -> Ends:
    def stop(exchange: Exchange) -> None:
        scene.stop.set()
        pass_on(exchange)

    return lasts(stop, cancelOnInterrupt=True)(scene)


WAITS: dict[str, Callable[[Scene], Ends]] = {
    "run_errored": ends_as("ERRORED"),
    "run_killed": ends_as("KILLED"),
    "run_no_kernel": ends_as("UNABLE_TO_ALLOCATE_KERNEL"),
    "run_gone": lasts(reply(404, {"reason": "There is no such run."})),
    "run_unfollowed": lasts(reply(403, {"reason": "No longer."})),
    "run_timeout": lasts(timeout=60),
    "run_cancelled_at_timeout": lasts(timeout=60, cancelOnTimeout=True),
    "run_not_cancelled": lasts(reply(403, {"reason": "No."}), "DELETE", timeout=60, cancelOnTimeout=True),
}


@with_tools("hex_run_and_wait", *MANY_RUNS)
@pytest.mark.parametrize("key", WAITS)
def test_a_wait_that_fails_says_why(key: str, scene: Scene) -> None:
    assert WAITS[key](scene) == scene.ends_with(key)


@with_tools("hex_wait_for_run")
@pytest.mark.parametrize("key", [key for key in WAITS if "cancelled" not in key])
def test_a_wait_for_a_run_of_others_fails_the_same_and_cancels_nothing(key: str, scene: Scene) -> None:
    assert WAITS[key](scene) == (key, set())


@with_tools("hex_run_and_wait")
def test_a_wait_that_is_stopped_cancels_its_run_where_that_is_wanted(scene: Scene) -> None:
    assert is_stopped(scene) == ("interrupted_and_cancelled", set())


def test_runs_that_are_waited_for_together_are_read_from_the_list() -> None:
    clock, all_begin = MeetingClock(), threading.Barrier(3)
    with (
        Sandbox(clock=clock) as sandbox,
        Connection(
            TOKENS.personal, sandbox.base_url, allowed_hosts=(sandbox.origin,), pinned=True, clock=clock
        ) as connection,
        ThreadPoolExecutor(3) as pool,
    ):
        project = sandbox.world.project(TITLE).id

        def wait_for(run_id: str) -> dict[str, Any]:
            all_begin.wait()
            return hex_on(connection).call("hex_wait_for_run", {"projectId": project, "runId": run_id})

        outputs = list(pool.map(wait_for, [appear(sandbox) for _ in range(3)]))

        assert {each["status"] for each in outputs} == {"COMPLETED"}
        assert "GetProjectRuns" in {request.operation_id for request in sandbox.requests}


# Pipelines that begin in the middle


@pytest.fixture
def begun(scene: Scene) -> dict[str, Any]:
    """The inputs of a pipeline whose first step was started, and whose second one needs it."""
    first = {"projectId": scene.project, "name": "first"}
    second = {"projectId": scene.project, "name": "second", "inputParams": {"after": "{{first.runId}}"}}
    scene.sandbox.world.project(TITLE).plan = Plan(1, None)
    pipeline = {"steps": [first, second], "idempotencyKey": KEY}
    hex_on(scene.connect()).call("hex_run_pipeline", pipeline | {"timeout": 30})
    return pipeline | {"startAt": "second"}


@with_tools("hex_run_pipeline")
def test_a_pipeline_needs_the_run_of_the_step_before_the_one_it_begins_at(scene: Scene, begun: dict[str, Any]) -> None:
    gone = scene.through(when("GET", reply(404, {"reason": "There is no such run."})))

    with pytest.raises(HexError) as caught:
        hex_on(gone).call("hex_run_pipeline", begun)

    assert caught.value.key == "not_found"


@with_tools("hex_run_pipeline")
def test_a_pipeline_needs_the_record_of_the_step_before_the_one_it_begins_at(
    scene: Scene, begun: dict[str, Any]
) -> None:
    record = FailingRecord(scene.folder / "failing")
    record.error = RecordBusyError("locked")

    with pytest.raises(HexError) as caught:
        hex_on(scene.connect(record=record)).call("hex_run_pipeline", begun)

    assert caught.value.key == "record_busy"


@with_tools(*MANY_RUNS)
def test_work_that_is_stopped_between_its_runs_says_so(scene: Scene) -> None:
    scene.stop.set()

    assert scene.call(scene.connect()) == ("work_interrupted_between", set())
