"""`kill -9` of a cluster's parts while they start a run and while they wait, and what users do to their tasks.

Runs are counted in the sandbox. It takes minutes, so it is run by `make clusters` alone.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hex_blocks.clock import SystemClock
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan
from tests.faulty import Exchange, Faulty, fetched, pass_on
from tests.hosts.airflow.cluster import Cluster, cluster_of, home_for
from tests.hosts.clusters import PATIENCE, wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1200)]
TITLE = "Quick check"
DAG = """
from datetime import timedelta
from airflow.sdk import DAG
from hex_blocks.hosts.airflow import HexRunProjectOperator

with DAG({name!r}, schedule=None, default_args={{"retries": 3, "retry_delay": timedelta(seconds=1)}}):
    HexRunProjectOperator(task_id="a", project_id={project!r}, deferrable={deferrable})
"""
BOTH = pytest.mark.parametrize("dag", ["waiting", "deferred"])


class Held:
    """Holds the answer to a start back. lose: whether Hex never hears of the start."""

    def __init__(self) -> None:
        self.lose = False
        self.came = threading.Event()
        self.let_go = threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        if exchange.request.method != "POST" or self.came.is_set():
            pass_on(exchange)
            return
        answer = b"" if self.lose else b"".join(fetched(exchange))
        self.came.set()
        self.let_go.wait(PATIENCE)
        exchange.send(answer)
        exchange.close()


@pytest.fixture(scope="module")
def hex_() -> Iterator[Sandbox]:
    """A Hex of our own whose runs take some time."""
    with Sandbox(clock=SystemClock(), limits=False) as running:
        running.world.project(TITLE).plan = Plan(1, 25)
        yield running


@pytest.fixture(scope="module")
def between(hex_: Sandbox) -> Iterator[Faulty]:
    """What stands between the cluster and Hex."""
    with Faulty(pass_on, upstream=hex_.origin) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def cluster(hex_: Sandbox, between: Faulty) -> Iterator[Cluster]:
    project = hex_.world.project(TITLE).id
    deferrable = {"waiting": False, "deferred": True}
    dags = {name: DAG.format(name=name, project=project, deferrable=deferrable[name]) for name in deferrable}
    connection = {"conn_type": "hex", "password": TOKENS.personal, "host": between.origin}
    variables = {"AIRFLOW_CONN_HEX_DEFAULT": json.dumps(connection), "HEX_BLOCKS_ALLOWED_HOSTS": between.origin}
    with home_for("airflow-cluster") as home, cluster_of(home, dags, variables) as made:
        yield made


@pytest.fixture
def held(between: Faulty) -> Iterator[Held]:
    """Hold the answer to the next start back."""
    holding = Held()
    between.play(holding)
    yield holding
    holding.let_go.set()
    between.play(pass_on)


@pytest.fixture
def runs(hex_: Sandbox) -> Callable[[], list[Any]]:
    """Name the runs that were started since the test began, newest first."""
    project = hex_.world.project(TITLE).id
    before = {run.id for run in hex_.world.runs(project)}
    return lambda: [run for run in hex_.world.runs(project) if run.id not in before]


@pytest.fixture
def endless(hex_: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs go on until they are cancelled."""
    monkeypatch.setattr(hex_.world.project(TITLE), "plan", Plan(1, None))


def status(run: Any) -> str:
    return str(run.state(time.time()).status)


def statuses(runs: Callable[[], list[Any]]) -> list[str]:
    return [status(run) for run in runs()]


# While it starts


@BOTH
def test_a_worker_that_is_killed_while_hex_answers_its_start(dag, cluster, runs, held):
    run = cluster.trigger(dag)
    assert held.came.wait(PATIENCE)
    os.kill(cluster.until_process(dag, run), signal.SIGKILL)
    held.let_go.set()

    cluster.until_state(dag, run, "success")
    assert statuses(runs) == ["COMPLETED"]
    assert cluster.tasks(dag, run)[0]["try_number"] > 1


def test_a_worker_that_is_killed_and_its_start_never_came_to_hex(cluster, runs, held):
    held.lose = True
    run = cluster.trigger("deferred")
    assert held.came.wait(PATIENCE)
    os.kill(cluster.until_process("deferred", run), signal.SIGKILL)
    held.let_go.set()

    # Hex might still be carrying it out, so the next try does not send it again at once.
    cluster.until_state("deferred", run, "success")
    assert statuses(runs) == ["COMPLETED"]


@BOTH
def test_a_scheduler_that_is_killed_while_its_worker_starts_a_run(dag, cluster, runs, held):
    run = cluster.trigger(dag)
    assert held.came.wait(PATIENCE)
    scheduler = cluster.scheduler_of(cluster.until_process(dag, run))
    cluster.kill(scheduler)
    held.let_go.set()
    cluster.scheduler(scheduler)

    cluster.until_state(dag, run, "success")
    assert statuses(runs) == ["COMPLETED"]


