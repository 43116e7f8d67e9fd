"""The wire below the adapter: requests' own transport, with three changes.

An answer has to be whole by a deadline, however slowly it drips in, headers included, and a stop ends the making of a
connection. And neither requests nor answers are printed by http.client or urllib3, whatever debugging is switched on:
they hold the token.
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
# While an answer or a connection is waited for, this often it is looked up whether anybody wants it; real seconds.
LOOK_UP = 0.2
# Answers that say that the answer is still to come: all below 200 but the one that ends the talk in HTTP.
INTERIM = frozenset(range(100, 200)) - {101}
MOST_INTERIM = 100

_sending = threading.local()


class Transport(HTTPAdapter):
    """Sends prepared requests. Safe under threads."""

    def send_within(
        self,
        prepared: requests.PreparedRequest,
        left: SecondsLeft,
        stop: threading.Event,
        *,
        ends_reading: bool = True,
        **options: Any,
    ) -> requests.Response:
        """Send a request and return the answer, its body still to be read.

        Args:
            prepared: The request.
            left: Returns the seconds until all has to be read.
            stop: Ends the making of a connection early when it is set, and the reading.
            ends_reading: Whether it ends the reading.
            options: What requests' own transport takes.
        """
        _sending.left = left
        _sending.connecting = stop
        _sending.stop = stop if ends_reading else None
        _sending.sent = False
        return self.send(prepared, stream=True, **options)

    @property
    def sent(self) -> bool:
        """Whether anything of this thread's last request has left."""
        return bool(_sending.sent)

    def init_poolmanager(self, *given: Any, **options: Any) -> None:
        """Make the pools of connections."""
        super().init_poolmanager(*given, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *given: Any, **options: Any) -> Any:
        """Return the pools of connections that go through a proxy."""
        manager = super().proxy_manager_for(*given, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _Timed(io.RawIOBase):
    """A socket's incoming bytes, until the deadline of the request that is being answered."""

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
            some = min(left, LOOK_UP) if self._stop else left
            self._socket.settimeout(None if some == math.inf else some)
            try:
                # The file would take no more bytes after a timeout.
                return self._socket.recv_into(buffer)
            except TimeoutError:
                silence += some
                if self._stop and self._stop.is_set():
                    raise
        raise TimeoutError("the answer was not whole in time")

    def close(self) -> None:
        self._file.close()
        super().close()


class _Socket:
    """What http.client asks of the socket that it reads an answer from."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Timed(self._socket))


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *given: Any, **options: Any) -> None:
        super().__init__(_Socket(sock), *given, **options)  # type: ignore[arg-type]

    def begin(self) -> None:
        super().begin()
        for _ in range(MOST_INTERIM):
            if self.status not in INTERIM:
                break
            # The answer itself is still to come; http.client knows that of 100 only.
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()
        else:
            raise http.client.BadStatusLine("one interim answer after the other")
        # urllib3 would log the lines that it cannot read, with whatever they echo.
        self.msg.defects.clear()
        self.msg.set_payload("")


class _Making:
    """A connection that is being made in a thread of its own: no call of the system's ends when somebody says stop."""

    def __init__(self, connection: HTTPConnection, make: Callable[[], None]) -> None:
        self._connection = connection
        self._make = make
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._given_up = False
        self._fault: BaseException | None = None
        self._given = dict(_sending.__dict__)

    def until_made(self, stop: threading.Event) -> None:
        """Wait for it. Raises ConnectTimeoutError where somebody says stop first."""
        threading.Thread(target=self._work, name="connecting", daemon=True).start()
        try:
            while not self._ended.wait(LOOK_UP):
                if stop.is_set():
                    raise ConnectTimeoutError(self._connection, "stopped while the connection was being made")
        except BaseException:
            self._give_up()
            raise
        fault, self._fault = self._fault, None
        if fault:
            raise fault

    def _work(self) -> None:
        _sending.__dict__.update(self._given)
        try:
            self._make()
        except BaseException as fault:  # noqa: BLE001 - handed on to whoever waits
            self._fault = fault
        with self._lock:
            self._ended.set()
            if self._given_up:
                self._connection.close()

    def _give_up(self) -> None:
        """Leave the thread to end by itself, at once where it waits for what is said on the new connection."""
        with self._lock:
            self._given_up = True
            sock = self._connection.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class _Connection(HTTPConnection):
    debuglevel = 0
    response_class = _Response

    def connect(self) -> None:
        _Making(self, super().connect).until_made(_sending.connecting)


class _SecureConnection(HTTPSConnection):
    debuglevel = 0
    response_class = _Response

    def connect(self) -> None:
        try:
            _Making(self, super().connect).until_made(_sending.connecting)
        finally:
            # What was said to a proxy is no part of the request.
            _sending.sent = False

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _sending.sent = True
        super().send(data)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Pool, "https": _SecurePool}
