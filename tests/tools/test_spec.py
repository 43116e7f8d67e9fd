"""What a spec may say: each kind of mistake is refused with its file, its key and what would be right."""

from __future__ import annotations

import copy
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.dev.check_specs import problems, write_schemas
from hex_blocks.errors.classes import SpecError
from hex_blocks.tools.registry import Registry
from hex_blocks.tools.spec.reading import read_block_spec, read_tool_spec, spec_as_json

FILE = Path("specs/hex_write_thing.json")
REMOVED = object()
THING: dict[str, Any] = {
    "$schema": "tool.schema.json",
    "$comment": "A tool that Hex does not have.",
    "id": "hex_write_thing",
    "group": "runs",
    "operation": "mutation",
    "title": "Write a thing",
    "description": "Write a thing.",
    "request": {"operationId": "WriteThing", "method": "POST", "path": "/things/{thingId}"},
    "paging": {"style": "cursor", "items": "parts", "after": "size"},
    "constraints": {"atMostOne": [["size", "colour"]]},
    "inputs": {
        "thingId": {
            "type": "string",
            "format": "uuid",
            "in": "path",
            "required": True,
            "title": "Thing ID",
            "description": "The thing.",
        },
        "size": {
            "type": "integer",
            "in": "query",
            "minimum": 1,
            "maximum": 9,
            "title": "Size",
            "description": "How large.",
        },
        "colour": {
            "type": "string",
            "enum": ["RED", "BLUE"],
            "in": "body",
            "title": "Colour",
            "description": "Which colour.",
        },
        "owner": {
            "type": "object",
            "in": "body",
            "title": "Owner",
            "description": "Whose it is.",
            "fields": {"email": {"type": "string", "format": "email", "description": "The owner's address."}},
        },
    },
    "outputs": {
        "id": {"type": "string", "description": "The thing."},
        "parts": {"type": "array", "description": "Its parts.", "items": {"type": "string", "description": "One."}},
    },
    "examples": [
        {
            "title": "Write a small one",
            "inputs": {"thingId": "5a8591dd-4039-49df-9202-96385ba3eff8", "size": 2},
            "reply": {"id": "1", "parts": ["a"]},
            "outputs": {"id": "1", "parts": ["a"]},
        }
    ],
}


def thing(**changes: Any) -> dict[str, Any]:
    """Give the spec with parts changed, by place: inputs__size__minimum=3."""
    changed = copy.deepcopy(THING)
    for place, value in changes.items():
        *parents, last = place.split("__")
        target: Any = changed
        for parent in parents:
            target = target[int(parent) if isinstance(target, list) else parent]
        if value is REMOVED:
            del target[last]
        else:
            target[last] = value
    return changed


def block(registry: Registry, **changes: Any) -> dict[str, Any]:
    """Give our block file with parts changed."""
    return spec_as_json(registry.block) | changes


