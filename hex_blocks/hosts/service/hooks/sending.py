"""Sending an event to an address that somebody gave, and to no other.

The name is resolved once, every address it stands for has to be a public one, and the connection goes to that very
address: a name that points somewhere else a moment later leads nowhere. No redirect is followed, no proxy of the
environment used, and little of the answer read.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from hex_blocks import __version__
from hex_blocks.i18n.texts import Phrase, phrase

TIMEOUT = 15.0
LONGEST_URL = 2000
_READ = 1024
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class RefusedError(Exception):
    """An address is not one that events are sent to."""

    def __init__(self, reason: Phrase) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True)
class Sent:
    """What came of an attempt.

    Attributes:
        status: The HTTP status of the answer; None where none came.
        error: What was wrong, in English, without anything of the answer.
        retry_after: Seconds that the receiver asked to wait.
    """

    status: int | None = None
    error: str | None = None
    retry_after: float | None = None

    @property
    def arrived(self) -> bool:
        """Whether the receiver has taken it."""
        return self.status is not None and 200 <= self.status < 300


def checked(url: str, *, loopback: bool = False) -> SplitResult:
    """Return the parts of an address that events may be sent to, as far as can be told from how it is written.

    loopback: whether this machine is allowed, without TLS too.

    Raises:
        RefusedError: They are not sent there.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise RefusedError(phrase("it is not a web address")) from None
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url or not parts.hostname:
        raise RefusedError(phrase("it is not a web address"))
    if parts.username is not None or parts.password is not None:
        raise RefusedError(phrase("there is a user or a password in it"))
    if parts.scheme != "https" and not (loopback and parts.scheme == "http" and _is_this_machine(parts.hostname)):
        raise RefusedError(phrase("it does not begin with https://"))
    if port == 0:
        raise RefusedError(phrase("it is not a web address"))
    return parts


def resolved(parts: SplitResult, *, loopback: bool = False) -> str:
    """Return the address to connect to.

    Raises:
        RefusedError: The name stands for an address that is not public, or for none.
    """
    try:
        found = socket.getaddrinfo(parts.hostname, _port(parts), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise RefusedError(phrase("its name is not known")) from None
    addresses = list(dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found))
    for address in addresses:
        if not is_allowed(ipaddress.ip_address(address), loopback=loopback):
            raise RefusedError(phrase("it leads to an address that is not public"))
    return addresses[0]


def is_allowed(address: Address, *, loopback: bool = False) -> bool:
    """Whether events may be sent to an address: a public one, whatever way it is written in."""
    meant = _inside(address)
    if meant.is_loopback:
        return loopback
    return meant.is_global and not meant.is_multicast and not meant.is_reserved and not meant.is_unspecified


def _inside(address: Address) -> Address:
    """Return the address of IPv4 that stands in one of IPv6; the address itself where none does."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None) or address


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def post(url: str, body: str, headers: Mapping[str, str], *, loopback: bool = False, timeout: float = TIMEOUT) -> Sent:
    """Send a message and return what came of it. The whole of it takes no longer than the timeout."""
    try:
        parts = checked(url, loopback=loopback)
        address = resolved(parts, loopback=loopback)
    except RefusedError as error:
        return Sent(error=f"refused: {error.reason}")
    connection = _connection(parts, address, timeout)
    # A receiver that sends a byte now and then would keep each wait short, and the whole endless.
    late = threading.Event()
    cut = threading.Timer(timeout, _cut, args=(connection, late))
    cut.daemon = True
    cut.start()
    try:
        sent = _asked(connection, parts, body, headers)
        # What was cut off looks like an answer that has ended.
        return Sent(error="TimeoutError") if late.is_set() else sent
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Sent(error=type(error).__name__)
    finally:
        cut.cancel()
        connection.close()


def _asked(connection: http.client.HTTPConnection, parts: SplitResult, body: str, headers: Mapping[str, str]) -> Sent:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    said = {"Content-Type": "application/json", "User-Agent": f"hex-blocks/{__version__}", "Host": parts.netloc}
    connection.request("POST", path, body.encode(), {**said, **headers})
    reply = connection.getresponse()
    reply.read(_READ)
    error = None if 200 <= reply.status < 300 else f"HTTP {reply.status}"
    return Sent(reply.status, error, _seconds(reply.headers.get("Retry-After")))


def _connection(parts: SplitResult, address: str, timeout: float) -> http.client.HTTPConnection:
    port = _port(parts)
    if parts.scheme == "http":
        return http.client.HTTPConnection(address, port, timeout=timeout)
    return _Pinned(parts.hostname or "", address, port, timeout)


class _Pinned(http.client.HTTPSConnection):
    """A connection to an address, with the certificate of a name."""

    def __init__(self, name: str, address: str, port: int, timeout: float) -> None:
        super().__init__(name, port, timeout=timeout)
        self._address = address
        self._tls = ssl.create_default_context()

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


def _cut(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    late.set()
    if connection.sock is not None:
        with contextlib.suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.isdecimal() and len(header) < 10 else None
