"""A server of Prefect and flows that are served and killed: runs are counted in the sandbox.

It takes minutes, so it is run by `make clusters` alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from hex_blocks.sandbox import TOKENS
from hex_blocks.sandbox.model import Plan
from tests.hosts.clusters import held_back, places_of, wait_until
from tests.hosts.prefect.cluster import WHOLE, Cluster, prefect_cluster
from tests.postgres import PostgresServer, make_database

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
SOME_SECONDS = Plan(1, 25)
HEARTBEAT = "prefect.flow-run.heartbeat"
ENDS = [f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")]


@pytest.fixture(scope="module")
def cluster(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    make_database(postgres.address(), "machines")
    with prefect_cluster(tmp_path_factory.mktemp("cluster"), postgres.address("machines")) as made:
        yield made


def statuses(cluster: Cluster) -> list[str]:
    return [run.state(time.time()).status for run in cluster.runs()]


@pytest.mark.parametrize("moment", ["while it starts", "while it waits"])
def test_a_machine_that_is_gone_and_its_flow_run_tried_again_on_another(moment: str, cluster: Cluster) -> None:
    cluster.mark(SOME_SECONDS)
    if moment == "while it starts":
        cluster.proxy.play(held_back())
    flow_run = cluster.start("report")
    cluster.until_started()
    if moment == "while it waits":
        time.sleep(3)
    cluster.serve_elsewhere()
    cluster.set_state(flow_run, "CRASHED", "Crashed")
    cluster.set_state(flow_run, "SCHEDULED", "AwaitingRetry")

    cluster.until_state(flow_run, "COMPLETED")
    assert len(cluster.runs()) == 1
    assert cluster.ask(f"/flow_runs/{flow_run}")["run_count"] == 2


def test_a_flow_run_whose_heart_no_longer_beats_is_tried_again_by_an_automation(cluster: Cluster) -> None:
    trigger = {
        "type": "event",
        "posture": "Proactive",
        "match": {"prefect.resource.id": "prefect.flow-run.*"},
        "for_each": ["prefect.resource.id"],
        "after": [HEARTBEAT],
        "expect": [HEARTBEAT, *ENDS],
        "threshold": 1,
        "within": 60,
    }
    action = {"type": "change-flow-run-state", "state": "SCHEDULED", "name": "AwaitingRetry", "force": True}
    cluster.automate("try again what is gone", trigger, action)
    cluster.mark(Plan(1, 60))
    flow_run = cluster.start("report")
    cluster.until_started()
    time.sleep(3)
    cluster.serve_elsewhere()

    cluster.until_state(flow_run, "COMPLETED", seconds=400)
    assert len(cluster.runs()) == 1


@pytest.mark.parametrize(("flow", "status"), [("report", "RUNNING"), ("careful", "KILLED")])
def test_a_flow_run_that_crashes_keeps_or_cancels_its_run(flow: str, status: str, cluster: Cluster) -> None:
    cluster.mark(Plan(1, 120))
    flow_run = cluster.start(flow)
    cluster.until_started()
    time.sleep(3)
    cluster.kill_flow_run()

    cluster.until_state(flow_run, "CRASHED")
    if status == "KILLED":
        wait_until(lambda: statuses(cluster) == ["KILLED"], "the run is cancelled")
    time.sleep(5)
    assert statuses(cluster) == [status]


@pytest.mark.parametrize(
    ("flow", "cancel", "status"),
    [("report", None, "RUNNING"), ("careful", None, "KILLED"), (WHOLE, False, "RUNNING"), (WHOLE, True, "KILLED")],
)
def test_a_flow_run_that_is_cancelled_keeps_or_cancels_its_run(
    flow: str, cancel: bool | None, status: str, cluster: Cluster
) -> None:
    cluster.mark(Plan(1, 120))
    (block,) = cluster.ask("/block_documents/filter", {"block_documents": {"name": {"any_": ["hex"]}}})
    whole: dict[str, Any] = {
        "credentials": {"$ref": {"block_document_id": block["id"]}},
        "project_id": cluster.project.id,
        "check_interval": 5,
        "cancel_on_interrupt": cancel,
    }
    flow_run = cluster.start(flow, **(whole if flow == WHOLE else {}))
    cluster.until_started()
    time.sleep(3)
    cluster.set_state(flow_run, "CANCELLING", "Cancelling")

    cluster.until_state(flow_run, "CANCELLED")
    if status == "KILLED":
        wait_until(lambda: statuses(cluster) == ["KILLED"], "the run is cancelled")
    time.sleep(5)
    assert statuses(cluster) == [status]


def test_an_automation_answers_a_run_that_failed_and_a_retry_starts_another(cluster: Cluster) -> None:
    trigger = {
        "type": "event",
        "posture": "Reactive",
        "expect": ["hex.run.failed"],
        "match": {"prefect.resource.id": "hex.run.*"},
    }
    action = {
        "type": "run-deployment",
        "source": "selected",
        "deployment_id": cluster.deployment("answered"),
        "parameters": {"run": {"__prefect_kind": "jinja", "template": "{{ event.resource['hex.run_url'] }}"}},
    }
    cluster.automate("answer a run that failed", trigger, action)
    cluster.mark(Plan(1, 2, "ERRORED"))
    flow_run = cluster.start("stubborn")
    cluster.until_started()
    wait_until(lambda: statuses(cluster) == ["ERRORED"], "the run has failed")
    cluster.project.plan = Plan(1, 30)

    cluster.until_state(flow_run, "COMPLETED")
    assert sorted(statuses(cluster)) == ["COMPLETED", "ERRORED"]
    failed = next(run for run in cluster.runs() if run.state(time.time()).status == "ERRORED")
    wanted = {"deployments": {"id": {"any_": [cluster.deployment("answered")]}}}
    (answer,) = wait_until(lambda: cluster.ask("/flow_runs/filter", wanted), "the automation answers")
    assert failed.id in answer["parameters"]["run"]
    # However often it looked: a task run for each attempt at most.
    assert len(cluster.task_runs(flow_run)) <= 2
    assert [each["type"] for each in cluster.artifacts(flow_run)].count("markdown") == 2


def test_prefect_keeps_and_shows_no_token(cluster: Cluster) -> None:
    cluster.mark(SOME_SECONDS)
    cluster.until_state(cluster.start("report"), "COMPLETED")

    said = [
        cluster.ask(path, {})
        for path in (
            "/flow_runs/filter",
            "/task_runs/filter",
            "/artifacts/filter",
            "/logs/filter",
            "/events/filter",
            "/deployments/filter",
            "/block_documents/filter",
            "/automations/filter",
        )
    ]
    assert cluster.project.id in str(said)
    assert TOKENS.personal not in str(said)
    assert places_of(cluster.project.id, cluster.home)
    assert places_of(TOKENS.personal, cluster.home) == []
