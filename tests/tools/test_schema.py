"""JSON Schema of inputs and outputs: what becomes of each part of a spec, plain and strict."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hex_blocks import Registry
from hex_blocks.i18n.texts import add_folder
from hex_blocks.tools.schema import input_schema, output_schema
from hex_blocks.tools.spec.reading import read_tool_spec
from hex_blocks.tools.spec.tool import ToolSpec

Json = Any
SAID = {"description": "It."}


def spec_of(inputs: dict[str, Json] | None = None, outputs: dict[str, Json] | None = None) -> ToolSpec:
    """Give a tool with these inputs and outputs."""
    named = {name: {"title": "T", "in": "local", **SAID} | field for name, field in (inputs or {}).items()}
    return read_tool_spec(
        {
            "id": "hex_shape_things",
            "group": "runs",
            "operation": "query",
            "title": "Shape things",
            "description": "Shape things.",
            "handler": "hex_blocks.nowhere:nothing",
            "inputs": named,
            "outputs": {name: SAID | field for name, field in (outputs or {}).items()},
            "examples": [
                {
                    "title": "None",
                    "inputs": dict.fromkeys(name for name, field in named.items() if field.get("required")),
                    "outputs": dict.fromkeys(outputs or {}),
                }
            ],
        },
        "hex_shape_things.json",
    )


def shown(field: Json, *, strict: bool = False) -> Json:
    """Give the schema of one input, without its words."""
    schema = input_schema(spec_of({"it": field}), strict=strict)["properties"]["it"]
    return {name: part for name, part in schema.items() if name not in ("title", "description")}


@pytest.mark.parametrize(
    ("field", "plain", "strict"),
    [
        pytest.param(
            {"type": "string", "required": True}, {"type": "string"}, {"type": "string"}, id="required string"
        ),
        pytest.param({"type": "string"}, {"type": "string"}, {"type": ["string", "null"]}, id="optional string"),
        pytest.param(
            {"type": "string", "nullable": True},
            {"type": ["string", "null"]},
            {"type": ["string", "null"]},
            id="nullable string",
        ),
        pytest.param(
            {"type": "string", "format": "uuid", "minLength": 1, "maxLength": 40, "example": "x"},
            {"type": "string", "format": "uuid", "minLength": 1, "maxLength": 40, "examples": ["x"]},
            {"type": ["string", "null"], "format": "uuid", "minLength": 1, "maxLength": 40, "examples": ["x"]},
            id="string with limits",
        ),
        pytest.param(
            {"type": "string", "enum": ["A", "B"], "default": "A"},
            {"type": "string", "enum": ["A", "B"], "default": "A"},
            {"type": ["string", "null"], "enum": ["A", "B", None]},
            id="enum",
        ),
        pytest.param(
            {"type": "string", "secret": True},
            {"type": "string", "format": "password", "writeOnly": True},
            {"type": ["string", "null"], "format": "password", "writeOnly": True},
            id="secret",
        ),
        pytest.param(
            {"type": "string", "format": "json-object"},
            {"type": "string", "contentMediaType": "application/json"},
            {"type": ["string", "null"], "contentMediaType": "application/json"},
            id="json in a string",
        ),
        pytest.param(
            {"type": "string", "format": "base64"},
            {"type": "string", "contentEncoding": "base64"},
            {"type": ["string", "null"], "contentEncoding": "base64"},
            id="base64",
        ),
        pytest.param(
            {"type": "integer", "minimum": 1, "maximum": 100, "default": 25},
            {"type": "integer", "minimum": 1, "maximum": 100, "default": 25},
            {"type": ["integer", "null"], "minimum": 1, "maximum": 100},
            id="integer",
        ),
        pytest.param(
            {"type": "number", "minimum": 0.5, "required": True},
            {"type": "number", "minimum": 0.5},
            {"type": "number", "minimum": 0.5},
            id="number",
        ),
        pytest.param(
            {"type": "boolean", "default": False},
            {"type": "boolean", "default": False},
            {"type": ["boolean", "null"]},
            id="boolean",
        ),
        pytest.param({"type": "object"}, {"type": "object"}, {"type": ["string", "null"]}, id="free object"),
        pytest.param(
            {"type": "any"},
            {"type": ["string", "number", "boolean", "object", "array", "null"]},
            {"type": ["string", "null"]},
            id="any",
        ),
        pytest.param(
            {"type": "array", "minLength": 1, "maxLength": 2, "items": {"type": "object", **SAID}},
            {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "object", **SAID}},
            {
                "type": ["array", "null"],
                "minItems": 1,
                "maxItems": 2,
                "items": {"type": ["string", "null"], "description": "It. A JSON object, written as a string."},
            },
            id="array of free objects",
        ),
        pytest.param(
            {
                "type": "object",
                "fields": {"a": {"type": "string", "required": True, **SAID}, "b": {"type": "integer", **SAID}},
            },
            {
                "type": "object",
                "properties": {"a": {"type": "string", **SAID}, "b": {"type": "integer", **SAID}},
                "required": ["a"],
                "additionalProperties": False,
            },
            {
                "type": ["object", "null"],
                "properties": {"a": {"type": "string", **SAID}, "b": {"type": ["integer", "null"], **SAID}},
                "required": ["a", "b"],
                "additionalProperties": False,
            },
            id="object with fields",
        ),
    ],
)
def test_an_input_is_shown_in_json_schema(field: Json, plain: Json, strict: Json) -> None:
    assert shown(field) == plain
    assert shown(field, strict=True) == strict


def test_the_strict_form_requires_every_input_and_the_plain_form_those_that_are_required() -> None:
    spec = spec_of({"a": {"type": "string", "required": True}, "b": {"type": "string"}})

    plain, strict = input_schema(spec), input_schema(spec, strict=True)

    assert (plain["required"], strict["required"]) == (["a"], ["a", "b"])
    assert plain["additionalProperties"] is strict["additionalProperties"] is False


def test_without_required_inputs_none_is_listed() -> None:
    schema = input_schema(spec_of({"a": {"type": "string"}}))

    assert "required" not in schema


def test_outputs_are_all_there_and_may_have_values_that_hex_adds() -> None:
    spec = spec_of(
        outputs={
            "status": {"type": "string", "enum": ["A", "B"]},
            "when": {"type": "string", "nullable": True, "format": "date-time"},
            "rows": {
                "type": "array",
                "items": {"type": "object", "fields": {"id": {"type": "string", **SAID}}, **SAID},
            },
        }
    )

    schema = output_schema(spec)

    assert schema["required"] == ["status", "when", "rows"]
    assert schema["properties"]["status"] == {"type": "string", "examples": ["A", "B"], **SAID}
    assert schema["properties"]["when"] == {"type": ["string", "null"], "format": "date-time", **SAID}
    assert schema["properties"]["rows"]["items"]["required"] == ["id"]
    Draft202012Validator(schema).validate({"status": "NEW", "when": None, "rows": [{"id": "1", "more": 2}], "next": 3})


def test_a_result_may_carry_warnings() -> None:
    schema = output_schema(spec_of())
    warned = {"warnings": [{"warning": "nothing_ran", "message": "Nothing ran."}]}

    Draft202012Validator(schema).validate(warned)

    assert not Draft202012Validator(schema).is_valid({"warnings": ["Nothing ran."]})


def test_a_host_for_models_leaves_the_connection_out(registry: Registry) -> None:
    tool = registry["hex_get_project"]

    shown_to_models = tool.input_schema(strict=True, connection=False)

    assert {"apiKey", "baseUrl"}.isdisjoint(shown_to_models["properties"])
    assert "apiKey" in tool.input_schema()["required"]


def test_a_translated_schema_has_translated_words_and_nothing_else(tmp_path: Any, write_catalogue: Any) -> None:
    spec = spec_of({"it": {"type": "string", "enum": ["It."], "title": "The thing"}})
    write_catalogue(tmp_path / "xx.mo", {"It.": "Es.", "The thing": "Das Ding"})
    add_folder(tmp_path)

    schema = input_schema(spec, language="xx")

    assert schema["properties"]["it"] == {
        "type": "string",
        "title": "Das Ding",
        "description": "Es.",
        "enum": ["It."],
    }
