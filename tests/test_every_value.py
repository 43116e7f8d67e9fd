"""Every optional input and every value of an enum, by itself, makes a request that Hex's documents describe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hex_blocks import HexError, Registry, Tool
from tests.test_every_tool import SPECS, as_list, faults_of, hex_document, operations, read_from_query

__all__ = ["hex_document"]

Json = Any
SENT = ("query", "body")
FORMATS = {
    "uuid": "5a8591dd-4039-49df-9202-96385ba3eff8",
    "email": "ada@example.com",
    "uri": "https://example.com",
    "date-time": "2026-01-31T08:00:00Z",
    "json-object": {"a": 1},
}
PLAIN = {"boolean": True, "any": "text"}
# Its sources are of two kinds, each with fields of its own: its examples hold a whole one.
BY_EXAMPLE = {"hex_upsert_guide_draft"}
TOOLS = [
    id_
    for id_, raw in SPECS.items()
    if "request" in raw
    and not raw.get("experimental")
    and raw["request"].get("encoding") != "multipart"
    and id_ not in BY_EXAMPLE
]


def sample(field: Json) -> Json:
    """Make a value that a field takes, with all that it may hold."""
    for name in ("example", "default"):
        if field.get(name) is not None:
            return field[name]
    if "enum" in field:
        return field["enum"][0]
    if field["type"] == "object":
        return {name: sample(part) for name, part in field.get("fields", {}).items()}
    if field["type"] == "array":
        return [sample(field["items"])]
    if field["type"] in ("integer", "number"):
        return field.get("minimum", 1)
    return PLAIN.get(field["type"], FORMATS.get(field.get("format"), "text"))


def with_each_value(field: Json) -> Iterator[Json]:
    """Make a value for each value of the enums in a field."""
    yield from field.get("enum", ())
    for name, part in field.get("fields", {}).items():
        for value in with_each_value(part):
            yield {**sample(field), name: value}
    for value in with_each_value(field["items"]) if "items" in field else ():
        yield [value]


def calls(tool: Tool, name: str, value: Json) -> Iterator[dict[str, Json]]:
    """Give calls with an input: added to an example, or to what is required, or with one other input beside it."""
    raw = SPECS[tool.id]
    examples = [each["inputs"] for each in raw["examples"]]
    needed = {
        each: examples[0].get(each, sample(field)) for each, field in raw["inputs"].items() if field.get("required")
    }
    others = [{each: sample(field)} for each, field in raw["inputs"].items() if each != name]
    for given in [*examples, needed, *({**needed, **other} for other in others)]:
        yield {**given, name: value}


def taken(tool: Tool, name: str, value: Json) -> dict[str, Json]:
    """Check the first such call that the tool's own rules allow, and give its inputs."""
    refused = None
    for call in calls(tool, name, value):
        try:
            return tool.check(call)
        except HexError as error:
            refused = error
    raise AssertionError(f"{tool.id} takes no {name} = {value!r}: {refused}")


def requests(tool: Tool, newer: bool) -> Iterator[tuple[str, dict[str, Json]]]:
    """Give the inputs of a call for each optional input of a tool and each value of an enum."""
    for name, field in SPECS[tool.id]["inputs"].items():
        if field["in"] not in SENT or (field.get("newer") and not newer):
            continue
        for value in [*([] if field.get("required") else [sample(field)]), *with_each_value(field)]:
            yield f"{name} = {value!r}", taken(tool, name, value)


@pytest.mark.parametrize("tool_id", TOOLS)
def test_every_optional_input_and_value_makes_a_request_that_hex_documents(
    hex_document: Json, registry: Registry, tool_id: str
) -> None:
    tool = registry[tool_id]
    operation = operations(hex_document)[SPECS[tool_id]["request"]["operationId"]]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    queries = {each["name"]: each["schema"] for each in operation.get("parameters", ()) if each["in"] == "query"}
    newer = hex_document["document"] == "today"
    faults: dict[str, list[str]] = {}

    for label, inputs in requests(tool, newer):
        sent = tool.build_request(inputs)
        query = {
            name: read_from_query(hex_document, queries[name], [str(part) for part in as_list(value)])
            for name, value in sent.query.items()
            if name in queries
        }
        found = faults_of(hex_document, {"type": "object", "properties": queries}, query)
        if sent.body is not None:
            found += faults_of(hex_document, content.get("schema", {"enum": [None]}), sent.body)
        if found:
            faults[label] = found

    assert faults == {}
