"""What README.md names is there. That its snippets run as shown is tested with those of the guides."""

from __future__ import annotations

import re
from pathlib import Path

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
