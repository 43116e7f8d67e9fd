"""Who may reach the server over HTTP: by which addresses and names, with which secret."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp.server.transport_security import TransportSecuritySettings

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine only."""
    address = _address(host)
    return address.is_loopback if address else host == "localhost"


def is_anywhere(host: str) -> bool:
    """Whether it stands for every address of this machine."""
    address = _address(host)
    return address.is_unspecified if address else not host


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def security(host: str, allowed_hosts: tuple[str, ...] = ()) -> TransportSecuritySettings:
    """Say which Host and Origin headers are taken, so that a page in somebody's browser cannot reach the server."""
    from mcp.server.transport_security import TransportSecuritySettings

    address = _address(host)
    own = f"[{address}]" if address and address.version == 6 else host
    names = [*LOOPBACK_NAMES, *([] if is_anywhere(host) else [own]), *allowed_hosts]
    with_ports = [each for name in dict.fromkeys(names) for each in (name, f"{name}:*")]
    origins = [f"{scheme}://{each}" for each in with_ports for scheme in ("http", "https")]
    return TransportSecuritySettings(allowed_hosts=with_ports, allowed_origins=origins)


def guarded(app: App, secret: str) -> App:
    """Let only requests through that bring the secret as a bearer token."""
    wanted = secret.encode()

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = next((value for name, value in scope["headers"] if name.lower() == b"authorization"), b"")
            # Schemes are compared without case, and one blank or more stands after them.
            scheme, _, brought = given.strip().partition(b" ")
            if scheme.lower() != b"bearer" or not hmac.compare_digest(brought.strip(), wanted):
                headers = [(b"content-type", b"text/plain"), (b"www-authenticate", b"Bearer")]
                await send({"type": "http.response.start", "status": 401, "headers": headers})
                await send({"type": "http.response.body", "body": b"The bearer secret is missing or wrong.\n"})
                return
        await app(scope, receive, send)

    return guard
