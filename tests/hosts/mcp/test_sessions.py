"""What the server keeps of its sessions over HTTP: nothing of those that have ended or gone idle."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

pytest.importorskip("mcp", reason="run by make test-hosts")

import anyio
import httpx2
from mcp.server.streamable_http import StreamableHTTPServerTransport

from hex_blocks.hosts.mcp.server import HexServer
from hex_blocks.hosts.mcp.serving import PATH, http_app
from hex_blocks.hosts.models.toolbox import Toolbox

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}},
}
HEADERS = {"Accept": "application/json, text/event-stream"}
SESSIONS = 20


def kept() -> int:
    """Count the sessions in memory."""
    gc.collect()
    return sum(isinstance(each, StreamableHTTPServerTransport) for each in gc.get_objects())


async def forgotten() -> None:
    """Return when no session is in memory."""
    while kept():
        await anyio.sleep(0.05)


@asynccontextmanager
async def client(app: Any) -> AsyncIterator[httpx2.AsyncClient]:
    """Start an application as its server would, and give a client of it."""
    started, leaving, ended = anyio.Event(), anyio.Event(), anyio.Event()

    async def receive() -> dict[str, str]:
        if started.is_set():
            await leaving.wait()
            return {"type": "lifespan.shutdown"}
        return {"type": "lifespan.startup"}

    async def send(message: dict[str, str]) -> None:
        (started if message["type"] == "lifespan.startup.complete" else ended).set()

    async with anyio.create_task_group() as group:
        group.start_soon(app, {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
        await started.wait()
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost", headers=HEADERS) as http:
            yield http
        leaving.set()
        await ended.wait()


async def opened(http: httpx2.AsyncClient) -> list[str]:
    """Open sessions and give their ids."""
    return [(await http.post(PATH, json=HELLO)).headers["mcp-session-id"] for _ in range(SESSIONS)]


async def status(http: httpx2.AsyncClient, session: str) -> int:
    """End a session and give the status of the answer."""
    return int((await http.delete(PATH, headers={"mcp-session-id": session})).status_code)


def test_a_session_that_has_ended_is_forgotten():
    async def work() -> None:
        async with client(http_app(HexServer(Toolbox()), "127.0.0.1")) as http:
            sessions = await opened(http)
            assert kept() == SESSIONS
            assert {await status(http, each) for each in sessions} == {200}
            await forgotten()
            assert await status(http, sessions[0]) == 404

    asyncio.run(work())


def test_a_session_that_goes_idle_is_forgotten():
    async def work() -> None:
        async with client(http_app(HexServer(Toolbox()), "127.0.0.1", idle_seconds=0.5)) as http:
            sessions = await opened(http)
            await forgotten()
            assert await status(http, sessions[-1]) == 404

    asyncio.run(work())
