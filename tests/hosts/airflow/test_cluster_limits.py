"""More work than Hex takes at once, on a cluster, with Hex's own limits: 20 starts a minute, 60 an hour, 25 kernels.

Hex's clock goes faster here, in the sandbox and in all processes of the cluster: an hour takes some minutes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.clock import FastClock
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import NotebookInput, Plan
from tests.conftest import REPOSITORY
from tests.hosts.airflow import fast_processes
from tests.hosts.airflow.cluster import Cluster, cluster_of, home_for

SPEED = 8
LIMIT = 2400
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(LIMIT + 300)]
TITLE = "Quick check"
DAG = """
import os
from datetime import timedelta
from airflow.sdk import DAG
from hex_blocks.hosts.airflow import HexRunBatchOperator, HexRunProjectOperator

PROJECT = os.environ["HEX_BLOCKS_TEST_PROJECT"]
with DAG({name!r}, schedule=None, default_args={{"retries": 1, "retry_delay": timedelta(seconds=1)}}):
    {task}
"""
MAPPED = (
    'HexRunProjectOperator.partial(task_id="a", project_id=PROJECT, deferrable=True)'
    '.expand(input_params=[{{"n": n}} for n in range({count})])'
)
BATCH = (
    'HexRunBatchOperator(task_id="a", project_id=PROJECT, deferrable=True,'
    ' parameter_sets=[{"n": n} for n in range(100)])'
)
TASKS = {"mapped_10": MAPPED.format(count=10), "mapped_100": MAPPED.format(count=100), "batch_100": BATCH}
DAGS = {name: DAG.format(name=name, task=task) for name, task in TASKS.items()}
# The server's time as the windows of the request budget ask for it, in a database where Hex's clock goes faster.
FAST_SERVER = """
CREATE DATABASE hex;
\\c hex
CREATE SCHEMA fast;
CREATE FUNCTION fast.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$
    SELECT to_timestamp({began} + {speed} * (extract(epoch FROM pg_catalog.clock_timestamp()) - {began}))
$$;
ALTER DATABASE hex SET search_path = fast, pg_catalog, public;
"""


@pytest.fixture(scope="module")
def hex_() -> Iterator[Sandbox]:
    """A Hex of our own, with Hex's limits, whose runs take a minute."""
    with Sandbox(clock=FastClock(SPEED)) as running:
        project = running.world.project(TITLE)
        project.inputs, project.plan = (NotebookInput("n", "number", 0),), Plan(5, 60)
        yield running


@pytest.fixture(scope="module", params=["each process by itself", "all together"])
def cluster(hex_: Sandbox, request: Any) -> Iterator[Cluster]:
    """A cluster whose processes count their requests by themselves, or together in PostgreSQL."""
    with home_for("airflow-limits") as home, cluster_of(home, DAGS, variables_of(hex_, home, request.param)) as made:
        yield made


def variables_of(hex_: Sandbox, home: Path, counted: str) -> dict[str, str]:
    """Return the environment of the cluster, whose connection to Hex is by the fast clock."""
    (home / "fast").mkdir()
    (home / "fast" / "sitecustomize.py").write_text(Path(fast_processes.__file__).read_text())
    clock: Any = hex_.clock
    connection = {"conn_type": "hex", "password": TOKENS.personal, "host": hex_.origin}
    variables = {
        "PYTHONPATH": f"{home / 'fast'}:{REPOSITORY}",
        fast_processes.CLOCK: f"{SPEED} {clock._started_at!r} {clock._origin!r}",
        "AIRFLOW_CONN_HEX_DEFAULT": json.dumps(connection),
        "HEX_BLOCKS_ALLOWED_HOSTS": hex_.origin,
        # Nothing is killed here, and on a busy machine a task that begins is silent for some time.
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "300",
        "HEX_BLOCKS_TEST_PROJECT": hex_.world.project(TITLE).id,
    }
    if counted == "all together":
        pgserver = pytest.importorskip("pgserver")
        database = pgserver.get_server(home / "postgres")
        database.psql(FAST_SERVER.format(began=clock._started_at, speed=SPEED))
        variables["HEX_BLOCKS_RECORD"] = database.get_uri(database="hex")
    return variables


@pytest.fixture
def runs(hex_: Sandbox) -> Callable[[], list[Any]]:
    project = hex_.world.project(TITLE).id
    before = {run.id for run in hex_.world.runs(project)}
    return lambda: [run for run in hex_.world.runs(project) if run.id not in before]


@pytest.mark.parametrize("dag", TASKS)
def test_all_sets_are_run_once_however_few_hex_takes_at_a_time(dag, cluster, hex_, runs):
    asked = len(hex_.requests)
    began = time.monotonic()
    run = cluster.trigger(dag)
    cluster.until_state(dag, run, "success", LIMIT)

    refused = [each for each in hex_.requests[asked:] if each.status == 429]
    print(
        f"{dag}: {time.monotonic() - began:.0f} s, {(time.monotonic() - began) * SPEED / 60:.0f} minutes of Hex, "
        f"{len(hex_.requests) - asked} requests, {len(refused)} refused"
    )
    assert {each["try_number"] for each in cluster.tasks(dag, run)} == {1}
    assert sorted(each.inputs["n"] for each in runs()) == list(range(int(dag.rpartition("_")[2])))
    assert {str(each.state(hex_.clock.time()).status) for each in runs()} == {"COMPLETED"}
