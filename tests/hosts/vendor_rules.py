"""Validators for the schemas that vendors accept, by their documentation. Each returns the errors of a schema.

OpenAI: platform.openai.com/docs/guides/structured-outputs (supported schemas) and its reference of function tools.
Azure OpenAI is the stricter host of the same models: learn.microsoft.com, how-to/structured-outputs.
Anthropic: platform.claude.com, structured outputs (JSON Schema limitations, schema complexity limits) and tool use.
Gemini: ai.google.dev/api/caching (FunctionDeclaration, Schema).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
GEMINI_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}")
MOST_FUNCTIONS = 128

OPENAI = {
    "type",
    "description",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "anyOf",
    "$ref",
    "$defs",
    "pattern",
    "format",
    "multipleOf",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minItems",
    "maxItems",
}
OPENAI_FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
OPENAI_DEPTH, OPENAI_PROPERTIES, OPENAI_ENUMS, OPENAI_CHARACTERS = 10, 5000, 1000, 120_000
OPENAI_LARGE_ENUM, OPENAI_LARGE_ENUM_CHARACTERS = 250, 15_000
OPENAI_DESCRIPTION = 1024

ANTHROPIC = {"type", "description", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf"}
ANTHROPIC |= {"allOf", "$ref", "$defs", "definitions", "default", "format", "minItems"}
ANTHROPIC_FORMATS = OPENAI_FORMATS | {"uri"}
ANTHROPIC_STRICT, ANTHROPIC_OPTIONAL, ANTHROPIC_UNIONS = 20, 24, 16

GEMINI = {"type", "format", "title", "description", "nullable", "enum", "items", "maxItems", "minItems", "properties"}
GEMINI |= {
    "required",
    "propertyOrdering",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "example",
    "anyOf",
}
GEMINI |= {"minProperties", "maxProperties", "default"}
GEMINI_TYPES = {"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT"}


def parts(schema: Schema, place: str = "$") -> Iterator[tuple[str, Schema]]:
    """Yield a schema and all schemas in it, with their paths."""
    yield place, schema
    for name, part in schema.get("properties", {}).items():
        yield from parts(part, f"{place}.{name}")
    if "items" in schema:
        yield from parts(schema["items"], f"{place}[]")
    for number, part in enumerate(schema.get("anyOf", [])):
        yield from parts(part, f"{place}|{number}")


def depth(schema: Schema) -> int:
    """Return the depth of a schema; lists count as levels."""
    below = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    return 1 + max(map(depth, below), default=0)


def openai(function: Schema) -> list[str]:
    """Check a strict function for OpenAI."""
    schema = function["parameters"]
    found = _name(function["name"], NAME) + _description(function, OPENAI_DESCRIPTION)
    if function.get("strict") is not True:
        found.append("strict is not true")
    if schema.get("type") != "object" or "anyOf" in schema:
        found.append("the root is no object")
    names, enums = [], []
    for place, part in parts(schema):
        found += [f"{place}: {name} is not supported" for name in part.keys() - OPENAI]
        found += _format(place, part, OPENAI_FORMATS)
        if "properties" in part:
            names += list(part["properties"])
            if sorted(part.get("required", [])) != sorted(part["properties"]):
                found.append(f"{place}: not all properties are required")
            if part.get("additionalProperties") is not False:
                found.append(f"{place}: additionalProperties is not false")
        elif "object" in _types(part):
            found.append(f"{place}: an object without properties")
        if "array" in _types(part) and "items" not in part:
            found.append(f"{place}: a list without items")
        values = [str(value) for value in part.get("enum", [])]
        enums += values
        if len(values) > OPENAI_LARGE_ENUM and len("".join(values)) > OPENAI_LARGE_ENUM_CHARACTERS:
            found.append(f"{place}: the enum is too large")
    if depth(schema) > OPENAI_DEPTH:
        found.append(f"{depth(schema)} levels")
    if len(names) > OPENAI_PROPERTIES or len(enums) > OPENAI_ENUMS:
        found.append("too many properties or values")
    if len("".join([*names, *enums])) > OPENAI_CHARACTERS:
        found.append("too many characters in names and values")
    return found


def anthropic(tools: list[Schema]) -> list[str]:
    """Check the tools of one request for Anthropic."""
    strict = [tool for tool in tools if tool.get("strict")]
    found = [problem for tool in tools for problem in _name(tool["name"], NAME) + _description(tool, None)]
    optional = unions = 0
    for tool in strict:
        for place, part in parts(tool["input_schema"], tool["name"]):
            found += [f"{place}: {name} is not supported" for name in part.keys() - ANTHROPIC]
            found += _format(place, part, ANTHROPIC_FORMATS)
            unions += "anyOf" in part or isinstance(part.get("type"), list)
            if part.get("minItems", 0) > 1:
                found.append(f"{place}: minItems is above 1")
            if any(isinstance(value, dict | list) for value in part.get("enum", [])):
                found.append(f"{place}: a complex value in the enum")
            if "object" in _types(part):
                optional += len(part.get("properties", {})) - len(part.get("required", []))
                if part.get("additionalProperties") is not False or "properties" not in part:
                    found.append(f"{place}: additionalProperties is not false")
    if len(strict) > ANTHROPIC_STRICT or optional > ANTHROPIC_OPTIONAL or unions > ANTHROPIC_UNIONS:
        found.append(f"{len(strict)} strict tools, {optional} optional inputs, {unions} unions")
    return found


def gemini(declaration: Schema) -> list[str]:
    """Check a function declaration for Gemini."""
    found = _name(declaration["name"], GEMINI_NAME) + _description(declaration, None)
    for place, part in parts(
        declaration.get("parameters", {"type": "OBJECT", "properties": {"none": {"type": "STRING"}}})
    ):
        found += [f"{place}: {name} is not supported" for name in part.keys() - GEMINI]
        if part.get("type") not in GEMINI_TYPES and not part.get("anyOf"):
            found.append(f"{place}: type is {part.get('type')}")
        if part.get("type") == "OBJECT" and not part.get("properties"):
            found.append(f"{place}: an object without properties")
        if part.get("type") == "ARRAY" and "items" not in part:
            found.append(f"{place}: a list without items")
        if part.get("type") == "STRING":
            found += _format(place, part, {"enum", "date-time"})
        if set(part.get("required", [])) - set(part.get("properties", {})):
            found.append(f"{place}: what is required is no property")
        if not all(isinstance(value, str) for value in part.get("enum", [])):
            found.append(f"{place}: an enum of something but text")
    return found


def _name(name: str, pattern: re.Pattern[str]) -> list[str]:
    return [] if pattern.fullmatch(name) else [f"the name is {name}"]


def _description(described: Schema, longest: int | None) -> list[str]:
    said = described.get("description", "")
    return [] if said and (longest is None or len(said) <= longest) else [f"a description of {len(said)} characters"]


def _format(place: str, part: Schema, formats: set[str]) -> list[str]:
    return [f"{place}: format {part['format']}"] if part.get("format", next(iter(formats))) not in formats else []


def _types(part: Schema) -> list[str]:
    type_ = part.get("type", [])
    return [type_] if isinstance(type_, str) else type_
