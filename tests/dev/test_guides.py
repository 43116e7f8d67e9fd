"""The guides' snippets: every one that is marked runs on the sandbox and prints what the guide says it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.clock import FastClock
from hex_blocks.dev.guides import in_words, pieces, texts_of
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.conftest import REPOSITORY, SPEED, environment_for

GUIDES = sorted((REPOSITORY / "docs" / "guides").glob("*.md"))
# Those of a host are run by its suite: <!-- test: airflow -->.
MARKED = re.compile(r"^<!-- test(: \w+)? -->\n```", re.MULTILINE)
SNIPPET = re.compile(r"^<!-- test -->\n```(console|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def settings(fast: dict[str, str]) -> Iterator[dict[str, str]]:
    """The environment of somebody who has followed the first guide: a token, an address, the commands."""
    with Sandbox(clock=FastClock(SPEED)) as sandbox:
        yield (
            os.environ
            | fast
            | environment_for(sandbox.base_url, sandbox.origin, TOKENS.personal)
            | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        )


def commands(console: str) -> Iterator[tuple[str, str]]:
    """Give the commands of a console snippet, and what each prints."""
    for block in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        lines = block.splitlines()
        last = next(number for number in range(len(lines)) if is_whole("\n".join(lines[: number + 1])))
        yield "\n".join(lines[: last + 1]), "\n".join(lines[last + 1 :])


def is_whole(command: str) -> bool:
    """Whether a shell would run what has been typed, instead of asking for another line."""
    checked = subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True, check=False)
    return checked.returncode == 0 and not checked.stderr and not command.endswith("\\")


def pattern(printed: str) -> str:
    """Make a pattern of what a snippet shows: a line of … stands for any lines, … in a line for anything in it."""
    lines = [
        r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r"\n" for line in printed.splitlines()
    ]
    return "".join(lines)


def run(kind: str, snippet: str, folder: Path, settings: dict[str, str]) -> None:
    options: dict[str, Any] = {
        "cwd": folder,
        "env": settings,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "text": True,
    }
    if kind == "python":
        done = subprocess.run([sys.executable, "-"], input=snippet, check=False, timeout=60, **options)
        assert done.returncode == 0, done.stdout
        return
    shown = list(commands(snippet))
    # One shell for all, since a command may set what a later one reads.
    script = "\n".join(["set -o pipefail", *(f"{command}\nprintf '\\n\\036%s\\n' $?" for command, _ in shown)])
    done = subprocess.run(["bash", "-c", script], check=False, timeout=60, **options)
    outcomes = re.findall(r"(.*?)\n\x1e(\d+)\n", done.stdout, re.DOTALL)
    assert [code for _, code in outcomes] == ["0"] * len(shown), done.stdout
    for (_, expected), (printed, _) in zip(shown, outcomes, strict=True):
        assert re.fullmatch(pattern(expected), printed) or not expected, printed


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the snippets are for a POSIX shell")
@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_what_a_guide_shows_is_what_happens(page: Path, tmp_path: Path, settings: dict[str, str]) -> None:
    for kind, snippet in SNIPPET.findall(page.read_text(encoding="utf-8")):
        run(kind, snippet, tmp_path, settings)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_every_guide_has_a_snippet_that_is_run(guide: Path) -> None:
    assert MARKED.search(guide.read_text(encoding="utf-8"))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_a_guide_cut_into_texts_and_put_together_is_the_guide(guide: Path) -> None:
    whole = guide.read_text(encoding="utf-8")

    assert in_words(whole, str) == whole


def test_what_is_not_text_is_never_translated() -> None:
    markdown = "# Title\n\n<!-- test -->\n```console\n$ hex-blocks demo\n```\n\n| Name |\n|---|\n| `run` |\n"

    assert list(texts_of(markdown)) == ["Title", "Name", "`run`"]


def test_a_text_may_stand_on_several_lines() -> None:
    markdown = "One\ntwo.\n\n- three\n  four\n- five\n"

    assert [piece.text for piece in pieces(markdown) if piece.text] == ["One two.", "three four", "five"]
