"""The command line inside this process: as quick as a function, where a test needs no process of its own."""

from __future__ import annotations

import io
import logging
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from hex_blocks.cli import main
from hex_blocks.cli.shared_sandbox import shared
from hex_blocks.clock import FastClock
from hex_blocks.i18n.texts import set_language
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.conftest import Finished, RunCommand

SPEED = 120


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[RunCommand]:
    """Run the command line in this process: here("projects", "--sandbox", stdin="") gives what it said."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments: str, stdin: str | bytes = "", env: dict[str, str] | None = None) -> Finished:
        for name, value in (env or {}).items():
            monkeypatch.setenv(name, value)
        content = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "argv", ["hex-blocks", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        code = ended.value.code
        return subprocess.CompletedProcess(arguments, code if isinstance(code, int) else 1, said.out, said.err)

    yield run
    logger = logging.getLogger("hex_blocks.api")
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)
    signal.signal(signal.SIGTERM, before)
    set_language(None)


@pytest.fixture
def running() -> Iterator[Sandbox]:
    """A sandbox that all calls with --sandbox share."""
    with Sandbox(clock=FastClock(SPEED)) as made, shared(made, TOKENS.personal, SPEED):
        yield made
