"""Between flat inputs and outputs and Hex's nested JSON: where each input goes and where each output comes from."""

from __future__ import annotations

from typing import Any

import pytest

from hex_blocks import Registry
from hex_blocks.tools.output_selection import output_selector
from hex_blocks.tools.request_building import request_builder
from hex_blocks.tools.spec.reading import read_tool_spec
from hex_blocks.tools.spec.tool import ToolSpec

Json = Any
SAID = {"description": "It."}
ID = "5a8591dd-4039-49df-9202-96385ba3eff8"


def spec_of(
    inputs: dict[str, Json] | None = None, outputs: dict[str, Json] | None = None, path: str = "/things"
) -> ToolSpec:
    """Give a tool that posts these inputs and keeps these outputs."""
    named = {name: {"title": "T", **SAID} | field for name, field in (inputs or {}).items()}
    kept = {name: SAID | field for name, field in (outputs or {}).items()}
    required = {name: ID for name, field in named.items() if field.get("required")}
    return read_tool_spec(
        {
            "id": "hex_send_things",
            "group": "runs",
            "operation": "mutation",
            "title": "Send things",
            "description": "Send things.",
            "request": {"operationId": "SendThings", "method": "POST", "path": path},
            "inputs": named,
            "outputs": kept,
            "examples": [{"title": "One", "inputs": required, "reply": {}, "outputs": dict.fromkeys(kept)}],
        },
        "hex_send_things.json",
    )


def kept_of(outputs: dict[str, Json], reply: Json, inputs: dict[str, Json] | None = None) -> Json:
    """Give what a tool with these outputs keeps of a reply."""
    given = {name: {"type": "string", "in": "query"} for name in inputs or {}}
    return output_selector(spec_of(given, outputs))(reply, inputs or {})


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (ID, f"/things/{ID}/parts"),
        ("../users", "/things/..%2Fusers/parts"),
        ("a b?c=d#e&f", "/things/a%20b%3Fc%3Dd%23e%26f/parts"),
        ("{id}", "/things/%7Bid%7D/parts"),
        ("ä/%2F", "/things/%C3%A4%2F%252F/parts"),
    ],
)
def test_an_input_in_the_path_is_quoted(given: str, path: str) -> None:
    field = {"type": "string", "in": "path", "required": True, "wire": "id"}

    sending = request_builder(spec_of({"thingId": field}, path="/things/{id}/parts"))({"thingId": given})

    assert (sending.path, sending.query, sending.body) == (path, {}, None)


@pytest.mark.parametrize(
    ("field", "given", "sent"),
    [
        ({"type": "string"}, "a b", {"it": "a b"}),
        ({"type": "string", "wire": "that"}, "a", {"that": "a"}),
        ({"type": "integer"}, 0, {"it": 0}),
        ({"type": "boolean"}, True, {"it": "true"}),
        ({"type": "boolean"}, False, {"it": "false"}),
        ({"type": "array"}, ["a", "b"], {"it": ["a", "b"]}),
        ({"type": "array", "style": "comma"}, ["a", "b"], {"it": "a,b"}),
    ],
    ids=["string", "renamed", "zero", "true", "false", "repeated", "by-comma"],
)
def test_an_input_in_the_query(field: Json, given: Json, sent: Json) -> None:
    sending = request_builder(spec_of({"it": {"in": "query"} | field}))({"it": given})

    assert (sending.query, sending.body) == (sent, None)


