"""A host says what it does, and every "done" names the test that proves it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from hex_blocks.hosts.exports import targets
from tests.conftest import REPOSITORY

HOSTS = sorted((REPOSITORY / "hex_blocks" / "hosts").rglob("*.py"))
LEVELS = {
    file.relative_to(REPOSITORY).as_posix(): ast.literal_eval(node.value)
    for file in HOSTS
    for node in ast.parse(file.read_text()).body
    if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "LEVEL"
}

LEVELS |= {name: target.level for name, target in targets().items()}


@pytest.mark.parametrize("host", LEVELS)
def test_a_level_is_done_or_exempt_with_a_reason(host):
    for said in LEVELS[host].values():
        state, _, reason = said.partition(": ")
        assert state in ("done", "exempt")
        assert reason
        assert state == "exempt" or (REPOSITORY / Path(reason)).is_file()


def test_every_host_has_one():
    assert {
        "hex_blocks/hosts/functions.py",
        "hex_blocks/hosts/langchain.py",
        "hex_blocks/hosts/mcp/__init__.py",
        *targets(),
    } <= set(LEVELS)
