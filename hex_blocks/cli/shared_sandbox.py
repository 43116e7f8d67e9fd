"""Calls with --sandbox find the sandbox of `hex-blocks sandbox` by a file in the data folder."""

from __future__ import annotations

import hmac
import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hex_blocks.api.private_files import read_private, write_private
from hex_blocks.clock import FastClock
from hex_blocks.runs.record.configured import use_record
from hex_blocks.runs.record.sqlite import SqliteRecord, default_folder

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection
    from hex_blocks.sandbox import Sandbox

log = logging.getLogger(__name__)

FILE = "sandbox.json"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
# Seconds to wait for the sandbox's answer.
PATIENCE = 2.0


@dataclass(frozen=True)
class SharedSandbox:
    """A sandbox of another process.

    Attributes:
        url: Its base URL.
        token: A token that it accepts.
        instance: A random name of this process, which only it and the file contain.
        record: The folder of the record of started runs.
        speed: How many times as fast as real time its clock runs.
    """

    url: str
    token: str
    instance: str
    record: str
    speed: float

    @property
    def origin(self) -> str:
        """The scheme, host and port of the URL."""
        return self.url.removesuffix("/api/v1")


@contextmanager
def shared(sandbox: Sandbox, token: str, speed: float) -> Iterator[SharedSandbox | None]:
    """Make a sandbox available to calls with --sandbox while it runs.

    Yields:
        The sandbox that is shared already and stays so, or None if this one is shared.
    """
    other = find_shared()
    if other is not None or urlsplit(sandbox.base_url).hostname not in LOOPBACK:
        yield other
        return
    with tempfile.TemporaryDirectory(prefix="hex-blocks-") as folder:
        ours = SharedSandbox(sandbox.base_url, token, sandbox.instance, folder, speed)
        _write(ours)
        try:
            yield None
        finally:
            if _read() == ours:
                _file().unlink(missing_ok=True)


def find_shared() -> SharedSandbox | None:
    """Return the shared sandbox, or None. The file of one that has ended is deleted."""
    found = _read()
    if found is None or urlsplit(found.url).hostname not in LOOPBACK:
        return None
    if _is_there(found):
        return found
    _file().unlink(missing_ok=True)
    return None


@contextmanager
def connection_to(found: SharedSandbox) -> Iterator[Connection]:
    """Return a connection to a shared sandbox, with the record that all callers share."""
    from hex_blocks.api.connection import Connection

    clock = None if found.speed == 1 else FastClock(found.speed)
    options = {"allowed_hosts": (found.origin,), "pinned": True, "clock": clock}
    with Connection(found.token, found.url, **options) as connection:  # type: ignore[arg-type]
        use_record(connection, SqliteRecord(Path(found.record)))
        yield connection


def _file() -> Path:
    return default_folder() / FILE


def _write(shared_one: SharedSandbox) -> None:
    """Write the file, or log why it cannot be written."""
    try:
        write_private(_file(), asdict(shared_one))
    except OSError as error:
        log.warning("calls with --sandbox cannot find this one: %s", error)


def _read() -> SharedSandbox | None:
    """Return the content of the file, or None if it is absent, of another user, or invalid."""
    try:
        found = SharedSandbox(**read_private(_file()))
    except (OSError, ValueError, TypeError):
        return None
    texts = (found.url, found.token, found.instance, found.record)
    is_whole = all(isinstance(each, str) and each for each in texts)
    return found if is_whole and isinstance(found.speed, int | float) and found.speed > 0 else None


def _is_there(found: SharedSandbox) -> bool:
    """Return whether the sandbox answers at its address with the name in the file. The name is not sent."""
    import requests

    from hex_blocks.sandbox.app import INSTANCE_HEADER

    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(found.origin, timeout=PATIENCE, allow_redirects=False)
        except requests.RequestException:
            return False
        return hmac.compare_digest(answer.headers.get(INSTANCE_HEADER, "").encode(), found.instance.encode())
