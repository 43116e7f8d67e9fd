"""Sends an event to a URL of a caller, protected against server-side request forgery.

The host name is resolved once, all its IP addresses must be public, and the connection is made to the checked address,
so that a later change of the name has no effect. Redirects and proxies of the environment are not used, and only the
beginning of the reply is read.
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
_READ_BYTES = 1024
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class RefusedError(Exception):
    """Raised if events must not be sent to a URL."""

    def __init__(self, reason: Phrase) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True)
class Attempt:
    """The result of an attempt.

    Attributes:
        status: The HTTP status of the reply; None if there was none.
        error: What failed, in English, without any content of the reply.
        retry_after: The seconds that the receiver asked to wait.
    """

    status: int | None = None
    error: str | None = None
    retry_after: float | None = None

    @property
    def delivered(self) -> bool:
        """Whether the receiver accepted the message."""
        return self.status is not None and 200 <= self.status < 300


def check_url(url: str, *, loopback: bool = False) -> SplitResult:
    """Check the form of a URL that events are to be sent to, and return its parts.

    Args:
        url: The URL.
        loopback: Whether this machine is allowed, without TLS too.

    Raises:
        RefusedError: Events must not be sent to this URL.
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


def resolve(parts: SplitResult, *, loopback: bool = False) -> str:
    """Return the IP address of a URL to connect to.

    Raises:
        RefusedError: The name cannot be resolved, or one of its addresses is not public.
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
    """Return whether events may be sent to an IP address: it must be public, even if embedded in an IPv6 address."""
    actual = _embedded(address)
    if actual.is_loopback:
        return loopback
    return actual.is_global and not actual.is_multicast and not actual.is_reserved and not actual.is_unspecified


def _embedded(address: Address) -> Address:
    """Return the IPv4 address that is embedded in an IPv6 address; the address itself if there is none."""
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


def post(
    url: str, body: str, headers: Mapping[str, str], *, loopback: bool = False, timeout: float = TIMEOUT
) -> Attempt:
    """Send a message and return the result. It takes no longer than the timeout in total."""
    try:
        parts = check_url(url, loopback=loopback)
        address = resolve(parts, loopback=loopback)
    except RefusedError as error:
        return Attempt(error=f"refused: {error.reason}")
    connection = _connection(parts, address, timeout)
    # The socket's timeout is for each read; a receiver that sends a byte now and then would never exceed it.
    timed_out = threading.Event()
    timer = threading.Timer(timeout, _abort, args=(connection, timed_out))
    timer.daemon = True
    timer.start()
    try:
        attempt = _exchange(connection, parts, body, headers)
        # A connection that was cut off looks like the end of a reply.
        return Attempt(error="TimeoutError") if timed_out.is_set() else attempt
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Attempt(error=type(error).__name__)
    finally:
        timer.cancel()
        connection.close()


def _exchange(
    connection: http.client.HTTPConnection, parts: SplitResult, body: str, headers: Mapping[str, str]
) -> Attempt:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    own_headers = {"Content-Type": "application/json", "User-Agent": f"hex-blocks/{__version__}", "Host": parts.netloc}
    connection.request("POST", path, body.encode(), {**own_headers, **headers})
    reply = connection.getresponse()
    reply.read(_READ_BYTES)
    error = None if 200 <= reply.status < 300 else f"HTTP {reply.status}"
    return Attempt(reply.status, error, _seconds(reply.headers.get("Retry-After")))


def _connection(parts: SplitResult, address: str, timeout: float) -> http.client.HTTPConnection:
    port = _port(parts)
    if parts.scheme == "http":
        return http.client.HTTPConnection(address, port, timeout=timeout)
    return _PinnedConnection(parts.hostname or "", address, port, timeout)


class _PinnedConnection(http.client.HTTPSConnection):
    """A TLS connection to an IP address that verifies the certificate of a host name."""

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


def _abort(connection: http.client.HTTPConnection, timed_out: threading.Event) -> None:
    timed_out.set()
    if connection.sock is not None:
        with contextlib.suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.isdecimal() and len(header) < 10 else None
