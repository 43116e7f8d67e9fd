"""Tokens with a mark, in each place where Airflow keeps connections: the mark is found nowhere else afterwards.

Looked through are the metadata database, all logs, and what the REST API tells of tasks, their templates, XComs,
logs and connections.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from hex_blocks.clock import SystemClock
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan
from tests.hosts.airflow.cluster import Cluster, cluster_of, home_for
from tests.hosts.clusters import wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
MARK = "m4rked"
FORM, ENV, BACKEND = (f"hxtp_{MARK}_{place}" for place in ("form", "environment", "backend"))
REFUSED, BROKEN = f"hxtp_{MARK}_refused", f"hxtp_{MARK}_broken\nline"
FAILED = {"ends_badly_here", "ends_badly_deferred", "no_such_project", "refused_token", "broken_token", "elsewhere"}
DAG = """
import os
from airflow.sdk import DAG
from hex_blocks.hosts.airflow import HexRunBatchOperator, HexRunProjectOperator, HexRunSensor, HexToolOperator

GOOD, BAD = os.environ["GOOD_PROJECT"], os.environ["BAD_PROJECT"]
with DAG("tokens", schedule=None):
    HexRunProjectOperator(task_id="form", project_id=GOOD, hex_conn_id="hex_form", deferrable=True)
    HexRunProjectOperator(task_id="environment", project_id=GOOD, hex_conn_id="hex_environment")
    start = HexRunProjectOperator(
        task_id="backend", project_id=GOOD, hex_conn_id="{{ 'hex_backend' }}", wait_for_termination=False
    )
    start >> HexRunSensor(
        task_id="sensor", project_id=GOOD, hex_conn_id="hex_form", check_interval=5, deferrable=True,
        run_id="{{ ti.xcom_pull('backend', key='run_id') }}",
    )
    HexRunBatchOperator(task_id="batch", project_id=GOOD, parameter_sets=[{}, {}], hex_conn_id="hex_backend",
                        deferrable=True)
    HexToolOperator(task_id="tool", tool="check_connection", hex_conn_id="hex_form")
    HexRunProjectOperator(task_id="ends_badly_here", project_id=BAD, hex_conn_id="hex_environment")
    HexRunProjectOperator(task_id="ends_badly_deferred", project_id=BAD, hex_conn_id="hex_form", deferrable=True)
    HexRunProjectOperator(task_id="no_such_project", project_id="no ID", hex_conn_id="hex_backend")
    HexRunProjectOperator(task_id="refused_token", project_id=GOOD, hex_conn_id="hex_refused")
    HexToolOperator(task_id="broken_token", tool="check_connection", hex_conn_id="hex_broken")
    HexToolOperator(task_id="elsewhere", tool="check_connection", hex_conn_id="hex_elsewhere")
