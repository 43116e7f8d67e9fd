"""The document itself, OpenAPI 3.1: one operation for each tool, and the service's own.

Schemas of inputs and outputs stand where they are used: most importers follow no reference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hex_blocks import __version__
from hex_blocks.hosts.models.schemas import inputs_of, is_hidden
from hex_blocks.hosts.openapi.dialects import with_schemas
from hex_blocks.hosts.openapi.parts import (
    JSON,
    OF_A_CALL,
    answer,
    idempotency_key,
    job_answer,
    prefer,
    problem_answers,
    problems,
)
from hex_blocks.hosts.openapi.service_paths import service_paths, tags
from hex_blocks.i18n.texts import text
from hex_blocks.tools.registry import Registry
from hex_blocks.tools.schema import output_schema
from hex_blocks.tools.tool import Tool

OPENAPI = "3.1.0"
# Where the service listens unless it is told otherwise.
LOCAL_URL = "http://127.0.0.1:8767"
LICENSE = {"name": "MIT", "identifier": "MIT"}
CONTACT = {"name": "The hex_blocks maintainers"}
BEARER = "bearer"

Document = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What a document is made for.

    Attributes:
        registry: Where the tools are from.
        tools: The tools in it.
        language: Of titles and descriptions; names are the same in all.
        server_url: The address that the service is reached at.
    """

    registry: Registry
    tools: tuple[Tool, ...]
    language: str | None = None
    server_url: str = LOCAL_URL


def document(asked: Asked) -> Document:
    """Return the document in OpenAPI 3.1, with everything in it."""
    language = asked.language
    made = {
        "openapi": OPENAPI,
        "info": _info(asked),
        "servers": [{"url": asked.server_url}],
        "security": [{BEARER: []}],
        "tags": [*_groups(asked), *tags(language)],
        "paths": {
            **{path_of(tool): {"post": operation(tool, language, asked.registry)} for tool in asked.tools},
            **service_paths(language),
        },
        "components": {
            "schemas": {},
            "securitySchemes": {BEARER: _bearer(language)},
            "responses": problem_answers(language),
        },
    }
    return with_schemas(made, _with_items)


def _with_items(schema: dict[str, Any]) -> dict[str, Any]:
    """Say of a list among several types that it holds anything: linters and importers ask for it."""
    return schema | ({"items": {}} if "array" in schema.get("type", ()) and "items" not in schema else {})


def path_of(tool: Tool) -> str:
    """Return the path at which a tool is called."""
    return f"/v1/tools/{tool.id}"


def operation(tool: Tool, language: str | None, registry: Registry) -> dict[str, Any]:
    """Return the operation of a tool."""
    outputs = output_schema(tool.spec, language=language)
    outputs.pop("$schema")
    said = text("What the tool gives.", language)
    return {
        "operationId": tool.id,
        "summary": tool.title(language),
        "description": tool.description(language),
        "tags": [_group_title(tool, language, registry)],
        "parameters": [prefer(language), *([] if tool.operation == "query" else [idempotency_key(language)])],
        "requestBody": request_body(tool, language),
        "responses": {**answer("200", said, outputs), **job_answer(language), **problems(OF_A_CALL)},
    }


def request_body(tool: Tool, language: str | None) -> dict[str, Any]:
    """Return the body that a tool is called with: its inputs by name, with an example of them."""
    schema = inputs_of(tool, language)
    hidden = {name for name, field in tool.spec.inputs.items() if is_hidden(field)}
    example = {name: value for name, value in tool.spec.examples[0].inputs.items() if name not in hidden}
    return {
        "required": bool(schema.get("required")),
        "content": {JSON: {"schema": schema, "example": example}},
    }


def _info(asked: Asked) -> dict[str, Any]:
    block = asked.registry.block
    return {
        "title": "hex_blocks",
        "version": __version__,
        "summary": text(block.tagline, asked.language),
        "description": text(block.description, asked.language),
        "contact": CONTACT,
        "license": LICENSE,
    }


def _bearer(language: str | None) -> dict[str, Any]:
    said = text("The Hex API token of the caller, or the secret of the server.", language)
    return {"type": "http", "scheme": "bearer", "description": said}


def _groups(asked: Asked) -> list[dict[str, str]]:
    used = dict.fromkeys(tool.group for tool in asked.tools)
    shown = {key: asked.registry.groups[key] for key in asked.registry.groups if key in used}
    return [
        {"name": text(group["title"], asked.language), "description": text(group["description"], asked.language)}
        for group in shown.values()
    ]


def _group_title(tool: Tool, language: str | None, registry: Registry) -> str:
    return text(registry.groups[tool.group]["title"], language)


def only_paths(made: Document, paths: Iterable[str]) -> Document:
    """Return a document with only some of its paths, and only the tags that they use."""
    kept = {path: item for path, item in made["paths"].items() if path in set(paths)}
    used = {tag for item in kept.values() for each in item.values() for tag in each["tags"]}
    return {**made, "paths": kept, "tags": [tag for tag in made["tags"] if tag["name"] in used]}
