"""What the command shows on terminals and pipes of any kind: narrow, of another code page, closed, full."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from pytest_httpserver import HTTPServer
from rich.cells import cell_len

from hex_blocks.cli.tables import shortly
from hex_blocks.i18n.texts import languages
from hex_blocks.sandbox import Sandbox
from tests.conftest import RunCommand, environment_for
from tests.marks import mostly_slow
from tests.whole import whole

PROJECT = "01234567-89ab-cdef-0123-456789abcdef"
GROUP = "021e2fb5-6837-5a46-80ac-1b14a92b416c"
CODE_PAGES = ("cp1252", "cp932", "gbk", "cp437")
OBEYED = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "hex_blocks", *arguments]


def screen(width: int, *arguments: str) -> list[str]:
    """Run a command on a terminal of a width, and return the lines it writes there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 50, width, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen(
        command(*arguments), stdin=theirs, stdout=theirs, stderr=theirs, env=environment | {"TERM": "xterm"}
    ) as process:
        os.close(theirs)
        written = b"".join(_read(ours))
        os.close(ours)
    assert process.returncode == 0, written
    return [line.rstrip() for line in OBEYED.sub("", written.decode()).splitlines()]


def _read(terminal: int) -> Iterator[bytes]:
    # Linux ends a terminal that nobody holds any more with an error.
    with suppress(OSError):
        while piece := os.read(terminal, 65536):
            yield piece


# Code pages


@pytest.mark.parametrize("encoding", CODE_PAGES)
@pytest.mark.parametrize("language", mostly_slow(languages(), "de"))
def test_help_fails_for_no_code_page(hex_blocks: RunCommand, language: str, encoding: str) -> None:
    environment = {"PYTHONIOENCODING": encoding}

    done = hex_blocks("call", "run_batch", "--help", "--language", language, env=environment, encoding=encoding)

    assert (done.returncode, done.stderr) == (0, "")
    assert "hex_run_batch" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "form",
    [("--output", "jsonl"), ("--output", "yaml"), ("--jq", "."), ("--jq", ".title")],
)
def test_a_result_says_the_same_in_every_code_page(
    hex_blocks: RunCommand, httpserver: HTTPServer, form: tuple[str, str]
) -> None:
    title = "Łódź → 東京 😀"
    httpserver.expect_request(f"/api/v1/projects/{PROJECT}").respond_with_json(whole("hex_get_project", title=title))
    served = environment_for(httpserver.url_for("/api/v1"), httpserver.url_for("").rstrip("/"), "hxtp_of_a_test")

    for encoding in CODE_PAGES:
        asked = ("call", "get_project", f"projectId={PROJECT}", *form)
        done = hex_blocks(*asked, env=served | {"PYTHONIOENCODING": encoding}, encoding=encoding)

        assert (done.returncode, done.stderr) == (0, "")
        if form[1] == ".title":
            assert done.stdout.strip() == title.encode(encoding, "backslashreplace").decode(encoding)
        else:
            read = yaml.safe_load if form[1] == "yaml" else json.loads
            assert read(done.stdout)["title"] == title


@pytest.mark.slow
def test_csv_says_that_a_code_page_lacks_something(hex_blocks: RunCommand, httpserver: HTTPServer) -> None:
    httpserver.expect_request(f"/api/v1/projects/{PROJECT}").respond_with_json(whole("hex_get_project", title="東京"))
    served = environment_for(httpserver.url_for("/api/v1"), httpserver.url_for("").rstrip("/"), "hxtp_of_a_test")
    asked = ("call", "get_project", f"projectId={PROJECT}", "--output", "csv", "--columns", "title")

    lacking, whole_ = (
        hex_blocks(*asked, env=served | {"PYTHONIOENCODING": encoding}, encoding=encoding)
        for encoding in ("cp1252", "cp932")
    )

    assert "cp1252 does not have every character" in lacking.stderr
    assert (whole_.stdout, whole_.stderr) == ("title\n東京\n", "")


# Streams that are closed or full


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["login"], "There is no token on stdin"),
        (["call", "list_projects", "--input", "-", "--sandbox"], "This is not JSON"),
        (["call", "delete_group", f"groupId={GROUP}", "--sandbox"], "give --yes"),
        (["run", "--sandbox"], "Give a project"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_a_closed_stdin_is_an_empty_one(arguments: list[str], said: str) -> None:
    line = f"{shlex.join(command(*arguments))} <&-"

    ended = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, check=False)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(("arguments", "code"), [(["call", "nonsense"], 2), (["tools"], 0), (["nonsense"], 2)])
def test_what_nobody_can_be_told_changes_no_exit_code(arguments: list[str], code: int) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(command(*arguments), stdout=subprocess.PIPE, stderr=full, timeout=60, check=False)

    assert ended.returncode == code


def test_a_log_without_room_does_not_stop_a_run(fast: dict[str, str]) -> None:
    called = command("call", "run_batch", f"projectId={PROJECT}", "parameterSets:=[{}]", "--sandbox")

    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            called, env=os.environ | fast, stdout=subprocess.PIPE, stderr=full, timeout=60, check=False
        )

    assert ended.returncode == 0
    assert json.loads(ended.stdout)["succeeded"] is True


# Words on a narrow terminal


@pytest.mark.parametrize("language", ["en", "ja", "pt_BR"])
@pytest.mark.parametrize(
    "arguments", [("--help",), ("call", "--help"), ("run", "--help"), ("show", "run_batch")], ids=" ".join
)
def test_words_fit_into_a_narrow_terminal(here: RunCommand, language: str, arguments: tuple[str, ...]) -> None:
    shown = here(*arguments, env={"COLUMNS": "60", "LANGUAGE": language}).stdout

    words, _, _ = shown.partition("\n{\n")
    lines = [line for line in words.splitlines() if not line.lstrip().startswith("hex-blocks ")]
    assert [line for line in lines if cell_len(line) > 60] == []


def test_sentences_follow_each_other_as_in_their_language(here: RunCommand, running: Sandbox) -> None:
    unknown = here("run", "nothing of the kind", "--sandbox", "--language", "ja").stderr
    mistyped = here("show", "run_projct", "--language", "ja").stderr

    assert unknown.count("。") == 3
    assert mistyped.count("。") == 1
    assert "。 " not in unknown + mistyped


# Tables


@pytest.mark.parametrize("width", [60, 80, 120])
def test_what_is_to_be_copied_from_a_table_is_in_one_piece(running: Sandbox, width: int) -> None:
    lines = screen(width, "projects", "--sandbox")

    shown = "\n".join(lines)
    assert PROJECT in shown
    assert len(ID.findall(shown)) == sum("-" in line and "--columns" not in line for line in lines)
    assert max(len(line) for line in lines if ID.search(line)) <= width
    assert ("mara.silva@sandbox.example" in shown) is (width == 120)
    assert ("Left out here: " in shown) is (width < 120)


def test_columns_that_were_asked_for_are_all_shown(running: Sandbox) -> None:
    lines = screen(60, "projects", "--sandbox", "--columns", "id,title,owner.email,lastPublishedAt")

    shown = " ".join(lines)
    assert "lastP" in shown
    assert "Left out" not in shown


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("2026-11-26T20:32:56.450Z", "2026-11-26T20:32Z"),
        ("2026-11-26T20:32:56+09:00", "2026-11-26T20:32+09:00"),
        ("at 2026-11-26T20:32:56.450Z", "at 2026-11-26T20:32:56.450Z"),
    ],
)
def test_a_table_shows_moments_to_the_minute(cell: str, shown: str) -> None:
    assert shortly(cell) == shown