"""


@pytest.fixture(scope="module")
def hex_() -> Iterator[Sandbox]:
    with Sandbox(clock=SystemClock(), limits=False) as running:
        running.world.project("Quick check").plan = Plan(1, 5)
        running.world.project("Revenue report").plan = Plan(1, 5, "ERRORED")
        for token in (FORM, ENV, BACKEND):
            running.world.tokens[token] = running.world.tokens[TOKENS.personal]
        yield running


@pytest.fixture(scope="module")
def cluster(hex_: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    def connection(token: str) -> dict[str, str]:
        return {"conn_type": "hex", "password": token, "host": hex_.origin}

    file = tmp_path_factory.mktemp("secrets") / "connections.json"
    file.write_text(json.dumps({"hex_backend": connection(BACKEND)}))
    backend = "airflow.secrets.local_filesystem.LocalFilesystemBackend"
    elsewhere = {"conn_type": "hex", "password": ENV, "host": "https://example.org"}
    variables = {
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG",
        "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__SECRETS__BACKEND": backend,
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps({"connections_file_path": str(file)}),
        "AIRFLOW_CONN_HEX_ENVIRONMENT": json.dumps(connection(ENV)),
        "AIRFLOW_CONN_HEX_REFUSED": json.dumps(connection(REFUSED)),
        "AIRFLOW_CONN_HEX_BROKEN": json.dumps(connection(BROKEN)),
        "AIRFLOW_CONN_HEX_ELSEWHERE": json.dumps(elsewhere),
        "HEX_BLOCKS_ALLOWED_HOSTS": hex_.origin,
        "GOOD_PROJECT": hex_.world.project("Quick check").id,
        "BAD_PROJECT": hex_.world.project("Revenue report").id,
    }
    with home_for("airflow-tokens") as home, cluster_of(home, {"tokens": DAG}, variables) as made:
        yield made


def texts_of_database(address: str) -> Iterator[tuple[str, str]]:
    """Yield every row of every table, as text."""
    import psycopg

    with psycopg.connect(address) as connection:
        tables = connection.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname <> 'pg_catalog'")
        for schema, table in tables.fetchall():
            # What is kept as bytes is shown as hexadecimal digits.
            rows = connection.execute(f'SELECT t::text FROM "{schema}"."{table}" t'.encode())
            yield from ((f"{schema}.{table}", row) for (row,) in rows.fetchall())


def answers_of_api(cluster: Cluster, run: str) -> Iterator[tuple[str, str]]:
    """Yield what the REST API tells of a DAG run, and of what it used."""
    below = f"/dags/tokens/dagRuns/{run}"
    paths = ["/connections", "/dags/tokens/details", below, f"{below}/taskInstances?limit=100", "/eventLogs?limit=500"]
    for task in cluster.tasks("tokens", run):
        of_task = f"{below}/taskInstances/{task['task_id']}"
        paths += [of_task, f"{of_task}/tries", f"{of_task}/logs/1?full_content=true", f"{of_task}/links"]
        entries = json.loads(cluster.ask_for_text("GET", f"{of_task}/xcomEntries"))["xcom_entries"]
        paths += [f"{of_task}/xcomEntries/{entry['key']}" for entry in entries]
    for path in paths:
        yield path, cluster.ask_for_text("GET", path)


def holding_mark(texts: Iterator[tuple[str, str]]) -> tuple[list[str], int]:
    """Return where the mark is, as it is or in hexadecimal digits, and how much was looked through."""
    found, size = [], 0
    for place, text in texts:
        size += len(text)
        found += [place for mark in (MARK, MARK.encode().hex()) if mark in text]
    return found, size


@pytest.fixture(scope="module")
def finished(cluster: Cluster, hex_: Sandbox) -> str:
    """Use all tokens: in a form and its test, and in tasks that end well and badly. Return the DAG run."""
    form: Any = {"connection_id": "hex_form", "conn_type": "hex", "password": FORM, "host": hex_.origin}
    tested = cluster.ask("POST", "/connections/test", form)
    assert tested["status"] is True, tested
    refused = cluster.ask("POST", "/connections/test", form | {"password": REFUSED})
    assert refused["status"] is False
    assert MARK not in json.dumps([tested, refused])
    assert MARK not in cluster.ask_for_text("POST", "/connections", form)
    run = cluster.trigger("tokens")
    over = {"success", "failed", "upstream_failed"}
    wait_until(lambda: {each["state"] for each in cluster.tasks("tokens", run)} <= over, "all tasks are over", 600)
    return run


def test_the_tasks_ended_as_they_should(cluster, finished):
    tasks = cluster.tasks("tokens", finished)

    assert {each["task_id"] for each in tasks if each["state"] == "failed"} == FAILED
    assert {each["task_id"] for each in tasks if each["state"] == "success"} == {
        each["task_id"] for each in tasks
    } - FAILED


def test_the_database_holds_no_token(cluster, finished):
    found, size = holding_mark(texts_of_database(cluster.database))

    assert found == []
    assert size > 50_000


def test_no_log_holds_a_token(cluster, finished):
    files = [*cluster.home.glob("*.log"), *(cluster.home / "logs").rglob("*"), *(cluster.home / "data").rglob("*")]
    texts = ((str(file), file.read_bytes().decode(errors="replace")) for file in files if file.is_file())
    found, size = holding_mark(texts)

    assert found == []
    assert size > 50_000


def test_no_answer_of_the_rest_api_holds_a_token(cluster, finished):
    found, size = holding_mark(answers_of_api(cluster, finished))

    assert found == []
    assert size > 20_000


def test_the_mark_would_be_found():
    rows = iter([("a", f"x{FORM}"), ("b", "\\x" + FORM.encode().hex()), ("c", "nothing")])

    assert holding_mark(rows)[0] == ["a", "b"]
