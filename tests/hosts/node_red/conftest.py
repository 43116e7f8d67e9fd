"""A Node-RED with our package, installed from its packed file, and a sandbox whose time passes sixty times as fast."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.clock import FastClock
from hex_blocks.hosts.exports import request_for
from hex_blocks.hosts.node_red.export import TARGET
from hex_blocks.hosts.packing import npm_tarball
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.calling import our_tools
from tests.faulty import Faulty, pass_on

HERE = Path(__file__).parent
Json = Any
CONNECTION = "c0ffee0000000001"
STARTED_WITHIN = 90.0
DEPLOYED_WITHIN = 15.0
# Hex's limits of a minute may make messages wait.
ANSWERED_WITHIN = 120.0
# A node without a place on the canvas would be a configuration.
PLACE = {"z": "tab1", "x": 100, "y": 100}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave these tests to their environment."""
    if "HEX_BLOCKS_HOST_ENVIRONMENT" not in os.environ:
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="run by make test-hosts"))


class NodeRed:
    """A running Node-RED and what it has logged."""

    def __init__(self, folder: Path, hex_: Faulty, packed: bytes, *others: Faulty) -> None:
        self.folder = folder
        self._deployed = 0
        # What it takes for Hex: the sandbox, behind what tests let go wrong.
        self.hex = hex_
        environment = Path(os.environ["HEX_BLOCKS_HOST_ENVIRONMENT"])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        (folder / "plugin.tgz").write_bytes(packed)
        (folder / "package.json").write_text('{"name": "user", "version": "1.0.0"}')
        npm = shutil.which("npm")
        assert npm
        command = [npm, "install", "--silent", "--offline", "--no-audit", "--no-fund", "./plugin.tgz"]
        subprocess.run(command, cwd=folder, check=True)
        (folder / "settings.js").write_text(
            "module.exports = {uiHost: '127.0.0.1', credentialSecret: 'secret', telemetry: {enabled: false},"
            " externalModules: {palette: {allowInstall: false}}, editorTheme: {tours: false},"
            " httpRequestTimeout: 60000, functionGlobalContext: {}, logging: {console: {level: 'debug'}}};"
        )
        self.log = folder / "log.txt"
        variables = os.environ | {
            "HEX_BLOCKS_ALLOWED_HOSTS": ",".join(each.origin for each in (hex_, *others)),
            "HEX_TEST_TOKEN": TOKENS.personal,
            "LANG": "en",
            "HOME": str(folder),
        }
        variables.pop("LC_ALL", None)
        program = environment / "npm" / "node_modules" / "node-red" / "red.js"
        node = shutil.which("node")
        assert node
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [node, program, "--userDir", folder, "--settings", folder / "settings.js", "--port", str(self.port)],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=variables,
                # `node` may be a program that starts the real one: both are ended as one group.
                start_new_session=True,
            )
        self._wait()
        # The editor's tips come and go by themselves, and fail where they are not there yet.
        self.ask("POST", "/settings/user", {"editor": {"view": {"view-show-tips": False}}})

    def _wait(self) -> None:
        until = time.monotonic() + STARTED_WITHIN
        while time.monotonic() < until:
            try:
                self.ask("GET", "/flows")
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.2)
            else:
                return
        raise AssertionError(self.log.read_text())

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(30)

    def ask(self, method: str, path: str, body: Json = None) -> tuple[int, Json]:
        """Send a request to it; return the status and what it answers."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Node-RED-API-Version": "v2", "Accept": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWERED_WITHIN) as reply:
                content, status = reply.read(), reply.status
        except urllib.error.HTTPError as error:
            content, status = error.read(), error.code
        try:
            return status, json.loads(content or b"null")
        except ValueError:
            return status, content.decode(errors="replace")

    def deploy(self, *nodes: Json, token: str = TOKENS.personal, base_url: str | None = None) -> None:
        """Put a flow with a connection to the sandbox in place of what is there."""
        connection = {
            "id": CONNECTION,
            "type": "hex-connection",
            "name": "",
            "region": "custom",
            "baseUrl": self.hex.base_url if base_url is None else base_url,
            "credentials": {"apiKey": token},
        }
        tab = {"id": "tab1", "type": "tab", "label": "test"}
        self._deployed += 1
        ready = f"/ready-{self._deployed}"
        probe = (
            {"id": "probe", "type": "http in", "url": ready, "method": "post", "wires": [["probed"]]},
            {"id": "probed", "type": "http response", "wires": []},
        )
        placed = [PLACE | each for each in (*nodes, *probe)]
        status, told = self.ask("POST", "/flows", {"flows": [tab, connection, *placed]})
        assert status == 200, told
        # It answers before the flow stands.
        self.post(ready)

    def run(
        self, node: Json, message: Json = None, *, token: str = TOKENS.personal, base_url: str | None = None
    ) -> Json:
        """Run a node between an HTTP request and its answer; return the message, a failed one from a catch node."""
        answer = (
            "msg.payload = {payload: msg.payload, hex: msg.hex, hexError: msg.hexError, filename: msg.filename,"
            " error: msg.error && msg.error.message, topic: msg.topic}; return msg;"
        )
        self.deploy(
            {"id": "in", "type": "http in", "url": "/test", "method": "post", "wires": [["open"]]},
            {"id": "open", "type": "function", "func": "return Object.assign(msg, msg.payload);", "wires": [["hex"]]},
            {"id": "hex", "connection": CONNECTION, "wires": [["told"], ["told"]], **node},
            {"id": "catch", "type": "catch", "scope": None, "wires": [["told"]]},
            {"id": "told", "type": "function", "func": answer, "wires": [["out"]]},
            {"id": "out", "type": "http response", "wires": []},
            token=token,
            base_url=base_url,
        )
        return self.post("/test", message)

    def post(self, path: str, message: Json = None) -> Json:
        """Send a message into a flow, which stands a moment after it was deployed."""
        until = time.monotonic() + DEPLOYED_WITHIN
        while True:
            status, told = self.ask("POST", path, message or {})
            if status != 404 or time.monotonic() > until:
                assert status == 200, told
                return told
            time.sleep(0.1)


@pytest.fixture(scope="session")
def packed() -> bytes:
    return npm_tarball(TARGET.files(request_for(TARGET, our_tools())))


@pytest.fixture(scope="module")
def fast_sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=FastClock(60)) as running:
        yield running


@pytest.fixture(scope="module")
def timely_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def timely_hex(timely_sandbox: Sandbox) -> Iterator[Faulty]:
    """Another Hex that Node-RED may reach, whose time passes as everybody's."""
    with Faulty(pass_on, upstream=timely_sandbox.origin) as hex_:
        yield hex_


@pytest.fixture(scope="module")
def red(
    tmp_path_factory: pytest.TempPathFactory, fast_sandbox: Sandbox, timely_hex: Faulty, packed: bytes
) -> Iterator[NodeRed]:
    with Faulty(pass_on, upstream=fast_sandbox.origin) as hex_:
        running = NodeRed(tmp_path_factory.mktemp("red"), hex_, packed, timely_hex)
        yield running
        running.stop()
