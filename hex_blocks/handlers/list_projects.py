"""The handler of hex_list_projects: adds a filter for published and draft projects."""

from __future__ import annotations

from typing import Any

from hex_blocks.handlers.one_request import read_list
from hex_blocks.tools.tool_call import ToolCall


def list_projects(call: ToolCall, inputs: dict[str, Any]) -> Any:
    """Return projects, only published or draft ones if requested: Hex's API has no such filter."""
    wanted = inputs.get("statusFilter", "ALL")
    if wanted == "ALL":
        return read_list(call, inputs)
    published = wanted == "PUBLISHED"
    return read_list(call, inputs, lambda project: (project.get("lastPublishedAt") is not None) == published)
