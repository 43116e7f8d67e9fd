"""Prefect as a team runs it: a server, a process that serves flows, and the processes that carry them out."""

from __future__ import annotations

import json
import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hex_blocks.clock import SystemClock
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.conftest import REPOSITORY
from tests.faulty import Faulty, pass_on
from tests.hosts.clusters import EngineCluster, Processes, descendants, free_port, wait_until

PREPARED = """
import os
from hex_blocks.hosts.prefect import HexCredentials

hex = HexCredentials(api_key=os.environ["HEX_API_TOKEN"], base_url=os.environ["HEX_API_BASE_URL"])
print(hex.save("hex", overwrite=True))
"""
SERVED = """
import os
from prefect import flow, serve
from hex_blocks.hosts.prefect import (
    HexCredentials, cancel_hex_runs, run_project_and_wait, trigger_project_run_and_wait_for_completion
)

PROJECT = os.environ["PROJECT"]

@flow
def report():
    run_project_and_wait(HexCredentials.load("hex"), PROJECT, check_interval=5)

@flow(retries=1)
def stubborn():
    run_project_and_wait(HexCredentials.load("hex"), PROJECT, check_interval=5, include_charts=True)

@flow(on_cancellation=[cancel_hex_runs("hex")], on_crashed=[cancel_hex_runs("hex")])
def careful():
    run_project_and_wait(HexCredentials.load("hex"), PROJECT, check_interval=5)

@flow
def answered(run: str):
    print(run)

if __name__ == "__main__":
    flows = [report, stubborn, careful, answered, trigger_project_run_and_wait_for_completion]
    serve(*(each.to_deployment("served") for each in flows), limit=10)
"""
WHOLE = "Run Hex project and wait for completion"


class Cluster(EngineCluster):
    """The processes of Prefect, its REST API, and Hex behind a proxy that can misbehave."""

    def __init__(self, home: Path, hex: Sandbox, proxy: Faulty, record: str) -> None:
        super().__init__(home, hex, proxy)
        port = free_port()
        self.address = f"http://127.0.0.1:{port}/api"
        self.server_command = ["server", "start", "--host", "127.0.0.1", "--port", port, "--no-ui"]
        self.processes = Processes(
            home,
            {
                "PYTHONPATH": str(REPOSITORY),
                "PREFECT_HOME": str(home / "prefect"),
                "PREFECT_API_URL": self.address,
                "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
                "PREFECT_RUNNER_POLL_FREQUENCY": "2",
                "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true",
                "PROJECT": self.project.id,
                "HEX_API_TOKEN": TOKENS.personal,
                "HEX_API_BASE_URL": proxy.base_url,
                "HEX_BLOCKS_ALLOWED_HOSTS": proxy.origin,
                "HEX_BLOCKS_RECORD": record,
            },
        )
        (home / "prepared.py").write_text(PREPARED)
        (home / "served.py").write_text(SERVED)

    def server(self) -> None:
        """Start the server, and save the credentials."""
        self.processes.start("server", sys.executable, "-m", "prefect", *self.server_command)
        wait_until(self._answers, "the server")
        assert self.processes.start("prepared", sys.executable, "prepared.py").wait(120) == 0

    def serve(self) -> None:
        """Serve the flows."""
        data = str(self.home / f"data of machine {self.machine}")
        self.processes.start("served", sys.executable, "served.py", HEX_BLOCKS_DATA_DIR=data)

    def until_served(self) -> None:
        """Wait until the deployments are known."""
        wait_until(lambda: len(self.ask("/deployments/filter", {})) == 5, "the deployments")

    def serve_elsewhere(self) -> None:
        """End the process that serves, with all that it runs, and serve on another machine."""
        self.processes.kill("served")
        self.machine += " more"
        self.serve()

    def kill_flow_run(self) -> None:
        """Kill the processes of flow runs, and leave the one that serves them."""
        for process in descendants(self.processes.running["served"].pid):
            os.kill(process, signal.SIGKILL)

    def ask(self, path: str, body: Any = None) -> Any:
        """Ask the REST API; with a body it is a POST."""
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"})

        def answer() -> list[Any]:
            try:
                with urllib.request.urlopen(asked, timeout=180) as said:
                    return [json.loads(said.read() or b"null")]
            except urllib.error.HTTPError as error:
                # It is busy: its database is a file.
                if error.code == HTTPStatus.SERVICE_UNAVAILABLE:
                    return []
                raise

        (found,) = wait_until(answer, f"an answer of {path}")
        return found

    def deployment(self, flow: str) -> str:
        return str(self.ask(f"/deployments/name/{quote(flow)}/served")["id"])

    def start(self, flow: str, **parameters: Any) -> str:
        """Let a deployment run."""
        asked = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
        return str(self.ask(f"/deployments/{self.deployment(flow)}/create_flow_run", asked)["id"])

    def set_state(self, flow_run: str, kind: str, name: str) -> None:
        """Set a flow run's state, whatever the last one was."""
        asked = {"state": {"type": kind, "name": name}, "force": True}
        self.ask(f"/flow_runs/{flow_run}/set_state", asked)

    def state(self, flow_run: str) -> str:
        return str(self.ask(f"/flow_runs/{flow_run}")["state_type"])

    def until_state(self, flow_run: str, *states: str, seconds: float = 240) -> None:
        wait_until(lambda: self.state(flow_run) in states, f"{flow_run} is {states}", seconds)

    def task_runs(self, flow_run: str) -> list[Any]:
        return list(self.ask("/task_runs/filter", {"flow_runs": {"id": {"any_": [flow_run]}}}))

    def artifacts(self, flow_run: str) -> list[Any]:
        return list(self.ask("/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [flow_run]}}}))

    def automate(self, name: str, trigger: dict[str, Any], action: dict[str, Any]) -> None:
        """Make an automation."""
        self.ask("/automations/", {"name": name, "enabled": True, "trigger": trigger, "actions": [action]})

    def _answers(self) -> bool:
        try:
            return bool(self.ask("/health"))
        except OSError:
            return False


@contextmanager
def prefect_cluster(home: Path, record: str = "") -> Iterator[Cluster]:
    """Run a server of Prefect and a process that serves flows, with a sandbox that takes real time."""
    with (
        Sandbox(clock=SystemClock(), limits=False) as hex,
        Faulty(pass_on, upstream=hex.origin) as proxy,
    ):
        made = Cluster(home, hex, proxy, record)
        try:
            made.server()
            made.serve()
            made.until_served()
            yield made
        finally:
            made.processes.kill_all()
