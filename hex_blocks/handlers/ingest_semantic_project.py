"""The handler of hex_ingest_semantic_project: uploads a semantic model."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Any

from hex_blocks.errors.classes import Fault, hex_error
from hex_blocks.tools.tool_call import ToolCall

# The name of the multipart field. Hex's API document does not name it; Hex reads the first file.
PART = "file"


def ingest(call: ToolCall, inputs: dict[str, Any]) -> Any:
    """Upload the zip file of a semantic project, from a path on this machine or from base64."""
    if "file" in inputs:
        path = Path(inputs["file"]).expanduser()
        try:
            name, content = path.name, path.read_bytes()
        except OSError as error:
            raise _refused(call, "file", "file_unreadable", reason=error.strerror or "?") from None
    else:
        try:
            name, content = "semantic-project.zip", base64.b64decode(inputs["contentBase64"], validate=True)
        except (binascii.Error, ValueError):
            raise _refused(call, "contentBase64", "not_base64") from None
    return call.request(inputs, files={PART: (name, content, "application/zip")})


def _refused(call: ToolCall, name: str, key: str, **values: Any) -> Exception:
    return hex_error("bad_inputs", tool=call.tool.id, faults=(Fault(name, key, values),))
