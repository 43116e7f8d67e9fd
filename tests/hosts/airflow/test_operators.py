"""Operators and sensor in DAGs that Airflow runs."""

from __future__ import annotations

import pytest

from hex_blocks.sandbox.model import NotebookInput, Plan

BOTH = pytest.mark.parametrize("deferrable", [False, True])


@BOTH
def test_a_run_is_waited_for(deferrable, run_dag, sandbox, project, started):
    done = run_dag(f"HexRunProjectOperator(task_id='a', project_id=PROJECT, deferrable={deferrable})")

    run = sandbox.world.runs(project)[0]
    assert done.state == "success"
    assert started() == 1
    assert done.xcoms["a", "run_id"] == run.id
    assert done.xcoms["a", "run_url"].endswith(f"/app/runs/{run.id}")
    assert done.returned("a") | {"status": "COMPLETED", "runId": run.id} == done.returned("a")


@BOTH
def test_a_run_that_fails_fails_its_task(deferrable, run_dag, sandbox, project, started):
    sandbox.world.project("Quick check").plan = Plan(2, 4, "ERRORED")

    done = run_dag(f"HexRunProjectOperator(task_id='a', project_id=PROJECT, deferrable={deferrable})")

    assert done.tasks == {"a": "failed"}
    assert done.xcoms["a", "run_url"]


def test_a_task_may_end_when_its_run_is_started(run_dag, sandbox, project):
    sandbox.world.project("Quick check").plan = Plan(2, None)

    done = run_dag(
        """
        a = HexRunProjectOperator(task_id="a", project_id=PROJECT, wait_for_termination=False)
        """
    )

    assert done.state == "success"
    assert done.returned("a")["status"] == "PENDING"


def test_inputs_are_templates(run_dag, sandbox, project):
    sandbox.world.project("Quick check").inputs = (NotebookInput("region", "text", ""),)

    done = run_dag(
        """
        HexRunProjectOperator(task_id="a", project_id="{{ params.project }}",
                              input_params={"region": "{{ params.region }}"},
                              params={"project": PROJECT, "region": "EMEA"})
        """
    )

    assert done.state == "success"
    (asked,) = [each for each in sandbox.requests if each.method == "POST"]
    assert asked.json["inputParams"] == {"region": "EMEA"}


@BOTH
@pytest.mark.parametrize(("cancel", "status"), [(True, "KILLED"), (False, "RUNNING")])
def test_a_run_that_takes_too_long_is_cancelled_unless_asked_otherwise(
    cancel, status, deferrable, run_dag, sandbox, project, clock
):
    sandbox.world.project("Quick check").plan = Plan(2, None)

    done = run_dag(
        f"""
        HexRunProjectOperator(task_id="a", project_id=PROJECT, timeout=60, cancel_on_timeout={cancel},
                              deferrable={deferrable})
        """
    )

    assert done.state == "failed"
    assert sandbox.world.runs(project)[0].state(clock.time()).status == status


@BOTH
def test_airflows_own_time_limit_cancels_the_run(deferrable, run_dag, sandbox, project, clock):
    sandbox.world.project("Quick check").plan = Plan(2, None)

    done = run_dag(
        f"""
        HexRunProjectOperator(task_id="a", project_id=PROJECT, deferrable={deferrable},
                              execution_timeout=timedelta(seconds=8))
        """
    )

    assert done.state == "failed"
    assert sandbox.world.runs(project)[0].state(clock.time()).status == "KILLED"


@BOTH
def test_a_batch_runs_each_set(deferrable, run_dag, sandbox, project, started):
    done = run_dag(
        f"""
        HexRunBatchOperator(task_id="a", project_id=PROJECT, parameter_sets=[{{"n": n}} for n in range(5)],
                            parallel=2, deferrable={deferrable})
        """
    )

    assert done.state == "success"
    assert started() == 5
    assert done.returned("a")["completed"] == 5


@BOTH
def test_a_pipeline_runs_its_steps_in_order(deferrable, run_dag, project, started):
    done = run_dag(
        f"""
        steps = [{{"name": "one", "projectId": PROJECT}}, {{"name": "two", "projectId": PROJECT}}]
        HexRunPipelineOperator(task_id="a", steps=steps, deferrable={deferrable})
        """
    )

    assert done.state == "success"
    assert started() == 2
    assert [step["status"] for step in done.returned("a")["steps"]] == ["COMPLETED", "COMPLETED"]


@BOTH
def test_a_sensor_waits_for_a_run_of_somebody_else(deferrable, run_dag, project, started):
    done = run_dag(
        f"""
        a = HexRunProjectOperator(task_id="a", project_id=PROJECT, wait_for_termination=False)
        b = HexRunSensor(task_id="b", project_id=PROJECT, run_id="{{{{ ti.xcom_pull('a', key='run_id') }}}}",
                         poke_interval=1, deferrable={deferrable})
        a >> b
        """
    )

    assert done.state == "success"
    assert done.returned("b")["status"] == "COMPLETED"


@BOTH
def test_a_sensor_fails_where_the_run_does(deferrable, run_dag, sandbox, project):
    sandbox.world.project("Quick check").plan = Plan(2, 4, "ERRORED")

    done = run_dag(
        f"""
        a = HexRunProjectOperator(task_id="a", project_id=PROJECT, wait_for_termination=False)
        b = HexRunSensor(task_id="b", project_id=PROJECT, run_id="{{{{ ti.xcom_pull('a', key='run_id') }}}}",
                         poke_interval=1, deferrable={deferrable})
        a >> b
        """
    )

    assert done.tasks == {"a": "success", "b": "failed"}


def test_mapped_tasks_have_a_run_each(run_dag, project, started):
    done = run_dag(
        """
        HexRunProjectOperator.partial(task_id="a", project_id=PROJECT).expand(input_params=[{"n": 1}, {"n": 2}])
        """
    )

    assert done.tasks == {"a[0]": "success", "a[1]": "success"}
    assert started() == 2


def test_any_tool_is_a_task(run_dag, project):
    done = run_dag(
        """
        a = HexToolOperator(task_id="a", tool="find_project", inputs={"query": "Quick check"})
        b = HexToolOperator(task_id="b", tool="hex_run_and_wait", inputs={"project_id": PROJECT})
        a >> b
        """
    )

    assert done.returned("a")["total"] == 1
    assert done.returned("b")["status"] == "COMPLETED"
    assert done.xcoms["b", "run_id"]


def test_what_a_retry_cannot_change_is_not_tried_again(run_dag, sandbox, project):
    done = run_dag("HexRunProjectOperator(task_id='a', project_id='no ID', **AGAIN)")

    assert done.tasks == {"a": "failed"}
    assert [each for each in sandbox.requests if each.method == "POST"] == []


def test_asset_events_name_the_run(run_dag, project):
    from airflow.models.asset import AssetEvent
    from airflow.settings import Session

    done = run_dag("HexRunProjectOperator(task_id='a', project_id=PROJECT, outlets=[Asset('hex_report')])")

    session = Session()
    event = session.query(AssetEvent).order_by(AssetEvent.id.desc()).first()
    session.close()
    assert event.extra["hex_run_id"] == done.xcoms["a", "run_id"]
    assert event.extra["hex_project_id"] == project
