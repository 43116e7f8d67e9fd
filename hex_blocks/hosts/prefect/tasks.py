"""Tasks: start a run, wait for one, run a batch or a pipeline. None makes a task run for each look at a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prefect import task

from hex_blocks.errors.classes import HexError
from hex_blocks.hosts.engines.running import Stoppable, cancel_runs
from hex_blocks.hosts.engines.work import all_completed
from hex_blocks.hosts.prefect.blocks import DAY, INTERVAL, HexCredentials, follow, start
from hex_blocks.hosts.prefect.runs import HexRunError, may_help, reporter, tell_charts, work_of


@contextmanager
def _turn(limit: str | None) -> Iterator[None]:
    """Hold a place of a concurrency limit of Prefect."""
    if limit is None:
        yield
        return
    from prefect.concurrency.sync import concurrency

    with concurrency(limit, occupy=1):
        yield


@task(name="Run Hex project", retry_condition_fn=may_help)
def run_project(
    credentials: HexCredentials,
    project_id: str,
    input_params: dict[str, Any] | None = None,
    *,
    options: dict[str, Any] | None = None,
    concurrency_limit: str | None = None,
) -> dict[str, Any]:
    """Start a run and return it; it goes on in Hex.

    Args:
        credentials: The token of the workspace.
        project_id: The project; the part of its URL after /hex/.
        input_params: Values for the inputs of the published app, by variable name.
        options: Other inputs of hex_run_project, in snake case.
        concurrency_limit: A concurrency limit of Prefect that is held while the run is started.

    Raises:
        HexRunError: It was not started.
    """
    inputs = {"project_id": project_id, "input_params": input_params, **(options or {})}
    with _turn(concurrency_limit):
        _, run = start(credentials.get_client(), "start", inputs)
    return run


@task(name="Run Hex project and wait", retry_condition_fn=may_help)
def run_project_and_wait(
    credentials: HexCredentials,
    project_id: str,
    input_params: dict[str, Any] | None = None,
    *,
    timeout: float = DAY,
    check_interval: float = INTERVAL,
    cancel_on_timeout: bool = True,
    cancel_on_interrupt: bool = False,
    include_charts: bool = False,
    options: dict[str, Any] | None = None,
    concurrency_limit: str | None = None,
) -> dict[str, Any]:
    """Run a project and return the finished run.

    A retry of the task or of its flow run follows the run that is going on, takes the one that has completed, and
    starts another one only where the last has ended badly.

    Args:
        credentials: The token of the workspace.
        project_id: The project; the part of its URL after /hex/.
        input_params: Values for the inputs of the published app, by variable name.
        timeout: Seconds that the run may take.
        check_interval: Seconds between looks at it, at least 5.
        cancel_on_timeout: Whether to cancel a run that takes longer.
        cancel_on_interrupt: Whether to cancel the run when the flow is cancelled.
        include_charts: Whether to show the run's charts as artifacts.
        options: Other inputs of hex_run_project, in snake case.
        concurrency_limit: A concurrency limit of Prefect that is held while the run is started.

    Raises:
        HexRunError: It failed, or was not started.
    """
    hex = credentials.get_client()
    inputs = {"project_id": project_id, "input_params": input_params, **(options or {})}
    with _turn(concurrency_limit):
        work, run = start(hex, "run", inputs)
    waiting = {
        "timeout": timeout,
        "pollInterval": max(5.0, check_interval),
        "cancelOnTimeout": cancel_on_timeout,
        "cancelOnInterrupt": cancel_on_interrupt,
    }
    ended = follow(work, run, waiting)
    if include_charts:
        tell_charts(hex, ended)
    return ended


@task(name="Run Hex batch", retry_condition_fn=may_help)
def run_batch(
    credentials: HexCredentials,
    project_id: str,
    parameter_sets: list[dict[str, Any]],
    *,
    parallel: int | None = None,
    timeout: float = DAY,
    check_interval: float = INTERVAL,
    cancel_on_timeout: bool = True,
    cancel_on_interrupt: bool = False,
    options: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Run a project once for each parameter set. A failed set fails the task; a retry runs only failed sets again.

    Args:
        credentials: The token of the workspace.
        project_id: The project.
        parameter_sets: One object of input values for each run.
        parallel: Number of runs at the same time. Default: 20.
        timeout: Seconds that each run may take.
        check_interval: Seconds between looks, at least 5.
        cancel_on_timeout: Whether to cancel runs that take longer.
        cancel_on_interrupt: Whether to cancel active runs when the flow is cancelled.
        options: Other inputs of hex_run_batch, in snake case.

    Raises:
        HexRunError: A set failed.
    """
    asked = {"project_id": project_id, "parameter_sets": parameter_sets, "parallel": parallel, **(options or {})}
    waiting = {"timeout": timeout, "pollInterval": max(5.0, check_interval), "cancelOnTimeout": cancel_on_timeout}
    return _many(credentials, "hex_run_batch", asked, waiting, cancel_on_interrupt=cancel_on_interrupt)


@task(name="Run Hex pipeline", retry_condition_fn=may_help)
def run_pipeline(
    credentials: HexCredentials,
    steps: list[dict[str, Any]],
    *,
    timeout: float = DAY,
    check_interval: float = INTERVAL,
    cancel_on_timeout: bool = True,
    cancel_on_interrupt: bool = False,
    options: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Run projects one after the other. A failed step fails the task; a retry goes on with that step.

    Args:
        credentials: The token of the workspace.
        steps: The projects in order: objects with projectId, and perhaps name, inputParams and others.
        timeout: Seconds that each run may take.
        check_interval: Seconds between looks, at least 5.
        cancel_on_timeout: Whether to cancel a run that takes longer.
        cancel_on_interrupt: Whether to cancel the active run when the flow is cancelled.
        options: Other inputs of hex_run_pipeline, in snake case.

    Raises:
        HexRunError: A step failed.
    """
    asked = {"steps": steps, **(options or {})}
    waiting = {"timeout": timeout, "pollInterval": max(5.0, check_interval), "cancelOnTimeout": cancel_on_timeout}
    return _many(credentials, "hex_run_pipeline", asked, waiting, cancel_on_interrupt=cancel_on_interrupt)


def _many(
    credentials: HexCredentials,
    tool: str,
    asked: dict[str, Any],
    waiting: dict[str, Any],
    *,
    cancel_on_interrupt: bool,
) -> dict[str, Any]:
    hex = credentials.get_client()
    report = reporter()

    def make(stop: Any) -> dict[str, Any]:
        outputs = work_of(hex, tool, asked).call(tool, {**waiting, **asked}, progress=report, stop=stop)
        all_completed(outputs)
        return outputs

    def make_or_cancel(stop: Any) -> dict[str, Any]:
        try:
            return make(stop)
        except HexError as error:
            parts = (error.partial or {}).get("sets") or (error.partial or {}).get("steps") or []
            going = [part for part in parts if part.get("runId") in (error.values.get("going") or [])]
            if cancel_on_interrupt:
                cancel_runs(hex, [(part["projectId"], part["runId"]) for part in going])
            raise

    try:
        return Stoppable().run(make_or_cancel)
    except HexError as error:
        raise HexRunError.of(error) from error
