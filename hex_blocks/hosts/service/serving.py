"""Runs the service in a process until that gets a signal to stop."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from functools import partial
from types import FrameType

import uvicorn

from hex_blocks.hosts.service.app import make_app
from hex_blocks.hosts.service.state import Service

# How many seconds responses may take after the grace period of calls.
RESPONSE_SECONDS = 5
# The maximum number of connections that wait to be accepted: a thousand callers may connect at once.
BACKLOG = 2048


class _Server(uvicorn.Server):  # type: ignore[misc]
    """A server that notifies the service of a signal at once, so that waiting requests end in time."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._stop_requested = False
        self.ready: Callable[[], object] = list

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept requests, and then call `ready`; by then the signal handlers are installed."""
        await super().startup(sockets=sockets)
        self.ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Start to stop; stop immediately at the second signal. A process that was stopped exits with code 0."""
        self._service.runner.drain()
        self._service.draining.set()
        self.force_exit = self._stop_requested
        self.should_exit = self._stop_requested = True


class Serving:
    """A service that listens on a port.

    Args:
        service: The service.
        port: The port to listen on; 0 for any free port.
        ready: Called with the URL of the service when it accepts requests.
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
            timeout_graceful_shutdown=int(settings.grace) + RESPONSE_SECONDS,
        )
        self._server = _Server(config, service)

    def run(self) -> None:
        """Serve until the process gets a signal to stop, or `stop` is called.

        Raises:
            OSError: It cannot listen on this address and port.
        """
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        with socket.create_server((self._host, self._port), family=family, backlog=BACKLOG) as listening:
            if ready := self._ready:
                shown = f"[{self._host}]" if ":" in self._host else self._host
                self._server.ready = partial(ready, f"http://{shown}:{listening.getsockname()[1]}")
            self._server.run(sockets=[listening])

    def stop(self) -> None:
        """Stop the service, as a signal would. It can be called from any thread."""
        self._server.handle_exit(signal.SIGTERM, None)
