"""The settings of the service: where it listens, who may use it, and its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PORT = 8767
SECRET_VARIABLE = "HEX_BLOCKS_SERVE_SECRET"  # noqa: S105
KEY_VARIABLE = "HEX_BLOCKS_SERVE_KEY"
MIN_SECRET = 16
MEGABYTE = 1024 * 1024
HOUR = 3600.0


@dataclass(frozen=True)
class Settings:
    """The settings of the service.

    Attributes:
        folder: The folder of the SQLite file, if there is no PostgreSQL server.
        server: The address of the PostgreSQL server that all replicas share; None to use a SQLite file.
        host: The address to listen on.
        secret: The bearer token of callers who use the server's Hex token.
        key: The key that callers' tokens are encrypted with before they are stored; None to store no tokens.
        public_url: The URL of the service for callers, if it is behind a proxy.
        root_path: The beginning of every path that a proxy removes.
        allowed_hosts: More host names that callers may use for this service.
        origins: Web origins whose pages may call the service from a browser.
        wait: The seconds that a request waits for its call before the call becomes a job.
        longest_wait: The most seconds that a caller may wait.
        most_bytes: The maximum size of a request's body.
        most_calls: The maximum number of active calls.
        kept: The seconds that a job and its result are stored after its end.
        lease: The seconds after which another process takes over the job of a process that is gone.
        grace: The seconds that calls have to end when the process stops.
        loopback_hooks: Whether events may be sent to this machine, without TLS too.
        watch: The seconds between two requests for a hook's finished runs.
        language: The language of messages to callers who request none.
        mcp: Whether the MCP endpoint is served.
    """

    folder: Path
    server: str | None = field(default=None, repr=False)
    host: str = "127.0.0.1"
    secret: str | None = None
    key: str | None = None
    public_url: str | None = None
    root_path: str = ""
    allowed_hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    wait: float = 25.0
    longest_wait: float = 300.0
    most_bytes: int = 4 * MEGABYTE
    most_calls: int = 256
    kept: float = 24 * HOUR
    lease: float = 15.0
    grace: float = 10.0
    loopback_hooks: bool = False
    watch: float = 30.0
    language: str | None = None
    mcp: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The host names that callers may use, besides those of this machine."""
        public = urlsplit(self.public_url).netloc if self.public_url else ""
        return (*self.allowed_hosts, *([public] if public else []))
