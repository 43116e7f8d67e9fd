"""Running the server: over stdio, and over HTTP."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from hex_blocks.hosts.mcp.guard import App, Receive, Scope, Send, addressed, guarded
from hex_blocks.hosts.mcp.server import HexServer
from hex_blocks.hosts.mcp.wire import Mended

if TYPE_CHECKING:
    from starlette.applications import Starlette

PATH = "/mcp"
LEAVE_SECONDS = 2
# A session is kept while its client listens or asks; one that does neither is forgotten, with its memory.
IDLE_SECONDS = 600.0
MOST_SESSIONS = 4000


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
            await sdk.run(Mended(reading, writing), writing, sdk.create_initialization_options())

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


def http_app(
    server: HexServer,
    host: str,
    allowed_hosts: tuple[str, ...] = (),
    secret: str | None = None,
    *,
    idle_seconds: float = IDLE_SECONDS,
) -> App:
    """Make the ASGI application.

    allowed_hosts: names beside this machine's own under which clients reach it. secret: what every request must
    bring as a bearer token. idle_seconds: after how long a session of which nothing is heard is forgotten.
    """
    app = addressed(_at_both_paths(sdk_app(server, host, idle_seconds)), host, allowed_hosts)
    return guarded(app, secret) if secret else app


def sdk_app(server: HexServer, host: str, idle_seconds: float = IDLE_SECONDS) -> Starlette:
    """Make the SDK's application, which whoever serves it guards."""
    from mcp.server.transport_security import TransportSecuritySettings

    return server.sdk_server().streamable_http_app(
        streamable_http_path=PATH,
        host=host,
        session_idle_timeout=idle_seconds,
        max_sessions=MOST_SESSIONS,
        # The SDK compares how a host begins; ours are compared whole.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )


def _at_both_paths(app: App) -> App:
    """Serve the path with a slash at its end too: a redirect would lead past the proxies in front of this."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == f"{PATH}/":
            scope = {**scope, "path": PATH, "raw_path": PATH.encode()}
        await app(scope, receive, send)

    return serve
