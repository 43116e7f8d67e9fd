"""What OpenLineage hears of tasks, by Airflow's own provider for it, at a server of its API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from hex_blocks.hosts.airflow.lineage import dataset_of, datasets_of
from hex_blocks.hosts.engines.clients import client_for
from hex_blocks.sandbox import TOKENS
from hex_blocks.sandbox.model import Plan
from tests.faulty import Faulty, reply
from tests.hosts.airflow.conftest import HEAD, HOME

TITLE = "Quick check"
TABLE = {"dataConnectionId": "c1", "dataConnectionName": "Warehouse"}


@pytest.fixture
def events(database, sandbox):
    """Run a DAG with OpenLineage: events("HexRunProjectOperator(…)") gives the last event of each task, by its ID."""

    def run(*tasks: str) -> dict[str, Any]:
        file = HOME / "dags" / "lineage.py"
        inside = "\n    ".join(tasks)
        started = "if __name__ == '__main__':\n    dag.test()\n"
        file.write_text(f"{HEAD}\nwith DAG('lineage', schedule=None) as dag:\n    {inside}\n{started}")
        with Faulty(reply(201)) as server:
            transport = {"type": "http", "url": server.origin, "endpoint": "api/v1/lineage"}
            env = os.environ | {"AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport)}
            done = subprocess.run([sys.executable, file], capture_output=True, text=True, check=False, env=env)
            file.unlink()
            told = [each.json for each in server.requests]
        assert told, done.stdout + done.stderr
        return {each["job"]["name"].partition(".")[2]: each for each in told}

    return run


@pytest.fixture
def project_with_tables(sandbox, project):
    found = sandbox.world.project(TITLE)
    warehouse = sandbox.world.connection("Warehouse")
    found.tables = ((warehouse.id, "analytics.shop.orders"), (warehouse.id, "analytics.shop.stores"))
    return found


# Airflow and OpenLineage take a process each for it, which begin slowly on a busy machine.
@pytest.mark.timeout(300)
def test_a_run_is_told_with_the_tables_that_its_project_reads(events, sandbox, project, project_with_tables):
    failing = sandbox.world.project("Revenue report")
    failing.plan = Plan(1, 2, "ERRORED")

    told = events(
        "HexRunProjectOperator(task_id='good', project_id=PROJECT)",
        f"HexRunProjectOperator(task_id='bad', project_id={failing.id!r})",
    )

    assert {name: told[name]["eventType"] for name in ("good", "bad")} == {"good": "COMPLETE", "bad": "FAIL"}
    named = {(each["namespace"], each["name"]) for each in told["good"]["inputs"]}
    assert named == {
        ("snowflake://sandbox-example", "analytics.shop.orders"),
        ("snowflake://sandbox-example", "analytics.shop.stores"),
    }
    for name, project_id in (("good", project), ("bad", failing.id)):
        run = sandbox.world.runs(project_id)[0]
        facet = told[name]["run"]["facets"]["externalQuery"]
        assert facet["externalQueryId"] == run.id
        assert run.id in facet["source"]
    assert TOKENS.personal not in json.dumps(told)


def test_tables_that_hex_does_not_tell_of_are_left_out(sandbox, project, monkeypatch):
    with Faulty(reply(403, {"reason": "not on this plan"})) as server:
        monkeypatch.setenv("HEX_BLOCKS_ALLOWED_HOSTS", server.origin)

        assert datasets_of(client_for(TOKENS.personal, server.base_url), [project]) == []


@pytest.mark.parametrize(
    ("kind", "details", "name", "dataset"),
    [
        ("postgres", {"hostname": "db", "port": 5433, "database": "app"}, "public.users",
         ("postgres://db:5433", "app.public.users")),
        ("redshift", {"host": "r.example.com"}, "dev.public.t", ("redshift://r.example.com:5439", "dev.public.t")),
        ("snowflake", {"accountName": "org-one", "database": "A", "schema": "S"}, "T",
         ("snowflake://org-one", "A.S.T")),
        ("bigquery", {"projectId": "p"}, "d.t", ("bigquery", "p.d.t")),
        ("trino", {"hostname": "t", "port": 443, "catalog": "hive"}, "web.logs", ("trino://t:443", "hive.web.logs")),
        ("databricks", {"jdbcUrl": "jdbc:databricks://dbc-1.cloud.databricks.com:443/default;httpPath=x"}, "c.s.t",
         ("databricks://dbc-1.cloud.databricks.com", "c.s.t")),
        ("athena", {"hostname": "athena.eu-west-1.amazonaws.com", "catalog": "C"}, "d.t",
         ("awsathena://athena.eu-west-1.amazonaws.com", "C.d.t")),
        ("clickhouse", {"hostname": "ch"}, "web.requests", ("clickhouse://ch:8123", "web.requests")),
        ("postgres", {}, "public.users", ("hex://eu.hex.tech/c1", "public.users")),
        ("something new", {"hostname": "x"}, "t", ("hex://eu.hex.tech/c1", "t")),
    ],
)  # fmt: skip
def test_tables_are_named_by_openlineages_rules(kind, details, name, dataset):
    connection = {"type": kind, "connectionDetails": {kind: details}}

    assert dataset_of(name, TABLE, connection, "eu.hex.tech") == dataset
