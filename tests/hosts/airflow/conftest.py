"""Airflow as the tests of this folder use it: a database of its own, and DAGs run in this process on a sandbox."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
import tempfile
import textwrap
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.clock import FastClock
from hex_blocks.hosts.engines import clients
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import NotebookInput

SPEED = 20
TITLE = "Quick check"
HOME = Path(tempfile.mkdtemp(prefix="airflow-"))
SETTINGS = {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "HEX_BLOCKS_ENGINE_PROJECT": "",
}
# Airflow reads where its home is when it is imported, and warns of its own old parts then.
os.environ |= SETTINGS
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("airflow.sdk", reason="run by make test-hosts")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let Airflow warn of its own old parts."""
    for item in items:
        if "hosts/airflow" in str(item.path):
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@dataclass
class Finished:
    """A DAG run: the states of its tasks by name, mapped ones with their index, and what they left as XComs."""

    state: str
    tasks: dict[str, str]
    xcoms: dict[tuple[str, str], Any]

    def returned(self, task: str) -> Any:
        return self.xcoms[task, "return_value"]


RunDag = Callable[..., Finished]


@pytest.fixture(scope="session")
def database() -> None:
    """Make Airflow's database."""
    (HOME / "dags").mkdir()
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | SETTINGS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def clock() -> FastClock:
    return FastClock(SPEED)


@pytest.fixture
def sandbox(clock: FastClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A Hex of our own, and Airflow's connection to it."""
    monkeypatch.setattr("hex_blocks.api.connection.SystemClock", lambda: clock)
    with Sandbox(clock=clock) as running:
        connect(monkeypatch, running)
        running.world.project(TITLE).inputs = (NotebookInput("n", "number", 0),)
        yield running
    clients.forget_clients()


def connect(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, token: str = TOKENS.personal) -> None:
    """Lead Airflow's connection to a sandbox."""
    monkeypatch.setenv("HEX_BLOCKS_ALLOWED_HOSTS", sandbox.origin)
    connection = {"conn_type": "hex", "password": token, "host": sandbox.origin}
    monkeypatch.setenv("AIRFLOW_CONN_HEX_DEFAULT", json.dumps(connection))


@pytest.fixture
def project(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> str:
    """The project that DAGs run; they read its ID as PROJECT."""
    found = sandbox.world.project(TITLE).id
    monkeypatch.setenv("HEX_BLOCKS_ENGINE_PROJECT", found)
    return found


@pytest.fixture
def started(sandbox: Sandbox, project: str) -> Callable[[], int]:
    """Count the runs that were started since the test began."""
    before = len(sandbox.world.runs(project))
    return lambda: len(sandbox.world.runs(project)) - before


HEAD = """
import os
from datetime import timedelta
from airflow.sdk import DAG, Asset
from hex_blocks.hosts.airflow import *
from hex_blocks.hosts.airflow import HexRunBatchOperator, HexRunPipelineOperator, HexRunProjectOperator
from hex_blocks.hosts.airflow import HexRunSensor, HexToolOperator
PROJECT = os.environ["HEX_BLOCKS_ENGINE_PROJECT"]
AGAIN = {"retries": 2, "retry_delay": timedelta(0)}
"""


@pytest.fixture
def run_dag(database: None, sandbox: Sandbox, request: pytest.FixtureRequest) -> RunDag:
    """Run a DAG to its end: run_dag("HexRunProjectOperator(task_id='a', …)") gives what became of it.

    The source is what stands inside the DAG, or with `whole` a file that makes `dag`.
    """
    name = "".join(letter if letter.isalnum() else "_" for letter in request.node.name)

    def run(source: str, *, before: str = "", whole: bool = False) -> Finished:
        file = HOME / "dags" / f"{name}.py"
        inside = textwrap.indent(textwrap.dedent(source), "    ")
        with_dag = f"{HEAD}\n{textwrap.dedent(before)}\nwith DAG({name!r}, schedule=None) as dag:\n{inside}"
        file.write_text(source if whole else with_dag)
        try:
            dag = runpy.run_path(str(file))["dag"]
            return outcome(dag.test())
        finally:
            file.unlink()

    return run


def outcome(run: Any) -> Finished:
    """Return what became of a DAG run."""
    from airflow.models.xcom import XComModel
    from airflow.settings import Session

    tasks = {}
    for each in run.get_task_instances():
        tasks[each.task_id if each.map_index < 0 else f"{each.task_id}[{each.map_index}]"] = str(each.state)
    session = Session()
    kept = session.query(XComModel).filter(XComModel.dag_id == run.dag_id, XComModel.run_id == run.run_id)
    xcoms = {
        (each.task_id if each.map_index < 0 else f"{each.task_id}[{each.map_index}]", each.key): plain(each.value)
        for each in kept
    }
    session.close()
    return Finished(str(run.state), tasks, xcoms)


def plain(value: Any) -> Any:
    from airflow.sdk.serde import deserialize

    return deserialize(value)
