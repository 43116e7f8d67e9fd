"""The core as Sim has it does what Python does: the same verdicts, requests, outputs and sentences."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.hosts.javascript.data import core_data, runs_in_javascript
from hex_blocks.hosts.sim.modules import core_modules
from hex_blocks.i18n.texts import languages
from tests.calling import our_tools
from tests.hosts.javascript.cases import case_for
from tests.hosts.javascript.node import Node
from tests.hosts.javascript.test_same import compare, examples

TOOLS = {tool.id: tool for tool in our_tools().values() if runs_in_javascript(tool)}
COMPARED = 8


@pytest.fixture(scope="module")
def node(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A Node process with the core of the export."""
    folder = tmp_path_factory.mktemp("sim") / "core"
    shutil.copytree(package / "apps/sim/lib/hex/core", folder)
    started = Node(folder)
    started.do("load", data=core_data(our_tools(), TOOLS.values(), languages()))
    yield started
    started.close()


@pytest.mark.any_answer
@pytest.mark.parametrize("name", TOOLS)
def test_a_call_comes_to_the_same(name: str, node: Node, tmp_path: Path) -> None:
    cases: list[Any] = [
        *examples(TOOLS[name]),
        *(case_for(TOOLS[name], f"sim/{name}/{each}") for each in range(COMPARED)),
    ]

    apart = [told for each, case in enumerate(cases) if (told := compare(node, case, tmp_path / str(each))[1])]

    assert apart == []


def test_it_is_the_core_of_this_version(package: Path) -> None:
    written = {file.name: file.read_bytes() for file in (package / "apps/sim/lib/hex/core").glob("*.js")}

    assert written == core_modules()
