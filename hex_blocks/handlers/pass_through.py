"""The handler of experimental tools, whose replies are not documented: Hex's reply is returned unchanged."""

from __future__ import annotations

from typing import Any

from hex_blocks.tools.tool_call import ToolCall


def pass_through(call: ToolCall, inputs: dict[str, Any]) -> dict[str, Any]:
    """Send the tool's request and return Hex's reply unchanged."""
    return {"reply": call.request(inputs)}
