"""What the tests of Activepieces share: the piece in its framework, in a process of its own, and a sandbox."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.clock import FastClock
from hex_blocks.hosts.exports import request_for, targets, write_files
from hex_blocks.sandbox import Sandbox
from hex_blocks.tools.registry import Registry
from tests.calling import our_tools
from tests.hosts.driven import REPORT, Builder, connect
from tests.hosts.limits import without_limits

HERE = Path(__file__).parent
ENVIRONMENT = Path(os.environ.get("HEX_BLOCKS_HOST_ENVIRONMENT", "/nonexistent"))
MODULES = ENVIRONMENT / "npm" / "node_modules"
NODE = ENVIRONMENT / "bin" / "node"
Json = Any
SPEED = 20


@pytest.fixture(scope="session", autouse=True)
def needs_the_framework() -> None:
    failed = ENVIRONMENT / "npm-failed.txt"
    if not (MODULES / "@activepieces" / "pieces-framework").exists():
        reason = failed.read_text()[-300:] if failed.exists() else ENVIRONMENT
        pytest.skip(f"Activepieces' framework could not be had: {reason}")


def exported(folder: Path, registry: Registry | None = None) -> Path:
    """Write the piece as it is exported, with the framework where it looks for it."""
    target = targets()["activepieces"]
    write_files(target, target.files(request_for(target, registry or our_tools())), folder)
    (folder / "node_modules").symlink_to(MODULES)
    return folder


@pytest.fixture(scope="session")
def piece(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = exported(tmp_path_factory.mktemp("activepieces") / "piece")
    without_limits(made / "src" / "lib" / "core" / "specs.json")
    return made


class Failed(Exception):  # noqa: N818
    """What a step shows of a failure."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.key = error.get("key")
        self.said = error


class Piece(Builder):
    """The piece in its framework; see drive.cjs."""

    def __init__(self, folder: Path, log: Path, database: Path | None = None) -> None:
        super().__init__([NODE, HERE / "drive.cjs", folder, database or log.with_suffix(".json")], log)

    def begin(self, command: str, **asked: Json) -> None:
        """Have something done, and do not wait for it."""
        self.send({"command": command, "auth": self.auth, "allowed": self.allowed, **asked})

    def ask(self, command: str, **asked: Json) -> Json:
        """Have something done, and return what came of it."""
        self.begin(command, **asked)
        answer = self.receive()
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["result"]

    def run(self, name: str, props: Json = None, **place: Json) -> Json:
        """Run an action."""
        return self.ask("action", name=name, props=props or {}, **place)

    def watch(self, hook: str, props: Json = None, **place: Json) -> Json:
        """Call a hook of the trigger."""
        given = {"projectIds": [REPORT]} if props is None else props
        return self.ask("trigger", name="run_finished", hook=hook, props=given, **place)


@pytest.fixture(scope="session")
def running(piece: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Piece]:
    started = Piece(piece, tmp_path_factory.mktemp("activepieces") / "log.txt")
    yield started
    started.stop()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=FastClock(SPEED), limits=False) as made:
        yield made


@pytest.fixture
def hex_(running: Piece, sandbox: Sandbox) -> Piece:
    """The piece with a connection to the sandbox."""
    connect(running, sandbox)
    return running
