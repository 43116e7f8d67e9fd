"""What clusters of engines share: processes that are killed, answers that are held back, and a search for tokens."""

from __future__ import annotations

import base64
import os
import signal
import socket
import sqlite3
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from hex_blocks.sandbox import Sandbox
from hex_blocks.sandbox.model import Plan, Run
from tests.faulty import Act, Faulty, done_then, pass_on, silence, when
from tests.starts import TITLE

# Seconds. On a busy machine a task may take a minute to begin.
PATIENCE = 400.0


def held_back() -> Act:
    """Return an act for a proxy: Hex does the first start that comes, and its answer is held back."""
    return when("POST", done_then(silence))


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until(true: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Wait until something is there, and return it. A server that is busy is asked again."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(OSError):
            if found := true():
                return found
        time.sleep(0.3)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


class EngineCluster:
    """An engine's processes in a folder, and Hex behind a proxy that can misbehave.

    Attributes:
        project: The project whose runs are counted.
        known: The IDs of its runs that are not counted.
    """

    def __init__(self, home: Path, hex: Sandbox, proxy: Faulty) -> None:
        self.home = home
        self.hex = hex
        self.proxy = proxy
        self.project = hex.world.project(TITLE)
        self.known = {run.id for run in hex.world.runs(self.project.id)}
        self.machine = "one"

    def runs(self) -> list[Run]:
        """Return the runs in Hex that were started since `mark`."""
        return [run for run in self.hex.world.runs(self.project.id) if run.id not in self.known]

    def mark(self, plan: Plan) -> None:
        """Count from here on; runs go as planned."""
        self.known = {run.id for run in self.hex.world.runs(self.project.id)}
        self.project.plan = plan
        self.proxy.play(pass_on)

    def until_started(self, count: int = 1) -> None:
        """Wait until Hex has so many runs."""
        wait_until(lambda: len(self.runs()) >= count, "the run is started")


class Processes:
    """Processes by name, each in a group of its own with a log of its own."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder = folder
        self.env = {**os.environ, **env}
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *command: object, **more: str) -> subprocess.Popen[bytes]:
        """Start one; `more` is added to its environment."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [str(part) for part in command],
                env=self.env | more,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self.running[name]

    def kill(self, name: str) -> None:
        """End one and its children, without a word to them."""
        process = self.running.pop(name)
        # Those that have left its group are found below it, and those that it has left behind in its group.
        below = descendants(process.pid)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for each in below:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        process.wait(30)

    def kill_all(self) -> None:
        """End all of them."""
        for name in list(self.running):
            self.kill(name)


def descendants(process: int) -> list[int]:
    """Return the processes that one has started, and those that they have."""
    found: list[int] = []
    with suppress(FileNotFoundError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            for child in (thread / "children").read_text().split():
                found += [int(child), *descendants(int(child))]
    return found


def places_of(token: str, folder: Path) -> list[str]:
    """Return where a token is in the files below a folder and in all tables of the databases among them."""
    return [where for where, content in _contents(folder) if any(form in content for form in _forms(token))]


def _forms(token: str) -> list[bytes]:
    """Return a token as it may be written: also in the middle of something in base64."""
    plain = token.encode()
    shifted = [base64.b64encode(b"x" * before + plain)[4 : -4 or None] for before in range(3)]
    return [plain, plain[::-1], plain.hex().encode(), *shifted]


def _contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(folder.rglob("*")):
        # A server goes on meanwhile, and removes some.
        with suppress(FileNotFoundError):
            if not file.is_file():
                continue
            content = file.read_bytes()
            yield str(file), content
            if content.startswith(b"SQLite format 3"):
                yield from _cells(file)


def _cells(file: Path) -> Iterator[tuple[str, bytes]]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    content = value if isinstance(value, bytes) else str(value).encode()
                    yield f"{file}: {table}", content
                    with suppress(zlib.error):
                        yield f"{file}: {table}, unpacked", zlib.decompress(content)
