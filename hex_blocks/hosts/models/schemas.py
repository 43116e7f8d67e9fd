"""The schemas of a tool as models are shown them, and results that keep to them.

Whole: all that the spec says. Short: what a model needs to make the common call, in a fraction of the bytes; inputs
that the spec calls advanced are left out of it, and taken all the same. Neither has a token, a base URL, or a file of
the machine that the tools run on: those are never a model's to name.
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
SHORT = ("type", "description", "enum", "format", "required")
# What every vendor's models are told of an input, beside its type and its parts.
PORTABLE = ("description", "minimum", "maximum", "minItems", "maxItems")
PORTABLE_FORMATS = ("date-time",)
_SENTENCE_ENDS = re.compile(r"(?<=\w\.) (?=\w)|(?<=。)")
PICTURE = "image"
# In a picture's place, since its content goes beside the result: which picture of the call it is, from 1.
PICTURE_NUMBER = "picture"


def is_hidden(field: Input) -> bool:
    """Whether an input is no model's to give: the connection, and files of this machine."""
    return field.place == "connection" or field.format == "path"


def for_models(spec: ToolSpec, *, advanced: bool = True) -> ToolSpec:
    """Return a spec without what models are not shown. advanced: whether with the inputs it calls advanced."""
    shown = {
        name: field
        for name, field in spec.inputs.items()
        if not is_hidden(field) and (advanced or field.required or not field.advanced)
    }
    return spec.model_copy(update={"inputs": shown})


def inputs_of(tool: Tool, language: str | None = None, *, strict: bool = False, short: bool = False) -> Schema:
    """Return the schema of a tool's inputs for a model."""
    spec = for_models(tool.spec, advanced=not short)
    schema = input_schema(spec, strict=strict, connection=False, language=language)
    schema.pop("$schema")
    return _short(schema) if short and not strict else schema


def portable_inputs_of(
    tool: Tool, language: str | None = None, *, short: bool = False, nullable: bool = False
) -> Schema:
    """Return the schema of a tool's inputs in the words that every client takes, or hands on to every vendor's models.

    Some clients convert what they are listed, and fail or are refused at a keyword that a vendor does not know, at an
    object of which no property is known, or at a list of types. nullable: whether what is optional may also be null,
    for clients that make every input required.
    """
    return _portable(inputs_of(tool, language, short=short), language, nullable)


def outputs_of(tool: Tool, language: str | None = None, *, short: bool = False) -> Schema:
    """Return the schema of what a model gets of a tool. Nothing in it is required: what Hex leaves out is left out."""
    schema = output_schema(tool.spec, language=language)
    for path in pictures_in(tool.spec):
        _number_picture(_part(schema, path))
    if short:
        schema["properties"].pop("warnings")
        # What may be null is left out where it is: nothing is required.
        return {"type": "object", "properties": {name: _of_type(part) for name, part in schema["properties"].items()}}
    schema.pop("$schema")
    return _each(schema, lambda part: part.pop("required", None))


def pictures_in(spec: ToolSpec) -> list[list[str]]:
    """Say where the pictures stand in a tool's outputs: names, and [] for the entries of a list."""
    return [path for name, field in spec.outputs.items() for path in _pictures([name], field)]


def _pictures(path: list[str], field: OutputField) -> list[list[str]]:
    if field.format == PICTURE:
        return [path]
    below = [found for name, part in (field.fields or {}).items() for found in _pictures([*path, name], part)]
    return below + (_pictures([*path, "[]"], field.items) if field.items else [])


