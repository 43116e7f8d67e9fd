"""What the tests of n8n share: the exported package, n8n-core in a process of its own, and a sandbox as hurried."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.clock import FastClock
from hex_blocks.hosts.exports import request_for, targets, write_files
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.tools.registry import Registry
from tests.hosts.driven import Driven

HERE = Path(__file__).parent
ENVIRONMENT = Path(os.environ.get("HEX_BLOCKS_HOST_ENVIRONMENT", "/nonexistent"))
MODULES = ENVIRONMENT / "npm" / "node_modules"
# Waits of many seconds are what the node does; a second of the tests is so many of them.
SPEED = 20
HEX = "CUSTOM.hex"


@pytest.fixture(scope="session", autouse=True)
def needs_n8n() -> None:
    failed = ENVIRONMENT / "npm-failed.txt"
    if not (MODULES / "n8n-core").exists():
        pytest.skip(f"n8n-core could not be had: {failed.read_text()[-300:] if failed.exists() else ENVIRONMENT}")


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it is exported."""
    folder = tmp_path_factory.mktemp("n8n") / "package"
    target = targets()["n8n"]
    write_files(target, target.files(request_for(target, Registry.load(plugins=False))), folder)
    return folder


class Refused(Exception):  # noqa: N818
    """What n8n shows of a failure outside a workflow."""

    def __init__(self, said: dict[str, Any]) -> None:
        super().__init__(said.get("message"))
        self.said = said


class Engine(Driven):
    """n8n-core with the package loaded; see drive.cjs."""

    def __init__(self, folder: Path, log: Path, **variables: str) -> None:
        command = [ENVIRONMENT / "bin" / "node", HERE / "drive.cjs", MODULES, folder, SPEED]
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "HEX_SHIM") if name in os.environ}
        own = {"N8N_ENCRYPTION_KEY": "tests", "N8N_USER_FOLDER": str(log.parent)}
        super().__init__(command, log, own | variables, inherited=kept)
        self.loaded = self.ask("start")

    def ask(self, command: str, **given: Any) -> Any:
        """Give it a command, and wait for what comes of it."""
        self.send({"command": command, **given})
        answer = self.receive()
        if "error" in answer:
            raise Refused(answer["error"] if isinstance(answer["error"], dict) else {"message": answer})
        return answer["result"]


@pytest.fixture(scope="session")
def engine(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    running = Engine(package, tmp_path_factory.mktemp("n8n-core") / "log.txt")
    yield running
    running.stop()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=FastClock(SPEED), limits=False) as running:
        yield running


@pytest.fixture
def n8n(engine: Engine, sandbox: Sandbox) -> Engine:
    """n8n-core with a credential for the sandbox."""
    use(engine, sandbox)
    return engine


def use(engine: Engine, sandbox: Sandbox, token: str = TOKENS.personal, **values: Any) -> None:
    """Set the credential that nodes are run with."""
    engine.ask("credentials", values={"apiKey": token, "region": "custom", "baseUrl": sandbox.base_url, **values})


@pytest.fixture
def operate(n8n: Engine) -> Callable[..., Any]:
    """Run one operation for items: operate("getRunStatus", {…}, items=[{}], onError="continueErrorOutput")."""

    def run(operation: str, parameters: dict[str, Any], items: Any = ({},), **settings: Any) -> Any:
        return n8n.ask("run", workflow=workflow(operation, parameters, items, **settings))

    return run


def workflow(operation: str, parameters: dict[str, Any], items: Any = ({},), **settings: Any) -> dict[str, Any]:
    """Make a workflow of the node behind one that gives items."""
    named = {"resource": resource_of(operation)} if "resource" not in parameters else {}
    node = {
        "name": "Hex",
        "type": HEX,
        "typeVersion": 1,
        "id": "hex",
        "position": [200, 0],
        "parameters": {**named, "operation": operation, **parameters},
        "credentials": {"hexApi": {"id": "1", "name": "Hex"}},
        **settings,
    }
    first = {"name": "Items", "type": "test.items", "typeVersion": 1, "id": "items", "position": [0, 0]}
    first["parameters"] = {"items": json.dumps(list(items))}
    return {
        "nodes": [first, node],
        "connections": {"Items": {"main": [[{"node": "Hex", "type": "main", "index": 0}]]}},
    }


def resource_of(operation: str) -> str:
    """Find the resource that an operation is of."""
    from hex_blocks.hosts.n8n.operations import operations

    shown = {each.value: each.resource for each in operations(Registry.load(plugins=False).values())}
    return shown[operation]
