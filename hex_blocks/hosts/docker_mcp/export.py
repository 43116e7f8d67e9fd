"""Exports the entry: server.yaml, the list of tools, and instructions for submitting it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from hex_blocks.hosts.exports import ExportRequest, ExportTarget, Files
from hex_blocks.hosts.models.schemas import inputs_of
from hex_blocks.hosts.models.search import description
from hex_blocks.hosts.models.toolbox import Toolbox
from hex_blocks.hosts.models.toolsets import DEFAULT
from hex_blocks.tools.tool import Tool

NAME = "hex-blocks"
PROJECT = "https://github.com/hex-blocks/hex-blocks"
# The catalogue builds the container from a commit, which the submitter sets.
COMMIT = "0" * 40
README = f"""# {{title}} in Docker's catalogue of MCP servers

Untried: these files follow the catalogue's rules, and no catalogue has read them yet.

1. Put the commit that is published in place of the zeros in `server.yaml`.
2. Copy this folder to `servers/{NAME}` in a fork of the catalogue, and run its `task validate -- --name {NAME}`.
3. Hand it in as its CONTRIBUTING.md says.

The container is built from `deploy/Dockerfile` and started with `mcp`, which speaks over stdin and stdout. The Hex API
token is a secret of the catalogue's own store; the rest stands in its form.
"""


class _Formatted(yaml.SafeDumper):
    """Writes YAML like the formatter that the catalogue requires: lists indented, strings quoted only if necessary."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists too, which the default dumper does not."""
        super().increase_indent(flow, False)

    def represent_str(self, data: str) -> yaml.ScalarNode:
        """Return a string, in double quotes if it needs quotes."""
        quoted = yaml.safe_dump(data).startswith(("'", '"'))
        return self.represent_scalar("tag:yaml.org,2002:str", data, style='"' if quoted else None)


_Formatted.add_representer(str, _Formatted.represent_str)


def files(request: ExportRequest) -> Files:
    """Return the files of the catalogue entry."""
    box = Toolbox([tool.id for tool in request.tools], registry=request.registry)
    tools = [_listed(tool) for tool in box.shown.values()]
    entry = yaml.dump(server(request), Dumper=_Formatted, sort_keys=False, allow_unicode=True, width=1000)
    return {
        "server.yaml": entry.encode(),
        "tools.json": (json.dumps(tools, indent=2, ensure_ascii=False) + "\n").encode(),
        "readme.md": README.format(title=request.registry.block.name).encode(),
    }


def server(request: ExportRequest) -> Mapping[str, Any]:
    """Return the document server.yaml."""
    block = request.registry.block
    return {
        "name": NAME,
        "image": f"mcp/{NAME}",
        "type": "server",
        "meta": {"category": "data-visualization", "tags": ["analytics", "notebooks", "data-visualization"]},
        "about": {"title": block.name, "description": block.tagline},
        "source": {"project": PROJECT, "commit": COMMIT, "dockerfile": "deploy/Dockerfile"},
        "run": {"command": ["mcp"]},
        "config": {
            "description": "The workspace of Hex that is reached.",
            "secrets": [{"name": f"{NAME}.api_token", "env": "HEX_API_TOKEN", "example": "hxtp_…"}],
            "env": [
                {
                    "name": "HEX_API_BASE_URL",
                    "example": "https://app.hex.tech",
                    "value": f"{{{{{NAME}.base_url}}}}",
                }
            ],
            "parameters": {
                "type": "object",
                "properties": {
                    "base_url": {
                        "type": "string",
                        "description": "Where you open Hex.",
                        "default": "https://app.hex.tech",
                    }
                },
            },
        },
    }


def _listed(tool: Tool) -> dict[str, Any]:
    schema = inputs_of(tool)
    return {
        "name": tool.id,
        "description": description(tool, short=True),
        "arguments": [
            {"name": name, "type": _type(field), "desc": field.get("description", "")}
            for name, field in schema["properties"].items()
        ],
    }


def _type(field: Mapping[str, Any]) -> str:
    kind = field.get("type", "string")
    return kind if isinstance(kind, str) else next((each for each in kind if each != "null"), "string")


TARGET = ExportTarget(
    name="docker-mcp",
    title="Docker's catalogue of MCP servers",
    level={
        "the entry, by the catalogue's rules": "done: tests/hosts/test_docker_mcp.py",
        "its form, by the formatter that the catalogue asks": "done: tests/hosts/mcpb/test_catalogue.py",
        "the catalogue itself": "exempt: it takes an entry only with a commit that is published",
    },
    files=files,
    tools=(DEFAULT,),
)
