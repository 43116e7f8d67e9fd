"""The provider as Airflow finds it: metadata, connection, hook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hex_blocks import HexError
from hex_blocks.hosts import airflow as host
from hex_blocks.hosts.airflow.provider import get_provider_info
from hex_blocks.sandbox import TOKENS
from tests.conftest import REPOSITORY
from tests.hosts.airflow.cluster import installed_in
from tests.hosts.airflow.conftest import connect


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """The environment in which hex-blocks is installed, as far as entry points go."""
    return os.environ | {"PYTHONPATH": f"{installed_in(tmp_path)}{os.pathsep}{REPOSITORY}"}


def airflow(*arguments: str, env: dict[str, str]) -> str:
    command = [sys.executable, "-m", "airflow", *arguments, "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout[done.stdout.index("[") :]


def test_airflow_lists_the_provider_with_its_connection_type_and_link(installed, database):
    providers = json.loads(airflow("providers", "list", env=installed))
    hooks = json.loads(airflow("providers", "hooks", env=installed))
    links = airflow("providers", "links", env=installed)

    assert "hex-blocks" in [each["package_name"] for each in providers]
    assert "hex" in [each["connection_type"] for each in hooks]
    assert "HexRunLink" in links


def test_metadata_is_read_without_airflow():
    code = "import sys; from hex_blocks.hosts.airflow.provider import get_provider_info; get_provider_info(); "
    code += "assert not [name for name in sys.modules if name.split('.')[0] == 'airflow']"

    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": str(REPOSITORY)})


def test_metadata_follows_airflows_schema(schema_errors):
    import airflow as engine

    schema = json.loads((Path(engine.__file__).parent / "provider_info.schema.json").read_text())

    assert schema_errors(get_provider_info(), schema) == []


def test_every_name_is_there():
    assert all(getattr(host, name).__name__ == name for name in host.__all__)
    with pytest.raises(AttributeError):
        getattr(host, "HexSomethingElse")  # noqa: B009


@pytest.mark.parametrize(
    ("connection", "base_url"),
    [
        ({"host": "https://eu.hex.tech"}, "https://eu.hex.tech/api/v1"),
        ({"host": "eu.hex.tech/api/v1"}, "https://eu.hex.tech/api/v1"),
        ({"host": ""}, "https://app.hex.tech/api/v1"),
        ({"host": "127.0.0.1", "schema": "http", "port": 8000}, "http://127.0.0.1:8000/api/v1"),
        ({"host": "http://127.0.0.1/api/v1", "port": 8000}, "http://127.0.0.1:8000/api/v1"),
    ],
)
def test_a_connections_host_is_the_base_url(connection, base_url, monkeypatch, sandbox):
    monkeypatch.setenv("HEX_BLOCKS_ALLOWED_HOSTS", "http://127.0.0.1:8000")
    made = {"conn_type": "hex", "password": "hxtp_x", **connection}
    monkeypatch.setenv("AIRFLOW_CONN_HEX_DEFAULT", json.dumps(made))

    assert host.HexHook().get_conn().connection.base_url == base_url


def test_the_token_goes_nowhere_else(monkeypatch, sandbox):
    made = {"conn_type": "hex", "password": "hxtp_x", "host": "https://example.org"}
    monkeypatch.setenv("AIRFLOW_CONN_HEX_DEFAULT", json.dumps(made))

    working, message = host.HexHook().test_connection()

    assert (working, "example.org" in message) == (False, True)


def test_a_connection_is_tested(sandbox):
    working, message = host.HexHook().test_connection()

    assert working
    assert sandbox.base_url in message


@pytest.mark.parametrize("token", ["hxtp_wrong", ""])
def test_a_token_that_is_refused_or_missing_is_told(token, sandbox, monkeypatch):
    monkeypatch.setenv("HEX_API_TOKEN", TOKENS.personal)
    connect(monkeypatch, sandbox, token)

    working, message = host.HexHook().test_connection()

    assert not working
    assert "token" in message


def test_a_connection_of_the_metadata_database_is_found_by_a_deferred_task_too(run_dag, project, sandbox, monkeypatch):
    from airflow.models import Connection
    from airflow.settings import Session

    monkeypatch.delenv("AIRFLOW_CONN_HEX_DEFAULT")
    session = Session()
    session.add(
        Connection(conn_id="hex_default", conn_type="hex", password=TOKENS.personal, host=sandbox.origin, port=None)
    )
    session.commit()
    try:
        done = run_dag("HexRunProjectOperator(task_id='a', project_id=PROJECT, deferrable=True)")
    finally:
        session.query(Connection).delete()
        session.commit()
        session.close()

    assert done.state == "success"


def test_the_hook_runs_tools_with_inputs_in_snake_case(project, sandbox):
    hook = host.HexHook()
    run = hook.run("run_project", {"project_id": project})

    assert hook.run("hex_get_run_status", {"project_id": project, "run_id": run["runId"]})["runId"] == run["runId"]
    with pytest.raises(HexError, match="projectId"):
        hook.run("run_project", {})
