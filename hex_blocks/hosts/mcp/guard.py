"""Checks of HTTP requests before the server handles them: the Host and Origin headers, and the bearer secret."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
DEFAULT_PORTS = {"http": 80, "https": 443}
HIGHEST_PORT = 65535
_AUTHORITY = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/]+)", re.ASCII | re.IGNORECASE)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def is_loopback(host: str) -> bool:
    """Return whether an address to listen on can be reached from this machine only."""
    address = _address(host)
    return address.is_loopback if address else host == "localhost"


def is_anywhere(host: str) -> bool:
    """Return whether an address to listen on means all addresses of this machine."""
    address = _address(host)
    return address.is_unspecified if address else not host


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


class Authority(NamedTuple):
    """A host name in lower case, and its port if one is given."""

    name: str
    port: int | None


def authority(value: str) -> Authority | None:
    """Return a host with or without a port, parsed; None if it is not valid."""
    parts = _AUTHORITY.fullmatch(value)
    if parts is None:
        return None
    port = int(parts["port"]) if parts["port"] else None
    if port is not None and port > HIGHEST_PORT:
        return None
    name = parts["name"].lower()
    if not name.startswith("["):
        return Authority(name, port)
    address = _address(name)
    return Authority(f"[{address}]", port) if address and address.version == 6 else None


def with_host_check(app: App, host: str, allowed_hosts: tuple[str, ...] = (), origins: tuple[str, ...] = ()) -> App:
    """Return an application that refuses requests for other hosts or from other origins.

    This prevents DNS rebinding: a web page in a user's browser cannot send requests to the server.

    Args:
        app: The application to protect.
        host: The address that it listens on.
        allowed_hosts: More allowed host names; a name without a port allows all its ports.
        origins: Other web origins that may send requests from a browser.
    """
    names = [*LOOPBACK_NAMES, *([] if is_anywhere(host) else [host]), *allowed_hosts]
    ours = frozenset(found for name in names if (found := authority(_bracketed(name))))

    async def check(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if not _is_our_host(_values(scope, b"host"), ours):
                await _refuse(send, 421, "Invalid Host header\n")
                return
            unlisted = [origin for origin in _values(scope, b"origin") if origin not in origins]
            if not all(_is_our_origin(origin, ours) for origin in unlisted):
                await _refuse(send, 403, "Invalid Origin header\n")
                return
        await app(scope, receive, send)

    return check


def _bracketed(host: str) -> str:
    """Return an IPv6 address in brackets, as in headers; other hosts are returned unchanged."""
    address = _address(host)
    return f"[{address}]" if address and address.version == 6 else host


def _values(scope: Scope, header: bytes) -> list[str]:
    return [value.decode("latin-1").strip(" \t") for name, value in scope["headers"] if name.lower() == header]


def _is_our_host(hosts: list[str], ours: frozenset[Authority]) -> bool:
    """Return whether the Host header names this server.

    Two headers are refused: a proxy may have used the other one.
    """
    found = authority(hosts[0]) if len(hosts) == 1 else None
    return found is not None and _is_ours(found, tuple(DEFAULT_PORTS.values()), ours)


def _is_our_origin(origin: str, ours: frozenset[Authority]) -> bool:
    parts = _ORIGIN.fullmatch(origin)
    found = authority(parts["authority"]) if parts else None
    return bool(parts and found and _is_ours(found, (DEFAULT_PORTS[parts["scheme"].lower()],), ours))


def _is_ours(given: Authority, default_ports: tuple[int, ...], ours: frozenset[Authority]) -> bool:
    """Return whether a host is one of ours, at any port or at the given port.

    Args:
        given: The host.
        default_ports: The ports that it may mean if it has no port.
        ours: The hosts of this server; without a port, all ports are allowed.
    """
    ports = default_ports if given.port is None else (given.port,)
    return Authority(given.name, None) in ours or any(Authority(given.name, port) in ours for port in ports)


async def _refuse(send: Send, status: int, reason: str, *headers: tuple[bytes, bytes]) -> None:
    content = [(b"content-type", b"text/plain; charset=utf-8"), *headers]
    await send({"type": "http.response.start", "status": status, "headers": content})
    await send({"type": "http.response.body", "body": reason.encode()})


def with_secret_check(app: App, secret: str) -> App:
    """Return an application that refuses requests without the secret as bearer token."""
    expected = secret.encode()

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = next((value for name, value in scope["headers"] if name.lower() == b"authorization"), b"")
            # The scheme is case-insensitive and followed by one or more spaces.
            scheme, _, presented = given.strip().partition(b" ")
            if scheme.lower() != b"bearer" or not hmac.compare_digest(presented.strip(), expected):
                reason = "The bearer secret is missing or wrong.\n"
                await _refuse(send, 401, reason, (b"www-authenticate", b"Bearer"))
                return
        await app(scope, receive, send)

    return guard
