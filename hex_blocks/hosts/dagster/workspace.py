"""The resource: a workspace of Hex, whose projects are run and followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from hex_blocks.errors.classes import BusyError, HexError
from hex_blocks.hosts.dagster.results import CHECK, PARTITION_INPUT, check_result, materialize_result, run_metadata
from hex_blocks.hosts.dagster.steps import failure_of, note_made, note_starting, work_of
from hex_blocks.hosts.dagster.translator import PROJECT_ID, HexProjectProps
from hex_blocks.hosts.engines.running import Stoppable

if TYPE_CHECKING:
    from hex_blocks.client import Hex
    from hex_blocks.hosts.engines.work import Work
    from hex_blocks.tools.progress import Progress

MOST_PROJECTS = 10_000
DAY = 86_400.0


class HexWorkspace(dg.ConfigurableResource):
    """A workspace of Hex, for the resource key `hex`."""

    api_key: str = Field(description="Hex API token, personal or of a workspace.")
    base_url: str | None = Field(
        default=None, description="The address where you open Hex. Default: https://app.hex.tech."
    )
    timeout: float = Field(default=DAY, description="Seconds that a run may take.")
    poll_interval: float = Field(default=10.0, description="Seconds between looks at a run, at least 5.")
    cancel_on_timeout: bool = Field(default=True, description="Whether to cancel a run that takes longer.")
    cancel_on_termination: bool = Field(
        default=True, description="Whether to cancel a run in Hex when the step is terminated."
    )

    def client(self) -> Hex:
        """Return the client, the same for all steps of a process."""
        from hex_blocks.api.base_url import DEFAULT_BASE_URL
        from hex_blocks.hosts.engines.clients import client_for

        return client_for(self.api_key, self.base_url or DEFAULT_BASE_URL)

    def call(self, tool: str, inputs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run a tool and return its outputs.

        Args:
            tool: Its id, with or without `hex_`.
            inputs: Its inputs, at the top also in snake case.

        Raises:
            HexError: The call failed.
        """
        from hex_blocks.hosts.engines.clients import call_tool

        return call_tool(self.client(), tool, inputs)

    def projects(
        self,
        *,
        by_id: Sequence[str] | None = None,
        by_name: Sequence[str] | None = None,
        with_tables: bool = True,
    ) -> list[HexProjectProps]:
        """Return projects that have been published.

        Args:
            by_id: Only these.
            by_name: Only those with these titles.
            with_tables: Whether to ask which tables each reads, with a request for each.

        Raises:
            HexError: Hex did not answer.
            ValueError: A project that was named is not there.
        """
        listed = self.call("hex_list_projects", {"fetchAll": True, "maxItems": MOST_PROJECTS})["projects"]
        found = [each for each in listed if each.get("lastPublishedAt")]
        if by_id is not None or by_name is not None:
            found = _chosen(found, by_id or (), by_name or ())
        return [HexProjectProps.of(each, self._tables_of(each["id"]) if with_tables else None) for each in found]

    def _tables_of(self, project_id: str) -> list[Mapping[str, Any]]:
        tables: list[Mapping[str, Any]] = self.call(
            "hex_get_queried_tables", {"project_id": project_id, "fetch_all": True}
        )["tables"]
        return [table for table in tables if table.get("tableName")]

    def run(
        self,
        context: dg.OpExecutionContext | dg.AssetExecutionContext,
        project_id: str,
        input_params: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        """Run a project as a part of a step and return the finished run.

        A retry or re-execution follows the run that is going on, takes the one that has completed, and starts another
        one only where the last has ended badly.

        Args:
            context: The step's.
            project_id: The project.
            input_params: Values for the inputs of the published app, by variable name.
            options: Other inputs of hex_run_project, in snake case.

        Raises:
            dagster.Failure: The run failed, or was not started.
        """
        ((_, _, outcome),) = self._run_all(context, [(None, project_id, input_params)], options)
        if isinstance(outcome, HexError):
            raise failure_of(outcome) from outcome
        context.log.info(f"Run {outcome['runId']} has completed: {outcome.get('runUrl')}")
        return outcome

    def run_and_poll(
        self,
        context: dg.AssetExecutionContext,
        project_id: str | None = None,
        input_params: Mapping[str, Any] | None = None,
        *,
        include_charts: bool = False,
        **options: Any,
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        """Run the projects of the selected assets, all at once, and give a result for each that completes.

        Args:
            context: The step's.
            project_id: The project of the only asset. Default: what the assets' specs name.
            input_params: Values for the inputs of the published apps. Default: the partition, where the specs say so.
            include_charts: Whether to show the runs' charts with the results.
            options: Other inputs of hex_run_project, in snake case.

        Raises:
            dagster.Failure: A run failed, or was not started; raised after the others.
        """
        wanted = []
        for spec in _selected(context):
            project = project_id or spec.metadata.get(PROJECT_ID)
            if not project:
                raise dg.DagsterInvariantViolationError(f"{spec.key.to_user_string()} has no metadata {PROJECT_ID}")
            params = input_params if input_params is not None else _params_of(context, spec)
            wanted.append((spec, str(project), params))
        checked = {key.asset_key for key in context.selected_asset_check_keys if key.name == CHECK}
        failed: HexError | None = None
        for spec, project, outcome in self._run_all(context, wanted, options):
            if isinstance(outcome, HexError):
                failed = failed or outcome
                if spec.key in checked:
                    yield check_result(spec.key, outcome)
                continue
            charts = self._charts_of(project, outcome) if include_charts else []
            metadata = run_metadata(outcome, charts)
            yield materialize_result(spec.key, metadata, checked=spec.key in checked)
        if failed:
            raise failure_of(failed) from failed

    def _charts_of(self, project_id: str, run: Mapping[str, Any]) -> list[dict[str, Any]]:
        results = self.call("hex_get_run_results", {"project_id": project_id, "run_id": run["runId"]})
        return [chart for chart in results.get("charts") or [] if chart.get("image")]

    def _run_all(
        self, context: Any, wanted: Sequence[tuple[Any, str, Mapping[str, Any] | None]], options: Mapping[str, Any]
    ) -> list[tuple[Any, str, dict[str, Any] | HexError]]:
        hex = self.client()
        waiting = {
            "timeout": self.timeout,
            "pollInterval": max(5.0, self.poll_interval),
            "cancelOnTimeout": self.cancel_on_timeout,
            "cancelOnInterrupt": self.cancel_on_termination,
        }
        running = Stoppable()

        def do(stop: Any) -> list[tuple[Any, str, dict[str, Any] | HexError]]:
            pieces = _Pieces(context, waiting, _reporter(context), stop)
            for spec, project_id, params in wanted:
                work = work_of(hex, context, project_id)
                pieces.add(spec, project_id, work, {"project_id": project_id, "input_params": params, **options})
            return pieces.outcomes()

        return running.run(do)


class _Pieces:
    """The runs of one step: started one after the other, followed together."""

    def __init__(self, context: Any, waiting: dict[str, Any], report: Callable[[Progress], None], stop: Any) -> None:
        self._context = context
        self._waiting = waiting
        self._report = report
        self._stop = stop
        self._going: list[tuple[Any, str, Work, dict[str, Any]]] = []
        self._outcomes: list[tuple[Any, str, dict[str, Any] | HexError]] = []

    def add(self, spec: Any, project_id: str, work: Work, inputs: dict[str, Any]) -> None:
        """Start a run; where Hex has no place for it, once an earlier one has ended."""
        note_starting(self._context, project_id)
        while True:
            try:
                run = work.start(inputs, progress=self._report, stop=self._stop)
                note_made(self._context, run)
                self._context.log.info(f"Run {run['runId']} of project {project_id}: {run.get('runUrl')}")
                self._going.append((spec, project_id, work, run))
            except HexError as error:
                if isinstance(error, BusyError) and self._going and not self._stop.is_set():
                    self._follow_first()
                    continue
                self._outcomes.append((spec, project_id, error))
            return

    def outcomes(self) -> list[tuple[Any, str, dict[str, Any] | HexError]]:
        """Follow all to their end, and return what became of each."""
        while self._going:
            self._follow_first()
        return self._outcomes

    def _follow_first(self) -> None:
        spec, project_id, work, run = self._going.pop(0)
        outcome: dict[str, Any] | HexError
        try:
            outcome = work.follow(run, self._waiting, progress=self._report, stop=self._stop)
            work.done()
        except HexError as error:
            outcome = error
        self._outcomes.append((spec, project_id, outcome))


def _reporter(context: Any) -> Callable[[Progress], None]:
    said = ""

    def report(progress: Progress) -> None:
        nonlocal said
        now = f"{progress.message} {progress.status or ''}".strip()
        if now != said:
            said = now
            context.log.info(now)

    return report


def _selected(context: Any) -> list[dg.AssetSpec]:
    specs = {spec.key: spec for spec in context.assets_def.specs}
    return [specs[key] for key in specs if key in context.selected_asset_keys]


def _params_of(context: Any, spec: dg.AssetSpec) -> dict[str, Any] | None:
    """Return the partition as values of inputs."""
    inputs = spec.metadata.get(PARTITION_INPUT)
    if inputs is None or not context.has_partition_key:
        return None
    key = context.partition_key
    if isinstance(key, dg.MultiPartitionKey):
        names = inputs if isinstance(inputs, Mapping) else {}
        return {names.get(dimension, dimension): value for dimension, value in key.keys_by_dimension.items()}
    return {str(inputs): key}


def _chosen(found: list[Any], by_id: Sequence[str], by_name: Sequence[str]) -> list[Any]:
    names = {name.casefold() for name in by_name}
    ids = {each.lower() for each in by_id}
    chosen = [each for each in found if each["id"].lower() in ids or (each.get("title") or "").casefold() in names]
    missing = ids - {each["id"].lower() for each in chosen}
    missing |= names - {(each.get("title") or "").casefold() for each in chosen}
    if missing:
        raise ValueError(f"no published project is called {', '.join(sorted(missing))}")
    return chosen
