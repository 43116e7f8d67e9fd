"""What README.md names is there, and its snippets do what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hex_blocks import Registry
from hex_blocks.cli import COMMANDS

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_the_command_line_and_python_are_shown_and_tried() -> None:
    kinds = re.findall(r"^<!-- test -->\n```(\w+)", README, flags=re.MULTILINE)

    assert {"console", "python"} <= set(kinds)


def test_every_command_named_is_there() -> None:
    named = set(re.findall(r"(?:`|\$ )hex-blocks ([a-z][a-z-]*)", README))

    assert {"tools", "show", "call", "sandbox", "check"} <= named <= set(COMMANDS)


def test_every_tool_named_is_there(registry: Registry) -> None:
    named = set(re.findall(r"\bhex_(?!blocks)[a-z_]+\b", README))

    assert "hex_run_and_wait" in named
    assert named <= set(registry)


def test_every_setting_named_is_read() -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in (REPOSITORY / "hex_blocks").rglob("*.py"))

    named = set(re.findall(r"\bHEX_[A-Z_]+\b", README))

    assert {"HEX_API_TOKEN", "HEX_API_BASE_URL"} <= named
    assert {name for name in named if f'"{name}"' not in code} == set()


def test_every_page_linked_is_there() -> None:
    linked = re.findall(r"\]\((?!https?:)([^)#]+)", README)

    assert linked != []
    assert [page for page in linked if not (REPOSITORY / page).exists()] == []


@pytest.mark.slow
def test_the_python_example_prints_what_is_shown() -> None:
    found = re.search(r"```python\n(.*?)^```\n\nprints\n\n```text\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert found

    done = subprocess.run([sys.executable, "-"], input=found[1], capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == (found[2], "")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the picture is of a POSIX terminal")
def test_the_picture_of_the_demo_shows_what_the_demo_prints(tmp_path: Path) -> None:
    script = REPOSITORY / "docs" / "pictures.py"

    subprocess.run([sys.executable, script, tmp_path, "--terminal", "demo"], check=True, capture_output=True)

    for form in ("light", "dark"):
        name = f"demo-{form}.svg"
        assert steady(REPOSITORY / "docs" / "pictures" / name) == steady(tmp_path / name)


def steady(picture: Path) -> str:
    """Return the words of a picture without what differs from one run to the next."""
    words = " ".join(re.findall(r">([^<]+)</text>", picture.read_text(encoding="utf-8")))
    return re.sub(r"\d+", "0", re.sub(r"(?<=[-/: ])[0-9a-f]{2,}(?:-[0-9a-f]+)*", "…", words))


SNIPPET = re.compile(r"<!-- test -->\n```console\n\$ (hex-blocks [^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize(("command", "shown"), SNIPPET.findall(README))
def test_the_command_line_examples_print_what_is_shown(
    command: str, shown: str, fast: dict[str, str], tmp_path: Path
) -> None:
    called = command.replace("hex-blocks", f"{sys.executable} -m hex_blocks", 1)

    done = subprocess.run(
        ["bash", "-c", called], env=os.environ | fast, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.stdout == shown
    assert set(re.findall(r"\S+\.html", command)) == {file.name for file in tmp_path.glob("*.html")}
