"""A real cluster of Airflow: PostgreSQL, an API server, a DAG processor, two schedulers and a triggerer.

Its servers of logs are left out, so that all that listens does so on this machine's loopback.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import tomllib
import urllib.request
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.hosts.clusters import PATIENCE, free_port, wait_until


def installed_in(folder: Path) -> Path:
    """Make a folder in which hex-blocks is installed as far as Airflow's search for providers goes, and return it."""
    group = "apache_airflow_provider"
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    info = folder / "site" / "hex_blocks-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hex-blocks\nVersion: 0.1.0\n")
    lines = [f"{name} = {value}" for name, value in project["entry-points"][group].items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines, ""]))
    return info.parent


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


class Cluster:
    """The processes of Airflow, each in a group of its own, and its REST API."""

    def __init__(self, home: Path, env: Mapping[str, str], port: int, database: str) -> None:
        self.home = home
        self.env = env
        self.api = f"http://127.0.0.1:{port}"
        self.database = database
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

    def scheduler_of(self, pid: int) -> str:
        """Name the scheduler whose executor runs a task."""
        names = {process.pid: name for name, process in self.running.items()}
        while pid not in names:
            pid = parent_of(pid)
        return names[pid]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return json.loads(self.ask_for_text(method, path, body) or "null")

    def ask_for_text(self, method: str, path: str, body: Any = None) -> str:
        if not self._token:
            with urllib.request.urlopen(f"{self.api}/auth/token", timeout=60) as answer:
                self._token = json.loads(answer.read())["access_token"]
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.api}/api/v2{path}", data, headers, method=method)
        with urllib.request.urlopen(asked, timeout=120) as answer:
            return str(answer.read().decode())

    def has(self, dags: Collection[str]) -> bool:
        return set(dags) <= {each["dag_id"] for each in self.ask("GET", "/dags")["dags"]}

    def trigger(self, dag: str) -> str:
        self.ask("PATCH", f"/dags/{dag}", {"is_paused": False})
        return str(self.ask("POST", f"/dags/{dag}/dagRuns", {"logical_date": None})["dag_run_id"])

    def tasks(self, dag: str, run: str) -> list[dict[str, Any]]:
        found = self.ask("GET", f"/dags/{dag}/dagRuns/{run}/taskInstances?limit=200")
        return list(found["task_instances"])

    def until_state(self, dag: str, run: str, state: str, seconds: float = PATIENCE) -> None:
        wait_until(lambda: {each["state"] for each in self.tasks(dag, run)} == {state}, f"{dag} is {state}", seconds)

    def until_process(self, dag: str, run: str) -> int:
        """Wait until a process runs a DAG's only task, and return its ID."""

        def process() -> int | None:
            tasks = self.tasks(dag, run)
            return tasks[0]["pid"] if tasks and tasks[0]["state"] == "running" else None

        return int(wait_until(process, f"{dag} is run"))

    def mark(self, dag: str, run: str, state: str) -> None:
        """Do what a user does who marks a task."""
        self.ask("PATCH", f"/dags/{dag}/dagRuns/{run}/taskInstances/a", {"new_state": state})

    def clear(self, dag: str, run: str) -> None:
        """Do what a user does who clears a task."""
        cleared = {"dry_run": False, "task_ids": ["a"], "dag_run_id": run, "only_failed": False, "reset_dag_runs": True}
        self.ask("POST", f"/dags/{dag}/clearTaskInstances", cleared)

    def log_of(self, dag: str, run: str) -> str:
        """Read what the only task of a DAG has logged over all its tries."""
        files = sorted((self.home / "logs" / f"dag_id={dag}" / f"run_id={run}").rglob("*.log"))
        return "".join(file.read_text() for file in files)

    def triggerer(self) -> None:
        self.start("triggerer", "triggerer", "--skip-serve-logs")

    def scheduler(self, name: str) -> None:
        self.start(name, "scheduler", "--skip-serve-logs")


@contextmanager
def home_for(name: str) -> Iterator[Path]:
    """Make a folder that PostgreSQL can use, which does not run as root.

    Not one of pytest's: each of its sessions closes their common parent to others.
    """
    with tempfile.TemporaryDirectory(prefix=f"{name}-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def cluster_of(home: Path, dags: Mapping[str, str], variables: Mapping[str, str]) -> Iterator[Cluster]:
    """Run a cluster meanwhile.

    home: its folder. dags: the source of each DAG file; each makes a DAG of the file's name and perhaps more.
    """
    pgserver = pytest.importorskip("pgserver")
    port = free_port()
    database = pgserver.get_server(home / "postgres")
    env = {
        **os.environ,
        "PYTHONPATH": f"{installed_in(home)}{os.pathsep}{REPOSITORY}",
        # Many processes begin: without files of compiled code each of them would compile all of Airflow.
        "PYTHONDONTWRITEBYTECODE": "",
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
        "HEX_BLOCKS_DATA_DIR": str(home / "data"),
        **variables,
    }
    (home / "dags").mkdir()
    for name, source in dags.items():
        (home / "dags" / f"{name}.py").write_text(source)
    migrate = subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"], env=env, capture_output=True, check=False
    )
    assert migrate.returncode == 0, migrate.stderr.decode()
    made = Cluster(home, env, port, database.get_uri())
    try:
        made.start("api server", "api-server", "--port", str(port), "--host", "127.0.0.1")
        made.start("dag processor", "dag-processor")
        made.triggerer()
        made.scheduler("scheduler 1")
        made.scheduler("scheduler 2")
        wait_until(lambda: made.has(dags), "the API server and its DAGs")
        yield made
    finally:
        for name in list(made.running):
            made.kill(name)
        database.cleanup()
