"""Code for a call, to copy from the workbench: curl, Python, the command line and MCP."""

from __future__ import annotations

import json
import pprint
import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple


class Snippet(NamedTuple):
    """Code for a call, with the name of its language or tool."""

    title: str
    code: str


def snippets(tool: str, inputs: Mapping[str, Any], base_url: str) -> list[Snippet]:
    """Return the code for a call in all forms. None contains a token; it is read from the environment."""
    return [
        Snippet("curl", _curl(tool, inputs, base_url)),
        Snippet("Python", _python(tool, inputs)),
        Snippet("hex-blocks", _command(tool, inputs)),
        Snippet("MCP", _mcp(tool, inputs)),
    ]


def _curl(tool: str, inputs: Mapping[str, Any], base_url: str) -> str:
    return (
        f"curl {shlex.quote(f'{base_url}/v1/tools/{tool}')} \\\n"
        '  -H "Authorization: Bearer $HEX_API_TOKEN" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(json.dumps(inputs, ensure_ascii=False))}"
    )


def _python(tool: str, inputs: Mapping[str, Any]) -> str:
    written = pprint.pformat(dict(inputs), width=88, sort_dicts=False)
    return f'from hex_blocks import Hex\n\nwith Hex() as hex:\n    print(hex.call("{tool}", {_indented(written)}))'


def _indented(written: str) -> str:
    return written.replace("\n", "\n    ")


def _command(tool: str, inputs: Mapping[str, Any]) -> str:
    given = shlex.quote(json.dumps(inputs, ensure_ascii=False))
    return f"hex-blocks call {tool} --input {given}"


def _mcp(tool: str, inputs: Mapping[str, Any]) -> str:
    return json.dumps({"name": tool, "arguments": inputs}, ensure_ascii=False, indent=2)
