"""Reference pages as resources, made from the registry: one for each group of tools and one for each tool."""

from __future__ import annotations

import json
from typing import Any

from hex_blocks.errors.classes import UnknownToolError
from hex_blocks.hosts.models.schemas import for_models
from hex_blocks.hosts.models.search import description
from hex_blocks.hosts.models.toolbox import Toolbox
from hex_blocks.i18n.formats import labelled
from hex_blocks.i18n.texts import text
from hex_blocks.tools.spec.values import InputField, OutputField
from hex_blocks.tools.tool import Tool

INDEX = "hex://reference"
GROUP = f"{INDEX}/"
TOOL = "hex://tools/"
MARKDOWN = "text/markdown"


def resources(toolbox: Toolbox) -> list[dict[str, Any]]:
    """Return the list of pages: an overview, and one page for each group."""
    language = toolbox.language
    pages = [
        {
            "uri": INDEX,
            "name": "reference",
            "title": text("All tools for Hex", language),
            "description": text("Every tool by group, with its title.", language),
            "mimeType": MARKDOWN,
        }
    ]
    return pages + [
        {
            "uri": GROUP + key,
            "name": f"reference-{key}",
            "title": text(group["title"], language),
            "description": text(group["description"], language),
            "mimeType": MARKDOWN,
        }
        for key, group in toolbox.registry.groups.items()
    ]


def resource_templates(language: str | None = None) -> list[dict[str, Any]]:
    """Return the URI templates of the pages: one, for the pages of tools."""
    return [
        {
            "uriTemplate": TOOL + "{name}",
            "name": "tool",
            "title": text("One tool", language),
            "description": text("What a tool does, its inputs and outputs, and an example.", language),
            "mimeType": MARKDOWN,
        }
    ]


def read_resource(uri: str, toolbox: Toolbox) -> str | None:
    """Return the page of a URI as Markdown; None if there is no such page."""
    registry, language = toolbox.registry, toolbox.language
    if uri.rstrip("/") == INDEX:
        return _index(toolbox)
    if uri.startswith(GROUP) and (key := uri.removeprefix(GROUP)) in registry.groups:
        tools = [tool for tool in registry.values() if tool.group == key]
        group = registry.groups[key]
        head = f"# {text(group['title'], language)}\n\n{text(group['description'], language)}\n"
        return "\n".join([head, *(tool_page(tool, language) for tool in tools)])
    if uri.startswith(TOOL):
        try:
            return tool_page(registry[uri.removeprefix(TOOL)], language)
        except UnknownToolError:
            return None
    return None


def _index(toolbox: Toolbox) -> str:
    language, parts = toolbox.language, []
    for key, group in toolbox.registry.groups.items():
        lines = [f"- `{tool.id}`: {tool.title(language)}" for tool in toolbox.registry.values() if tool.group == key]
        parts.append(f"## {text(group['title'], language)}\n\n" + "\n".join(lines) + "\n")
    return f"# {text('All tools for Hex', language)}\n\n" + "\n".join(parts)


def tool_page(tool: Tool, language: str | None = None) -> str:
    """Return the page of a tool as Markdown: inputs, outputs and an example, without inputs that models never see."""
    spec = for_models(tool.spec)
    inputs = [line for name, field in spec.inputs.items() for line in _lines(name, field, language)]
    outputs = [line for name, field in spec.outputs.items() for line in _lines(name, field, language)]
    example = spec.examples[0]
    given = {name: value for name, value in example.inputs.items() if name in spec.inputs}
    parts = [
        f"## {tool.title(language)} (`{tool.id}`)",
        description(tool, language),
        f"### {text('Inputs', language)}",
        "\n".join(inputs) or text("None.", language),
        f"### {text('Outputs', language)}",
        "\n".join(outputs) or text("None.", language),
        f"### {labelled(text('Example', language), text(example.title, language), language)}",
        f"```json\n{json.dumps(given, ensure_ascii=False, indent=2)}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _lines(name: str, field: InputField | OutputField, language: str | None, depth: int = 0) -> list[str]:
    required = f", {text('required', language)}" if getattr(field, "required", False) else ""
    allowed = f" ({', '.join(field.enum)})" if field.enum else ""
    description = text(field.description, language)
    lines = [f"{'  ' * depth}- `{name}` ({field.type}{required}): {description}{allowed}"]
    below = field.fields or (field.items.fields if field.items else None) or {}
    return lines + [line for key, part in below.items() for line in _lines(key, part, language, depth + 1)]
