"""What the stories of handlers share: a sandbox whose clock only moves when somebody waits, and ways to call it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from hex_blocks import Connection, Registry
from hex_blocks.clock import DrivenClock
from hex_blocks.sandbox import TOKENS, Sandbox

RunTool = Callable[..., dict[str, Any]]


@pytest.fixture
def sandbox(clock: DrivenClock) -> Iterator[Sandbox]:
    """A Hex of our own, with Hex's request limits."""
    with Sandbox(clock=clock) as running:
        yield running


@pytest.fixture
def connect(sandbox: Sandbox, clock: DrivenClock) -> Iterator[Callable[..., Connection]]:
    """Make connections to the sandbox: connect(token)."""
    with ExitStack() as open_ones:

        def connect_with(token: str = TOKENS.personal) -> Connection:
            return open_ones.enter_context(
                Connection(token, sandbox.base_url, allowed_hosts=(sandbox.origin,), pinned=True, clock=clock)
            )

        yield connect_with


@pytest.fixture
def run(registry: Registry, connect: Callable[..., Connection]) -> RunTool:
    """Run a tool on the sandbox: run("hex_ask", {…}, token=…) gives its outputs."""
    connections: dict[str, Connection] = {}

    def run_tool(tool_id: str, inputs: dict[str, Any], token: str = TOKENS.personal, **more: Any) -> dict[str, Any]:
        connection = connections.setdefault(token, connect(token))
        return registry[tool_id].run(inputs, connection, **more)

    return run_tool


@pytest.fixture
def asked(sandbox: Sandbox) -> Callable[[], list[str]]:
    """Name the operations that the sandbox was asked for, in order."""
    return lambda: [str(request.operation_id) for request in sandbox.requests]
