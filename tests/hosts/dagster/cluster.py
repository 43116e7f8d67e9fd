"""Dagster as a team runs it: a webserver, a daemon with its code server, and processes that run steps."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hex_blocks.clock import SystemClock
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.conftest import REPOSITORY
from tests.faulty import Faulty, pass_on
from tests.hosts.clusters import EngineCluster, Processes, free_port, wait_until

ENDED = {"SUCCESS", "FAILURE", "CANCELED"}
SETTINGS = """
telemetry:
  enabled: false
run_retries:
  enabled: true
  max_retries: 3
  retry_on_asset_or_op_failure: false
"""
DEFINITIONS = """
import os
import dagster as dg
from hex_blocks.hosts.dagster import HexWorkspace, build_hex_asset_specs, build_hex_polling_sensor, hex_assets

workspace = HexWorkspace(
    api_key=dg.EnvVar("HEX_API_TOKEN"), base_url=dg.EnvVar("HEX_API_BASE_URL"), poll_interval=5
)
specs = build_hex_asset_specs(projects=[{"id": os.environ["PROJECT"], "title": "Quick check"}])

@hex_assets(specs=specs, name="projects")
def projects(context: dg.AssetExecutionContext, hex: HexWorkspace):
    yield from hex.run_and_poll(context)

sensor = build_hex_polling_sensor(
    workspace, specs=specs, minimum_interval_seconds=8, default_status=dg.DefaultSensorStatus.RUNNING
)
defs = dg.Definitions(
    assets=[projects], sensors=[sensor], resources={"hex": workspace}, executor=dg.in_process_executor
)
"""
# A daemon that dies when it has reported an event and kept no cursor.
DYING = """
import os, signal, sys
from dagster import DagsterInstance
from dagster._daemon.cli import main

report = DagsterInstance.report_runless_asset_event

def report_and_die(instance, event):
    report(instance, event)
    os.kill(os.getpid(), signal.SIGKILL)

DagsterInstance.report_runless_asset_event = report_and_die
sys.argv[0] = "dagster-daemon"
main()
"""
LAUNCH = """
mutation ($given: ExecutionParams!) { launchRun(executionParams: $given) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }
"""
AGAIN = """
mutation ($given: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $given) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }
"""
TERMINATE = """
mutation ($run: String!, $how: TerminateRunPolicy!) { terminateRun(runId: $run, terminatePolicy: $how) {
  __typename ... on PythonError { message } } }
"""
STATE = "query ($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"
GROUP = """
query ($root: String!) { runsOrError(filter: {tags: [{key: "dagster/root_run_id", value: $root}]}) {
  ... on Runs { results { runId status } } } }
"""
EVENTS = """
query ($run: ID!) { logsForRun(runId: $run, limit: 1000) { ... on EventConnection { events {
  ... on MessageEvent { message }
  ... on EngineEvent { metadataEntries { label ... on TextMetadataEntry { text } } } } } } }
"""
TOLD = """
query { assetOrError(assetKey: {path: ["hex", "quick_check"]}) { ... on Asset { assetMaterializations(limit: 1000) {
  runId metadataEntries { label ... on TextMetadataEntry { text } } } } } }
