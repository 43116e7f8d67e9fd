"""What feeding a cat takes: more than one request."""

from __future__ import annotations

from typing import Any

from hex_blocks.tools.tool_call import ToolCall


def feed(call: ToolCall, inputs: dict[str, Any]) -> dict[str, Any]:
    """Look at the cat's project, then run it."""
    project = call.request({"projectId": inputs["projectId"]}, "hex_get_project")
    started = call.request(
        {"projectId": inputs["projectId"], "inputParams": {"food": inputs["food"]}}, "hex_run_project"
    )
    return {"cat": project["title"], "runId": started["runId"]}
