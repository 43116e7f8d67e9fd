"""A chat webhook that records the messages posted to it."""

from __future__ import annotations

import time
from pathlib import Path

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

TOLD_WITHIN = 60.0


class Chat:
    """The chat, at a URL of a test's HTTP server."""

    def __init__(self, server: HTTPServer) -> None:
        self.posts: list[Request] = []
        # An IP address, because Node tries IPv6 for a name too, and the server listens on IPv4 only.
        self.url = server.url_for("/hooks/data-team").replace("localhost", "127.0.0.1")
        server.expect_request("/hooks/data-team", "POST").respond_with_handler(self._take)

    def _take(self, request: Request) -> Response:
        request.get_data()
        self.posts.append(request)
        return Response("{}", content_type="application/json")

    def wait(self, count: int, log: Path) -> list[Request]:
        """Wait until a number of messages has been posted, and return them. If it fails, show the log."""
        until = time.monotonic() + TOLD_WITHIN
        while len(self.posts) < count:
            assert time.monotonic() < until, log.read_text()[-3000:]
            time.sleep(0.2)
        return self.posts
