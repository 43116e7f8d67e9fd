"""What the tests of the service share: one in this process, and ways to start one of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from hex_blocks import Connection, Registry
from hex_blocks.clock import DrivenClock, FastClock
from hex_blocks.runs.record.configured import use_record
from hex_blocks.runs.record.sqlite import SqliteRecord
from hex_blocks.sandbox import TOKENS, Sandbox

SECRET = "a-secret-of-the-tests-0123456789"
KEY = "a-key-of-the-tests"
COMMAND = (sys.executable, "-m", "hex_blocks", "serve")
PATIENCE = 30.0


@dataclass
class Client:
    """Speaks to a service as a caller does."""

    url: str
    token: str | None = None
    service: Any = None

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        headers = {**({"Authorization": f"Bearer {self.token}"} if self.token else {}), **options.pop("headers", {})}
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, self.url + path, json=body, headers=headers, timeout=60, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.ask("POST", path, body, **options)

    def call(self, tool: str, inputs: Any = None, **options: Any) -> requests.Response:
        return self.post(f"/v1/tools/{tool}", inputs if inputs is not None else {}, **options)

    def job(self, answer: requests.Response) -> dict[str, Any]:
        """Follow a job to its end."""
        job_id = answer.json()["jobId"]
        found: dict[str, Any] = until(
            lambda: self.get(f"/v1/jobs/{job_id}").json(), lambda job: job["status"] not in OPEN
        )
        return found

    def with_token(self, token: str | None) -> Client:
        return replace(self, token=token)


OPEN = ("queued", "running")


def until(look: Callable[[], Any], right: Callable[[Any], bool] = bool, patience: float = PATIENCE) -> Any:
    """Look until it is right, and give what was seen."""
    end = time.monotonic() + patience
    while True:
        seen = look()
        if right(seen):
            return seen
        assert time.monotonic() < end, seen
        time.sleep(0.05)


@pytest.fixture
def fast() -> Iterator[Sandbox]:
    """A sandbox whose time passes so fast that a run takes less than a second, while one can still see it run."""
    with Sandbox(clock=FastClock(20)) as running:
        yield running


@pytest.fixture
def fast_connection(fast: Sandbox, tmp_path: Path) -> Iterator[Connection]:
    with Connection(
        TOKENS.personal, fast.base_url, allowed_hosts=(fast.origin,), pinned=True, clock=fast.clock
    ) as made:
        use_record(made, SqliteRecord(tmp_path / "record"))
        yield made


# What is kept is kept as well in either kind of database: these tests are run with both.
PLACES = {
    "test_callers": ("file", "server"),
    "test_hooks": ("file", "server"),
    "test_jobs": ("file", "server"),
    "test_replicas": ("server",),
}
DATABASE = "service"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "place" in metafunc.fixturenames:
        module = metafunc.module.__name__.rpartition(".")[2]
        metafunc.parametrize("place", PLACES.get(module, ("file",)), indirect=True)


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Give the address of an empty PostgreSQL database; None where things are kept in a file."""
    if request.param == "file":
        yield None
        return
    from tests.postgres import address_in, drop_databases, make_database

    server: str = request.getfixturevalue("postgres").address()
    name = f"{DATABASE}_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    drop_databases(server, name)
    make_database(server, name)
    yield address_in(server, name)


@pytest.fixture
def here(
    registry: Registry, fast_connection: Connection, tmp_path: Path, place: str | None
) -> Iterator[Callable[..., Client]]:
    """Run a service in this process and give a client of it: here(secret=…, wait=0)."""
    from hex_blocks.hosts.service.app import make_service
    from hex_blocks.hosts.service.serving import Serving
    from hex_blocks.hosts.service.settings import Settings

    with ExitStack() as running:

        def start(
            connection: Connection | None = None, has_token: bool = True, clock: Any = None, **settings: Any
        ) -> Client:
            given = {"folder": tmp_path / "service", "server": place, "grace": 2.0, **settings}
            service = make_service(
                Settings(**given), registry, connection or fast_connection, has_token=has_token, clock=clock
            )
            ready = threading.Event()
            told: list[str] = []

            def tell(url: str) -> None:
                told.append(url)
                ready.set()

            serving = Serving(service, 0, tell)
            thread = threading.Thread(target=serving.run, daemon=True)
            thread.start()
            running.callback(thread.join, 30)
            running.callback(serving.stop)
            assert ready.wait(30)
            return Client(told[0], service=service)

        yield start


@pytest.fixture
def driven() -> DrivenClock:
    """A clock of a service's own, which moves only when a test says so."""
    return DrivenClock()


@dataclass
class Process:
    """A service as a process of its own."""

    process: subprocess.Popen[str]
    client: Client
    said: list[str] = field(default_factory=list)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@pytest.fixture
def process() -> Iterator[Callable[..., Process]]:
    """Start `hex-blocks serve` and give it when it listens: process("--sandbox", env={…})."""
    with ExitStack() as running:

        def start(*options: str, env: dict[str, str] | None = None) -> Process:
            variables = os.environ | {"PYTHONWARNINGS": "default"} | (env or {})
            command = [*COMMAND, "--port", "0", *options]
            made = subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True)
            running.callback(stop, made)
            said: list[str] = []
            assert made.stderr is not None
            for line in made.stderr:
                said.append(line)
                if found := re.search(r"http://\S+", line):
                    threading.Thread(target=lambda: said.extend(made.stderr or ()), daemon=True).start()
                    return Process(made, Client(found.group()), said)
            raise AssertionError("".join(said))

        yield start


def stop(process: subprocess.Popen[Any]) -> None:
    """End a process, politely first."""
    process.terminate()
    try:
        process.wait(20)
    finally:
        process.kill()
        process.wait(10)
        if process.stderr:
            process.stderr.close()
