"""A run of Dagster in a process of its own that is killed, and executed again on another machine.

It takes long, so it is run by `make clusters` alone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from hex_blocks.clock import SystemClock
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan
from tests.conftest import REPOSITORY

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
TITLE = "Quick check"
RUN = """
import sys
import dagster as dg
from hex_blocks.hosts.dagster import HexWorkspace, hex_run_op

@dg.job(executor_def=dg.multiprocess_executor)
def report():
    hex_run_op()

defs = dg.Definitions(
    jobs=[report],
    resources={"hex": HexWorkspace(api_key=dg.EnvVar("HEX_API_TOKEN"), base_url=dg.EnvVar("HEX_API_BASE_URL"))},
)

def made():
    return defs.resolve_job_def("report")

if __name__ == "__main__":
    project, root = sys.argv[1:]
    tags = {"dagster/root_run_id": root, "dagster/parent_run_id": root} if root else {}
    config = {"ops": {"hex_run_op": {"config": {"project_id": project}}}}
    job = dg.reconstructable(made)
    with dg.execute_job(job, instance=dg.DagsterInstance.get(), run_config=config, tags=tags) as done:
        sys.exit(0 if done.success else 1)
"""


def test_a_run_that_is_killed_and_executed_again_elsewhere(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    (tmp_path / "report.py").write_text(RUN)
    with Sandbox(clock=SystemClock(), limits=False) as hex:
        project = hex.world.project(TITLE)
        project.plan = Plan(1, 20)
        before = len(hex.world.runs(project.id))
        env = os.environ | {
            "PYTHONPATH": f"{tmp_path}{os.pathsep}{REPOSITORY}",
            "DAGSTER_HOME": str(home),
            "HEX_API_TOKEN": TOKENS.personal,
            "HEX_API_BASE_URL": hex.base_url,
            "HEX_BLOCKS_ALLOWED_HOSTS": hex.origin,
        }

        def start(machine: str, root: str = "") -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [sys.executable, str(tmp_path / "report.py"), project.id, root],
                env=env | {"HEX_BLOCKS_DATA_DIR": str(tmp_path / machine)},
                cwd=tmp_path,
                start_new_session=True,
            )

        first = start("one")
        while len(hex.world.runs(project.id)) == before:
            assert first.poll() is None
            time.sleep(0.2)
        time.sleep(2)
        os.killpg(first.pid, signal.SIGKILL)
        with dg.DagsterInstance.from_config(str(home)) as instance:
            run: Any = instance.get_runs()[0]
            instance.report_run_failed(run)

        again = start("another", run.run_id)

        assert again.wait(120) == 0
        assert len(hex.world.runs(project.id)) - before == 1
