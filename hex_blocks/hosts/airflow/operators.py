"""Operators: a run of a project, or any tool, as a task."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseOperator, conf

from hex_blocks.errors.classes import HexError
from hex_blocks.hosts.airflow.hook import DEFAULT_CONNECTION, HexHook
from hex_blocks.hosts.airflow.link import RUN_ID, RUN_URL, HexRunLink
from hex_blocks.hosts.airflow.tasks import airflow_error, work_of
from hex_blocks.hosts.engines.running import Stoppable

if TYPE_CHECKING:
    from hex_blocks.client import Hex
    from hex_blocks.hosts.engines.turns import Turn
    from hex_blocks.hosts.engines.work import Work
    from hex_blocks.tools.progress import Progress

DAY = 86_400.0
INTERVAL = 10.0


def seconds(given: float | timedelta) -> float:
    """Return a duration in seconds."""
    return given.total_seconds() if isinstance(given, timedelta) else float(given)


class HexOperator(BaseOperator):
    """What the operators share: the connection, the wait, and what becomes of the runs when it is ended.

    Args:
        hex_conn_id: The connection of Airflow.
        wait_for_termination: Whether to wait for the end. Otherwise the task ends when the run is started.
        check_interval: Seconds between looks at a run, at least 5.
        timeout: Seconds that a run may take, or a timedelta. A start that Hex does not take for now is tried as long.
        cancel_on_timeout: Whether to cancel a run that takes longer. Otherwise it keeps running in Hex.
        cancel_on_kill: Whether to cancel a run when the task is ended: marked, cleared, or its worker shut down.
        deferrable: Whether the wait is the triggerer's, so that it takes no worker.
    """

    ui_color = "#f5e6ff"
    template_fields: Sequence[str] = ("hex_conn_id",)

    def __init__(
        self,
        *,
        hex_conn_id: str = DEFAULT_CONNECTION,
        wait_for_termination: bool = True,
        check_interval: float | timedelta = INTERVAL,
        timeout: float | timedelta = DAY,
        cancel_on_timeout: bool = True,
        cancel_on_kill: bool = True,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.hex_conn_id = hex_conn_id
        self.wait_for_termination = wait_for_termination
        self.check_interval = seconds(check_interval)
        self.timeout = seconds(timeout)
        self.cancel_on_timeout = cancel_on_timeout
        self.cancel_on_kill = cancel_on_kill
        self.deferrable = deferrable
        # Made when the task runs: Airflow copies operators.
        self.running: Stoppable | None = None
        self.waiting: dict[str, Any] = {}
        self.last_said = ""
        self.hex_run: Mapping[str, Any] | None = None

    @property
    def hook(self) -> HexHook:
        """The hook of the operator's connection."""
        return HexHook(self.hex_conn_id)

    def on_kill(self) -> None:
        """End the wait; what was started is cancelled where that is wanted."""
        if self.running:
            self.running.stop.set()

    def run_work(self, context: Any, work: Any) -> Any:
        """Do `work(hex, work_of_the_task, stop)` beside the main thread, and raise errors as Airflow's."""
        running = self.running = Stoppable()
        self.waiting = {
            "timeout": self.timeout,
            "pollInterval": max(5.0, self.check_interval),
            "cancelOnTimeout": self.cancel_on_timeout,
            "cancelOnInterrupt": self.cancel_on_kill,
        }

        def do(stop: threading.Event) -> Any:
            hex = self.hook.get_conn()
            return work(hex, work_of(hex, context), stop)

        try:
            # What ends the wait from outside is Airflow's own time limit.
            return running.run(do, on_stop=lambda: self.waiting.update(cancelOnInterrupt=self.cancel_on_timeout))
        except HexError as error:
            raise airflow_error(error) from error

    def given(self, **inputs: Any) -> dict[str, Any]:
        """Return the inputs that were given."""
        return {name: value for name, value in inputs.items() if value is not None}

    def report(self, progress: Progress) -> None:
        """Log how far the work is, where there is news."""
        said = f"{progress.message} {progress.status or ''}".strip()
        if said != self.last_said:
            self.last_said = said
            self.log.info("%s", said)

    def projects_run(self) -> list[str]:
        """Return the projects that the task runs, for its lineage."""
        return []

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Tell OpenLineage of the run and of the tables that the projects read. It asks this also of failed tasks."""
        from hex_blocks.hosts.airflow.lineage import lineage_of

        return lineage_of(self.hook.get_conn(), self.projects_run(), self.hex_run)

    def asset_events(self, context: Any, details: Mapping[str, Any]) -> None:
        """Tell with the events of the task's assets which run they come from."""
        for asset in self.outlets:
            context["outlet_events"][asset].extra.update(details)


