"""Running the server: over stdio, and over HTTP."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable

from hex_blocks.hosts.mcp.guard import App, guarded, security
from hex_blocks.hosts.mcp.server import HexServer

PATH = "/mcp"
LEAVE_SECONDS = 2


def start_quickly() -> None:
    """Collect no garbage while the SDK is imported: it makes a great deal, keeps all of it, and is a tenth faster."""
    gc.disable()


def _started() -> None:
    """Collect garbage again, but never look at what the imports left."""
    gc.freeze()
    gc.enable()


def run_stdio(server: HexServer) -> None:
    """Serve one client on stdin and stdout until it closes them."""
    import anyio
    from mcp.server.stdio import stdio_server

    async def serve() -> None:
        sdk = server.sdk_server()
        _started()
        async with stdio_server() as (reading, writing):
            await sdk.run(reading, writing, sdk.create_initialization_options())

    anyio.run(serve)


def run_http(
    server: HexServer,
    host: str,
    port: int,
    allowed_hosts: tuple[str, ...] = (),
    secret: str | None = None,
    ready: Callable[[str], object] | None = None,
) -> None:
    """Serve any number of clients over streamable HTTP until the process is told to stop.

    ready: is told the address as soon as requests are taken in. Raises OSError where it cannot listen.
    """
    import uvicorn

    app = http_app(server, host, allowed_hosts, secret)
    _started()
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=LEAVE_SECONDS,
    )
    plain = host.strip("[]")
    family = socket.AF_INET6 if ":" in plain else socket.AF_INET
    with socket.create_server((plain, port), family=family) as listening:
        if ready:
            shown = f"[{plain}]" if ":" in plain else plain
            ready(f"http://{shown}:{listening.getsockname()[1]}{PATH}")
        uvicorn.Server(config).run(sockets=[listening])


def http_app(server: HexServer, host: str, allowed_hosts: tuple[str, ...] = (), secret: str | None = None) -> App:
    """Make the ASGI application.

    allowed_hosts: names beside this machine's own under which clients reach it. secret: what every request must
    bring as a bearer token.
    """
    settings = security(host, allowed_hosts)
    app = server.sdk_server().streamable_http_app(streamable_http_path=PATH, host=host, transport_security=settings)
    return guarded(app, secret) if secret else app
