"""A whole Langflow with the extension installed from its wheels: a flow, Langflow's own agent, and the editor."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sysconfig
import time
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug import Request, Response

from hex_blocks.clock import FastClock
from hex_blocks.hosts.exports import archives, request_for, targets
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from hex_blocks.tools.registry import Registry
from tests.conftest import FAST, REPOSITORY, SPEED
from tests.hosts.own_package import metadata_folder

pytest.importorskip("langflow", reason="run by tests/hosts/run_suites.py scheduled/langflow")

from playwright.sync_api import expect, sync_playwright

pytestmark = pytest.mark.timeout(600)
HERE = Path(__file__).parent
EXAMPLE = REPOSITORY / "docs" / "examples" / "langflow" / "daily-report.json"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
STARTED_WITHIN = 240.0
# What every answer of a model has around what it says.
HEAD = {"id": "x", "created": 0, "model": "scripted"}
USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
COMPONENTS = {
    *("HexAction", "HexAsk", "HexFindProject", "HexNotebook", "HexRunBatch"),
    *("HexRunProject", "HexRunResults", "HexToolset", "HexWatchRuns"),
}


# The tools that a model calls, each with what it gives them.
Calls = list[tuple[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def hex_world() -> Iterator[Sandbox]:
    with Sandbox(clock=FastClock(SPEED)) as running:
        yield running


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that has Langflow, and the extension installed as its guide says."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True, with_pip=True)
    (own,) = folder.glob("lib/*/site-packages")
    (own / "langflow.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    (own / "sitecustomize.py").write_text(FAST)
    target = targets()["langflow"]
    request = request_for(target, Registry.load(plugins=False))
    with pytest.MonkeyPatch.context() as patch:
        if own_metadata := metadata_folder(folder / "own"):
            patch.syspath_prepend(str(own_metadata))
        wheels = archives(target, request, target.files(request), folder / "wheels")
    for path, content in wheels.items():
        path.write_bytes(content)
    made = folder / "bin" / "python"
    options = ("--quiet", "--no-deps", "--no-index", "--find-links", str(folder))
    subprocess.run([made, "-m", "pip", "install", *options, "hex-blocks", "lfx-hex"], check=True)
    return made


class Langflow:
    """A Langflow that runs, and its API."""

    def __init__(self, python: Path, folder: Path, hex_origin: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "log.txt"
        self.headers: dict[str, str] = {}
        inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "CI")}
        variables = inherited | {
            "DO_NOT_TRACK": "true",
            "HEX_BLOCKS_ALLOWED_HOSTS": hex_origin,
            "HEX_BLOCKS_DATA_DIR": str(folder / "hex"),
            "LANGFLOW_AUTO_LOGIN": "true",
            "LANGFLOW_CONFIG_DIR": str(folder),
            "LANGFLOW_CREATE_STARTER_PROJECTS": "false",
            "LANGFLOW_DATABASE_URL": f"sqlite:///{folder / 'langflow.db'}",
            "LANGFLOW_DO_NOT_TRACK": "true",
            "LANGFLOW_HOST": "127.0.0.1",
            "LANGFLOW_OPEN_BROWSER": "false",
            "LANGFLOW_PORT": str(port),
            "LANGFLOW_SKIP_AUTH_AUTO_LOGIN": "true",
            # Its components refuse addresses of this machine otherwise.
            "LANGFLOW_SSRF_ALLOWED_HOSTS": "127.0.0.1",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [python, "-m", "langflow", "run"],
                env=variables,
                cwd=folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def sign_in(self) -> None:
        """Wait until it stands, and sign in."""
        until = time.monotonic() + STARTED_WITHIN
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.5)
        token = requests.get(f"{self.url}/api/v1/auto_login", timeout=60).json()["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/health", timeout=5).ok
        except (requests.ConnectionError, requests.Timeout):
            return False

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        done = requests.request(method, self.url + path, json=body, headers=self.headers, timeout=180)
        assert done.ok, done.text + self.log.read_text()[-3000:]
        return done.json()

    def bring(self, flow: dict[str, Any]) -> str:
        """Import a flow and return its ID."""
        found: str = self.ask("POST", "/api/v1/flows/", {"name": flow["name"], "data": flow["data"]})["id"]
        return found

    def run(self, flow: str, said: str = "go") -> str:
        """Run a flow and return what it answers, as text."""
        body = {"input_value": said, "input_type": "chat", "output_type": "chat"}
        return json.dumps(self.ask("POST", f"/api/v1/run/{flow}?stream=false", body))

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)


@pytest.fixture(scope="module")
def langflow(python: Path, tmp_path_factory: pytest.TempPathFactory, hex_world: Sandbox) -> Iterator[Langflow]:
    running = Langflow(python, tmp_path_factory.mktemp("langflow"), hex_world.origin)
    try:
        running.sign_in()
        variable = {"name": "HEX_API_TOKEN", "value": TOKENS.personal, "type": "Credential", "default_fields": []}
        running.ask("POST", "/api/v1/variables/", variable)
        yield running
    finally:
        running.stop()


def connected(flow: dict[str, Any], origin: str) -> dict[str, Any]:
    """Enter on each block of ours where Hex is."""
    for node in flow["data"]["nodes"]:
        template = node["data"]["node"]["template"]
        if "api_key" in template and "region" in template:
            template["region"]["value"], template["base_url"]["value"] = "custom", origin
    return flow


def test_every_component_stands_under_hex(langflow: Langflow) -> None:
    shown = langflow.ask("GET", "/api/v1/all")["hex"]

    assert {name.split(":")[-1].split("@")[0] for name in shown} == COMPONENTS


def test_the_example_runs_with_the_token_of_a_global_variable(langflow: Langflow, hex_world: Sandbox) -> None:
    flow = langflow.bring(connected(json.loads(EXAMPLE.read_text()), hex_world.origin))

    assert "COMPLETED" in langflow.run(flow)
    assert TOKENS.personal not in langflow.log.read_text()
    assert TOKENS.personal not in json.dumps(langflow.ask("GET", f"/api/v1/flows/{flow}"))


def graph_of_an_agent(folder: Path, model_url: str) -> dict[str, Any]:
    """Give a flow with Langflow's own agent, our toolset, and a model behind an address."""
    program = HERE / "agent_flow.py"
    done = subprocess.run(
        [folder / "bin" / "python", program, model_url], capture_output=True, text=True, check=False, timeout=200
    )
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return made


