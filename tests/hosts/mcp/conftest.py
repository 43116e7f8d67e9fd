"""What the tests of the MCP server share: a server in this process, and ways to start one of its own."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from hex_blocks import Connection, Registry

COMMAND = (sys.executable, "-m", "hex_blocks", "mcp")
# Fast enough that a report takes half a second, slow enough that something can happen meanwhile.
ON_SANDBOX = ("--sandbox", "--speed", "20")


def environment(**more: str) -> dict[str, str]:
    """Give the environment of a server's process."""
    kept = ("PATH", "HOME", "PYTHONPATH", "HEX_BLOCKS_DATA_DIR")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"PYTHONWARNINGS": "default"} | more


@dataclass
class Running:
    """A server over HTTP, as a process of its own."""

    process: subprocess.Popen[str]
    url: str
    said: list[str] = field(default_factory=list)


@pytest.fixture
def make_server(registry: Registry, hex_connection: Connection) -> Callable[..., Any]:
    """Make the SDK's server on the sandbox: make_server(tools="all", read_only=True)."""
    from hex_blocks.hosts.mcp.server import HexServer
    from hex_blocks.hosts.models.toolbox import Toolbox

    def make(
        tools: Any = "default", connection: Connection | None = None, whole_schemas: bool = False, **options: Any
    ) -> Any:
        box = Toolbox(tools, registry=registry, **options)
        return HexServer(box, connection or hex_connection, whole_schemas=whole_schemas).sdk_server()

    return make


@pytest.fixture(params=["auto", "legacy"])
def ask(request: pytest.FixtureRequest, make_server: Callable[..., Any]) -> Callable[..., Any]:
    """Ask the server something, in both ages of the protocol: ask(lambda client: client.list_prompts())."""
    from mcp import Client
    from mcp.shared.exceptions import MCPError

    def ask_server(question: Any, **options: Any) -> Any:
        async def talk() -> Any:
            async with Client(make_server(**options), mode=request.param) as client:
                try:
                    return await question(client)
                except MCPError as error:
                    # Outside the client, it would come in groups of exceptions.
                    return error

        return asyncio.run(talk())

    return ask_server


@pytest.fixture
def serve_http() -> Iterator[Callable[..., Running]]:
    """Start `hex-blocks mcp --http` and give it when it listens: serve_http("--read-only", env={…})."""
    with ExitStack() as running:

        def start(*options: str, env: dict[str, str] | None = None) -> Running:
            command = [*COMMAND, "--http", "--port", "0", *options]
            process = subprocess.Popen(command, env=environment(**(env or {})), stderr=subprocess.PIPE, text=True)
            running.callback(stop, process)
            said: list[str] = []
            assert process.stderr is not None
            for line in process.stderr:
                said.append(line)
                if found := re.search(r"http://\S+", line):
                    # What it says later is read too, or it would have to stop saying it.
                    threading.Thread(target=lambda: said.extend(process.stderr or ()), daemon=True).start()
                    return Running(process, found.group(), said)
            raise AssertionError("".join(said))

        yield start


def stop(process: subprocess.Popen[Any]) -> None:
    """End a process, politely first."""
    process.terminate()
    try:
        process.wait(10)
    finally:
        process.kill()
        process.wait(10)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()
