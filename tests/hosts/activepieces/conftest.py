"""What the tests of Activepieces share: the piece in its framework, in a process of its own, and a sandbox."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.clock import FastClock
from hex_blocks.hosts.exports import request_for, targets, write_files
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan, Run
from hex_blocks.tools.registry import Registry
from tests.calling import our_tools
from tests.hosts.limits import without_limits

HERE = Path(__file__).parent
ENVIRONMENT = Path(os.environ.get("HEX_BLOCKS_HOST_ENVIRONMENT", "/nonexistent"))
MODULES = ENVIRONMENT / "npm" / "node_modules"
NODE = ENVIRONMENT / "bin" / "node"
Json = Any
REPORT = "01234567-89ab-cdef-0123-456789abcdef"
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


class Piece:
    """The piece in its framework; see drive.cjs."""

    def __init__(self, folder: Path, log: Path, database: Path | None = None) -> None:
        self.auth: Json = None
        # What the operator allows.
        self.allowed: list[str] = []
        self.log = log
        with log.open("w") as said:
            self.process = subprocess.Popen(
                [str(NODE), str(HERE / "drive.cjs"), str(folder), str(database or log.with_suffix(".json"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )

    def tell(self, command: str, **asked: Json) -> None:
        """Have something done, and do not wait for it."""
        assert self.process.stdin
        whole = {"command": command, "auth": self.auth, "allowed": self.allowed, **asked}
        self.process.stdin.write(json.dumps(whole) + "\n")
        self.process.stdin.flush()

    def ask(self, command: str, **asked: Json) -> Json:
        """Have something done, and return what came of it."""
        self.tell(command, **asked)
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith("@"):
                answer = json.loads(line[1:])
                if "error" in answer:
                    raise Failed(answer["error"])
                return answer["result"]
        raise AssertionError(self.log.read_text()[-3000:])

    def run(self, name: str, props: Json = None, **place: Json) -> Json:
        """Run an action."""
        return self.ask("action", name=name, props=props or {}, **place)

    def watch(self, hook: str, props: Json = None, **place: Json) -> Json:
        """Call a hook of the trigger."""
        given = {"projectIds": [REPORT]} if props is None else props
        return self.ask("trigger", name="run_finished", hook=hook, props=given, **place)

    def kill(self) -> None:
        """End it in the middle of what it does."""
        self.process.kill()
        self.stop()

    def stop(self) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()
        self.process.terminate()
        self.process.wait(10)


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


def connect(piece: Piece, sandbox: Sandbox, token: str = TOKENS.personal) -> None:
    """Set the connection that steps are run with."""
    piece.allowed = [sandbox.origin]
    piece.auth = {"apiKey": token, "region": "custom", "baseUrl": sandbox.base_url}


def begin(sandbox: Sandbox, running: float = 1) -> str:
    """Let a run of the report begin that takes so many seconds of the sandbox's."""
    world, ada = sandbox.world, sandbox.world.user("Ada Okafor").id
    at, plan = sandbox.clock.time(), Plan(pending=0.1, running=running)
    run = Run(id=world.new_id(), project_id=REPORT, caller=ada, version=1, created_at=at, plan=plan)
    return str(world.add(run).id)