def scripted(calls: Calls) -> Callable[[Request], Response]:
    """Answer as a model would that makes these calls in turn, and then says what the last one gave."""

    def answer(request: Request) -> Response:
        said = request.get_json()["messages"]
        came = [each for each in said if each["role"] == "tool"]
        message: dict[str, Any] = {"role": "assistant", "content": None}
        if len(came) < len(calls):
            name, arguments = calls[len(came)]
            function = {"name": name, "arguments": json.dumps(arguments)}
            message["tool_calls"] = [{"id": f"call_{len(came)}", "type": "function", "function": function}]
        else:
            message["content"] = f"Hex said: {came[-1]['content']}"
        if request.get_json().get("stream"):
            for number, call in enumerate(message.get("tool_calls", [])):
                call["index"] = number
            part = {**HEAD, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": message}]}
            return Response(f"data: {json.dumps(part)}\n\ndata: [DONE]\n\n", content_type="text/event-stream")
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return Response(
            json.dumps({**HEAD, "object": "chat.completion", "choices": [choice], "usage": USAGE}),
            content_type="application/json",
        )

    return answer


def test_its_own_agent_finds_a_project_and_runs_it(langflow, python, hex_world, httpserver) -> None:
    run = {"projectId": REVENUE_REPORT, "inputParams": {"region": "EMEA"}}
    calls: Calls = [("hex_find_project", {"query": "revenue report"}), ("hex_run_and_wait", run)]
    httpserver.expect_request("/v1/chat/completions").respond_with_handler(scripted(calls))
    before = len(hex_world.world.runs(REVENUE_REPORT))
    model_url = httpserver.url_for("/v1").replace("localhost", "127.0.0.1")
    flow = langflow.bring(connected(graph_of_an_agent(python.parents[1], model_url), hex_world.origin))

    said = langflow.run(flow, "Run the revenue report for EMEA.")

    assert "COMPLETED" in said
    assert len(hex_world.world.runs(REVENUE_REPORT)) == before + 1


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
def test_the_editor_shows_the_example_and_our_blocks(langflow: Langflow, hex_world: Sandbox, tmp_path: Path) -> None:
    document = connected(json.loads(EXAMPLE.read_text()), "https://app.hex.tech")
    flow = langflow.bring(document | {"name": "Daily report"})
    pictures = Path(os.environ.get("HEX_BLOCKS_PICTURES", tmp_path))
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900}, base_url=langflow.url)
        expect.set_options(timeout=90_000)
        page.goto(f"/flow/{flow}")
        expect(page.get_by_test_id("title-Run Hex project")).to_be_visible()
        expect(page.locator(".react-flow__edge")).to_have_count(1)
        page.get_by_role("button", name="Hex", exact=True).click()
        expect(page.get_by_text("Hex toolset")).to_be_visible()
        # Icons come one by one.
        page.wait_for_load_state("networkidle")
        page.screenshot(path=pictures / "langflow-flow.png")
        browser.close()
