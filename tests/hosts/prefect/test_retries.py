"""Retries of tasks and flows, on the same machine and on another, and what cancellation leaves."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from prefect import flow
from prefect.context import FlowRunContext

from hex_blocks.hosts.engines.clients import forget_clients
from hex_blocks.hosts.engines.work import Work
from hex_blocks.hosts.prefect import (
    HexProject,
    HexRunError,
    cancel_hex_runs,
    run_batch,
    run_project,
    run_project_and_wait,
)
from hex_blocks.hosts.prefect.hooks import cancel_if_asked
from hex_blocks.sandbox.model import Plan

ELSEWHERE = pytest.mark.parametrize("elsewhere", [False, True])


@pytest.fixture
def dies(monkeypatch, tmp_path):
    """Let the first attempt die: dies("follow", elsewhere=True) before a run is followed, the next elsewhere."""

    def prepare(method: str, *, elsewhere: bool) -> None:
        real = getattr(Work, method)
        died: list[bool] = []

        def first(work: Any, *given: Any, **more: Any) -> Any:
            if died:
                return real(work, *given, **more)
            died.append(True)
            if elsewhere:
                monkeypatch.setenv("HEX_BLOCKS_DATA_DIR", str(tmp_path / "of another machine"))
                forget_clients()
            raise RuntimeError("the process dies")

        monkeypatch.setattr(Work, method, first)

    return prepare


@ELSEWHERE
def test_a_flow_that_is_tried_again_follows_the_run_that_goes_on(elsewhere, credentials, project, started, dies):
    dies("follow", elsewhere=elsewhere)

    run = flow(lambda: run_project_and_wait(credentials, project), name="again", retries=1)()

    assert run["status"] == "COMPLETED"
    assert started() == 1


@ELSEWHERE
def test_a_flow_that_is_tried_again_takes_runs_that_have_completed(elsewhere, credentials, project, started, dies):
    dies("call", elsewhere=elsewhere)

    @flow(retries=1)
    def again() -> None:
        first, second = run_project_and_wait(credentials, project), run_project_and_wait(credentials, project)
        assert first["runId"] != second["runId"]
        run_batch(credentials, project, [{"n": 1}])

    again()

    assert started() == 3


def test_a_task_that_is_tried_again_follows_its_run(credentials, project, started, dies):
    dies("follow", elsewhere=True)
    task = run_project_and_wait.with_options(retries=1)

    assert flow(lambda: task(credentials, project), name="again")()["status"] == "COMPLETED"
    assert started() == 1


def test_a_block_in_a_flow_that_is_tried_again_follows_its_run(credentials, project, started, dies):
    dies("follow", elsewhere=True)

    @flow(retries=1)
    def again() -> None:
        HexProject(credentials=credentials, project_id=project).trigger().wait_for_completion()

    again()

    assert started() == 1


def test_a_retry_starts_another_run_where_the_last_ended_badly(credentials, sandbox, project, started):
    sandbox.world.project("Quick check").plan = Plan(2, 4, "ERRORED")
    task = run_project_and_wait.with_options(retries=2)

    with pytest.raises(HexRunError):
        flow(lambda: task(credentials, project), name="again")()

    assert started() == 3


def test_what_a_retry_cannot_change_is_not_tried_again(credentials, sandbox):
    task = run_project_and_wait.with_options(retries=2)
    tried: list[Any] = []
    task = task.with_options(on_running=[lambda *state: tried.append(state)])

    with pytest.raises(HexRunError, match="bad_inputs"):
        flow(lambda: task(credentials, "no ID"), name="again")()

    assert len(tried) == 1


@pytest.mark.parametrize(("cancel", "status"), [(True, "KILLED"), (False, "RUNNING")])
def test_a_flow_that_is_ended_keeps_or_cancels_its_run(
    cancel, status, credentials, sandbox, project, clock, monkeypatch
):
    sandbox.world.project("Quick check").plan = Plan(0, None)
    join = threading.Thread.join
    waits: list[Any] = []

    def interrupted(thread: threading.Thread, timeout: float | None = None) -> None:
        if thread.name == "hex-blocks task" and timeout is None:
            waits.append(thread)
            if len(waits) == 2:
                # The first was the start.
                join(thread, 1)
                raise KeyboardInterrupt
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", interrupted)
    with pytest.raises(BaseException):  # noqa: B017, PT011
        flow(lambda: run_project_and_wait(credentials, project, cancel_on_interrupt=cancel), name="ended")()

    assert sandbox.world.runs(project)[0].state(clock.time()).status == status


@pytest.mark.parametrize("hook", ["own", "of the flow", "not asked"])
def test_hooks_cancel_what_a_flow_run_leaves_behind(hook, credentials, sandbox, project, clock):
    sandbox.world.project("Quick check").plan = Plan(0, None)

    @flow
    def leaves() -> Any:
        run_project(credentials, project)
        return FlowRunContext.get().flow_run.id

    flow_run = SimpleNamespace(id=leaves(), parameters={"cancel_on_interrupt": hook == "of the flow"})
    (cancel_hex_runs(credentials) if hook == "own" else cancel_if_asked)(None, flow_run, None)

    expected = "RUNNING" if hook == "not asked" else "KILLED"
    assert sandbox.world.runs(project)[0].state(clock.time()).status == expected


def test_a_hook_in_another_process_loads_the_credentials(credentials, sandbox, project, clock, monkeypatch):
    sandbox.world.project("Quick check").plan = Plan(0, None)
    saved = credentials.save("hex-hook", overwrite=True)

    @flow
    def leaves() -> Any:
        run_project(credentials, project)
        return FlowRunContext.get().flow_run.id

    parameters = {"cancel_on_interrupt": True, "credentials": {"$ref": {"block_document_id": str(saved)}}}
    flow_run = SimpleNamespace(id=leaves(), parameters=parameters)
    monkeypatch.setattr("hex_blocks.hosts.prefect.hooks.client_of", lambda run_id: None)
    cancel_if_asked(None, flow_run, None)

    assert sandbox.world.runs(project)[0].state(clock.time()).status == "KILLED"
