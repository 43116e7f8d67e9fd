"""The schemas of a tool's inputs and outputs as models see them, and results that conform to them.

A complete schema has everything in the spec. A short one has what a model needs for the usual call, in a fraction of
the bytes: advanced inputs are left out, but accepted. No schema has a token, a base URL or a path of a local file: a
model may never set these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from hex_blocks.i18n.texts import text
from hex_blocks.tools.schema import IN_JSON, input_schema, output_schema
from hex_blocks.tools.spec.tool import ToolSpec
from hex_blocks.tools.spec.values import Input, InputField, OutputField
from hex_blocks.tools.tool import Tool

Schema = dict[str, Any]
SHORT_KEYWORDS = ("type", "description", "enum", "format", "required")
# The keywords that every vendor's models support, besides the type and the nested schemas.
PORTABLE_KEYWORDS = ("description", "minimum", "maximum", "minItems", "maxItems")
PORTABLE_FORMATS = ("date-time",)
_SENTENCE_ENDS = re.compile(r"(?<=\w\.) (?=\w)|(?<=。)")
PICTURE = "image"
# Replaces the content of a picture, which is sent beside the result: the number of the picture in the call, from 1.
PICTURE_NUMBER = "picture"


def is_hidden(field: Input) -> bool:
    """Return whether an input is never set by models: it belongs to the connection or names a local file."""
    return field.place == "connection" or field.format == "path"


def for_models(spec: ToolSpec, *, advanced: bool = True) -> ToolSpec:
    """Return a spec without the inputs that models are not shown.

    Args:
        spec: The spec of a tool.
        advanced: Whether to keep the inputs that the spec marks as advanced.
    """
    shown = {
        name: field
        for name, field in spec.inputs.items()
        if not is_hidden(field) and (advanced or field.required or not field.advanced)
    }
    return spec.replaced(inputs=shown)


def inputs_of(tool: Tool, language: str | None = None, *, strict: bool = False, short: bool = False) -> Schema:
    """Return the schema of a tool's inputs for a model.

    Args:
        tool: The tool.
        language: The language of descriptions.
        strict: Whether every input is required, and nullable if it is optional. A strict schema is never shortened.
        short: Whether to return the short schema.
    """
    spec = for_models(tool.spec, advanced=not short)
    schema = input_schema(spec, strict=strict, connection=False, language=language)
    schema.pop("$schema")
    return _short(schema) if short and not strict else schema


def portable_inputs_of(
    tool: Tool, language: str | None = None, *, short: bool = False, nullable: bool = False
) -> Schema:
    """Return the schema of a tool's inputs with keywords that every client and every vendor's models support.

    Some clients convert schemas for a vendor and then fail, or are refused, at a keyword that the vendor does not
    know, at an object without known properties, or at a list of types.

    Args:
        tool: The tool.
        language: The language of descriptions.
        short: Whether to return the short schema.
        nullable: Whether optional inputs may also be null, for clients that make every input required.
    """
    return _portable(inputs_of(tool, language, short=short), language, nullable)


def outputs_of(tool: Tool, language: str | None = None, *, short: bool = False) -> Schema:
    """Return the schema of a tool's outputs for a model.

    No output is required, because Hex may leave out any of them.
    """
    schema = output_schema(tool.spec, language=language)
    for path in pictures_in(tool.spec):
        _number_picture(_schema_at(schema, path))
    if short:
        schema["properties"].pop("warnings")
        # An output that is null is left out of the result.
        return {"type": "object", "properties": {name: _of_type(part) for name, part in schema["properties"].items()}}
    schema.pop("$schema")
    return _change_each(schema, lambda part: part.pop("required", None))


def pictures_in(spec: ToolSpec) -> list[list[str]]:
    """Return the paths of the pictures in a tool's outputs: names of fields, and [] for the items of a list."""
    return [path for name, field in spec.outputs.items() for path in _pictures([name], field)]


def _pictures(path: list[str], field: OutputField) -> list[list[str]]:
    if field.format == PICTURE:
        return [path]
    below = [found for name, part in (field.fields or {}).items() for found in _pictures([*path, name], part)]
    return below + (_pictures([*path, "[]"], field.items) if field.items else [])


