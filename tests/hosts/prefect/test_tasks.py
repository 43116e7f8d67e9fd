"""Tasks and the flow, with what they tell Prefect."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import Any

import pytest
from prefect import flow, unmapped
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.context import FlowRunContext

from hex_blocks.hosts.engines.work import Work
from hex_blocks.hosts.prefect import (
    HexRunError,
    run_batch,
    run_pipeline,
    run_project,
    run_project_and_wait,
    trigger_project_run_and_wait_for_completion,
)
from hex_blocks.sandbox import TOKENS
from hex_blocks.sandbox.model import Plan
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT


def artifacts_of(flow_run_id: Any) -> list[Any]:
    with get_client(sync_client=True) as client:
        wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run_id]))
        return list(client.read_artifacts(artifact_filter=wanted))


def task_runs_of(flow_run_id: Any) -> list[Any]:
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    with get_client(sync_client=True) as client:
        return list(client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id]))))


def test_a_run_is_waited_for_and_its_page_is_an_artifact(credentials, project, started):
    @flow
    def report() -> Any:
        return run_project_and_wait(credentials, project, {"n": 1}), FlowRunContext.get().flow_run.id

    run, flow_run_id = report()

    (link,) = artifacts_of(flow_run_id)
    assert run["status"] == "COMPLETED"
    assert run["runUrl"] in str(link.data)
    assert len(task_runs_of(flow_run_id)) <= 1
    assert started() == 1


def test_a_run_may_be_left_to_itself(credentials, sandbox, project):
    sandbox.world.project("Quick check").plan = Plan(2, None)

    assert flow(lambda: run_project(credentials, project), name="left")()["status"] == "PENDING"


def test_a_run_that_fails_fails_its_task(credentials, sandbox, project):
    sandbox.world.project("Quick check").plan = Plan(2, 4, "ERRORED")

    with pytest.raises(HexRunError, match="run_errored") as caught:
        flow(lambda: run_project_and_wait(credentials, project), name="fails")()
    assert caught.value.run_url.startswith(sandbox.origin)


def test_a_batch_runs_each_set_and_tells_those_that_failed(credentials, sandbox, project, started):
    sets = [{"n": n} for n in range(3)]

    done = flow(lambda: run_batch(credentials, project, sets, parallel=2), name="batch")()
    assert done["completed"] == 3

    sandbox.world.project("Quick check").plan = Plan(2, 4, "ERRORED")
    with pytest.raises(HexRunError, match="2 of 2 runs failed"):
        flow(lambda: run_batch(credentials, project, sets[:2]), name="batch")()
    assert started() == 5


def test_a_pipeline_runs_its_steps_in_order(credentials, project, started):
    steps = [{"name": "one", "projectId": project}, {"name": "two", "projectId": project}]

    done = flow(lambda: run_pipeline(credentials, steps), name="pipeline")()

    assert [step["status"] for step in done["steps"]] == ["COMPLETED", "COMPLETED"]
    assert started() == 2


def test_tasks_run_together(credentials, project, started):
    @flow
    def many() -> list[str]:
        futures = run_project_and_wait.map(unmapped(credentials), project, [{"n": 1}, {"n": 2}, {"n": 2}])
        return [future.result()["runId"] for future in futures]

    assert len(set(many())) == 3
    assert started() == 3


def test_the_flow_runs_a_project(credentials, project, started):
    run = trigger_project_run_and_wait_for_completion(credentials, project, input_params={"n": 1})

    assert run["status"] == "COMPLETED"
    assert started() == 1


def test_charts_are_artifacts(credentials):
    @flow
    def report() -> Any:
        run_project_and_wait(credentials, REVENUE_REPORT, include_charts=True)
        return FlowRunContext.get().flow_run.id

    kinds = [each.type for each in artifacts_of(report())]

    assert kinds.count("image") == 2


def test_events_tell_of_runs(credentials, sandbox, project, monkeypatch):
    told: list[Any] = []
    monkeypatch.setattr("hex_blocks.hosts.prefect.runs.emit_event", lambda **event: told.append(event))

    flow(lambda: run_project_and_wait(credentials, project), name="events")()
    sandbox.world.project("Quick check").plan = Plan(2, 4, "ERRORED")
    with pytest.raises(HexRunError):
        flow(lambda: run_project_and_wait(credentials, project), name="events")()

    names = [each["event"] for each in told]
    assert names == ["hex.run.started", "hex.run.completed", "hex.run.started", "hex.run.failed"]
    assert told[0]["resource"]["hex.project_id"] == project
    assert told[-1]["payload"] == {"error": "run_errored"}


def test_a_run_that_takes_too_long_is_cancelled(credentials, sandbox, project, clock):
    sandbox.world.project("Quick check").plan = Plan(2, None)

    with pytest.raises(HexRunError, match="run_cancelled_at_timeout"):
        flow(lambda: run_project_and_wait(credentials, project, timeout=60), name="long")()
    assert sandbox.world.runs(project)[0].state(clock.time()).status == "KILLED"


def test_a_concurrency_limit_is_held_while_a_run_is_started(credentials, project, monkeypatch):
    held: list[str] = []

    @contextmanager
    def concurrency(name: str, *, occupy: int) -> Any:
        held.append(f"{name} {occupy}")
        yield
        held.append("free")

    follow = Work.follow

    def waits(*given: Any, **more: Any) -> Any:
        held.append("waits")
        return follow(*given, **more)

    monkeypatch.setattr("prefect.concurrency.sync.concurrency", concurrency)
    monkeypatch.setattr(Work, "follow", waits)

    flow(lambda: run_project_and_wait(credentials, project, concurrency_limit="hex"), name="limited")()

    assert held == ["hex 1", "free", "waits"]


def test_the_server_is_told_no_token(credentials, project):
    @flow
    def report(hex: Any) -> Any:
        run_project_and_wait(hex, project)
        return FlowRunContext.get().flow_run.id

    flow_run_id = report(credentials)
    with get_client(sync_client=True) as client:
        told = client.read_flow_run(flow_run_id).model_dump_json()
    told += json.dumps([str(each.data) for each in artifacts_of(flow_run_id)])

    assert TOKENS.personal not in told