"""
EVERYTHING = """
query {
  repositoriesOrError { ... on RepositoryConnection { nodes {
    allTopLevelResourceDetails { name configuredValues { key value type } }
    assetNodes { assetKey { path } metadataEntries { label description ... on TextMetadataEntry { text } } }
    sensors { name description sensorState { ticks { cursor logKey error { message stack } } } }
  } } }
  runsOrError { ... on Runs { results { runId runConfigYaml tags { key value } } } }
}
"""


class Cluster(EngineCluster):
    """The processes of Dagster, its GraphQL API, and Hex behind a proxy that can misbehave."""

    def __init__(self, home: Path, hex: Sandbox, proxy: Faulty, record: str) -> None:
        super().__init__(home, hex, proxy)
        self.port = free_port()
        self.processes = Processes(
            home,
            {
                "PYTHONPATH": str(REPOSITORY),
                "DAGSTER_HOME": str(home),
                # A machine that is busy takes its time to start a process.
                "DAGSTER_GRPC_TIMEOUT_SECONDS": "300",
                "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS": "300",
                "PROJECT": self.project.id,
                "HEX_API_TOKEN": TOKENS.personal,
                "HEX_API_BASE_URL": proxy.base_url,
                "HEX_BLOCKS_ALLOWED_HOSTS": proxy.origin,
                "HEX_BLOCKS_RECORD": record,
            },
        )
        (home / "dagster.yaml").write_text(SETTINGS)
        (home / "definitions.py").write_text(DEFINITIONS)
        (home / "dying.py").write_text(DYING)

    def webserver(self) -> None:
        """Start the webserver, and wait until it answers."""
        place = ["-h", "127.0.0.1", "-p", self.port, "-f", "definitions.py"]
        self.processes.start("webserver", sys.executable, "-m", "dagster_webserver", *place)
        wait_until(self._answers, "the webserver")

    def daemon(self, *, dies: bool = False) -> None:
        """Start the daemon."""
        command = [self.home / "dying.py"] if dies else ["-m", "dagster._daemon"]
        data = str(self.home / f"data of machine {self.machine}")
        self.processes.start(
            "daemon", sys.executable, *command, "run", "-f", "definitions.py", HEX_BLOCKS_DATA_DIR=data
        )

    def kill_daemon(self) -> None:
        """End the daemon with its code server and all that they run, as if the machine were gone."""
        self.processes.kill("daemon")

    def ask(self, query: str, **variables: Any) -> Any:
        """Ask the GraphQL API."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Content-Type": "application/json"}
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}/graphql", body, headers)
        with urllib.request.urlopen(asked, timeout=180) as answer:
            said = json.loads(answer.read())
        assert not said.get("errors"), said["errors"]
        return said["data"]

    def launch(self) -> str:
        """Launch a run that materializes the asset."""
        selector = {
            "repositoryLocationName": "definitions.py",
            "repositoryName": "__repository__",
            "jobName": "__ASSET_JOB",
            "assetSelection": [{"path": ["hex", "quick_check"]}],
        }
        return self._launched(self.ask(LAUNCH, given={"selector": selector})["launchRun"])

    def again(self, run: str, how: str) -> str:
        """Execute a run again, FROM_FAILURE or ALL_STEPS."""
        return self._launched(self.ask(AGAIN, given={"parentRunId": run, "strategy": how})["launchRunReexecution"])

    def terminate(self, run: str, how: str = "SAFE_TERMINATE") -> None:
        """Let a user end a run."""
        said = self.ask(TERMINATE, run=run, how=how)["terminateRun"]
        assert said["__typename"] == "TerminateRunSuccess", said

    def state(self, run: str) -> str:
        return str(self.ask(STATE, run=run)["runOrError"]["status"])

    def until_ended(self, run: str, how: str = "SUCCESS") -> None:
        """Wait until a run has ended so."""
        found = wait_until(lambda: self.state(run) in ENDED and self.state(run), f"{run} has ended")
        assert found == how

    def until_group_succeeds(self, run: str) -> None:
        """Wait until a run that Dagster tries again by itself has succeeded."""
        wait_until(lambda: "SUCCESS" in self.group(run).values(), f"a retry of {run} has succeeded")

    def group(self, run: str) -> dict[str, str]:
        """Return the states of the runs that are later tries of one."""
        return {each["runId"]: each["status"] for each in self.ask(GROUP, root=run)["runsOrError"]["results"]}

    def kill_run(self, run: str) -> None:
        """Kill the process that carries a run out."""
        for process in wait_until(lambda: self._processes_of(run), f"the processes of {run}"):
            os.kill(process, signal.SIGKILL)

    def _processes_of(self, run: str) -> list[int]:
        events = self.ask(EVENTS, run=run)["logsForRun"]["events"]
        said = "\n".join(event.get("message") or "" for event in events)
        found = [int(number) for number in re.findall(r"pid: (\d+)", said)]
        entries = [entry for event in events for entry in event.get("metadataEntries") or []]
        found += [int(entry["text"]) for entry in entries if entry["label"] == "pid" and entry.get("text")]
        return [process for process in dict.fromkeys(found) if Path(f"/proc/{process}").exists()]

    def until_asked(self) -> None:
        """Wait until Hex is asked something."""
        before = len(self.proxy.requests)
        wait_until(lambda: len(self.proxy.requests) > before, "Hex is asked")

    def told(self) -> list[str]:
        """Return the runs in Hex that materializations name, each as often as it is named."""
        told = self.ask(TOLD)["assetOrError"].get("assetMaterializations", [])
        entries = [entry for each in told for entry in each["metadataEntries"]]
        return [entry["text"] for entry in entries if entry["label"] == "hex/run_id"]

    def everything(self) -> str:
        """Return what the GraphQL API tells of definitions, ticks, runs and their events."""
        said = self.ask(EVERYTHING)
        events = [self.ask(EVENTS, run=run["runId"]) for run in said["runsOrError"]["results"]]
        return json.dumps([said, events, self.ask(TOLD)])

    def _answers(self) -> bool:
        try:
            self.ask("query { version }")
        except OSError:
            return False
        return True

    @staticmethod
    def _launched(said: Any) -> str:
        assert said["__typename"] == "LaunchRunSuccess", said
        return str(said["run"]["runId"])


@contextmanager
def dagster_cluster(home: Path, record: str = "") -> Iterator[Cluster]:
    """Run a cluster of Dagster, with a sandbox that takes real time."""
    with (
        Sandbox(clock=SystemClock(), limits=False) as hex,
        Faulty(pass_on, upstream=hex.origin) as proxy,
    ):
        made = Cluster(home, hex, proxy, record)
        try:
            made.webserver()
            made.daemon()
            yield made
        finally:
            made.processes.kill_all()
