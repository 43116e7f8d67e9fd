"""The blocks, saved and loaded."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from prefect import flow

from hex_blocks.hosts import prefect as host
from hex_blocks.hosts.prefect import HexCredentials, HexProject
from hex_blocks.sandbox import TOKENS
from hex_blocks.sandbox.model import Plan
from tests.conftest import REPOSITORY


def test_credentials_are_saved_and_loaded(credentials):
    credentials.save("hex-test", overwrite=True)

    loaded = HexCredentials.load("hex-test")

    assert loaded.get_client().call("hex_check_connection")["ok"]
    assert TOKENS.personal not in repr(loaded)


def test_a_project_is_run(credentials, project, started):
    HexProject(credentials=credentials, project_id=project, input_params={"n": 1}).save("report", overwrite=True)

    @flow
    def report() -> Any:
        run = HexProject.load("report").trigger()
        run.wait_for_completion()
        assert run.run_url.endswith(run.run_id)
        return run.fetch_result()

    assert report()["status"] == "COMPLETED"
    assert started() == 1


def test_a_project_is_run_from_an_event_loop(credentials, project, started):
    async def report() -> Any:
        run = await HexProject(credentials=credentials, project_id=project).atrigger()
        await run.await_for_completion()
        return run.fetch_result()

    assert asyncio.run(report())["status"] == "COMPLETED"
    assert started() == 1


def test_a_result_is_there_when_the_run_has_completed(credentials, sandbox, project):
    sandbox.world.project("Quick check").plan = Plan(2, 4, "ERRORED")
    run = HexProject(credentials=credentials, project_id=project).trigger()

    with pytest.raises(host.HexRunError, match="run_not_ended"):
        run.fetch_result()
    with pytest.raises(host.HexRunError, match="run_errored") as caught:
        run.wait_for_completion()
    assert caught.value.run_url == run.run_url


def test_the_token_goes_nowhere_else(server):
    credentials = HexCredentials(api_key="hxtp_x", base_url="https://example.org")

    with pytest.raises(Exception, match=r"example\.org"):
        credentials.get_client().call("hex_check_connection")


def test_every_name_is_there():
    assert all(getattr(host, name).__name__ for name in host.__all__)
    assert dir(host) == host.__all__
    with pytest.raises(AttributeError):
        getattr(host, "HexSomethingElse")  # noqa: B009


def test_prefect_finds_the_blocks_by_the_entry_point(tmp_path: Path):
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    (module,) = project["entry-points"]["prefect.collections"].values()
    info = tmp_path / "hex_blocks-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hex-blocks\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[prefect.collections]\nhex_blocks = {module}\n")
    code = "from prefect.plugins import load_prefect_collections as load; found = load(); print(found)"
    env = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{REPOSITORY}"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)

    assert import_module(module).HexCredentials is HexCredentials
    assert "hex_blocks.hosts.prefect.blocks" in done.stdout, done.stderr
