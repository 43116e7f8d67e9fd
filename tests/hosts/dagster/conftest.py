"""Dagster as the tests of this folder use it: an instance of its own, and a workspace on a sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.clock import FastClock
from hex_blocks.hosts.engines import clients
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import NotebookInput

dg = pytest.importorskip("dagster", reason="run by make test-hosts")

SPEED = 30
TITLE = "Quick check"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let Dagster warn of its own old and new parts."""
    for item in items:
        if "hosts/dagster" in str(item.path):
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture
def clock() -> FastClock:
    return FastClock(SPEED)


@pytest.fixture
def sandbox(clock: FastClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A Hex of our own."""
    monkeypatch.setattr("hex_blocks.api.connection.SystemClock", lambda: clock)
    with Sandbox(clock=clock) as running:
        monkeypatch.setenv("HEX_BLOCKS_ALLOWED_HOSTS", running.origin)
        monkeypatch.setenv("HEX_API_TOKEN", TOKENS.personal)
        monkeypatch.setenv("HEX_API_BASE_URL", running.base_url)
        running.world.project(TITLE).inputs = (NotebookInput("day", "text", ""), NotebookInput("region", "text", ""))
        yield running
    clients.forget_clients()


@pytest.fixture
def workspace(sandbox: Sandbox) -> Any:
    from hex_blocks.hosts.dagster import HexWorkspace

    return HexWorkspace(api_key=dg.EnvVar("HEX_API_TOKEN"), base_url=sandbox.base_url)


@pytest.fixture
def project(sandbox: Sandbox) -> str:
    return sandbox.world.project(TITLE).id


@pytest.fixture
def started(sandbox: Sandbox, project: str) -> Callable[[], int]:
    """Count the runs that were started since the test began."""
    before = len(sandbox.world.runs(project))
    return lambda: len(sandbox.world.runs(project)) - before


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Any]:
    """An instance of Dagster."""
    with dg.instance_for_test(temp_dir=str(tmp_path)) as made:
        yield made