@pytest.mark.parametrize(
    ("fields", "given", "body"),
    [
        pytest.param({"it": {"type": "string"}}, {"it": "a"}, {"it": "a"}, id="by its name"),
        pytest.param({"it": {"type": "string", "wire": "that"}}, {"it": "a"}, {"that": "a"}, id="renamed"),
        pytest.param({"it": {"type": "string", "nullable": True}}, {"it": None}, {"it": None}, id="null"),
        pytest.param({"it": {"type": "boolean"}}, {"it": False}, {"it": False}, id="false"),
        pytest.param({"it": {"type": "string"}}, {}, {}, id="nothing given"),
        pytest.param(
            {"a": {"type": "string", "wire": "x.y.a"}, "b": {"type": "string", "wire": "x.b"}},
            {"a": "1", "b": "2"},
            {"x": {"y": {"a": "1"}, "b": "2"}},
            id="nested",
        ),
        pytest.param(
            {"it": {"type": "string", "format": "json-object", "wire": "params"}},
            {"it": '{"a": [1, null]}'},
            {"params": {"a": [1, None]}},
            id="json in a string",
        ),
        pytest.param(
            {"it": {"type": "array", "wire": "users[].user.id"}},
            {"it": ["1", "2"]},
            {"users": [{"user": {"id": "1"}}, {"user": {"id": "2"}}]},
            id="spread",
        ),
        pytest.param(
            {"access": {"type": "string", "wire": "users[].access"}, "ids": {"type": "array", "wire": "users[].id"}},
            {"access": "VIEW", "ids": ["1", "2"]},
            {"users": [{"id": "1", "access": "VIEW"}, {"id": "2", "access": "VIEW"}]},
            id="repeated in every entry, in any order",
        ),
        pytest.param(
            {"access": {"type": "string", "wire": "users[].access"}},
            {"access": "VIEW"},
            {"users": []},
            id="repeated in no entry",
        ),
        pytest.param(
            {"clear": {"type": "boolean", "wire": "label", "trueSends": "null"}},
            {"clear": True},
            {"label": None},
            id="true that sends null",
        ),
        pytest.param(
            {"clear": {"type": "boolean", "wire": "label", "trueSends": "empty"}},
            {"clear": True},
            {"label": ""},
            id="true that sends empty text",
        ),
        pytest.param(
            {"clear": {"type": "boolean", "wire": "label", "trueSends": "null"}},
            {"clear": False},
            {},
            id="false that sends nothing",
        ),
    ],
)
def test_inputs_in_the_body(fields: Json, given: Json, body: Json) -> None:
    spec = spec_of({name: {"in": "body"} | field for name, field in fields.items()})

    sending = request_builder(spec)(given)

    assert (sending.body, sending.query) == (body, {})


def test_what_is_local_or_of_the_connection_is_not_sent() -> None:
    spec = spec_of({"here": {"type": "string", "in": "local"}, "baseUrl": {"type": "string", "in": "connection"}})

    sending = request_builder(spec)({"here": "a", "baseUrl": "b"})

    assert sending == ("/things", {}, None)


def test_a_call_leaves_its_inputs_as_they_are() -> None:
    ids = ["1", "2"]
    send = request_builder(spec_of({"ids": {"type": "array", "in": "body"}}))

    first, second = send({"ids": ids}), send({"ids": ids})

    assert first == second
    assert ids == ["1", "2"]


def test_a_tool_without_a_request_has_nothing_to_lay_out() -> None:
    spec = spec_of().replaced(request=None)

    with pytest.raises(ValueError, match="hex_send_things has no request"):
        request_builder(spec)


