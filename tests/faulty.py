"""A faulty HTTP server, alone or as a proxy between a client and a real server.

It performs its acts in turn, one for each request, and repeats the last one:

    with Faulty(reset, reply(502), pass_on, upstream=sandbox.origin) as server:
        ...  # server.base_url is the URL for clients; server.requests are the received requests

An act is any function that accepts an Exchange.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

LOGIN_PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form>Password</form></body></html>"
MEGABYTE = 1024 * 1024
TLS_HELLO = b"\x16"


@dataclass(frozen=True)
class Request:
    """A received request. Header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    raw: bytes
    connection: int

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Exchange:
    """One request and the socket for its reply."""

    request: Request
    client: socket.socket
    stopped: threading.Event
    upstream: str | None
    open: bool = True

    def send(self, data: bytes) -> None:
        self.client.sendall(data)

    def close(self) -> None:
        self.open = False

    def reset(self) -> None:
        """Abort the connection, so that the client gets a reset."""
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.open = False


Act = Callable[[Exchange], object]


class Faulty:
    """The server.

    Args:
        *acts: What it does for each request, in turn. `play` replaces them.
        upstream: The origin of the real server, for acts that pass requests on.
        tls: The TLS context. Default: no TLS.
        listen: Whether it accepts connections at once.
    """

    def __init__(
        self, *acts: Act, upstream: str | None = None, tls: ssl.SSLContext | None = None, listen: bool = True
    ) -> None:
        self.acts: list[Act] = list(acts)
        self.upstream = upstream
        self.requests: list[Request] = []
        self.connections = 0
        self._tls = tls
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._clients: list[socket.socket] = []
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        if listen:
            self.listen()

    @property
    def origin(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{self.origin}/api/v1"

    def listen(self) -> None:
        """Start to accept connections, which are refused before."""
        self._listener.listen(128)
        self._start(self._accept)

    def play(self, *acts: Act) -> None:
        """Replace the acts."""
        with self._lock:
            self.acts = list(acts)

    def stop(self) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def __enter__(self) -> Faulty:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self, work: Callable[..., None], *given: Any) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._clients.append(client)
            self._start(self._serve, client, self.connections)

    def _serve(self, client: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError, ValueError):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                client = self._tls.wrap_socket(client, server_side=True)
            with client.makefile("rb") as reader:
                while request := _read(reader, number):
                    exchange = Exchange(request, client, self._stopped, self.upstream)
                    with self._lock:
                        self.requests.append(request)
                        act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
                    act(exchange)
                    if not exchange.open:
                        break
        client.close()


def _read(reader: Any, number: int) -> Request | None:
    if reader.peek(1)[:1] == TLS_HELLO:
        return None
    line = reader.readline()
    if not line.strip():
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    raw, headers = [line], {}
    while (header := reader.readline()).strip():
        raw.append(header)
        name, _, value = header.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = reader.read(int(headers.get("content-length", "0")))
    return Request(method, target, headers, body, b"".join([*raw, b"\r\n", body]), number)


# Acts