def test_a_triggerer_that_is_killed_while_a_run_is_started(cluster, runs, held):
    run = cluster.trigger("deferred")
    assert held.came.wait(PATIENCE)
    cluster.kill("triggerer")
    held.let_go.set()
    cluster.until_state("deferred", run, "deferred")
    cluster.triggerer()

    cluster.until_state("deferred", run, "success")
    assert statuses(runs) == ["COMPLETED"]
    assert cluster.tasks("deferred", run)[0]["try_number"] == 1


# While it waits


def test_a_worker_that_is_killed_while_it_waits(cluster, runs):
    run = cluster.trigger("waiting")
    wait_until(runs, "the run is started")
    time.sleep(2)
    os.kill(cluster.until_process("waiting", run), signal.SIGKILL)

    cluster.until_state("waiting", run, "success")
    assert statuses(runs) == ["COMPLETED"]
    assert cluster.tasks("waiting", run)[0]["try_number"] > 1


def test_a_scheduler_that_is_killed_while_its_worker_waits(cluster, runs):
    run = cluster.trigger("waiting")
    wait_until(runs, "the run is started")
    scheduler = cluster.scheduler_of(cluster.until_process("waiting", run))
    cluster.kill(scheduler)
    cluster.scheduler(scheduler)

    cluster.until_state("waiting", run, "success")
    assert statuses(runs) == ["COMPLETED"]


def test_a_triggerer_and_a_scheduler_that_are_killed_while_a_task_is_deferred(cluster, runs):
    run = cluster.trigger("deferred")
    cluster.until_state("deferred", run, "deferred")
    time.sleep(3)
    cluster.kill("triggerer")
    cluster.kill("scheduler 1")
    cluster.triggerer()

    cluster.until_state("deferred", run, "success")
    cluster.scheduler("scheduler 1")
    assert statuses(runs) == ["COMPLETED"]


# What users do


def until_somebody_follows(cluster: Cluster, dag: str, run: str, runs: Callable[[], list[Any]]) -> None:
    wait_until(runs, "the run is started")
    if dag == "deferred":
        cluster.until_state(dag, run, "deferred")
        wait_until(lambda: (cluster.tasks(dag, run)[0]["triggerer_job"] or {}).get("id"), "a triggerer has it")
    # Taken is not begun.
    time.sleep(5)


@BOTH
def test_a_user_who_marks_a_task_as_failed_and_then_clears_it(dag, cluster, runs, hex_, endless, monkeypatch):
    run = cluster.trigger(dag)
    until_somebody_follows(cluster, dag, run, runs)
    cluster.mark(dag, run, "failed")
    wait_until(lambda: statuses(runs) == ["KILLED"], "the run is cancelled", 60)

    monkeypatch.setattr(hex_.world.project(TITLE), "plan", Plan(1, 5))
    cluster.clear(dag, run)
    cluster.until_state(dag, run, "success")

    assert statuses(runs) == ["COMPLETED", "KILLED"]


def test_a_user_who_marks_a_task_as_failed_while_it_starts_its_run(cluster, runs, held, endless):
    run = cluster.trigger("deferred")
    assert held.came.wait(PATIENCE)
    cluster.until_process("deferred", run)
    cluster.mark("deferred", run, "failed")
    wait_until(lambda: "Terminating process" in cluster.log_of("deferred", run), "the process is told")
    # Airflow gives it five seconds.
    held.let_go.set()

    wait_until(lambda: statuses(runs) == ["KILLED"], "the run is cancelled", 60)


@BOTH
def test_a_user_who_clears_a_task_that_had_succeeded(dag, cluster, runs):
    run = cluster.trigger(dag)
    cluster.until_state(dag, run, "success")
    assert statuses(runs) == ["COMPLETED"]

    cluster.clear(dag, run)
    wait_until(lambda: len(runs()) == 2, "another run is started")
    cluster.until_state(dag, run, "success")

    assert statuses(runs) == ["COMPLETED", "COMPLETED"]


@BOTH
def test_a_user_who_clears_a_task_that_goes_on(dag, cluster, runs, hex_, endless, monkeypatch):
    """Its run is cancelled, and the cleared task has another one."""
    run = cluster.trigger(dag)
    until_somebody_follows(cluster, dag, run, runs)
    monkeypatch.setattr(hex_.world.project(TITLE), "plan", Plan(1, 25))
    cluster.clear(dag, run)
    wait_until(lambda: "KILLED" in statuses(runs), "the run is cancelled", 60)

    cluster.until_state(dag, run, "success")
    assert statuses(runs) == ["COMPLETED", "KILLED"]
