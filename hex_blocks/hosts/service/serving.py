"""Running the service until the process is told to stop."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from functools import partial
from types import FrameType

import uvicorn

from hex_blocks.hosts.service.app import make_app
from hex_blocks.hosts.service.state import Service

# What requests that are being answered have beyond the grace of calls.
LAST_WORDS = 5
# Connections that wait until they are taken in: a thousand callers may come at once.
BACKLOG = 2048


class _Server(uvicorn.Server):  # type: ignore[misc]
    """A server that tells the service at once when it is to stop, so that nobody is left waiting."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._told = False
        self.ready: Callable[[], object] = list

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take requests in. Nobody is told before this process hears when it is to stop."""
        await super().startup(sockets=sockets)
        self.ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; told a second time, stop at once. Having been told to is no failure: it ends with 0."""
        self._service.runner.drain()
        self._service.draining.set()
        self.force_exit = self._told
        self.should_exit = self._told = True


class Serving:
    """A service that listens.

    Args:
        service: The service.
        port: The port to listen on; 0 for any.
        ready: Is told the address as soon as requests are taken in.
    """

    def __init__(self, service: Service, port: int, ready: Callable[[str], object] | None = None) -> None:
        settings = service.settings
        self._ready = ready
        self._host, self._port = settings.host.strip("[]"), port
        config = uvicorn.Config(
            make_app(service),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            root_path=settings.root_path,
            timeout_graceful_shutdown=int(settings.grace) + LAST_WORDS,
        )
        self._server = _Server(config, service)

    def run(self) -> None:
        """Serve until the process is told to stop, or `stop` is called.

        Raises:
            OSError: The address cannot be listened on.
        """
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        with socket.create_server((self._host, self._port), family=family, backlog=BACKLOG) as listening:
            if ready := self._ready:
                shown = f"[{self._host}]" if ":" in self._host else self._host
                self._server.ready = partial(ready, f"http://{shown}:{listening.getsockname()[1]}")
            self._server.run(sockets=[listening])

    def stop(self) -> None:
        """Stop as if the process had been told to; from any thread."""
        self._server.handle_exit(signal.SIGTERM, None)