@pytest.mark.parametrize(
    ("output", "reply", "kept"),
    [
        pytest.param({"type": "string"}, {"it": "a", "more": 1}, "a", id="under its name"),
        pytest.param({"type": "string"}, {}, None, id="missing"),
        pytest.param({"type": "string"}, {"it": None}, None, id="null"),
        pytest.param({"type": "string", "from": "that"}, {"that": "a"}, "a", id="renamed"),
        pytest.param({"type": "string", "from": "a.b"}, {"a": {"b": "c"}}, "c", id="nested"),
        pytest.param({"type": "string", "from": "a.b"}, {"a": None}, None, id="nested in null"),
        pytest.param({"type": "string", "from": "a.b"}, {"a": ["b"]}, None, id="nested in a list"),
        pytest.param({"type": "any", "from": "$"}, {"a": 1}, {"a": 1}, id="the whole reply"),
        pytest.param({"type": "boolean", "constant": True}, {}, True, id="constant"),
        pytest.param({"type": "number", "from": "ms", "scale": 0.001}, {"ms": 72500}, 72.5, id="scaled"),
        pytest.param({"type": "number", "from": "ms", "scale": 0.001}, {"ms": None}, None, id="null scaled"),
        pytest.param({"type": "number", "from": "ms", "scale": 0.001}, {"ms": "1"}, None, id="text scaled"),
        pytest.param({"type": "number", "from": "ms", "scale": 2}, {"ms": True}, None, id="true scaled"),
        pytest.param(
            {"type": "object", "fields": {"id": {"type": "string", **SAID}}},
            {"it": {"id": "1", "more": 2}},
            {"id": "1"},
            id="fields",
        ),
        pytest.param(
            {"type": "object", "fields": {"id": {"type": "string", "from": "key.id", **SAID}}},
            {"it": {"key": {"id": "1"}}},
            {"id": "1"},
            id="fields from elsewhere",
        ),
        pytest.param(
            {"type": "object", "fields": {"id": {"type": "string", **SAID}}}, {"it": "1"}, None, id="no object"
        ),
        pytest.param({"type": "object"}, {"it": {"any": [1]}}, {"any": [1]}, id="free object"),
        pytest.param(
            {"type": "array", "items": {"type": "object", "fields": {"id": {"type": "string", **SAID}}, **SAID}},
            {"it": [{"id": "1", "more": 2}, {}, None, 3]},
            [{"id": "1"}, {"id": None}, None, None],
            id="entries with fields",
        ),
        pytest.param({"type": "array", "items": {"type": "string", **SAID}}, {"it": ["a"]}, ["a"], id="plain entries"),
        pytest.param(
            {"type": "array", "items": {"type": "object", "fields": {"id": {"type": "string", **SAID}}, **SAID}},
            {"it": {"id": "1"}},
            None,
            id="no list",
        ),
        pytest.param(
            {
                "type": "array",
                "items": {
                    "type": "array",
                    "items": {"type": "object", "fields": {"id": {"type": "string", **SAID}}, **SAID},
                    **SAID,
                },
            },
            {"it": [[{"id": "1", "more": 2}], None]},
            [[{"id": "1"}], None],
            id="lists of lists",
        ),
    ],
)
def test_an_output_of_a_reply(output: Json, reply: Json, kept: Json) -> None:
    assert kept_of({"it": output}, reply) == {"it": kept}


@pytest.mark.parametrize("reply", [None, [], "text", 3], ids=repr)
def test_a_reply_that_is_no_object_gives_nulls(reply: Json) -> None:
    assert kept_of({"a": {"type": "string"}, "b": {"type": "array"}}, reply) == {"a": None, "b": None}


@pytest.mark.parametrize(("reply", "total"), [({"rows": [1, 2]}, 2), ({"rows": []}, 0), ({}, 0)])
def test_a_count_is_of_what_was_kept(reply: Json, total: int) -> None:
    result = kept_of({"total": {"type": "integer", "countOf": "rows"}, "rows": {"type": "array"}}, reply)

    assert result["total"] == total


@pytest.mark.parametrize(("inputs", "repeated"), [({"thingId": "1"}, "1"), ({}, None)], ids=["given", "not-given"])
def test_an_output_can_repeat_an_input(inputs: dict[str, Json], repeated: Json) -> None:
    spec = spec_of({"thingId": {"type": "string", "in": "query"}}, {"it": {"type": "string", "fromInput": "thingId"}})

    result = output_selector(spec)(None, inputs)

    assert result == {"it": repeated}


def test_outputs_are_kept_in_declared_order() -> None:
    result = kept_of({"b": {"type": "string"}, "a": {"type": "string"}}, {"a": 1, "b": 2})

    assert list(result) == ["b", "a"]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (12, 12),
        ("12", 12),
        ("draft", "draft"),
        ("-3", -3),
        ("1.5", 1.5),
        ("12a", None),
        ("", None),
        ("1e400", None),
        ("1.00000000000000000001", None),
        ("99999999999999999999", None),
        ([], None),
    ],
)
def test_a_number_in_text_is_read_where_that_is_exact(sent: Any, read: Any, registry: Registry) -> None:
    conformed = registry["hex_get_run_status"].coerce_reply({"status": "RUNNING", "projectVersion": sent}).reply

    assert conformed["projectVersion"] == read
    assert type(conformed["projectVersion"]) is type(read)
