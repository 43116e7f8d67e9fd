"""The op and the resource in jobs, and what retries and re-executions do."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import dagster as dg
import pytest

from hex_blocks.hosts.dagster import HexWorkspace, hex_run_op
from hex_blocks.hosts.engines.clients import forget_clients
from hex_blocks.hosts.engines.work import Work
from hex_blocks.sandbox.model import Plan


def config_for(project: str, **inputs: Any) -> dict[str, Any]:
    return {"ops": {"hex_run_op": {"config": {"project_id": project, "input_params": inputs}}}}


@dg.job
def report() -> None:
    hex_run_op()


class Dying(HexWorkspace):
    """A workspace whose step dies when its run is known, or when it has completed, the first time."""

    after_run: bool = False

    def run(self, context: Any, project_id: str, input_params: Any = None, **options: Any) -> Any:
        if context.run.tags.get("dagster/parent_run_id"):
            return super().run(context, project_id, input_params, **options)
        dies = patch.object(Work, "done" if self.after_run else "follow", side_effect=RuntimeError("it dies"))
        with dies:
            return super().run(context, project_id, input_params, **options)


def again(result: Any, instance: Any, resources: Any, project: str, **tags: str) -> Any:
    """Execute a run again, as a run of the same group."""
    root = {"dagster/root_run_id": result.run_id, "dagster/parent_run_id": result.run_id}
    return report.execute_in_process(
        run_config=config_for(project), instance=instance, resources=resources, tags=root | tags
    )


def test_an_op_runs_a_project(instance, workspace, project, started):
    done = report.execute_in_process(
        run_config=config_for(project, day="2026-03-01"), instance=instance, resources={"hex": workspace}
    )

    run = done.output_for_node("hex_run_op")
    assert done.success
    assert (run["status"], run["projectId"]) == ("COMPLETED", project)
    assert started() == 1


def test_a_run_that_fails_fails_the_step_with_its_page(instance, workspace, sandbox, project):
    sandbox.world.project("Quick check").plan = Plan(2, 4, "ERRORED")

    done = report.execute_in_process(
        run_config=config_for(project), instance=instance, resources={"hex": workspace}, raise_on_error=False
    )

    (event,) = [each for each in done.all_events if each.event_type_value == "STEP_FAILURE"]
    failure = event.event_specific_data.user_failure_data
    assert not done.success
    assert failure.description.startswith("run_errored: ")
    assert failure.metadata["hex/run_url"].url.startswith(sandbox.origin)


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("after_run", [False, True])
def test_a_re_execution_after_a_crash_makes_no_second_run(
    after_run, elsewhere, instance, sandbox, project, started, monkeypatch, tmp_path
):
    hex = Dying(api_key=dg.EnvVar("HEX_API_TOKEN"), base_url=sandbox.base_url, after_run=after_run)
    first = report.execute_in_process(
        run_config=config_for(project), instance=instance, resources={"hex": hex}, raise_on_error=False
    )
    if elsewhere:
        monkeypatch.setenv("HEX_BLOCKS_DATA_DIR", str(tmp_path / "of another machine"))
        forget_clients()

    second = again(first, instance, {"hex": hex}, project)

    assert (first.success, second.success) == (False, True)
    assert started() == 1


def test_a_step_that_is_tried_again_starts_another_run_where_the_last_ended_badly(
    instance, workspace, sandbox, project, started
):
    sandbox.world.project("Quick check").plan = Plan(2, 4, "ERRORED")

    @dg.job
    def tried() -> None:
        hex_run_op.with_retry_policy(dg.RetryPolicy(max_retries=2))()

    done = tried.execute_in_process(
        run_config=config_for(project), instance=instance, resources={"hex": workspace}, raise_on_error=False
    )

    assert not done.success
    assert started() == 3


def test_what_a_retry_cannot_change_is_not_tried_again(instance, workspace, sandbox):
    @dg.job
    def tried() -> None:
        hex_run_op.with_retry_policy(dg.RetryPolicy(max_retries=2))()

    done = tried.execute_in_process(
        run_config=config_for("no ID"), instance=instance, resources={"hex": workspace}, raise_on_error=False
    )

    kinds = [each.event_type_value for each in done.all_events]
    assert "STEP_UP_FOR_RETRY" not in kinds
    assert "STEP_FAILURE" in kinds


@pytest.mark.parametrize(("tags", "runs"), [({}, 2), ({"dagster/retry_number": "1"}, 1)])
def test_what_had_succeeded_is_done_anew_when_a_user_executes_it_again(
    tags, runs, instance, workspace, project, started
):
    resources = {"hex": workspace}
    first = report.execute_in_process(run_config=config_for(project), instance=instance, resources=resources)

    again(first, instance, resources, project, **tags)

    assert started() == runs


@pytest.mark.parametrize(("cancel", "status"), [(True, "KILLED"), (False, "RUNNING")])
def test_a_step_that_is_terminated_cancels_its_run(cancel, status, instance, sandbox, project, clock, monkeypatch):
    import threading

    sandbox.world.project("Quick check").plan = Plan(0, None)
    hex = HexWorkspace(api_key=dg.EnvVar("HEX_API_TOKEN"), base_url=sandbox.base_url, cancel_on_termination=cancel)
    join = threading.Thread.join

    def interrupted(thread: threading.Thread, timeout: float | None = None) -> None:
        if thread.name == "hex-blocks task" and timeout is None:
            join(thread, 2)
            raise KeyboardInterrupt
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", interrupted)
    with pytest.raises(BaseException):  # noqa: B017, PT011
        report.execute_in_process(run_config=config_for(project), instance=instance, resources={"hex": hex})

    assert sandbox.world.runs(project)[0].state(clock.time()).status == status
