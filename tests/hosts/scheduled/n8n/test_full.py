"""A whole n8n with the packed file installed: workflows imported and run, and the trigger over a restart."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from hex_blocks.clock import FastClock
from hex_blocks.hosts.exports import request_for, targets
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan, Run
from hex_blocks.tools.registry import Registry
from tests.hosts.chat import Chat

ENVIRONMENT = Path(os.environ.get("HEX_BLOCKS_HOST_ENVIRONMENT", "/nonexistent"))
PROGRAM = ENVIRONMENT / "npm" / "node_modules" / ".bin" / "n8n"
REPORT = "01234567-89ab-cdef-0123-456789abcdef"
IN_THE_EXAMPLES = "5a8591dd-4039-49df-9202-96385ba3eff8"
pytestmark = pytest.mark.timeout(500)


@pytest.fixture(scope="module", autouse=True)
def needs_n8n() -> None:
    if not PROGRAM.exists():
        pytest.skip("run by tests/hosts/run_suites.py scheduled/n8n")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Home:
    """The folder of an n8n of its own, and its commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log.txt"
        self.port = free_port()
        self.variables = {
            "PATH": f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "N8N_USER_FOLDER": str(folder),
            "N8N_ENCRYPTION_KEY": "tests",
            "N8N_DIAGNOSTICS_ENABLED": "false",
            "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
            "N8N_TEMPLATES_ENABLED": "false",
            "N8N_PERSONALIZATION_ENABLED": "false",
            "N8N_LISTEN_ADDRESS": "127.0.0.1",
            "N8N_PORT": str(self.port),
            "N8N_RUNNERS_BROKER_LISTEN_ADDRESS": "127.0.0.1",
            "N8N_RUNNERS_BROKER_PORT": str(free_port()),
            # What the command publishes is active at the next start.
            "N8N_USE_WORKFLOW_PUBLICATION_SERVICE": "false",
        }

    def run(self, *command: str | Path) -> str:
        done = subprocess.run(
            command, env=self.variables, cwd=self.folder, capture_output=True, text=True, check=False, timeout=200
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    def install(self, packed: Path) -> None:
        nodes = self.folder / ".n8n" / "nodes"
        nodes.mkdir(parents=True)
        npm = str(ENVIRONMENT / "bin" / "npm")
        options = ("--offline", "--legacy-peer-deps", "--no-audit", "--no-fund")
        self.run(npm, "install", "--prefix", nodes, *options, packed)

    def bring(self, kind: str, document: Any) -> None:
        file = self.folder / f"{kind}.json"
        file.write_text(json.dumps([document]))
        self.run(PROGRAM, f"import:{kind}", f"--input={file}")

    def execute(self, workflow_id: str) -> Any:
        said = self.run(PROGRAM, "execute", f"--id={workflow_id}", "--rawOutput")
        return json.loads(said[said.index("\n{") :])

    def start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [PROGRAM, "start"], env=self.variables, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )


def stop(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=FastClock(20), limits=False) as running:
        yield running


@pytest.fixture
def home(tmp_path, sandbox) -> Home:
    """An n8n with the package installed from its packed file, and a credential for the sandbox."""
    target = targets()["n8n"]
    request = request_for(target, Registry.load(plugins=False))
    assert target.pack
    packed = tmp_path / "n8n-nodes-hex-blocks.tgz"
    packed.write_bytes(target.pack(request, target.files(request))[".tgz"])
    made = Home(tmp_path)
    made.install(packed)
    secret = {"apiKey": TOKENS.personal, "region": "custom", "baseUrl": sandbox.origin}
    made.bring("credentials", {"id": "hex", "name": "Hex", "type": "hexApi", "data": secret})
    return made


@pytest.fixture
def chat(httpserver: HTTPServer) -> Chat:
    return Chat(httpserver)


@pytest.fixture
def example(home, chat) -> Callable[[str], Any]:
    """Give an example of the package that is installed, with the sandbox's report and the chat of the test."""
    folder = home.folder / ".n8n" / "nodes" / "node_modules" / "n8n-nodes-hex-blocks" / "examples"

    def read(name: str) -> Any:
        text = (folder / f"{name}.json").read_text().replace("https://chat.example.com/hooks/data-team", chat.url)
        # A longer ID is none of n8n's own, and it keeps nothing for such a workflow.
        flow = json.loads(text.replace(IN_THE_EXAMPLES, REPORT)) | {"id": name[:16]}
        if flow["nodes"][0]["type"] == "n8n-nodes-base.scheduleTrigger":
            # The command runs what is begun by hand.
            flow["nodes"][0] |= {"type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "parameters": {}}
        return flow

    return read


def test_the_daily_report_sends_its_chart(home, example, chat):
    home.bring("workflow", example("daily-report"))

    done = home.execute("daily-report")

    assert done["status"] == "success", done["data"]["resultData"].get("error")
    [post] = chat.posts
    assert post.get_data().startswith(b"\x89PNG")


def test_a_daily_report_that_fails_sends_the_page_of_its_run(home, example, chat, sandbox):
    sandbox.world.project("Revenue report").plan = sandbox.world.project("Broken import").plan
    home.bring("workflow", example("daily-report"))

    home.execute("daily-report")

    [post] = chat.posts
    assert post.get_json()["link"].startswith(sandbox.origin)


def test_each_region_has_a_run_of_its_own(home, example):
    home.bring("workflow", example("one-run-per-region"))

    done = home.execute("one-run-per-region"[:16])

    [ran] = done["data"]["resultData"]["runData"]["Run for Region"]
    assert [item["json"]["status"] for item in ran["data"]["main"][0]] == ["COMPLETED"] * 3


def end_a_run(sandbox: Sandbox) -> str:
    world, ada = sandbox.world, sandbox.world.user("Ada Okafor").id
    plan, at = Plan(pending=0.1, running=1), sandbox.clock.time()
    run = Run(id=world.new_id(), project_id=REPORT, caller=ada, version=1, created_at=at, plan=plan)
    return world.add(run).id


def wait_for(told: Callable[[], object], home: Home) -> None:
    # n8n looks once a minute.
    until = time.monotonic() + 150
    while not told():
        assert time.monotonic() < until, home.log.read_text()[-3000:]
        time.sleep(0.5)


def test_the_trigger_tells_each_run_once_over_a_restart(home, example, chat, sandbox):
    home.bring("workflow", example("notify-on-finished-run"))
    home.run(PROGRAM, "publish:workflow", "--id=notify-on-finish")
    looked = lambda: [each for each in sandbox.requests if each.operation_id == "GetProjectRuns"]  # noqa: E731

    first = home.start()
    try:
        wait_for(looked, home)
        end_a_run(sandbox)
        wait_for(lambda: len(chat.posts) == 1, home)
    finally:
        stop(first)
    end_a_run(sandbox)
    second = home.start()
    try:
        wait_for(lambda: len(chat.posts) == 2, home)
        asked = len(looked())
        wait_for(lambda: len(looked()) > asked, home)
    finally:
        stop(second)

    assert len({post.get_json()["text"] for post in chat.posts}) == len(chat.posts) == 2
    assert TOKENS.personal not in home.log.read_text()
