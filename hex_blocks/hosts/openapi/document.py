"""The OpenAPI 3.1 document: one operation for each tool, and the other operations of the service.

Schemas of inputs and outputs are inline, because most importers do not resolve references.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hex_blocks import __version__
from hex_blocks.hosts.models.schemas import inputs_of, is_hidden
from hex_blocks.hosts.openapi.dialects import with_schemas
from hex_blocks.hosts.openapi.parts import (
    CALL_STATUSES,
    JSON,
    idempotency_key,
    job_response,
    prefer,
    problem_references,
    problem_responses,
    response,
)
from hex_blocks.hosts.openapi.service_paths import service_paths, tags
from hex_blocks.i18n.texts import text
from hex_blocks.tools.registry import Registry
from hex_blocks.tools.schema import output_schema
from hex_blocks.tools.tool import Tool

OPENAPI = "3.1.0"
# The default URL of the service.
LOCAL_URL = "http://127.0.0.1:8767"
LICENSE = {"name": "MIT", "identifier": "MIT"}
CONTACT = {"name": "The hex_blocks maintainers"}
BEARER = "bearer"

Document = dict[str, Any]


@dataclass(frozen=True)
class DocumentRequest:
    """What a document is to contain.

    Attributes:
        registry: The registry that the tools come from.
        tools: The tools.
        language: The language of titles and descriptions.
        server_url: The URL of the service.
    """

    registry: Registry
    tools: tuple[Tool, ...]
    language: str | None = None
    server_url: str = LOCAL_URL


def document(request: DocumentRequest) -> Document:
    """Return the complete OpenAPI 3.1 document."""
    language = request.language
    result = {
        "openapi": OPENAPI,
        "info": _info(request),
        "servers": [{"url": request.server_url}],
        "security": [{BEARER: []}],
        "tags": [*_groups(request), *tags(language)],
        "paths": {
            **{path_of(tool): {"post": operation(tool, language, request.registry)} for tool in request.tools},
            **service_paths(language),
        },
        "components": {
            "schemas": {},
            "securitySchemes": {BEARER: _bearer(language)},
            "responses": problem_responses(language),
        },
    }
    return with_schemas(result, _with_items)


def _with_items(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with `items` if an array is one of its types, which linters and importers require."""
    return schema | ({"items": {}} if "array" in schema.get("type", ()) and "items" not in schema else {})


def path_of(tool: Tool) -> str:
    """Return the path of a tool's operation."""
    return f"/v1/tools/{tool.id}"


def operation(tool: Tool, language: str | None, registry: Registry) -> dict[str, Any]:
    """Return the operation that calls a tool."""
    outputs = output_schema(tool.spec, language=language)
    outputs.pop("$schema")
    summary = text("What the tool gives.", language)
    return {
        "operationId": tool.id,
        "summary": tool.title(language),
        "description": tool.description(language),
        "tags": [_group_title(tool, language, registry)],
        "parameters": [prefer(language), *([] if tool.operation == "query" else [idempotency_key(language)])],
        "requestBody": request_body(tool, language),
        "responses": {
            **response("200", summary, outputs),
            **job_response(language),
            **problem_references(CALL_STATUSES),
        },
    }


def request_body(tool: Tool, language: str | None) -> dict[str, Any]:
    """Return the request body of a tool: the schema of its inputs, with an example."""
    schema = inputs_of(tool, language)
    hidden = {name for name, field in tool.spec.inputs.items() if is_hidden(field)}
    example = {name: value for name, value in tool.spec.examples[0].inputs.items() if name not in hidden}
    return {
        "required": bool(schema.get("required")),
        "content": {JSON: {"schema": schema, "example": example}},
    }


def _info(request: DocumentRequest) -> dict[str, Any]:
    block = request.registry.block
    return {
        "title": "hex_blocks",
        "version": __version__,
        "summary": text(block.tagline, request.language),
        "description": text(block.description, request.language),
        "contact": CONTACT,
        "license": LICENSE,
    }


def _bearer(language: str | None) -> dict[str, Any]:
    summary = text("The Hex API token of the caller, or the secret of the server.", language)
    return {"type": "http", "scheme": "bearer", "description": summary}


def _groups(request: DocumentRequest) -> list[dict[str, str]]:
    used = dict.fromkeys(tool.group for tool in request.tools)
    shown = {key: request.registry.groups[key] for key in request.registry.groups if key in used}
    return [
        {"name": text(group["title"], request.language), "description": text(group["description"], request.language)}
        for group in shown.values()
    ]


def _group_title(tool: Tool, language: str | None, registry: Registry) -> str:
    return text(registry.groups[tool.group]["title"], language)


def only_paths(result: Document, paths: Iterable[str]) -> Document:
    """Return a document with only the given paths and the tags that they use."""
    selected = {path: item for path, item in result["paths"].items() if path in set(paths)}
    used = {tag for item in selected.values() for each in item.values() for tag in each["tags"]}
    return {**result, "paths": selected, "tags": [tag for tag in result["tags"] if tag["name"] in used]}
