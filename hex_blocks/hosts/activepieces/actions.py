"""The actions of the piece: which tools they are, their audience and their outputs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from hex_blocks.hosts.activepieces.words import Words
from hex_blocks.hosts.javascript.data import runs_in_javascript
from hex_blocks.hosts.javascript.forms import key_of
from hex_blocks.hosts.javascript.titles import title_case
from hex_blocks.tools.spec.values import OutputField
from hex_blocks.tools.tool import Tool

# Tools that the connection's test and the trigger use, and those that would put passwords into flows.
HIDDEN_TOOLS = {
    "hex_check_connection",
    "hex_create_data_connection",
    "hex_update_data_connection",
    "hex_run_batch",
    "hex_run_pipeline",
    "hex_watch_runs",
}
# Actions that are offered to people too; all others are for agents only.
FOR_PEOPLE = {
    "hex_run_notebook",
    "hex_get_notebook_run_status",
    "hex_run_project",
    "hex_run_and_wait",
    "hex_wait_for_run",
    "hex_get_run_status",
    "hex_get_run_results",
    "hex_get_project_runs",
    "hex_cancel_run",
    "hex_find_project",
    "hex_get_project",
    "hex_get_project_inputs",
    "hex_list_projects",
    "hex_create_project",
    "hex_update_project",
    "hex_export_project",
    "hex_ask",
    "hex_create_thread",
    "hex_continue_thread",
    "hex_get_thread",
    "hex_list_users",
    "hex_list_groups",
    "hex_list_collections",
    "hex_create_collection",
}
# Agents are not offered actions that remove, share or publish something.
_NOT_FOR_AGENTS = re.compile(
    r"hex_(deactivate_user|delete_\w+|cancel_active_runs|edit_project_sharing_\w+|publish_guide_drafts)"
)
_FORMATS = {"date-time": "datetime", "uri": "url", "email": "email"}
_KINDS = {"integer": "number", "number": "number", "boolean": "boolean"}


def actions(tools: Iterable[Tool]) -> list[Tool]:
    """Return the tools that are actions of the piece."""
    return [tool for tool in tools if tool.id not in HIDDEN_TOOLS and runs_in_javascript(tool)]


def audience(tool: Tool) -> str:
    """Return the audience of an action: people, agents or both."""
    if _NOT_FOR_AGENTS.fullmatch(tool.id) or tool.removes:
        return "human"
    return "both" if tool.id in FOR_PEOPLE or tool.plugin else "ai"


def about(tool: Tool, words: Words) -> dict[str, Any]:
    """Return the properties of an action besides its form."""
    idempotent = tool.operation == "query" or bool(tool.raw.get("idempotent", False))
    hint = tool.raw.get("modelHint", "")
    described = " ".join(part for part in (tool.raw["description"], hint) if part)
    return {
        "name": key_of(tool),
        "displayName": words.label(tool.raw["title"]),
        "description": words.text(tool.raw["description"]),
        "audience": audience(tool),
        "aiMetadata": {"description": described, "idempotent": idempotent},
        "outputSchema": {"fields": output_fields(tool.spec.outputs)},
    }


def output_fields(outputs: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the output fields of an action for later steps, in the form of Activepieces."""
    return [_output(name, output) for name, output in outputs.items()]


def _output(name: str, output: OutputField) -> dict[str, Any]:
    made: dict[str, Any] = {"key": name, "label": name_shown(name), "description": output.description}
    kind = _FORMATS.get(output.format or "") or _KINDS.get(output.type)
    if kind:
        made["format"] = kind
    if output.type == "object" and output.fields and output.format != "image":
        made["children"] = output_fields(output.fields)
    if output.type == "array" and output.items and output.items.fields:
        made["listItems"] = output_fields(output.items.fields)
    return made


def name_shown(name: str) -> str:
    """Return the label of an output: Run URL for runUrl."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return title_case(re.sub(r"\b(Id|Url|Sql)(s?)\b", lambda found: found[1].upper() + found[2], words))


def variable_of(tool: Tool) -> str:
    """Return the name of an action's variable in its source."""
    first, *others = key_of(tool).split("_")
    return first + "".join(part.capitalize() for part in others)


def file_of(tool: Tool) -> str:
    """Return the name of an action's file."""
    return key_of(tool).replace("_", "-")
