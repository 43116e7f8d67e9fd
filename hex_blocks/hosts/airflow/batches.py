"""Operators for several runs: a batch and a pipeline, of which a retry makes only the failed runs again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from hex_blocks.errors.classes import HexError
from hex_blocks.hosts.airflow.operators import HexOperator
from hex_blocks.hosts.engines.running import cancel_runs

if TYPE_CHECKING:
    from hex_blocks.client import Hex
    from hex_blocks.hosts.engines.work import Work
    from hex_blocks.tools.progress import Progress

# What the next start may wait for that only the end of a run brings.
UNTIL_AN_END = ("FREE_PLACE", "EARLIER_STEP")
# What it may wait for that comes by itself. A way to the triggerer and back is worth it from so many seconds on.
LIMIT = "REQUEST_LIMIT"
LONG = 120.0


class Leaving:
    """Decides when a task leaves its wait to the triggerer.

    That is when only the end of a run brings it further, or when no run goes on and Hex takes no start for long.

    Args:
        stop: Is set to leave.
        done: The number of runs that are known to have ended; before all of these are seen, it is too early.
        wait: Returns in how many seconds Hex takes a start.
        allowed: Whether it may leave at all.
    """

    def __init__(self, stop: threading.Event, done: int, wait: Callable[[], float], *, allowed: bool) -> None:
        self.stop = stop
        self.done = done
        self.wait = wait
        self.allowed = allowed
        self.left = False

    def hear(self, progress: Progress) -> None:
        """Leave if it is time."""
        values = progress.values
        if not self.allowed or values.get("done", -1) < self.done or self.stop.is_set():
            return
        waits_for = values.get("waitingFor")
        if values["going"]:
            leave = values["done"] + values["going"] == values["all"] or waits_for in UNTIL_AN_END
        else:
            leave = waits_for == LIMIT and self.wait() > LONG
        if leave:
            self.done, self.left = values["done"], True
            self.stop.set()


class HexRunsOperator(HexOperator):
    """What a batch and a pipeline share.

    Deferred, the task starts as many runs as it may, leaves the wait to the triggerer until one of them has ended,
    and comes back to start more.
    """

    tool: ClassVar[str]
    names: ClassVar[tuple[str, ...]]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if not self.wait_for_termination:
            raise ValueError("wait_for_termination must be true: later runs are started when earlier ones have ended")

    def execute(self, context: Any) -> Any:
        """Make the runs; the task fails where one of them does."""
        return self._make_runs(context, again=True)

    def resume(self, context: Any, event: Mapping[str, Any]) -> Any:
        """Go on where the runs were left: one of them has ended, its time is over, or Hex takes starts again."""
        # What the triggerer has seen to end is still to be seen here before the task may leave again.
        return self._make_runs(context, again=False, overdue=event["overdue"], done=event["done"])

    def _make_runs(self, context: Any, *, again: bool, overdue: Sequence[Sequence[str]] = (), done: int = 0) -> Any:
        def make(hex: Hex, work: Work, stop: threading.Event) -> dict[str, Any]:
            from hex_blocks.hosts.engines.work import all_completed

            if overdue and self.cancel_on_timeout:
                cancel_runs(hex, overdue)

            def tell(progress: Progress) -> None:
                self.report(progress)
                leaving.hear(progress)

            def wait() -> float:
                return hex.connection.api.budget.wait_for("runs")

            leaving = Leaving(stop, done, wait, allowed=self.deferrable and not overdue)
            try:
                outputs = work.call(
                    self.tool,
                    self._inputs(),
                    progress=tell,
                    stop=stop,
                    again=again,
                )
            except HexError as error:
                going = _going(error)
                if going and leaving.left:
                    return {"deferred": going, "until": self._deadline(hex, going), "done": leaving.done}
                if leaving.left:
                    return {"refused_until": hex.connection.clock.time() + wait(), "done": leaving.done}
                if going and stop.is_set() and self.waiting["cancelOnInterrupt"]:
                    cancel_runs(hex, [(run["projectId"], run["runId"]) for run in going])
                raise
            all_completed(outputs)
            self.asset_events(context, {"hex_tool": self.tool})
            work.done()
            return outputs

        outcome = self.run_work(context, make)
        if trigger := self._trigger_for(outcome):
            self.defer(trigger=trigger, method_name="resume")
        return outcome

    def _trigger_for(self, outcome: Mapping[str, Any]) -> Any:
        """Return who waits on; None where the runs have been made."""
        from hex_blocks.hosts.airflow.trigger import HexRunsTrigger, HexTurnTrigger

        if "refused_until" in outcome:
            told = {"done": outcome["done"], "overdue": []}
            return HexTurnTrigger(hex_conn_id=self.hex_conn_id, at=outcome["refused_until"], told=told)
        if "deferred" not in outcome:
            return None
        return HexRunsTrigger(
            hex_conn_id=self.hex_conn_id,
            runs=[[run["projectId"], run["runId"]] for run in outcome["deferred"]],
            check_interval=self.check_interval,
            until=outcome["until"],
            done=outcome["done"],
            cancel_on_kill=self.cancel_on_kill,
        )

    def _inputs(self) -> dict[str, Any]:
        # What becomes of the runs at a stop depends on what it is for, and is done here.
        waiting = self.waiting | {"cancelOnInterrupt": False}
        return {**waiting, **self.given(**{name: getattr(self, name) for name in self.names})}

    def _deadline(self, hex: Hex, going: Sequence[Mapping[str, Any]]) -> float:
        from hex_blocks.runs.model import seconds_of

        now = hex.connection.clock.time()
        return min(seconds_of(run.get("startedAt")) or now for run in going) + self.timeout


def _going(error: HexError) -> list[dict[str, Any]]:
    """Return the runs that went on when the work was stopped."""
    ids = error.values.get("going") or []
    parts = (error.partial or {}).get("sets") or (error.partial or {}).get("steps") or []
    return [part for part in parts if part.get("runId") in ids]


class HexRunBatchOperator(HexRunsOperator):
    """Run a project once for each parameter set. A failed set fails the task, and a retry runs only failed sets again.

    Args:
        project_id: The project.
        parameter_sets: One object of input values for each run.
        combine: List of values for each input; every combination is run. In place of parameter_sets.
        parallel: Number of runs at the same time. Default: 20.
        on_failure: What happens when a run fails: STOP skips the rest, CONTINUE runs them.
        update_published_results: Whether the published app shows these runs' results.
        use_cached_sql_results: Whether queries may use cached results.
        notifications: Messages that Hex sends when a run ends.
        options: What all operators of Hex take, and those of Airflow.
    """

    tool = "hex_run_batch"
    names = (
        "project_id",
        "parameter_sets",
        "combine",
        "parallel",
        "on_failure",
        "update_published_results",
        "use_cached_sql_results",
        "notifications",
    )
    template_fields: Sequence[str] = ("hex_conn_id", *names)
    template_fields_renderers: ClassVar[dict[str, str]] = {"parameter_sets": "json", "combine": "json"}

    def __init__(
        self,
        *,
        project_id: str,
        parameter_sets: Sequence[Mapping[str, Any]] | None = None,
        combine: Mapping[str, Sequence[Any]] | None = None,
        parallel: int | None = None,
        on_failure: str | None = None,
        update_published_results: bool | None = None,
        use_cached_sql_results: bool | None = None,
        notifications: Sequence[Mapping[str, Any]] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.project_id = project_id
        self.parameter_sets = parameter_sets
        self.combine = combine
        self.parallel = parallel
        self.on_failure = on_failure
        self.update_published_results = update_published_results
        self.use_cached_sql_results = use_cached_sql_results
        self.notifications = notifications

    def projects_run(self) -> list[str]:
        """Return the project."""
        return [self.project_id]


class HexRunPipelineOperator(HexRunsOperator):
    """Run projects one after the other. A failed step fails the task, and a retry goes on with that step.

    Args:
        steps: The projects in order: objects with projectId, and perhaps name, inputParams and others.
        on_failure: What happens when a run fails: STOP skips the rest, CONTINUE runs them.
        start_at: Name or number of the first step to run.
        options: What all operators of Hex take, and those of Airflow.
    """

    tool = "hex_run_pipeline"
    names = ("steps", "on_failure", "start_at")
    template_fields: Sequence[str] = ("hex_conn_id", *names)
    template_fields_renderers: ClassVar[dict[str, str]] = {"steps": "json"}

    def __init__(
        self,
        *,
        steps: Sequence[Mapping[str, Any]],
        on_failure: str | None = None,
        start_at: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.steps = steps
        self.on_failure = on_failure
        self.start_at = start_at

    def projects_run(self) -> list[str]:
        """Return the projects of its steps."""
        return [str(step["projectId"]) for step in self.steps if step.get("projectId")]