class HexRunProjectOperator(HexOperator):
    """Run the published version of a project, and wait for it.

    A retry follows the run that is going on, takes the one that has completed, and starts another one only where the
    last has ended badly. The run's ID and address are pushed as XComs `run_id` and `run_url` before the wait; the
    return value is the finished run.

    Args:
        project_id: The project; the part of its URL after /hex/.
        input_params: Values for the inputs of the published app, by variable name.
        view_id: Saved view whose input values are used.
        update_published_results: Whether the published app shows this run's results.
        use_cached_sql_results: Whether queries may use cached results.
        notifications: Messages that Hex sends when the run ends.
        options: What all operators of Hex take, and those of Airflow.
    """

    template_fields: Sequence[str] = (
        "hex_conn_id",
        "project_id",
        "input_params",
        "view_id",
        "update_published_results",
        "use_cached_sql_results",
        "notifications",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"input_params": "json", "notifications": "json"}
    operator_extra_links = (HexRunLink(),)

    def __init__(
        self,
        *,
        project_id: str,
        input_params: Mapping[str, Any] | None = None,
        view_id: str | None = None,
        update_published_results: bool | None = None,
        use_cached_sql_results: bool | None = None,
        notifications: Sequence[Mapping[str, Any]] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.project_id = project_id
        self.input_params = input_params
        self.view_id = view_id
        self.update_published_results = update_published_results
        self.use_cached_sql_results = use_cached_sql_results
        self.notifications = notifications

    def execute(self, context: Any) -> Any:
        """Start the run, and wait for it here or in the triggerer."""
        return self._start(context)

    def start_again(self, context: Any, event: Mapping[str, Any]) -> Any:
        """Start the run that Hex did not take before."""
        return self._start(context, event["refusals"], event["until"])

    def _start(self, context: Any, refusals: int = 0, until: float | None = None) -> Any:
        from hex_blocks.hosts.engines.turns import Turn, start_in_turn

        def start(hex: Hex, work: Work, stop: threading.Event) -> dict[str, Any]:
            last = hex.connection.clock.time() + self._time_left() if until is None else until
            turn = Turn(last, refusals)
            run = start_in_turn(work, self._inputs(), turn, leave=self.deferrable, progress=self.report, stop=stop)
            if run is None:
                return {"refused": turn}
            self._tell_run(context, run)
            if not self.wait_for_termination:
                return self._done(context, work, run)
            if self.deferrable and run.get("status") != "COMPLETED" and not stop.is_set():
                return {"deferred": run, "until": hex.connection.clock.time() + self._time_left()}
            return self._done(context, work, work.follow(run, self.waiting, progress=self.report, stop=stop))

        outcome = self.run_work(context, start)
        if "refused" in outcome:
            self._wait_for_turn(outcome["refused"])
        if "deferred" not in outcome:
            return outcome
        from hex_blocks.hosts.airflow.trigger import HexRunTrigger

        run = outcome["deferred"]
        self.defer(
            trigger=HexRunTrigger(
                hex_conn_id=self.hex_conn_id,
                project_id=run["projectId"],
                run_id=run["runId"],
                check_interval=self.check_interval,
                until=outcome["until"],
                cancel_on_timeout=self.cancel_on_timeout,
                cancel_on_kill=self.cancel_on_kill,
            ),
            method_name="resume",
        )
        return None

    def _wait_for_turn(self, turn: Turn) -> None:
        from hex_blocks.hosts.airflow.trigger import HexTurnTrigger

        self.defer(
            # Airflow's `dag.test()` hands on what the event says, and nothing else.
            trigger=HexTurnTrigger(
                hex_conn_id=self.hex_conn_id, at=turn.at, told={"refusals": turn.refusals, "until": turn.until}
            ),
            method_name="start_again",
        )

    def resume(self, context: Any, event: Mapping[str, Any]) -> Any:
        """Take what the trigger tells of the run."""
        from hex_blocks.runs.model import run_error
        from hex_blocks.runs.waiting import ended_well

        run = dict(event["run"])
        self._tell_run(context, run)

        def take(hex: Hex, work: Work, stop: threading.Event) -> dict[str, Any]:
            outcome = work.ended(run) if event["status"] == "ended" else run
            if event["status"] == "timeout":
                key = "run_cancelled_at_timeout" if event["cancelled"] else "run_timeout"
                raise run_error(run, key, timeout=round(self.timeout))
            if event["status"] == "unfollowed":
                raise run_error(run, "run_unfollowed", reason=event["reason"])
            return self._done(context, work, ended_well(outcome, work.key))

        return self.run_work(context, take)

    def _inputs(self) -> dict[str, Any]:
        return self.given(
            project_id=self.project_id,
            input_params=self.input_params,
            view_id=self.view_id,
            update_published_results=self.update_published_results,
            use_cached_sql_results=self.use_cached_sql_results,
            notifications=self.notifications,
        )

    def _time_left(self) -> float:
        # Airflow does not count what is deferred against its own limit.
        limit = self.execution_timeout.total_seconds() if self.execution_timeout else self.timeout
        return min(self.timeout, limit)

    def projects_run(self) -> list[str]:
        """Return the project."""
        return [self.project_id]

    def _tell_run(self, context: Any, run: Mapping[str, Any]) -> None:
        self.hex_run = run
        for name, value in ((RUN_ID, run.get("runId")), (RUN_URL, run.get("runUrl"))):
            if value:
                context["ti"].xcom_push(key=name, value=value)

    def _done(self, context: Any, work: Work, run: dict[str, Any]) -> dict[str, Any]:
        self.asset_events(
            context, {"hex_project_id": run["projectId"], "hex_run_id": run["runId"], "hex_run_url": run.get("runUrl")}
        )
        work.done()
        return run


class HexToolOperator(HexOperator):
    """Run any tool of hex_blocks.

    A tool that starts runs starts none that an earlier try has started already. The return value is the tool's
    outputs.

    Args:
        tool: The tool's id, with or without `hex_`.
        inputs: Its inputs, at the top also in snake case.
        options: What all operators of Hex take, and those of Airflow.
    """

    template_fields: Sequence[str] = ("hex_conn_id", "tool", "inputs")
    template_fields_renderers: ClassVar[dict[str, str]] = {"inputs": "json"}

    def __init__(self, *, tool: str, inputs: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.tool = tool
        self.inputs = inputs

    def execute(self, context: Any) -> Any:
        """Run the tool."""

        def call(hex: Hex, work: Work, stop: threading.Event) -> dict[str, Any]:
            # In the operator's terms where the tool waits, and the inputs say nothing else.
            known = hex.tools[self.tool].spec.inputs
            waiting = {name: value for name, value in self.waiting.items() if name in known}
            outputs = work.call(self.tool, {**waiting, **(self.inputs or {})}, progress=self.report, stop=stop)
            run = {RUN_ID: outputs.get("runId"), RUN_URL: outputs.get("runUrl")}
            for name, value in run.items():
                if isinstance(value, str):
                    context["ti"].xcom_push(key=name, value=value)
            self.asset_events(context, {"hex_tool": hex.tools[self.tool].id})
            work.done()
            return outputs

        return self.run_work(context, call)
