"""Flows as they were saved with each version run with this one, and its editor finds nothing wrong with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hex_blocks import __version__
from hex_blocks.sandbox import Sandbox
from tests.hosts.browser import CHROMIUM
from tests.hosts.node_red.conftest import CONNECTION, NodeRed
from tests.hosts.node_red.test_editor import look
from tests.hosts.node_red.test_flows import OPERATIONS, QUICK, REFUSALS, REVENUE, completed_run

Json = Any
GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
SAVED = {
    f"{file.stem} {node['type']} {node['operation']}": node
    for file in GOLDEN
    for node in json.loads(file.read_text())["nodes"]
}


def test_this_version_is_among_them_with_every_operation() -> None:
    assert __version__ in [file.stem for file in GOLDEN]
    of_this = {(node["type"], node["operation"]) for name, node in SAVED.items() if name.startswith(__version__)}
    assert of_this == set(OPERATIONS)


@pytest.mark.parametrize("name", SAVED)
def test_a_saved_node_runs(red: NodeRed, fast_sandbox: Sandbox, name: str) -> None:
    saved = SAVED[name] | {"wires": [["told"], ["told"]]}
    if saved["operation"] == "run_and_wait":
        saved |= {"projectId": QUICK, "inputParams": ""}
    if saved["type"] == "hex-results":
        saved |= {"projectId": REVENUE, "runId": completed_run(fast_sandbox)}
    error = red.run(saved).get("hexError")
    assert error is None or error["key"] in REFUSALS, error


@pytest.mark.skipif(CHROMIUM is None, reason="needs a browser")
@pytest.mark.timeout(180)
@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_the_editor_finds_nothing_wrong_in_a_saved_flow(red: NodeRed, tmp_path: Path, file: Path) -> None:
    nodes = [
        node | {"id": f"saved{number}", "connection": CONNECTION, "wires": [[], []]}
        for number, node in enumerate(json.loads(file.read_text())["nodes"])
    ]
    red.deploy(*nodes)
    work = """
      const found = RED.nodes.filterNodes({}).filter((each) => each.type.startsWith('hex-'));
      for (const each of found) RED.editor.validateNode(each);
      return { count: found.length, wrong: found.filter((each) => !each.valid).map((each) => each.type) };
    """
    assert look(red, work, tmp_path / "golden.png") == {"count": len(nodes), "wrong": []}
