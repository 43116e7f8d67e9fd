"""How the service is run: where it listens, who may use it, and how long it keeps things."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PORT = 8767
SECRET_VARIABLE = "HEX_BLOCKS_SERVE_SECRET"  # noqa: S105
KEY_VARIABLE = "HEX_BLOCKS_SERVE_KEY"
SHORTEST_SECRET = 16
MEGABYTE = 1024 * 1024
HOUR = 3600.0


@dataclass(frozen=True)
class Settings:
    """How the service is run.

    Attributes:
        folder: Where jobs and hooks are kept, where there is no server.
        server: Address of the PostgreSQL server in which they are kept, for all its replicas.
        host: The address that it listens on.
        secret: What callers bring as a bearer token to use the server's own Hex token.
        key: What tokens of callers are encrypted under, for work that goes on without them; None to keep none.
        public_url: The address that callers use, where a proxy is in front.
        root_path: The part of every path that a proxy takes off.
        allowed_hosts: Names beside this machine's own under which callers reach it.
        origins: Origins of pages that may call it from a browser.
        wait: Seconds that a call is waited for before it becomes a job.
        longest_wait: The most that a caller may ask for.
        most_bytes: The largest body that is read.
        most_calls: How many calls are worked on at a time.
        kept: Seconds that a job is kept after its end, with its result.
        lease: Seconds after which another process takes over the job of one that is gone.
        grace: Seconds that calls have to end when the process is told to stop.
        loopback_hooks: Whether events may be sent to this machine, without TLS too.
        watch: Seconds between two looks for finished runs.
        language: Of what is said to callers who name no language.
        mcp: Whether agents are served as well, over the Model Context Protocol.
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
        """Every name under which callers reach it, beside this machine's own."""
        public = urlsplit(self.public_url).netloc if self.public_url else ""
        return (*self.allowed_hosts, *([public] if public else []))