@pytest.mark.parametrize(
    ("change", "key", "remedy"),
    [
        pytest.param({"titel": "x"}, "titel", 'did you mean "title"', id="mistyped-key"),
        pytest.param({"xyzzy": 1}, "xyzzy", "is not a known key", id="unknown-key"),
        pytest.param({"inputs__size__maximun": 1}, "inputs.size.maximun", 'did you mean "maximum"', id="nested-key"),
        pytest.param({"title": REMOVED}, "title", "is missing", id="missing-key"),
        pytest.param({"inputs__size__title": REMOVED}, "inputs.size.title", "is missing", id="input-without-title"),
        pytest.param({"inputs__size__in": REMOVED}, "inputs.size.in", "is missing", id="input-without-place"),
        pytest.param({"title": ""}, "title", "at least 1 character", id="empty-title"),
        pytest.param({"inputs__size__in": "params"}, "inputs.size.in", "'path', 'query', 'body'", id="wrong-place"),
        pytest.param({"operation": "write"}, "operation", "'query' or 'mutation'", id="wrong-operation"),
        pytest.param({"inputs__size__type": "int"}, "inputs.size.type", "'integer'", id="wrong-type"),
        pytest.param({"inputs__thingId__format": "guid"}, "inputs.thingId.format", "'uuid'", id="wrong-format"),
        pytest.param({"id": "writeThing"}, "id", "pattern", id="id-in-camel-case"),
        pytest.param({"id": "hex_other"}, "id", "the file is called hex_write_thing", id="id-is-not-the-file"),
        pytest.param({"inputs__Size": THING["inputs"]["size"]}, "inputs.Size", "pattern", id="input-in-capitals"),
        pytest.param({"request__method": "FETCH"}, "request.method", "'GET', 'POST'", id="wrong-method"),
        pytest.param({"request__path": "things/{thingId}"}, "request.path", "pattern", id="path-without-slash"),
        pytest.param({"request__path": "/things/{thingId}?a=1"}, "request.path", "pattern", id="path-with-query"),
        pytest.param({"request__success": 302}, "request.success", "200, 201 or 204", id="wrong-status"),
        pytest.param({"request__errors": {"200": "x"}}, "request.errors.200", "pattern", id="error-of-a-success"),
        pytest.param(
            {"request__errors": {"503": "no_free_kernels"}},
            "no_free_kernels",
            'did you mean "no_free_kernel"',
            id="error-key",
        ),
        pytest.param({"request__limitGroup": "many"}, "request.limitGroup", "'runs'", id="wrong-limit-group"),
        pytest.param(
            {"request__path": "/things/{thingId}/{partId}"}, "{partId}", 'add one with "in": "path"', id="no-such-input"
        ),
        pytest.param({"request__path": "/things"}, "inputs.thingId.in", "has no {thingId}", id="no-such-placeholder"),
        pytest.param(
            {"inputs__thingId__required": False}, "inputs.thingId", "make it a required string", id="optional-path"
        ),
        pytest.param({"request__method": "DELETE"}, "inputs.colour.in", "use path or query", id="delete-with-body"),
        pytest.param({"request": REMOVED}, "inputs.size.in", "there is no request", id="no-request"),
        pytest.param({"request": REMOVED, "inputs": {}}, "request", "give a request or a handler", id="does-nothing"),
        pytest.param({"handler": "hex_blocks.x"}, "handler", "pattern", id="handler-without-function"),
        pytest.param(
            {"inputs__colour__minimum": 1}, "inputs.colour", "minimum and maximum are for", id="minimum-of-a-string"
        ),
        pytest.param({"inputs__size__minimum": 10}, "inputs.size", "above the maximum, 9", id="minimum-above-maximum"),
        pytest.param({"inputs__colour__example": "PINK"}, "inputs.colour", "RED, BLUE", id="example-not-in-enum"),
        pytest.param({"inputs__colour__newerValues": ["PINK"]}, "inputs.colour", "not in enum", id="newer-not-in-enum"),
        pytest.param({"inputs__size__enum": ["1"]}, "inputs.size", "enum is for string", id="enum-of-an-integer"),
        pytest.param({"inputs__size__minLength": 1}, "inputs.size", "for string and array", id="length-of-an-integer"),
        pytest.param({"inputs__size__example": "2"}, "inputs.size", "not of type integer", id="example-of-wrong-type"),
        pytest.param({"inputs__size__default": "2"}, "inputs.size", "not of type integer", id="default-of-wrong-type"),
        pytest.param({"inputs__size__default": True}, "inputs.size", "not of type integer", id="true-as-integer"),
        pytest.param({"inputs__colour__default": "PINK"}, "inputs.colour", "RED, BLUE", id="default-not-in-enum"),
        pytest.param({"inputs__size__fields": {}}, "inputs.size", "fields are for object", id="fields-of-an-integer"),
        pytest.param(
            {"inputs__size__items": {"type": "string", "description": "x"}},
            "inputs.size",
            "items is for array",
            id="items-of-an-integer",
        ),
        pytest.param({"inputs__size__style": "comma"}, "inputs.size", "style is for arrays", id="style-of-an-integer"),
        pytest.param({"inputs__size__wire": "a[].b"}, "inputs.size", "in the body", id="spread-in-a-query"),
        pytest.param({"inputs__colour__wire": "a b"}, "inputs.colour.wire", "pattern", id="wire-with-space"),
        pytest.param({"inputs__colour__nullMeans": "null"}, "inputs.colour", "for nullable", id="null-of-not-nullable"),
        pytest.param(
            {"inputs__size__nullMeans": "null", "inputs__size__nullable": True},
            "inputs.size",
            "in the body",
            id="null-in-a-query",
        ),
        pytest.param({"outputs__id__scale": 2}, "outputs.id", "scale is for numbers", id="scale-of-a-string"),
        pytest.param(
            {"outputs__id__from": "a", "outputs__id__constant": "b"}, "outputs.id", "one source", id="two-sources"
        ),
        pytest.param(
            {"outputs__id__fromInput": "nobody"}, "outputs.id.fromInput", "which is not an input", id="unknown-input"
        ),
        pytest.param({"outputs__id__countOf": "none"}, "outputs.id.countOf", "is not an output", id="counts-nothing"),
        pytest.param({"paging__after": "offset"}, "paging.after", "which is not an input", id="pages-by-nothing"),
        pytest.param({"paging__items": "things"}, "paging.items", "which is not an output", id="pages-nothing"),
        pytest.param(
            {"constraints__atMostOne": [["size", "shape"]]},
            "constraints.atMostOne",
            "shape, which is not an input",
            id="constrains-nothing",
        ),
        pytest.param(
            {"operation": "query", "destructive": True},
            "destructive",
            "cannot be destructive",
            id="query-that-destroys",
        ),
        pytest.param({"examples": []}, "examples", "at least 1 item", id="no-example"),
        pytest.param(
            {"examples__0__inputs__shape": 1}, "examples[0].inputs", "shape, which is not an input", id="example-input"
        ),
        pytest.param(
            {"examples__0__inputs__thingId": REMOVED},
            "examples[0].inputs",
            "lacks thingId, which is required",
            id="example-without-required",
        ),
        pytest.param(
            {"examples__0__reply": REMOVED}, "examples[0].reply", "give Hex's reply", id="example-without-reply"
        ),
        pytest.param(
            {"examples__0__outputs": {"id": "1"}}, "examples[0].outputs", "'parts'", id="example-without-output"
        ),
    ],
)
def test_a_mistake_is_named_with_its_file_its_key_and_its_remedy(change: dict[str, Any], key: str, remedy: str) -> None:
    spec = thing(**change)

    with pytest.raises(SpecError) as raised:
        read_tool_spec(spec, FILE)

    assert str(FILE) in str(raised.value)
    assert key in str(raised.value)
    assert remedy in str(raised.value)


