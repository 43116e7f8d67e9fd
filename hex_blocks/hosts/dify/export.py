"""Exports the plugin for Dify: a manifest, a provider, one tool for each of ours, and the wheels that they need."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from hex_blocks.hosts.builders.forms import AGENT_TOOLS, shown_tools
from hex_blocks.hosts.builders.wheels import carried_wheels
from hex_blocks.hosts.dify.declarations import manifest, provider, tool_declaration
from hex_blocks.hosts.exports import ExportRequest, ExportTarget, Files
from hex_blocks.hosts.packing import zip_of
from hex_blocks.i18n.texts import data_folder

LEVEL = {
    "tools, credentials": "done: tests/hosts/dify/test_plugin.py",
    "long waits, progress": "done: tests/hosts/dify/test_plugin.py",
    "pictures as files": "done: tests/hosts/dify/test_plugin.py",
    "cursor of a watch": "done: tests/hosts/dify/test_plugin.py",
    "example workflow": "done: tests/hosts/dify/test_example.py",
    "marketplace rules": "done: tests/hosts/dify/test_package.py",
    "pickers": "exempt: Dify Cloud does not call a plugin for the options of a field; titles and addresses are taken.",
    "triggers": "exempt: Dify's triggers are webhooks, and Hex sends none; hex_watch_runs is called by a schedule.",
    "data connections with their passwords": "exempt: their values would stand in saved workflows.",
}
# Files that are copied into the plugin unchanged.
PLUGIN = Path(__file__).parent / "plugin"
SDK = 'dify_plugin>=0.7.4,<0.8; python_version < "3.12"\ndify_plugin>=0.10.2,<0.11; python_version >= "3.12"\n'
TOOL_MODULE = '''"""{title}."""

from hex_blocks.hosts.dify import blocks


class HexTool(blocks.HexTool):
    """{title}."""

    tool_id = "{name}"
'''


def files(request: ExportRequest) -> Files:
    """Return the files of the plugin."""
    tools = shown_tools(request.tools)
    wheels = carried_wheels(tools)
    made: dict[str, bytes] = {
        path.relative_to(PLUGIN).as_posix(): path.read_bytes()
        for path in PLUGIN.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    icon = (data_folder("tool_specs") / "icon.svg").read_bytes()
    made |= {"_assets/icon.svg": icon, "requirements.txt": _requirements(wheels)}
    made |= {f"wheels/{name}": content for name, content in wheels.items()}
    made["manifest.yaml"] = _yaml(manifest(request.registry.block, request.version))
    made["provider/hex.yaml"] = _yaml(provider(request.registry.block, tools))
    for tool in tools:
        made[f"tools/{tool.id}.yaml"] = _yaml(tool_declaration(tool))
        made[f"tools/{tool.id}.py"] = TOOL_MODULE.format(title=tool.title(), name=tool.id).encode()
    return made


def pack(_request: ExportRequest, made: Files) -> Files:
    """Return the package file that Dify installs."""
    return {".difypkg": zip_of(made)}


def _requirements(wheels: Mapping[str, bytes]) -> bytes:
    return (SDK + "".join(f"./wheels/{name}\n" for name in sorted(wheels))).encode()


def _yaml(document: Mapping[str, Any]) -> bytes:
    text: str = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120)
    return text.encode()


TARGET = ExportTarget("dify", "Dify", LEVEL, files, pack, tools=AGENT_TOOLS)