@dataclass(frozen=True)
class reply:  # noqa: N801 - an act, like the functions below
    """Send a complete reply. The body is JSON unless it is bytes."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = "Whatever"
    kind: str = "application/json"

    def __call__(self, exchange: Exchange) -> None:
        content = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        headers = {"Content-Type": self.kind, "Content-Length": str(len(content)), **self.headers}
        exchange.send(head(self.status, headers, self.reason) + content)


def head(status: int, headers: Mapping[str, str], reason: str = "Whatever") -> bytes:
    """Return the status line and headers of a reply, without headers that are empty."""
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def raw(data: bytes) -> Act:
    """Return an act that sends bytes and then closes the connection."""

    def act(exchange: Exchange) -> None:
        exchange.send(data)
        exchange.close()

    return act


def then_end(act: Act) -> Act:
    """Return an act that performs another act and then closes the connection."""

    def both(exchange: Exchange) -> None:
        act(exchange)
        exchange.close()

    return both


def end(exchange: Exchange) -> None:
    """Close the connection without a reply."""
    exchange.close()


def reset(exchange: Exchange) -> None:
    """Abort the connection without a reply."""
    exchange.reset()


def reset_mid_body(exchange: Exchange) -> None:
    """Send half of a reply and abort the connection."""
    exchange.send(head(200, {"Content-Type": "application/json", "Content-Length": "1000"}) + b'{"values": [')
    exchange.reset()


def end_mid_body(exchange: Exchange) -> None:
    """Send half of a reply and close the connection."""
    exchange.send(head(200, {"Content-Type": "application/json", "Content-Length": "1000"}) + b'{"values": [')
    exchange.close()


def end_mid_chunk(exchange: Exchange) -> None:
    """Send half of a chunk and close the connection."""
    exchange.send(
        head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}) + b'40\r\n{"values": ['
    )
    exchange.close()


def end_mid_headers(exchange: Exchange) -> None:
    """Send half of the headers and close the connection."""
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Ty")
    exchange.close()


def silence(exchange: Exchange) -> None:
    """Send nothing until the client closes the connection or the server is stopped."""
    exchange.client.recv(1)
    exchange.close()


def silence_mid_body(exchange: Exchange) -> None:
    """Send half of a reply and nothing more."""
    exchange.send(head(200, {"Content-Type": "application/json", "Content-Length": "1000"}) + b'{"values": [')
    silence(exchange)


def drip_body(pause: Callable[[], object]) -> Act:
    """Return an act that sends an endless body, byte by byte, with a pause before each byte."""
    return _drip(head(200, {"Content-Type": "application/json", "Content-Length": str(10**9)}) + b"{", b" ", pause)


def drip_headers(pause: Callable[[], object]) -> Act:
    """Return an act that sends an endless header, byte by byte, with a pause before each byte."""
    return _drip(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x", pause)


def _drip(first: bytes, piece: bytes, pause: Callable[[], object]) -> Act:
    def act(exchange: Exchange) -> None:
        exchange.send(first)
        # `pause` advances a driven clock; the short wait lets the client read each byte separately.
        while not exchange.stopped.wait(0.001):
            pause()
            exchange.send(piece)

    return act


@cache
def _bomb() -> bytes:
    return gzip.compress(b'{"title": "' + b" " * 64 * MEGABYTE, 1) * 200


def gzip_bomb(exchange: Exchange) -> None:
    """Send 13 GB in 57 MB or less."""
    reply(200, _bomb(), {"Content-Encoding": "gzip"})(exchange)


def pass_on(exchange: Exchange) -> None:
    """Pass the request on to the real server, and its reply to the client."""
    head_, body = fetched(exchange)
    exchange.send(head_ + body)


def fetched(exchange: Exchange) -> tuple[bytes, bytes]:
    """Pass the request on to the real server, and return its reply: the headers and the body."""
    assert exchange.upstream, "there is no upstream server"
    to = urlsplit(exchange.upstream)
    with socket.create_connection((to.hostname or "", to.port or 80), 30) as server:
        server.sendall(exchange.request.raw)
        with server.makefile("rb") as reader:
            lines = []
            while (line := reader.readline()).strip():
                lines.append(line)
            lengths = [line for line in lines if line.lower().startswith(b"content-length:")]
            body = reader.read(int(lengths[0].split(b":")[1])) if lengths else b""
    return b"".join([*lines, b"\r\n"]), body


def changed(change: Callable[[Any], object]) -> Act:
    """Return an act that passes the request on and changes the JSON of the reply."""

    def act(exchange: Exchange) -> None:
        head_, body = fetched(exchange)
        if not body.startswith(b"{"):
            exchange.send(head_ + body)
            return
        document = json.loads(body)
        change(document)
        new = json.dumps(document).encode()
        lines = [line for line in head_.splitlines() if line and not line.lower().startswith(b"content-length")]
        exchange.send(b"\r\n".join([*lines, f"Content-Length: {len(new)}".encode(), b"", b""]) + new)

    return act


def lost(exchange: Exchange) -> None:
    """Pass the request on to the real server, and lose its reply."""
    fetched(exchange)
    exchange.reset()


def done_then(act: Act) -> Act:
    """Return an act that passes the request on and then performs another act instead of returning the reply."""

    def both(exchange: Exchange) -> None:
        fetched(exchange)
        act(exchange)

    return both


def when(method: str, *acts: Act) -> Act:
    """Return an act that performs acts in turn for requests of a method, and passes all others on."""
    left = list(acts)
    lock = threading.Lock()

    def act(exchange: Exchange) -> None:
        with lock:
            chosen = left.pop(0) if left and exchange.request.method == method else pass_on
        chosen(exchange)

    return act


def half_a_json(exchange: Exchange) -> None:
    """Reply with the first half of a JSON document."""
    reply(201, b'{"projectId": "01234567-89ab-cdef-0123-456789abcdef", "runI')(exchange)
