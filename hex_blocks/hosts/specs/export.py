"""Exports the expanded specs: a file for each language, their JSON Schema, and the JavaScript core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hex_blocks.hosts.exports import ExportRequest, ExportTarget, Files
from hex_blocks.hosts.javascript.data import as_json, core_data, core_files, expanded, runs_in_javascript
from hex_blocks.hosts.specs.page import PAGE
from hex_blocks.i18n.texts import languages, text
from hex_blocks.tools.schema import DIALECT
from hex_blocks.tools.spec.reading import json_schema, spec_as_json
from hex_blocks.tools.spec.tool import ToolSpec

_TEXT_KEYS = ("title", "description", "tagline")
_LEFT_OUT = {"schema_"}


def files(request: ExportRequest) -> Files:
    """Return the specs in every language, their schema, the core, and a README on developing a host."""
    whole = _in_english(request)
    made = {f"{language}.json": as_json(_in_language(whole, request, language)) for language in languages()}
    made["tool.schema.json"] = as_json(tool_schema())
    made["README.md"] = PAGE.encode()
    return made | {f"core/{name}": content for name, content in core_files().items()}


def tool_schema() -> dict[str, Any]:
    """Return the JSON Schema of an expanded spec."""
    schema = json_schema(ToolSpec)
    schema["properties"] |= {
        "plugin": {"type": "string", "description": "The plugin that brings it."},
        "runsInJavaScript": {"type": "boolean", "description": "Whether the core beside these files runs it."},
    }
    return {"$schema": DIALECT, **schema}


def _in_english(request: ExportRequest) -> dict[str, Any]:
    block = request.registry.block
    shown = {group: each for group, each in block.groups.items() if any(tool.group == group for tool in request.tools)}
    about = spec_as_json(block, _LEFT_OUT | {"paging"})
    about["groups"] = {group: {"title": each.title, "description": each.description} for group, each in shown.items()}
    tools = {
        tool.id: expanded(tool, examples=True) | {"runsInJavaScript": runs_in_javascript(tool)}
        for tool in request.tools
    }
    return {"block": about, "tools": tools}


def _in_language(whole: Mapping[str, Any], request: ExportRequest, language: str) -> dict[str, Any]:
    """Return the data of the core with the texts of the specs in a language."""
    core = core_data(request.registry, request.tools, [language])
    return {"language": language, **core, **_translated(whole, language)}


def _translated(value: Any, language: str) -> Any:
    if isinstance(value, dict):
        return {
            name: text(part, language) if name in _TEXT_KEYS and isinstance(part, str) else _translated(part, language)
            for name, part in value.items()
        }
    return [_translated(part, language) for part in value] if isinstance(value, list) else value


TARGET = ExportTarget(
    name="specs",
    title="Specs",
    level={
        "tools": "done: tests/hosts/javascript/test_specs.py",
        "handlers": (
            "exempt: Batches and pipelines are described, but run in Python only, where a record of the work is kept."
        ),
        "languages": "done: tests/hosts/javascript/test_specs.py",
    },
    files=files,
)
