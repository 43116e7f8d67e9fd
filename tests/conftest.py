"""What all tests share: a clean environment, the registry, connections to a local server, and the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from hex_blocks import Connection, HexError, Registry
from hex_blocks.clock import DrivenClock

REPOSITORY = Path(__file__).parents[1]
TOKEN = "hxtp_token_of_the_tests"
VARIABLES = (
    "HEX_API_TOKEN",
    "HEX_API_BASE_URL",
    "HEX_BLOCKS_ALLOWED_HOSTS",
    "HEX_BLOCKS_BUDGET",
    "LANGUAGE",
    "LC_ALL",
    "LC_MESSAGES",
    "LANG",
    "COLUMNS",
    "NO_COLOR",
    "FORCE_COLOR",
)

Finished = subprocess.CompletedProcess[str]
RunCommand = Callable[..., Finished]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the machine's own token, language and record of runs out of the tests, and out of their subprocesses."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HEX_BLOCKS_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture(autouse=True)
def every_error_has_its_words(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that makes an error whose sentence is missing, or whose values do not fill it."""
    made: list[HexError] = []
    make = HexError.__init__

    def make_and_remember(error: HexError, *given: Any, **values: Any) -> None:
        make(error, *given, **values)
        made.append(error)

    monkeypatch.setattr(HexError, "__init__", make_and_remember)
    yield
    assert all(error.message() and error.document()["message"] for error in made)


@pytest.fixture(scope="session")
def registry() -> Registry:
    """Our own tools."""
    return Registry.load(plugins=False)


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@pytest.fixture
def connection(httpserver: HTTPServer, clock: DrivenClock) -> Iterator[Connection]:
    """A connection to the test's own server, whatever base URL a call names."""
    origin = httpserver.url_for("").rstrip("/")
    with Connection(TOKEN, f"{origin}/api/v1", allowed_hosts=(origin,), pinned=True, clock=clock) as made:
        yield made


@pytest.fixture
def hex_blocks(tmp_path: Path) -> RunCommand:
    """Run `python -m hex_blocks` as a process of its own, in an empty folder.

    hex_blocks("tools", "--json", stdin="", env={"LANG": "de"}) gives the finished process.
    """
    empty = tmp_path / "elsewhere"
    empty.mkdir()

    def run(*arguments: str, stdin: str = "", env: dict[str, str] | None = None, **options: Any) -> Finished:
        return subprocess.run(
            [sys.executable, "-m", "hex_blocks", *arguments],
            input=stdin,
            env=os.environ | {"PYTHONWARNINGS": "error"} | (env or {}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **{"cwd": empty, **options},
        )

    return run
