"""Who may reach the server over HTTP: by which addresses and names, with which secret."""

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


class Authority(NamedTuple):
    """A host and, where one is said, its port."""

    name: str
    port: int | None


def authority(written: str) -> Authority | None:
    """Read a host with or without a port as a whole; None for what is none."""
    parts = _AUTHORITY.fullmatch(written)
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


def addressed(app: App, host: str, allowed_hosts: tuple[str, ...] = (), origins: tuple[str, ...] = ()) -> App:
    """Let only requests through that name this server, so that a page in somebody's browser cannot reach it.

    host: the address that it listens on. allowed_hosts: more names, any of whose ports is meant where none is said.
    origins: pages of others that may reach it from a browser all the same.
    """
    names = [*LOOPBACK_NAMES, *([] if is_anywhere(host) else [host]), *allowed_hosts]
    ours = frozenset(found for name in names if (found := authority(_bracketed(name))))

    async def check(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if not _names_us(_values(scope, b"host"), ours):
                await _refuse(send, 421, "Invalid Host header\n")
                return
            came_from = [origin for origin in _values(scope, b"origin") if origin not in origins]
            if not all(_comes_from_us(origin, ours) for origin in came_from):
                await _refuse(send, 403, "Invalid Origin header\n")
                return
        await app(scope, receive, send)

    return check


def _bracketed(host: str) -> str:
    """Write an IPv6 address as headers have it, whether or not it is given so."""
    address = _address(host)
    return f"[{address}]" if address and address.version == 6 else host


def _values(scope: Scope, header: bytes) -> list[str]:
    return [value.decode("latin-1").strip(" \t") for name, value in scope["headers"] if name.lower() == header]


def _names_us(hosts: list[str], ours: frozenset[Authority]) -> bool:
    """Whether the one Host header that a request has is ours: of two, a proxy may have believed the other."""
    found = authority(hosts[0]) if len(hosts) == 1 else None
    return found is not None and _is_ours(found, tuple(DEFAULT_PORTS.values()), ours)


def _comes_from_us(origin: str, ours: frozenset[Authority]) -> bool:
    parts = _ORIGIN.fullmatch(origin)
    found = authority(parts["authority"]) if parts else None
    return bool(parts and found and _is_ours(found, (DEFAULT_PORTS[parts["scheme"].lower()],), ours))


def _is_ours(given: Authority, unsaid: tuple[int, ...], ours: frozenset[Authority]) -> bool:
    """Whether a host is one of ours, at any port or at the one that is said of it. unsaid: what no port stands for."""
    ports = unsaid if given.port is None else (given.port,)
    return Authority(given.name, None) in ours or any(Authority(given.name, port) in ours for port in ports)


async def _refuse(send: Send, status: int, said: str, *headers: tuple[bytes, bytes]) -> None:
    content = [(b"content-type", b"text/plain; charset=utf-8"), *headers]
    await send({"type": "http.response.start", "status": status, "headers": content})
    await send({"type": "http.response.body", "body": said.encode()})


def guarded(app: App, secret: str) -> App:
    """Let only requests through that bring the secret as a bearer token."""
    wanted = secret.encode()

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = next((value for name, value in scope["headers"] if name.lower() == b"authorization"), b"")
            # Schemes are compared without case, and one blank or more stands after them.
            scheme, _, brought = given.strip().partition(b" ")
            if scheme.lower() != b"bearer" or not hmac.compare_digest(brought.strip(), wanted):
                said = "The bearer secret is missing or wrong.\n"
                await _refuse(send, 401, said, (b"www-authenticate", b"Bearer"))
                return
        await app(scope, receive, send)

    return guard
