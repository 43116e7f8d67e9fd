"""Workflows as they were saved with each version run with this one.

What has an ID in the sandbox stands in them by its name: @user/Ines Costa.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hex_blocks import __version__
from hex_blocks.sandbox import Sandbox
from hex_blocks.sandbox.model import Guide
from hex_blocks.sandbox.workspace import World
from tests.hosts.n8n.conftest import HEX, Engine, workflow
from tests.hosts.n8n.test_operations import EXAMPLES

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
SAVED = {
    (file.stem, operation): parameters
    for file in GOLDEN
    for operation, parameters in json.loads(file.read_text())["operations"].items()
}


def named(value: Any, world: World) -> Any:
    """Give a saved value with the IDs of what it names."""
    if isinstance(value, dict):
        return {name: named(part, world) for name, part in value.items()}
    if isinstance(value, list):
        return [named(part, world) for part in value]
    if not isinstance(value, str) or not value.startswith("@"):
        return value
    kind, _, name = value[1:].partition("/")
    match kind:
        case "cell":
            return world.cell(*name.split("/")).id
        case "chart":
            return world.cell(*name.split("/")).static_id
        case "guide":
            return world.named(Guide, name).id
        case _:
            return getattr(world, kind)(name).id


def test_this_version_is_among_them():
    assert __version__ in [file.stem for file in GOLDEN]


@pytest.mark.parametrize(("version", "operation"), SAVED)
def test_a_saved_workflow_runs(version, operation, n8n: Engine, sandbox: Sandbox):
    parameters: dict[str, Any] = named(SAVED[version, operation], sandbox.world)
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


def test_a_place_that_a_saved_trigger_kept_is_still_known(n8n: Engine, sandbox: Sandbox):
    for file in GOLDEN:
        kept = json.loads(file.read_text())["trigger"]

        polled = n8n.ask("poll", parameters=kept["parameters"], staticData=kept["staticData"])

        assert polled["items"] is not None
        assert polled["staticData"]["cursor"] != kept["staticData"]["cursor"]
