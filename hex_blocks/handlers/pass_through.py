"""Operations whose replies are not confirmed: what Hex says is passed on as it is."""

from __future__ import annotations

from typing import Any

from hex_blocks.tools.tool_call import ToolCall


def pass_through(call: ToolCall, inputs: dict[str, Any]) -> dict[str, Any]:
    """Send the tool's request and return Hex's whole reply."""
    return {"reply": call.request(inputs)}
