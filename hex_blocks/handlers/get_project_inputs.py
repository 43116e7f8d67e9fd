"""The handler of hex_get_project_inputs: a project's inputs and charts, read from its exported file."""

from __future__ import annotations

from typing import Any

from hex_blocks.runs.parameters import project_file
from hex_blocks.runs.project_file import KNOWN_VERSION, Chart, ProjectInput
from hex_blocks.tools.handler import handler
from hex_blocks.tools.tool_call import ToolCall


@handler(errors=("not_found", "export_refused"), uses=("hex_export_project",))
def get_project_inputs(call: ToolCall, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the inputs and charts of a version of a project."""
    asked = {"projectId": inputs["projectId"], "version": "latest"}
    if "versionNumber" in inputs:
        asked = {"projectId": inputs["projectId"], "versionNumber": inputs["versionNumber"]}
    elif "version" in inputs:
        asked["version"] = inputs["version"]
    file = project_file(call, asked)
    if file.version > KNOWN_VERSION:
        call.warn("project_file_newer", version=file.version)
    if not file.complete:
        call.warn("inputs_of_components")
    return {
        "title": file.title,
        "timezone": file.timezone,
        "inputs": [_input(each) for each in file.inputs],
        "complete": file.complete,
        "charts": [_chart(each) for each in file.charts],
        "writesBack": file.writes_back,
    }


def _input(found: ProjectInput) -> dict[str, Any]:
    return {
        "name": found.name,
        "label": found.label,
        "kind": found.kind,
        "type": found.type,
        "itemType": found.items,
        "format": found.format,
        "default": found.default,
        "defaultFrom": found.default_from,
        "mayBeEmpty": found.optional,
        "choices": None
        if found.choices is None
        else [{"value": each.value, "label": each.label} for each in found.choices],
        "choicesFrom": found.choices_from,
        "minimum": found.minimum,
        "maximum": found.maximum,
        "step": found.step,
        "onApp": found.on_app,
        "settable": found.settable,
        "cellId": found.cell_id,
    }


def _chart(found: Chart) -> dict[str, Any]:
    return {"kind": found.kind, "label": found.label, "cellId": found.cell_id, "onApp": found.on_app}