@pytest.mark.parametrize("data", [None, [], "spec", 3], ids=repr)
def test_what_is_no_object_is_no_spec(data: Any) -> None:
    with pytest.raises(SpecError, match=r"hex_write_thing\.json"):
        read_tool_spec(data, FILE)


def test_every_mistake_is_told_at_once() -> None:
    spec = thing(operation="write", inputs__size__type="int", outputs__id__description=REMOVED)

    with pytest.raises(SpecError) as raised:
        read_tool_spec(spec, FILE)

    lines = str(raised.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{FILE}: ") for line in lines)


def test_a_right_spec_reads() -> None:
    spec = read_tool_spec(thing(), FILE)

    assert spec.request is not None
    assert spec.request.placeholders == ["thingId"]
    assert spec.inputs["size"].place == "query"


def test_a_spec_cannot_be_changed() -> None:
    spec = read_tool_spec(thing(), FILE)

    with pytest.raises(FrozenInstanceError):
        spec.title = "Another"  # type: ignore[misc]


def test_our_block_file_reads(registry: Registry) -> None:
    read = registry.block

    assert {"apiKey", "baseUrl"} <= set(read.connection)
    assert read.connection["apiKey"].secret
    assert (registry.folder / read.icon).is_file()


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"colour": "#000000"}, 'colour is not a known key; did you mean "color"?'),
        ({"color": "black"}, "color is 'black'"),
        ({"groups": {"runs": {"title": "Runs"}}}, "groups.runs.description is missing"),
        ({"authentication": {"type": "oauth"}}, "authentication.type is 'oauth'; use 'apiKey'"),
    ],
    ids=["mistyped-key", "colour-by-name", "group-without-description", "other-authentication"],
)
def test_a_mistake_in_the_block_file_is_named(registry: Registry, change: dict[str, Any], remedy: str) -> None:
    data = block(registry, **change)

    with pytest.raises(SpecError) as raised:
        read_block_spec(data, Path("block.json"))

    assert f"block.json: {remedy}" in str(raised.value)


def test_all_our_specs_examples_handlers_and_schemas_are_right(registry: Registry) -> None:
    found = problems(registry)

    assert found == []


def test_schemas_for_editors_are_written_as_they_are_checked(registry: Registry, tmp_path: Path) -> None:
    write_schemas(tmp_path)

    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        file.name: file.read_text() for file in registry.folder.glob("*.schema.json")
    }
