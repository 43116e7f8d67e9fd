"""A plugin as Dify's daemon runs it: its own process, JSON lines, and the storage that it asks for."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import Any
from zipfile import ZipFile

import pytest

from hex_blocks.clock import FastClock
from hex_blocks.hosts.exports import request_for, targets, write_files
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Project
from hex_blocks.tools.registry import Registry
from tests.conftest import FAST, SPEED
from tests.hosts.own_package import metadata_folder

SECONDS = 60


@dataclass
class CallResult:
    """The messages of a call, sorted by what they are."""

    texts: list[str] = field(default_factory=list)
    document: Any = None
    variables: dict[str, Any] = field(default_factory=dict)
    files: list[tuple[dict[str, Any], bytes]] = field(default_factory=list)
    result: Any = None
    error: str = ""

    @property
    def text(self) -> str:
        """What Dify's block has as `text`."""
        return "".join(self.texts)

    def add(self, data: dict[str, Any]) -> None:
        message = data.get("message") or {}
        match data.get("type"):
            case "text":
                self.texts.append(message["text"])
            case "json":
                self.document = message["json_object"]
            case "variable":
                self.variables[message["variable_name"]] = message["variable_value"]
            case "blob_chunk":
                if message["sequence"] == 0:
                    self.files.append(({}, b""))
                meta, content = self.files[-1]
                self.files[-1] = (data.get("meta") or meta, content + base64.b64decode(message["blob"]))
            case _:
                self.result = data


class Daemon:
    """What runs the plugin, and keeps what it stores."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "main"]
        self.heard: list[str] = []
        self.storage: dict[str, str] = {}
        self._errors = (folder.parent / "stderr.txt").open("w+")
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment | {"INSTALL_METHOD": "local", "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._sessions: defaultdict[str, Queue[dict[str, Any]]] = defaultdict(Queue)
        self._lock = threading.Lock()
        self._count = 0
        assert self._process.stdout is not None
        self.manifest = json.loads(self._process.stdout.readline() or self._said())
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def ask(self, tool: str, credentials: dict[str, str], parameters: dict[str, Any] | None = None) -> CallResult:
        """Call a tool; without parameters, check the credentials."""
        with self._lock:
            self._count += 1
            session = f"session-{self._count}"
        action = "validate_tool_credentials" if parameters is None else "invoke_tool"
        data = {"type": "tool", "action": action, "user_id": "u", "provider": "hex", "credentials": credentials}
        self._send(session, "request", data | {"tool": tool, "tool_parameters": parameters or {}})
        came = CallResult()
        while (told := self._sessions[session].get(timeout=SECONDS))["type"] != "end":
            if told["type"] == "error":
                came.error = told["data"]["message"]
            elif told["type"] == "invoke":
                self._answer(session, told["data"])
            else:
                came.add(told["data"])
        return came

    def _answer(self, session: str, asked: dict[str, Any]) -> None:
        assert asked["type"] == "storage"
        request = asked["request"]
        match request["opt"]:
            case "exist":
                data: Any = request["key"] in self.storage
            case "get":
                data = self.storage[request["key"]]
            case _:
                self.storage[request["key"]] = request["value"]
                data = "ok"
        answer = {"backwards_request_id": asked["backwards_request_id"], "message": ""}
        self._send(session, "backwards_response", answer | {"event": "response", "data": {"data": data}})
        self._send(session, "backwards_response", answer | {"event": "end", "data": None})

    def _send(self, session: str, event: str, data: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        line = json.dumps({"session_id": session, "event": event, "data": data})
        with self._lock:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.heard.append(line)
            told = json.loads(line) if line.strip() else {}
            if told.get("event") == "session":
                self._sessions[told["session_id"]].put(told["data"])

    def _said(self) -> str:
        self._errors.seek(0)
        return self._errors.read()

    def stop(self) -> str:
        """End the plugin, and return all it has said."""
        self._process.kill()
        self._process.wait()
        self._listening.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        said = "".join(self.heard) + self._said()
        self._errors.close()
        return said


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin as it is exported, its wheel unpacked beside it as an installer would."""
    folder = tmp_path_factory.mktemp("dify")
    target = targets()["dify"]
    request = request_for(target, Registry.load(plugins=False))
    with pytest.MonkeyPatch.context() as patch:
        if own := metadata_folder(folder / "own"):
            patch.syspath_prepend(str(own))
        write_files(target, target.files(request), folder / "plugin")
    for wheel in (folder / "plugin" / "wheels").iterdir():
        with ZipFile(wheel) as packed:
            packed.extractall(folder / "site")
    (folder / "site" / "sitecustomize.py").write_text(FAST)
    return folder


@pytest.fixture(scope="module")
def hex_world() -> Iterator[Sandbox]:
    """A Hex of our own, whose time passes as fast as the plugin's."""
    with Sandbox(clock=FastClock(SPEED)) as running:
        yield running


@pytest.fixture(scope="module")
def credentials(hex_world: Sandbox) -> Callable[..., dict[str, str]]:
    """What a person entered: credentials(token)."""

    def entered(token: str = TOKENS.personal, **more: str) -> dict[str, str]:
        return {"api_key": token, "region": "custom", "base_url": hex_world.origin, **more}

    return entered


@pytest.fixture(scope="module")
def daemon(plugin: Path, hex_world: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """The plugin, running."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(plugin / "site"),
        "HEX_BLOCKS_ALLOWED_HOSTS": hex_world.origin,
        "HEX_BLOCKS_DATA_DIR": str(tmp_path_factory.mktemp("data")),
    }
    running = Daemon(plugin / "plugin", environment)
    yield running
    running.stop()


@pytest.fixture
def ask(daemon: Daemon, credentials: Callable[..., dict[str, str]]) -> Callable[..., CallResult]:
    """Call a tool of the plugin: ask("hex_find_project", query="revenue")."""

    def call(tool: str, _token: str = TOKENS.personal, **parameters: Any) -> CallResult:
        return daemon.ask(tool, credentials(_token), parameters)

    return call


@pytest.fixture(scope="module")
def failing(hex_world: Sandbox) -> str:
    """A project whose runs fail."""
    return next(
        each.id
        for each in hex_world.world.all(Project)
        if each.plan.end == "ERRORED" and each.last_published_at is not None
    )
