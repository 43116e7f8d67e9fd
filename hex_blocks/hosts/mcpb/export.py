"""Exports the bundle: a manifest, the script that the client starts, and the wheel that the script needs."""

from __future__ import annotations

import json
from pathlib import Path

from hex_blocks.hosts.exports import ExportRequest, ExportTarget, Files
from hex_blocks.hosts.models.search import description
from hex_blocks.hosts.models.toolbox import Toolbox
from hex_blocks.hosts.models.toolsets import DEFAULT
from hex_blocks.hosts.packing import own_wheel, zip_of

BUNDLE = Path(__file__).parent / "bundle"
# The first version of the manifest format that supports servers run by uv.
FORM = "0.4"
MAIN = "server/main.py"


def files(request: ExportRequest) -> Files:
    """Return the files of the bundle."""
    name, wheel = own_wheel()
    paths = (path for path in BUNDLE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(BUNDLE).as_posix(): path.read_bytes() for path in sorted(paths)} | {
        "manifest.json": (json.dumps(manifest(request), indent=2, ensure_ascii=False) + "\n").encode(),
        "pyproject.toml": _project(request, f"wheels/{name}").encode(),
        f"wheels/{name}": wheel,
    }


def manifest(request: ExportRequest) -> dict[str, object]:
    """Return the manifest of the bundle."""
    block = request.registry.block
    box = Toolbox([tool.id for tool in request.tools], registry=request.registry)
    fields = ("token", "region", "toolset", "read_only")
    return {
        "manifest_version": FORM,
        "name": "hex-blocks",
        "display_name": block.name,
        "version": request.version,
        "description": block.tagline,
        "long_description": (BUNDLE / "README.md").read_text("utf-8").partition("\n\n")[2],
        "author": {"name": "The hex_blocks maintainers"},
        "icon": "icon.png",
        "server": {
            "type": "uv",
            "entry_point": MAIN,
            "mcp_config": {
                "command": "uv",
                "args": ["run", "--directory", "${__dirname}", MAIN],
                "env": {f"HEX_BUNDLE_{name.upper()}": f"${{user_config.{name}}}" for name in fields},
            },
        },
        "tools": [{"name": tool.id, "description": description(tool, short=True)} for tool in box.shown.values()],
        "tools_generated": True,
        "prompts_generated": True,
        "keywords": ["hex", "notebooks", "data", "analytics"],
        "license": "MIT",
        "compatibility": {"platforms": ["darwin", "win32", "linux"], "runtimes": {"python": ">=3.11"}},
        "user_config": _form(request),
    }


def _form(request: ExportRequest) -> dict[str, object]:
    sets = ", ".join(request.registry.groups)
    return {
        "token": {
            "type": "string",
            "title": "Hex API token",
            "description": "In Hex: Settings, API keys, New token.",
            "required": True,
            "sensitive": True,
        },
        "region": {
            "type": "string",
            "title": "Where you open Hex",
            "description": "app, eu or hc, or the address of a single-tenant Hex, such as atreides.hex.tech.",
            "default": "app",
        },
        "toolset": {
            "type": "string",
            "title": "Tools",
            "description": f"Toolsets to list, by comma: default, all, {sets}.",
            "default": DEFAULT,
        },
        "read_only": {
            "type": "boolean",
            "title": "Only reading",
            "description": "Neither list nor call a tool that makes changes.",
            "default": False,
        },
    }


def _project(request: ExportRequest, wheel: str) -> str:
    return f"""[project]
name = "hex-blocks-bundle"
version = "{request.version}"
requires-python = ">=3.11"
dependencies = ["hex-blocks[mcp]"]

[tool.uv]
package = false

[tool.uv.sources]
hex-blocks = {{ path = "{wheel}" }}
"""


TARGET = ExportTarget(
    name="mcpb",
    title="MCP desktop bundle",
    level={
        "manifest and form": "done: tests/hosts/mcpb/test_bundle.py",
        "the server, started as its client does": "done: tests/hosts/mcpb/test_bundle.py",
        "translations": "exempt: the form has one language; the server's own texts follow --language",
        "signature": "exempt: it needs a certificate of whoever publishes the bundle",
    },
    files=files,
    pack=lambda _request, made: {".mcpb": zip_of(made)},
    tools=(DEFAULT,),
)
