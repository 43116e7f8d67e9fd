"""What README.md shows, run as shown.

A block after `<!-- test -->` is run: ```console line by line, ```python as a script. Output that is shown, in the
console or in a ```text block right after a script, has to come; … stands for anything.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from hex_blocks.clock import FastClock
from hex_blocks.sandbox import TOKENS, Sandbox

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"<!-- test -->\n```(console|python)\n(.*?)```(?:\n+```text\n(.*?)```)?", flags=re.DOTALL)


class Shown(NamedTuple):
    """Something a page shows: a command or a script, and the output that comes of it; None where none is shown."""

    run: list[str]
    output: str | None


def shown() -> Iterator[Shown]:
    for kind, content, output in BLOCK.findall(README):
        if kind == "python":
            yield Shown([sys.executable, "-c", content], output or None)
            continue
        for step in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
            line, _, rest = step.partition("\n")
            yield Shown(["bash", "-c", line], rest or None)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A machine with hex-blocks on its path, and a Hex to talk to."""
    programs = tmp_path_factory.mktemp("bin")
    (programs / "hex-blocks").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hex_blocks "$@"\n')
    (programs / "hex-blocks").chmod(0o755)
    with Sandbox(clock=FastClock(1000), limits=False) as sandbox:
        yield {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "HEX_API_BASE_URL": sandbox.base_url,
            "HEX_API_TOKEN": TOKENS.personal,
            "HEX_BLOCKS_ALLOWED_HOSTS": sandbox.origin,
        }


def test_the_readme_shows_the_command_line_and_python() -> None:
    kinds = {kind for kind, _, _ in BLOCK.findall(README)}

    assert kinds == {"console", "python"}


@pytest.mark.parametrize("step", shown())
def test_what_is_shown_happens(step: Shown, environment: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        step.run, cwd=tmp_path, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
    )

    wanted = ".*" if step.output is None else re.escape(step.output.strip()).replace("…", ".*")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(wanted, done.stdout.strip(), flags=re.DOTALL), done.stdout
