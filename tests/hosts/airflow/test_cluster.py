"""A real cluster: PostgreSQL, two schedulers, a triggerer, and `kill -9` of its parts. Runs are counted in the sandbox.

It takes minutes, so it is run by `make clusters` alone.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.clock import SystemClock
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan
from tests.conftest import REPOSITORY

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
TITLE = "Quick check"
DAGS = """
from datetime import timedelta
from airflow.sdk import DAG
from hex_blocks.hosts.airflow import HexRunProjectOperator

PROJECT = {project!r}
AGAIN = {{"retries": 3, "retry_delay": timedelta(seconds=1)}}
with DAG("waiting", schedule=None, default_args=AGAIN):
    HexRunProjectOperator(task_id="a", project_id=PROJECT, deferrable=False)
with DAG("deferred", schedule=None, default_args=AGAIN):
    HexRunProjectOperator(task_id="a", project_id=PROJECT, deferrable=True)
with DAG("mapped", schedule=None, default_args=AGAIN):
    HexRunProjectOperator.partial(task_id="a", project_id=PROJECT, deferrable=True).expand(
        input_params=[{{}} for _ in range(10)]
    )
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until(true: Callable[[], Any], what: str, seconds: float = 180) -> Any:
    """Wait until something is there, and return it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := true():
            return found
        time.sleep(0.5)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


class Cluster:
    """The processes of Airflow, each in a group of its own, and its REST API."""

    def __init__(self, home: Path, env: dict[str, str], port: int) -> None:
        self.home = home
        self.env = env
        self.api = f"http://127.0.0.1:{port}"
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._token = ""

    def start(self, name: str, *arguments: str) -> None:
        with (self.home / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "airflow", *arguments],
                env=self.env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """End a process and its children, without a word to them."""
        os.killpg(self.running.pop(name).pid, signal.SIGKILL)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        if not self._token:
            with urllib.request.urlopen(f"{self.api}/auth/token", timeout=30) as answer:
                self._token = json.loads(answer.read())["access_token"]
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.api}/api/v2{path}", data, headers, method=method)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def is_up(self) -> bool:
        try:
            return {"waiting", "deferred", "mapped"} <= {each["dag_id"] for each in self.ask("GET", "/dags")["dags"]}
        except OSError:
            return False

    def trigger(self, dag: str) -> str:
        self.ask("PATCH", f"/dags/{dag}", {"is_paused": False})
        return str(self.ask("POST", f"/dags/{dag}/dagRuns", {"logical_date": None})["dag_run_id"])

    def tasks(self, dag: str, run: str) -> list[dict[str, Any]]:
        return list(self.ask("GET", f"/dags/{dag}/dagRuns/{run}/taskInstances")["task_instances"])

    def until_state(self, dag: str, run: str, state: str) -> None:
        wait_until(lambda: {each["state"] for each in self.tasks(dag, run)} == {state}, f"{dag} is {state}")

    def triggerer(self) -> None:
        self.start("triggerer", "triggerer", "--skip-serve-logs")

    def scheduler(self, number: int) -> None:
        self.start(f"scheduler {number}", "scheduler", "--skip-serve-logs")


@pytest.fixture(scope="module")
def hex_() -> Iterator[Sandbox]:
    """A Hex of our own whose runs take some time."""
    with Sandbox(clock=SystemClock(), limits=False) as running:
        running.world.project(TITLE).plan = Plan(1, 25)
        yield running


@pytest.fixture(scope="module")
def cluster(hex_: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    pgserver = pytest.importorskip("pgserver")
    home = tmp_path_factory.mktemp("cluster")
    port = free_port()
    database = pgserver.get_server(home / "postgres")
    connection = {"conn_type": "hex", "password": TOKENS.personal, "host": hex_.origin}
    env = os.environ | {
        "PYTHONPATH": str(REPOSITORY),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
        "AIRFLOW__CORE__PARALLELISM": "12",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database.get_uri().replace("postgresql:", "postgresql+psycopg2:"),
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "2",
        "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
        "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
        "AIRFLOW_CONN_HEX_DEFAULT": json.dumps(connection),
        "HEX_BLOCKS_ALLOWED_HOSTS": hex_.origin,
        "HEX_BLOCKS_DATA_DIR": str(home / "data"),
    }
    (home / "dags").mkdir()
    (home / "dags" / "cluster.py").write_text(DAGS.format(project=hex_.world.project(TITLE).id))
    migrate = subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"], env=env, capture_output=True, check=False
    )
    assert migrate.returncode == 0, migrate.stderr.decode()
    made = Cluster(home, env, port)
    try:
        made.start("api server", "api-server", "--port", str(port), "--host", "127.0.0.1")
        made.start("dag processor", "dag-processor")
        made.triggerer()
        made.scheduler(1)
        made.scheduler(2)
        wait_until(made.is_up, "the API server and its DAGs")
        yield made
    finally:
        for name in list(made.running):
            made.kill(name)
        database.cleanup()


@pytest.fixture
def runs(hex_: Sandbox) -> Callable[[], list[Any]]:
    """Name the runs that were started since the test began, newest first."""
    project = hex_.world.project(TITLE).id
    before = {run.id for run in hex_.world.runs(project)}
    return lambda: [run for run in hex_.world.runs(project) if run.id not in before]


def status(run: Any) -> str:
    return str(run.state(time.time()).status)


def test_a_worker_that_is_killed_while_it_waits(cluster, runs):
    run = cluster.trigger("waiting")
    wait_until(runs, "the run is started")
    time.sleep(2)
    (task,) = cluster.tasks("waiting", run)
    os.kill(task["pid"], signal.SIGKILL)

    cluster.until_state("waiting", run, "success")
    assert len(runs()) == 1
    assert cluster.tasks("waiting", run)[0]["try_number"] > 1


def test_a_triggerer_and_a_scheduler_that_are_killed_while_a_task_is_deferred(cluster, runs):
    run = cluster.trigger("deferred")
    cluster.until_state("deferred", run, "deferred")
    time.sleep(3)
    cluster.kill("triggerer")
    cluster.kill("scheduler 1")
    cluster.triggerer()

    cluster.until_state("deferred", run, "success")
    cluster.scheduler(1)
    assert len(runs()) == 1


def test_a_user_who_marks_a_deferred_task_as_failed(cluster, runs, hex_, monkeypatch):
    monkeypatch.setattr(hex_.world.project(TITLE), "plan", Plan(1, None))
    run = cluster.trigger("deferred")
    cluster.until_state("deferred", run, "deferred")
    wait_until(runs, "the run is started")
    wait_until(lambda: (cluster.tasks("deferred", run)[0]["triggerer_job"] or {}).get("id"), "a triggerer has it")
    # Taken is not begun.
    time.sleep(5)
    cluster.ask("PATCH", f"/dags/deferred/dagRuns/{run}/taskInstances/a", {"new_state": "failed"})

    wait_until(lambda: status(runs()[0]) == "KILLED", "the run is cancelled", 30)
    assert len(runs()) == 1


def test_a_user_who_clears_a_task_that_had_succeeded(cluster, runs):
    run = cluster.trigger("deferred")
    cluster.until_state("deferred", run, "success")
    assert len(runs()) == 1

    cleared = {"dry_run": False, "task_ids": ["a"], "dag_run_id": run, "only_failed": False, "reset_dag_runs": True}
    cluster.ask("POST", "/dags/deferred/clearTaskInstances", cleared)
    wait_until(lambda: len(runs()) == 2, "another run is started")

    cluster.until_state("deferred", run, "success")
    assert len(runs()) == 2


def test_ten_mapped_tasks_on_two_schedulers(cluster, runs):
    run = cluster.trigger("mapped")

    cluster.until_state("mapped", run, "success")
    assert len(runs()) == 10
    assert {status(each) for each in runs()} == {"COMPLETED"}
