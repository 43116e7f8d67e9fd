"""Prefect as the tests of this folder use it: a server of its own, on loopback, and credentials for a sandbox."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hex_blocks.clock import FastClock
from hex_blocks.hosts.engines import clients
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import NotebookInput

# Prefect reads its settings when it is imported.
os.environ |= {
    "PREFECT_HOME": tempfile.mkdtemp(prefix="prefect-"),
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "110",
    "PREFECT_LOGGING_TO_API_ENABLED": "true",
    "DO_NOT_TRACK": "1",
}
pytest.importorskip("prefect", reason="run by make test-hosts")

SPEED = 30
TITLE = "Quick check"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let Prefect warn of its own old parts, and start its server in the time that takes."""
    for item in items:
        if "hosts/prefect" in str(item.path):
            item.add_marker(pytest.mark.filterwarnings("ignore"))
            if not item.get_closest_marker("timeout"):
                item.add_marker(pytest.mark.timeout(180))


@pytest.fixture(scope="session")
def server() -> Iterator[None]:
    """A server of Prefect with a database of its own."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=110):
        yield


@pytest.fixture
def clock() -> FastClock:
    return FastClock(SPEED)


@pytest.fixture
def sandbox(clock: FastClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A Hex of our own."""
    monkeypatch.setattr("hex_blocks.api.connection.SystemClock", lambda: clock)
    with Sandbox(clock=clock) as running:
        monkeypatch.setenv("HEX_BLOCKS_ALLOWED_HOSTS", running.origin)
        running.world.project(TITLE).inputs = (NotebookInput("n", "number", 0),)
        yield running
    clients.forget_clients()


@pytest.fixture
def credentials(server: None, sandbox: Sandbox) -> Any:
    from hex_blocks.hosts.prefect import HexCredentials

    return HexCredentials(api_key=TOKENS.personal, base_url=sandbox.base_url)


@pytest.fixture
def project(sandbox: Sandbox) -> str:
    return sandbox.world.project(TITLE).id


@pytest.fixture
def started(sandbox: Sandbox, project: str) -> Callable[[], int]:
    """Count the runs that were started since the test began."""
    before = len(sandbox.world.runs(project))
    return lambda: len(sandbox.world.runs(project)) - before
