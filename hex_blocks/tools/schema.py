"""Generates the JSON Schema of a tool's inputs and outputs, plain or strict, in any language.

The strict form is for function calling: every input is required, optional ones are nullable, unknown keys are not
allowed, and free-form objects are strings of JSON.
"""

from __future__ import annotations

from typing import Any

from hex_blocks.i18n.formats import whole
from hex_blocks.i18n.texts import text
from hex_blocks.tools.spec.tool import ToolSpec
from hex_blocks.tools.spec.values import InputField, OutputField, Value

DIALECT = "https://json-schema.org/draft/2020-12/schema"
JSON_TYPES: dict[str, list[str]] = {
    "any": ["string", "number", "boolean", "object", "array", "null"],
}
# Formats that JSON Schema defines. Other formats of the specs become other keywords.
KNOWN_FORMATS = {"uuid", "email", "date-time", "uri"}
IN_JSON = "A JSON object, written as a string."


def input_schema(
    spec: ToolSpec, *, strict: bool = False, connection: bool = True, language: str | None = None
) -> dict[str, Any]:
    """Return the JSON Schema of a tool's inputs.

    Args:
        spec: The tool.
        strict: Whether to return the strict form.
        connection: Whether to include the token and the base URL.
        language: The language of titles and descriptions.
    """
    fields = {name: field for name, field in spec.inputs.items() if connection or field.place != "connection"}
    return {"$schema": DIALECT, **_object(fields, strict, language)}


def output_schema(spec: ToolSpec, *, language: str | None = None) -> dict[str, Any]:
    """Return the JSON Schema of a tool's outputs and `warnings`, which any tool can return."""
    schema = _outputs(spec.outputs, language)
    schema["properties"]["warnings"] = {
        "type": "array",
        "description": text("What the caller should know though the call did what was asked.", language),
        "items": {
            "type": "object",
            "properties": {"warning": {"type": "string"}, "message": {"type": "string"}},
            "required": ["warning", "message"],
        },
    }
    return {"$schema": DIALECT, **schema}


def _object(fields: Any, strict: bool, language: str | None) -> dict[str, Any]:
    required = [name for name, field in fields.items() if strict or field.required]
    return {
        "type": "object",
        "properties": {name: _input(field, strict, language) for name, field in fields.items()},
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _input(field: InputField, strict: bool, language: str | None) -> dict[str, Any]:
    schema = _value(field, language)
    if field.type == "object" and field.fields is not None:
        schema |= _object(field.fields, strict, language)
    elif strict and field.type in ("object", "any"):
        schema["type"] = "string"
        schema["description"] = f"{schema['description']} {text(IN_JSON, language)}"
    elif field.items is not None:
        schema["items"] = _input(field.items, strict, language)
    if field.default is not None and not strict:
        schema["default"] = field.default
    if field.nullable or (strict and not field.required):
        _or_null(schema)
    return schema


def _outputs(fields: Any, language: str | None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: _output(field, language) for name, field in fields.items()},
        "required": list(fields),
    }


def _output(field: OutputField, language: str | None) -> dict[str, Any]:
    schema = _value(field, language)
    # Values are examples, not an enum: Hex can add values at any time, and a reply with one has to be valid.
    if allowed := schema.pop("enum", None):
        schema["examples"] = allowed
    if field.words is not None:
        schema["type"] = [schema["type"], "string"]
    if field.fields is not None:
        schema |= _outputs(field.fields, language)
    if field.items is not None:
        schema["items"] = _output(field.items, language)
    if field.nullable:
        _or_null(schema)
    return schema


def _value(field: Value, language: str | None) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": JSON_TYPES.get(field.type, field.type)}
    if field.title:
        schema["title"] = text(field.title, language)
    schema["description"] = text(field.description, language)
    if field.format in KNOWN_FORMATS:
        schema["format"] = field.format
    elif field.format == "json-object":
        schema["contentMediaType"] = "application/json"
    elif field.format == "base64":
        schema["contentEncoding"] = "base64"
    if field.secret:
        schema |= {"format": "password", "writeOnly": True}
    bounds = {
        "enum": list(field.enum) if field.enum else None,
        "minimum": whole(field.minimum),
        "maximum": whole(field.maximum),
        "minItems" if field.type == "array" else "minLength": field.min_length,
        "maxItems" if field.type == "array" else "maxLength": field.max_length,
        "examples": [field.example] if field.example is not None else None,
    }
    return schema | {name: bound for name, bound in bounds.items() if bound is not None}


def _or_null(schema: dict[str, Any]) -> None:
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    schema["type"] = [*types, *(["null"] if "null" not in types else [])]
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
