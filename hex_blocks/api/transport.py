"""The HTTP transport of `requests`, with a deadline, a stop event and no debug output.

- The whole reply, headers included, has to arrive before a deadline, however slowly it is sent.
- A stop event ends the opening of a connection, and the reading of a reply.
- http.client and urllib3 never print requests or replies, whatever debugging is enabled, because they hold the token.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import math
import socket
import threading
from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError

SecondsLeft = Callable[[], float]
# How often a wait for a connection or a reply checks the stop event, in real seconds.
STOP_CHECK_SECONDS = 0.2
# Statuses after which the final reply still comes: 1xx without 101, which switches to another protocol.
INTERIM = frozenset(range(100, 200)) - {101}
MAX_INTERIM = 100

_sending = threading.local()


class Transport(HTTPAdapter):
    """Sends prepared requests. Thread-safe."""

    def send_within(
        self,
        prepared: requests.PreparedRequest,
        left: SecondsLeft,
        stop: threading.Event,
        *,
        ends_reading: bool = True,
        **options: Any,
    ) -> requests.Response:
        """Send a request and return the reply, whose body is not read yet.

        Args:
            prepared: The request.
            left: Returns the seconds until the whole reply has to be read.
            stop: Ends the opening of a connection when it is set.
            ends_reading: Whether `stop` also ends the reading of the reply.
            options: Arguments of `HTTPAdapter.send`.
        """
        _sending.left = left
        _sending.connecting = stop
        _sending.stop = stop if ends_reading else None
        _sending.sent = False
        return self.send(prepared, stream=True, **options)

    @property
    def sent(self) -> bool:
        """Whether any part of this thread's last request was sent."""
        return bool(_sending.sent)

    def init_poolmanager(self, *given: Any, **options: Any) -> None:
        """Create the connection pools."""
        super().init_poolmanager(*given, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *given: Any, **options: Any) -> Any:
        """Return the connection pools of a proxy."""
        manager = super().proxy_manager_for(*given, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _DeadlineReader(io.RawIOBase):
    """Reads from a socket until the deadline of the current request."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._file = sock.makefile("rb", buffering=0)
        self._left: SecondsLeft = _sending.left
        self._stop: threading.Event | None = _sending.stop
        self._each = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        silence = 0.0
        while (left := min(self._left(), (self._each or math.inf) - silence)) > 0:
            some = min(left, STOP_CHECK_SECONDS) if self._stop else left
            self._socket.settimeout(None if some == math.inf else some)
            try:
                # Not read through the file: it refuses to read on after a timeout.
                return self._socket.recv_into(buffer)
            except TimeoutError:
                silence += some
                if self._stop and self._stop.is_set():
                    raise
        raise TimeoutError("the reply was not complete before the deadline")

    def close(self) -> None:
        self._file.close()
        super().close()


class _ReplySocket:
    """The part of a socket's interface that http.client reads a reply through."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_DeadlineReader(self._socket))


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *given: Any, **options: Any) -> None:
        super().__init__(_ReplySocket(sock), *given, **options)  # type: ignore[arg-type]

    def begin(self) -> None:
        super().begin()
        for _ in range(MAX_INTERIM):
            if self.status not in INTERIM:
                break
            # The final reply is still to come. http.client itself only handles 100.
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()
        else:
            raise http.client.BadStatusLine("too many interim replies")
        # urllib3 would log header lines that it cannot parse, which could repeat the token.
        self.msg.defects.clear()
        self.msg.set_payload("")


class _ConnectionAttempt:
    """Opens a connection in a separate thread, because the system call cannot be interrupted by a stop event."""

    def __init__(self, connection: HTTPConnection, make: Callable[[], None]) -> None:
        self._connection = connection
        self._make = make
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._given_up = False
        self._fault: BaseException | None = None
        self._state = dict(_sending.__dict__)

    def run(self, stop: threading.Event) -> None:
        """Open the connection.

        Raises:
            ConnectTimeoutError: `stop` was set first.
        """
        threading.Thread(target=self._work, name="connecting", daemon=True).start()
        try:
            while not self._ended.wait(STOP_CHECK_SECONDS):
                if stop.is_set():
                    raise ConnectTimeoutError(self._connection, "stopped while the connection was being opened")
        except BaseException:
            self._give_up()
            raise
        fault, self._fault = self._fault, None
        if fault:
            raise fault

    def _work(self) -> None:
        _sending.__dict__.update(self._state)
        try:
            self._make()
        except BaseException as fault:  # noqa: BLE001 - raised again in the waiting thread
            self._fault = fault
        with self._lock:
            self._ended.set()
            if self._given_up:
                self._connection.close()

    def _give_up(self) -> None:
        """Abandon the thread. Shutting down the socket ends it at once if it waits for a proxy or TLS handshake."""
        with self._lock:
            self._given_up = True
            sock = self._connection.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class _HttpConnection(HTTPConnection):
    debuglevel = 0
    response_class = _Response

    def connect(self) -> None:
        _ConnectionAttempt(self, super().connect).run(_sending.connecting)


class _HttpsConnection(HTTPSConnection):
    debuglevel = 0
    response_class = _Response

    def connect(self) -> None:
        try:
            _ConnectionAttempt(self, super().connect).run(_sending.connecting)
        finally:
            # Bytes sent to a proxy while connecting are not part of the request.
            _sending.sent = False

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _sending.sent = True
        super().send(data)


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


_POOLS = {"http": _HttpPool, "https": _HttpsPool}
