"""A server of Prefect, and a process that serves a flow and is killed; the next one is on another machine.

It takes long, so it is run by `make clusters` alone.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.clock import SystemClock
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan
from tests.conftest import REPOSITORY

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(420)]
TITLE = "Quick check"
SERVED = """
import os
from prefect import flow
from hex_blocks.hosts.prefect import HexCredentials, run_project_and_wait

@flow
def report():
    hex = HexCredentials(api_key=os.environ["HEX_API_TOKEN"], base_url=os.environ["HEX_API_BASE_URL"])
    run_project_and_wait(hex, os.environ["PROJECT"])

if __name__ == "__main__":
    report.serve(name="served")
"""
ASK = """
import sys
from prefect.client.orchestration import get_client
from prefect.states import AwaitingRetry, Crashed

what, *given = sys.argv[1:]
with get_client(sync_client=True) as client:
    if what == "start":
        deployment = client.read_deployment_by_name("report/served")
        print(client.create_flow_run_from_deployment(deployment.id).id)
    elif what == "state":
        print(client.read_flow_run(given[0]).state.type.value)
    else:
        client.set_flow_run_state(given[0], Crashed(), force=True)
        client.set_flow_run_state(given[0], AwaitingRetry(), force=True)
"""


def wait_until(true: Callable[[], Any], what: str, seconds: float = 120) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := true():
            return found
        time.sleep(0.5)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


def is_up(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=5):
            return True
    except OSError:
        return False


def test_a_flow_whose_process_is_killed_and_served_again_elsewhere(tmp_path: Path) -> None:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    address = f"http://127.0.0.1:{port}/api"
    (tmp_path / "served.py").write_text(SERVED)
    (tmp_path / "ask.py").write_text(ASK)
    with Sandbox(clock=SystemClock(), limits=False) as hex:
        project = hex.world.project(TITLE)
        project.plan = Plan(1, 40)
        before = len(hex.world.runs(project.id))
        env = os.environ | {
            "PYTHONPATH": str(REPOSITORY),
            "PREFECT_HOME": str(tmp_path / "home"),
            "PREFECT_API_URL": address,
            "PROJECT": project.id,
            "HEX_API_TOKEN": TOKENS.personal,
            "HEX_API_BASE_URL": hex.base_url,
            "HEX_BLOCKS_ALLOWED_HOSTS": hex.origin,
        }
        running: list[subprocess.Popen[bytes]] = []

        def start(*command: str, **more: str) -> subprocess.Popen[bytes]:
            running.append(
                subprocess.Popen([sys.executable, *command], env=env | more, cwd=tmp_path, start_new_session=True)
            )
            return running[-1]

        def ask(*given: str) -> str:
            command = [sys.executable, "ask.py", *given]
            done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
            return done.stdout.strip() if done.returncode == 0 else ""

        def kill(process: subprocess.Popen[bytes]) -> None:
            os.killpg(process.pid, signal.SIGKILL)
            running.remove(process)

        try:
            start("-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui")
            wait_until(lambda: is_up(address), "the server")
            served = start("served.py", HEX_BLOCKS_DATA_DIR=str(tmp_path / "one"))
            flow_run = wait_until(lambda: ask("start"), "the deployment")
            wait_until(lambda: len(hex.world.runs(project.id)) > before, "the run is started")
            time.sleep(2)
            kill(served)
            ask("again", flow_run)

            start("served.py", HEX_BLOCKS_DATA_DIR=str(tmp_path / "another"))
            wait_until(lambda: ask("state", flow_run) == "COMPLETED", "the flow run has completed", 180)
        finally:
            for process in list(running):
                kill(process)
        assert len(hex.world.runs(project.id)) - before == 1
