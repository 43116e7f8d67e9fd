"""Workflows as they were saved with each version run with this one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hex_blocks import __version__
from tests.hosts.n8n.conftest import HEX, Engine, workflow
from tests.hosts.n8n.test_operations import EXAMPLES

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
SAVED = {
    (file.stem, operation): parameters
    for file in GOLDEN
    for operation, parameters in json.loads(file.read_text())["operations"].items()
}


def test_this_version_is_among_them():
    assert __version__ in [file.stem for file in GOLDEN]


@pytest.mark.parametrize(("version", "operation"), SAVED)
def test_a_saved_workflow_runs(version, operation, n8n: Engine):
    parameters: dict[str, Any] = dict(SAVED[version, operation])
    if parameters.get("runId") == "{run}":
        started = n8n.ask("run", workflow=workflow("runProject", parameters | {"waitForCompletion": False, **STARTING}))
        parameters["runId"] = started["outputs"]["Hex"][0][0][0]["json"]["runId"]

    done = n8n.ask("run", workflow=workflow(operation, parameters))

    assert done["status"] == "success", done["error"]
    assert EXAMPLES[operation][1] in done["outputs"]["Hex"][0][0][0]["json"]


STARTING = {"resource": "run", "operation": "runProject"}


@pytest.mark.parametrize(("version", "operation"), SAVED)
def test_n8n_finds_nothing_missing_in_a_saved_workflow(version, operation, n8n: Engine):
    node = {"name": "Hex", "type": HEX, "typeVersion": 1, "parameters": SAVED[version, operation]}

    assert n8n.ask("issues", node=node)["issues"] is None
