"""What the tests of Sim share: the export beside stand-ins for what it takes of Sim, in a Node process of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.clock import FastClock
from hex_blocks.hosts.exports import request_for, targets, write_files
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.tools.registry import Registry
from tests.hosts.driven import Driven

HERE = Path(__file__).parent
STAND_IN = HERE / "stand_in"
ENVIRONMENT = Path(os.environ.get("HEX_BLOCKS_HOST_ENVIRONMENT", "/nonexistent"))
NODE = ENVIRONMENT / "bin" / "node"
MODULES = ENVIRONMENT / "npm" / "node_modules"
# Waits of many seconds are what is tested; a second of the tests is so many of them.
SPEED = 20


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave them to their environment."""
    if not NODE.exists():
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="run by make test-hosts"))


def exported(folder: Path, language: str = "en", registry: Registry | None = None, **asked: Any) -> Path:
    """Write the export into a folder."""
    target = targets()["sim"]
    request = request_for(target, registry or Registry.load(plugins=False), language=language, **asked)
    write_files(target, target.files(request), folder)
    return folder


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export as it is written."""
    return exported(tmp_path_factory.mktemp("sim") / "export")


def put_together(package: Path, folder: Path) -> Path:
    """Put an export and the stand-ins into one folder, as they stand in Sim's repository."""
    for part in (STAND_IN, package):
        shutil.copytree(part / "apps", folder / "apps", dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def repository(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export among the stand-ins."""
    return put_together(package, tmp_path_factory.mktemp("sim") / "repository")


class Sim(Driven):
    """What Sim does with the export; see drive.mjs."""

    def __init__(self, repository: Path) -> None:
        quiet = ["--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--disable-warning=ExperimentalWarning"]
        super().__init__([NODE, *quiet, HERE / "drive.mjs", repository, SPEED], repository / "log.txt")
        self.connection: dict[str, Any] = {}

    def ask(self, deed: str, **task: Any) -> Any:
        """Have something done."""
        self.send({"deed": deed, **task})
        answer = self.receive()
        assert "failed" not in answer, answer["failed"]
        return answer["done"]

    def execute(self, tool: str, params: dict[str, Any] | None = None, **more: Any) -> Any:
        """Run a tool as an agent does, with its own parameters alone."""
        return self.ask("execute", tool=tool, params={**self.connection, **(params or {})}, **more)

    def run(self, operation: str, **values: Any) -> Any:
        """Run the block with what its sub-blocks hold."""
        return self.ask("runBlock", values={"operation": operation, **self.connection, **values})


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox of the test's own."""
    with Sandbox(clock=FastClock(SPEED), limits=False) as running:
        yield running


@pytest.fixture(scope="session")
def process(repository: Path) -> Iterator[Sim]:
    running = Sim(repository)
    yield running
    running.stop()


@pytest.fixture
def sim(process: Sim, sandbox: Sandbox) -> Sim:
    """Sim with a block whose connection is the sandbox, which its operator allows."""
    process.ask("allow", hosts=sandbox.origin)
    process.connection = {"apiKey": TOKENS.personal, "baseUrl": sandbox.base_url}
    return process