def drop_nonconforming(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return a result without the values that its schema does not allow.

    Hex's replies may differ from its API document.
    """
    if isinstance(value, dict) and "properties" in schema:
        parts = schema["properties"]
        return {
            name: drop_nonconforming(part, parts.get(name, {}))
            for name, part in value.items()
            if has_type(part, parts.get(name, {}))
        }
    if isinstance(value, list) and "items" in schema:
        return [drop_nonconforming(part, schema["items"]) for part in value if has_type(part, schema["items"])]
    return value


def has_type(value: Any, schema: Mapping[str, Any]) -> bool:
    """Return whether a value has a type that a schema allows."""
    wanted = schema.get("type", [])
    types = [wanted] if isinstance(wanted, str) else wanted
    return not types or any(_is_of_type(value, each) for each in types)


def _is_of_type(value: Any, type_: str) -> bool:
    if isinstance(value, bool) or value is None:
        return type_ == ("null" if value is None else "boolean")
    kinds: dict[str, Any] = {"string": str, "number": (int, float), "object": dict, "array": list}
    if type_ == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return type_ in kinds and isinstance(value, kinds[type_])


def has_free_object(field: InputField) -> bool:
    """Return whether an input accepts any object, or any value at all."""
    return field.type == "any" or (field.type == "object" and field.fields is None)


def first_sentence(description: str) -> str:
    """Return the first sentence of a description."""
    return _SENTENCE_ENDS.split(description, maxsplit=1)[0]


def _short(schema: Schema) -> Schema:
    """Return a schema, and the schemas in it, with only what a model needs for the usual call."""
    short = {keyword: schema[keyword] for keyword in SHORT_KEYWORDS if keyword in schema}
    if "description" in schema:
        short["description"] = first_sentence(schema["description"]).removesuffix(".")
    if isinstance(schema["type"], list):
        # Not every client supports a list of types.
        short["anyOf"] = [{"type": each} for each in short.pop("type")]
    if "properties" in schema:
        short["properties"] = {name: _short(part) for name, part in schema["properties"].items()}
    if "items" in schema:
        short["items"] = _short(schema["items"])
    return short


def _portable(schema: Schema, language: str | None, nullable: bool) -> Schema:
    """Return a schema with portable keywords: free objects become JSON text, and null is one alternative of anyOf."""
    types = _types(schema)
    portable = {keyword: schema[keyword] for keyword in PORTABLE_KEYWORDS if keyword in schema}
    if schema.get("format") in PORTABLE_FORMATS:
        portable["format"] = schema["format"]
    if "enum" in schema:
        portable["enum"] = [each for each in schema["enum"] if each is not None]
    if is_free(schema):
        portable["type"] = "string"
        sentences = [schema.get("description", "").removesuffix("."), text(IN_JSON, language)]
        portable["description"] = ". ".join(filter(None, sentences))
        return _or_null(portable) if "null" in types else portable
    portable["type"] = next(each for each in types if each != "null")
    if "properties" in schema:
        required = schema.get("required", [])
        portable["properties"] = {
            name: _or_null(_portable(part, language, nullable))
            if nullable and name not in required
            else _portable(part, language, nullable)
            for name, part in schema["properties"].items()
        }
        portable |= {"required": required} if required else {}
    if "items" in schema:
        portable["items"] = _portable(schema["items"], language, nullable)
    return _or_null(portable) if "null" in types else portable


def is_free(schema: Schema) -> bool:
    """Return whether a schema allows any object, or any value at all."""
    types = [each for each in _types(schema) if each != "null"]
    return len(types) > 1 or (types == ["object"] and "properties" not in schema)


def _types(schema: Schema) -> list[str]:
    if "anyOf" in schema:
        return [each["type"] for each in schema["anyOf"]]
    return schema["type"] if isinstance(schema["type"], list) else [schema["type"]]


def _or_null(schema: Schema) -> Schema:
    """Return a portable schema that allows null too. Its description stays at the top, where every client reads it."""
    if "anyOf" in schema:
        return schema
    outside = {"description": schema["description"]} if "description" in schema else {}
    inside = {keyword: value for keyword, value in schema.items() if keyword not in outside}
    return {**outside, "anyOf": [inside, {"type": "null"}]}


def _of_type(schema: Schema) -> Schema:
    """Return a schema with only the type or types of another, without null."""
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    plain = [each for each in types if each != "null"]
    return {"type": plain[0]} if len(plain) == 1 else {"anyOf": [{"type": each} for each in plain]}


def _change_each(schema: Schema, change: Callable[[Schema], object]) -> Schema:
    change(schema)
    for part in [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]:
        _change_each(part, change)
    return schema


def _schema_at(schema: Schema, path: list[str]) -> Schema:
    for step in path:
        schema = schema["items"] if step == "[]" else schema["properties"][step]
    return schema


def _number_picture(schema: Schema) -> None:
    kept = {name: part for name, part in schema["properties"].items() if part.get("contentEncoding") != "base64"}
    number = {"type": "integer", "minimum": 1}
    schema["properties"] = kept | {PICTURE_NUMBER: number}
