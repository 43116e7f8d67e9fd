"""Running the MCP server over stdio or over HTTP."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from hex_blocks.hosts.mcp.guard import App, Receive, Scope, Send, with_host_check, with_secret_check
from hex_blocks.hosts.mcp.server import HexServer
from hex_blocks.hosts.mcp.wire import RepairingStream

if TYPE_CHECKING:
    from starlette.applications import Starlette

PATH = "/mcp"
SHUTDOWN_SECONDS = 2
# After this time without a request or an open stream, a session is closed and its memory freed.
IDLE_SECONDS = 600.0
MAX_SESSIONS = 4000


def start_quickly() -> None:
    """Turn off garbage collection while the SDK is imported; this makes the start about a tenth faster.

    The import allocates many objects, and all of them stay in use.
    """
    gc.disable()


def _resume_garbage_collection() -> None:
    """Turn on garbage collection again, without the objects that the imports created."""
    gc.freeze()
    gc.enable()


def run_stdio(server: HexServer) -> None:
    """Serve one client on stdin and stdout until it closes them."""
    import anyio
    from mcp.server.stdio import stdio_server

    async def serve() -> None:
        sdk = server.sdk_server()
        _resume_garbage_collection()
        async with stdio_server() as (reading, writing):
            await sdk.run(RepairingStream(reading, writing), writing, sdk.create_initialization_options())

    anyio.run(serve)


def run_http(
    server: HexServer,
    host: str,
    port: int,
    allowed_hosts: tuple[str, ...] = (),
    secret: str | None = None,
    ready: Callable[[str], object] | None = None,
) -> None:
    """Serve any number of clients over streamable HTTP until the process gets a signal to stop.

    Args:
        server: The MCP server.
        host: The address to listen on.
        port: The port to listen on; 0 for any free port.
        allowed_hosts: More host names that clients may use for this server.
        secret: The secret that each request must have as bearer token. Default: none is needed.
        ready: Called with the URL of the server when it accepts requests.

    Raises:
        OSError: It cannot listen on this address and port.
    """
    import uvicorn

    app = http_app(server, host, allowed_hosts, secret)
    _resume_garbage_collection()
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
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
    """Return the ASGI application.

    Args:
        server: The MCP server.
        host: The address that the application listens on.
        allowed_hosts: More host names that clients may use for this server.
        secret: The secret that each request must have as bearer token. Default: none is needed.
        idle_seconds: The time after which an unused session is closed.
    """
    app = with_host_check(_at_both_paths(sdk_app(server, host, idle_seconds)), host, allowed_hosts)
    return with_secret_check(app, secret) if secret else app


def sdk_app(server: HexServer, host: str, idle_seconds: float = IDLE_SECONDS) -> Starlette:
    """Return the SDK's ASGI application, without checks of headers: the caller has to add them."""
    from mcp.server.transport_security import TransportSecuritySettings

    return server.sdk_server().streamable_http_app(
        streamable_http_path=PATH,
        host=host,
        session_idle_timeout=idle_seconds,
        max_sessions=MAX_SESSIONS,
        # The SDK compares only the beginning of a host name; `with_host_check` compares all of it.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )


def _at_both_paths(app: App) -> App:
    """Serve the path with a trailing slash too: a redirect could name an address that proxies do not serve."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == f"{PATH}/":
            scope = {**scope, "path": PATH, "raw_path": PATH.encode()}
        await app(scope, receive, send)

    return serve
