"""Workflows as Dify saves them, those of earlier versions too: every tool block in them runs in the plugin."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY

pytestmark = pytest.mark.skipif(find_spec("dify_plugin") is None, reason="run by make test-hosts")

WORKFLOWS = [
    *sorted((REPOSITORY / "docs" / "examples" / "dify").glob("*.yml")),
    *sorted((Path(__file__).parent / "golden").glob("*.yml")),
]
REFERENCE = re.compile(r"\{\{#(\w+)\.(\w+)#\}\}")


class Walk:
    """Goes through a workflow as Dify's engine does, for the kinds of nodes that the examples have."""

    def __init__(self, workflow: Path, ask: Any) -> None:
        graph = yaml.safe_load(workflow.read_text(encoding="utf-8"))["workflow"]["graph"]
        self.nodes = {node["id"]: node["data"] for node in graph["nodes"]}
        self.next = {(edge["source"], edge["sourceHandle"]): edge["target"] for edge in graph["edges"]}
        self.ask = ask
        self.known: dict[str, dict[str, Any]] = {}

    def from_start(self, **given: str) -> dict[str, Any]:
        self.known["start"] = given
        node, way = self.next["start", "source"], "source"
        while self.nodes[node]["type"] != "end":
            way = self.step(node)
            node = self.next[node, way]
        return {each["variable"]: self.value(each["value_selector"]) for each in self.nodes[node]["outputs"]}

    def step(self, node: str) -> str:
        data = self.nodes[node]
        if data["type"] == "if-else":
            (case,) = data["cases"]
            met = all(self.value(each["variable_selector"]) == each["value"] for each in case["conditions"])
            return str(met).lower()
        parameters = {name: self.input(each) for name, each in data["tool_parameters"].items()}
        came = self.ask(data["tool_name"], **data["tool_configurations"], **parameters)
        assert came.error == ""
        self.known[node] = {**came.variables, "text": came.text, "json": came.document, "files": came.files}
        return "source"

    def input(self, given: dict[str, Any]) -> Any:
        if given["type"] == "variable":
            return self.value(given["value"])
        return REFERENCE.sub(lambda found: str(self.value(found.groups())), given["value"])

    def value(self, selector: Any) -> Any:
        node, name = selector
        return self.known[node][name]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.stem)
def test_a_report_is_delivered_with_its_charts(workflow, ask):
    told = Walk(workflow, ask).from_start(project="Revenue report", params='{"region": "EMEA"}')

    assert "/runs/" in told["page"]
    assert [meta["mime_type"] for meta, _ in told["charts"]] == ["image/png", "image/png"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.stem)
def test_a_report_that_fails_is_an_alert(workflow, ask, failing):
    assert Walk(workflow, ask).from_start(project=failing, params="")["status"] == "ERRORED"
