"""A local Hex for tests and trials: its API with state, rate limits, errors, paging, and runs that take time.

Users try the tools on it, hosts demonstrate them on it, and the tests run on it:

    with Sandbox() as hex_:
        requests.get(f"{hex_.base_url}/users/me", headers={"Authorization": f"Bearer {TOKENS.personal}"})

Where Hex's behaviour is not documented, the sandbox chooses one, and a comment says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from hex_blocks.clock import Clock, SystemClock
from hex_blocks.sandbox.tokens import TOKENS, Tokens

if TYPE_CHECKING:
    from hex_blocks.sandbox.app import Received
    from hex_blocks.sandbox.server import Server
    from hex_blocks.sandbox.workspace import World

__all__ = ["TOKENS", "Sandbox", "Tokens"]

LimitsChoice = bool | Mapping[str, tuple[tuple[int, float], ...]]


class Sandbox:
    """A Hex workspace served over HTTP on this machine.

    `clock` decides what time it is there. `limits` is True for Hex's request limits, False for none, or a
    mapping from a group's name to its (count, seconds) pairs, which replaces the limits of those groups
    (see `hex_blocks.sandbox.request_limits.HEX_LIMITS`). `log` is called with one line per request.

    `strict` refuses booleans and numbers that a body gives as text. `workspace_me_fails` answers 500 where a
    workspace token asks whose it is, as a real Hex may.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
        limits: LimitsChoice = True,
        log: Callable[[str], object] | None = None,
        *,
        strict: bool = False,
        workspace_me_fails: bool = False,
    ) -> None:
        from hex_blocks.sandbox.seed import seeded_world

        self.host = host
        self.port = port
        self.clock: Clock = clock or SystemClock()
        self.world: World = seeded_world(self.clock.time())
        self.requests: list[Received] = []
        self.world.workspace_me_fails = workspace_me_fails
        # A random name of this instance, by which calls distinguish it from another one at the same address.
        self.instance = secrets.token_hex(16)
        self._limits = limits
        self._strict = strict
        self._log = log
        self._server: Server | None = None

    @property
    def origin(self) -> str:
        """The scheme, host and port, such as `http://127.0.0.1:8080`. The port is known after start()."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def base_url(self) -> str:
        """The base URL for clients."""
        return f"{self.origin}/api/v1"

    def start(self) -> Sandbox:
        """Start listening, in a thread.

        Raises:
            OSError: The port is in use.
        """
        if self._server is not None:
            return self
        from hex_blocks.sandbox.app import App
        from hex_blocks.sandbox.request_limits import RateLimiter
        from hex_blocks.sandbox.server import Server

        self._server = Server(self.host, self.port)
        self.port = self._server.port
        limits = RateLimiter.of(self._limits, self.clock)
        self._server.serve(
            App(
                self.world,
                self.clock,
                limits,
                self.origin,
                self.requests,
                self._log,
                strict=self._strict,
                instance=self.instance,
            )
        )
        return self

    def stop(self) -> None:
        """Stop listening and close open connections. The state of the workspace is kept."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
