"""An HTTP/1.1 server for the sandbox, with keep-alive and one thread per connection.

Keep-alive is needed because a new connection takes forty times as long as a request to the sandbox.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

MOST_BODY_BYTES = 10 * 1024 * 1024
MOST_DRAINED_BYTES = 100 * 1024 * 1024
PIECE = 64 * 1024


class Answering(Protocol):
    """The interface of the application that the server calls."""

    def answer(
        self, method: str, target: str, headers: Message, body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Return status, headers and body. A `body` of None was too long to be read."""
        ...


class Server:
    """A listening socket, served by a daemon thread from serve() until stop()."""

    def __init__(self, host: str, port: int) -> None:
        try:
            self._http = _HTTPServer(host, port)
        except OSError as error:
            raise OSError(error.errno, f"cannot listen on {host}:{port}: {error.strerror}") from error
        self.port: int = self._http.server_address[1]

    def serve(self, app: Answering) -> None:
        """Start serving requests with `app`."""
        self._http.app = app
        # A short interval, because shutdown() waits for it.
        threading.Thread(target=self._http.serve_forever, args=(0.01,), name="hex-sandbox", daemon=True).start()

    def stop(self) -> None:
        """Stop listening, and close the connections that clients keep alive."""
        self._http.shutdown()
        self._http.server_close()
        for connection in tuple(self._http.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    app: Answering

    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # On Windows, SO_REUSEADDR would take the port from another process.
        self.allow_reuse_address = sys.platform != "win32"
        self.open: set[Any] = set()
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        # Not http.server's own method, which looks up the host's full name; that can take seconds.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(self.allow_reuse_address))
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        self.open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _HTTPServer

    def handle(self) -> None:
        # A client can disconnect at any time.
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle()

    def __getattr__(self, name: str) -> Callable[[], None]:
        # http.server looks for do_GET, do_POST and so on. Here the application handles all methods.
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        body = self._body()
        status, headers, content = self.server.app.answer(self.command, self.path, self.headers, body)
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if status != HTTPStatus.NO_CONTENT:
            lines.append(f"Content-Length: {len(content)}")
        lines.append(f"Connection: {'close' if self.close_connection else 'keep-alive'}")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.wfile.write(head if self.command == "HEAD" else head + content)

    def _body(self) -> bytes | None:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            self.close_connection = True
            return b""
        if int(length) <= MOST_BODY_BYTES:
            return self.rfile.read(int(length))
        # The connection is closed because the rest of the body is not read.
        self.close_connection = True
        left = min(int(length), MOST_DRAINED_BYTES)
        while left > 0 and (piece := self.rfile.read(min(PIECE, left))):
            left -= len(piece)
        return None

    def _chunks(self) -> bytes | None:
        body = bytearray()
        while size := self._chunk_size():
            if size < 0 or len(body) + size > MOST_BODY_BYTES:
                self.close_connection = True
                return b"" if size < 0 else None
            body += self.rfile.read(size)
            self.rfile.readline(PIECE)
        while self.rfile.readline(PIECE).strip():
            continue
        return bytes(body)

    def _chunk_size(self) -> int:
        """Return the size of the next chunk, or -1 if it is not valid."""
        try:
            return int(self.rfile.readline(PIECE).split(b";")[0], 16)
        except ValueError:
            return -1

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the application has its own log."""