def conforming(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return a result without the parts that its schema does not allow: Hex may answer otherwise than it says."""
    if isinstance(value, dict) and "properties" in schema:
        parts = schema["properties"]
        return {
            name: conforming(part, parts.get(name, {}))
            for name, part in value.items()
            if fits(part, parts.get(name, {}))
        }
    if isinstance(value, list) and "items" in schema:
        return [conforming(part, schema["items"]) for part in value if fits(part, schema["items"])]
    return value


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value is of the type that a schema asks for."""
    wanted = schema.get("type", [])
    types = [wanted] if isinstance(wanted, str) else wanted
    return not types or any(_is(value, each) for each in types)


def _is(value: Any, type_: str) -> bool:
    if isinstance(value, bool) or value is None:
        return type_ == ("null" if value is None else "boolean")
    kinds: dict[str, Any] = {"string": str, "number": (int, float), "object": dict, "array": list}
    if type_ == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return type_ in kinds and isinstance(value, kinds[type_])


def has_free_object(field: InputField) -> bool:
    """Whether an input takes any object, or any value at all."""
    return field.type == "any" or (field.type == "object" and field.fields is None)


def first_sentence(said: str) -> str:
    """Return the first sentence of a text."""
    return _SENTENCE_ENDS.split(said, maxsplit=1)[0]


def _short(schema: Schema) -> Schema:
    """Keep of a schema, and of the schemas in it, what a model needs to make the common call."""
    short = {keyword: schema[keyword] for keyword in SHORT if keyword in schema}
    if "description" in schema:
        short["description"] = first_sentence(schema["description"]).removesuffix(".")
    if isinstance(schema["type"], list):
        # The same in the words that every client reads.
        short["anyOf"] = [{"type": each} for each in short.pop("type")]
    if "properties" in schema:
        short["properties"] = {name: _short(part) for name, part in schema["properties"].items()}
    if "items" in schema:
        short["items"] = _short(schema["items"])
    return short


def _portable(schema: Schema, language: str | None, nullable: bool) -> Schema:
    """Put a schema into portable words: free objects are JSON in a text, and null is one of two alternatives."""
    types = _types(schema)
    kept = {keyword: schema[keyword] for keyword in PORTABLE if keyword in schema}
    if schema.get("format") in PORTABLE_FORMATS:
        kept["format"] = schema["format"]
    if "enum" in schema:
        kept["enum"] = [each for each in schema["enum"] if each is not None]
    if is_free(schema):
        kept["type"] = "string"
        said = [schema.get("description", "").removesuffix("."), text(IN_JSON, language)]
        kept["description"] = ". ".join(filter(None, said))
        return _or_null(kept) if "null" in types else kept
    kept["type"] = next(each for each in types if each != "null")
    if "properties" in schema:
        required = schema.get("required", [])
        kept["properties"] = {
            name: _or_null(_portable(part, language, nullable))
            if nullable and name not in required
            else _portable(part, language, nullable)
            for name, part in schema["properties"].items()
        }
        kept |= {"required": required} if required else {}
    if "items" in schema:
        kept["items"] = _portable(schema["items"], language, nullable)
    return _or_null(kept) if "null" in types else kept


def is_free(schema: Schema) -> bool:
    """Whether a schema takes any object, or any value at all."""
    types = [each for each in _types(schema) if each != "null"]
    return len(types) > 1 or (types == ["object"] and "properties" not in schema)


def _types(schema: Schema) -> list[str]:
    if "anyOf" in schema:
        return [each["type"] for each in schema["anyOf"]]
    return schema["type"] if isinstance(schema["type"], list) else [schema["type"]]


def _or_null(schema: Schema) -> Schema:
    """Let a portable schema take null too. What it says of itself stays outside, where every client looks for it."""
    if "anyOf" in schema:
        return schema
    outside = {"description": schema["description"]} if "description" in schema else {}
    inside = {keyword: value for keyword, value in schema.items() if keyword not in outside}
    return {**outside, "anyOf": [inside, {"type": "null"}]}


def _of_type(schema: Schema) -> Schema:
    """Keep a schema's type, or types, without null."""
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    plain = [each for each in types if each != "null"]
    return {"type": plain[0]} if len(plain) == 1 else {"anyOf": [{"type": each} for each in plain]}


def _each(schema: Schema, change: Callable[[Schema], object]) -> Schema:
    change(schema)
    for part in [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]:
        _each(part, change)
    return schema


def _part(schema: Schema, path: list[str]) -> Schema:
    for step in path:
        schema = schema["items"] if step == "[]" else schema["properties"][step]
    return schema


def _number_picture(schema: Schema) -> None:
    kept = {name: part for name, part in schema["properties"].items() if part.get("contentEncoding") != "base64"}
    number = {"type": "integer", "minimum": 1}
    schema["properties"] = kept | {PICTURE_NUMBER: number}
