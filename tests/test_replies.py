"""Replies that are not whole: what is lacking or of another type is told, or is an error; it is never passed over."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from hex_blocks import Connection, HexError, Registry
from hex_blocks.tools.spec.tool import ToolSpec
from hex_blocks.tools.spec.values import OutputField
from hex_blocks.tools.tool_call import MAX_FIELDS
from tests.calling import hex_on
from tests.test_every_tool import SPECS
from tests.whole import declared, filled

PROJECT = "5a8591dd-4039-49df-9202-96385ba3eff8"
REPLYING = [id_ for id_, raw in SPECS.items() if "request" in raw and "experimental" not in raw]
WRITES = [id_ for id_ in REPLYING if SPECS[id_]["request"]["method"] != "GET"]
WITHOUT_REPLY = [id_ for id_ in WRITES if SPECS[id_]["request"].get("success") == 204]
every_reply = pytest.mark.parametrize("tool_id", REPLYING)


@dataclass(frozen=True)
class Place:
    """A declared value: its name among the outputs, the way to it in Hex's reply, and in the outputs."""

    name: str
    way: tuple[Any, ...]
    shown: tuple[Any, ...]
    field: OutputField
    essential: bool

    @property
    def in_list(self) -> bool:
        return 0 in self.way


def places(spec: ToolSpec) -> list[Place]:
    """Give every value of a tool's reply that has a name of its own, once."""
    found: dict[tuple[Any, ...], Place] = {}
    listed = spec.paging.items if spec.paging else None
    for place in below(declared(spec), "", (), ()):
        if place.name == listed:
            place = Place(place.name, place.way, place.shown, place.field, essential=True)
        found.setdefault(place.way, place)
    return list(found.values())


def below(fields: dict[str, Any], before: str, way: tuple[Any, ...], shown: tuple[Any, ...]) -> Iterator[Place]:
    for name, field in fields.items():
        here = way if field.source == "$" else (*way, *(field.source or name).split("."))
        if field.source != "$":
            yield Place(before + name, here, (*shown, name), field, is_essential(field))
        yield from below(field.fields or {}, f"{before}{name}.", here, (*shown, name))
        if field.items is not None:
            yield from below(field.items.fields or {}, f"{before}{name}[].", (*here, 0), (*shown, name, 0))


def is_essential(field: OutputField) -> bool:
    return field.required or (not may_be_null(field) and any(map(is_essential, (field.fields or {}).values())))


def may_be_null(field: OutputField) -> bool:
    return field.nullable or field.newer


def at(value: Any, way: tuple[Any, ...]) -> Any:
    for step in way:
        value = None if value is None else value[step]
    return value


def without(reply: Any, way: tuple[Any, ...]) -> Any:
    changed = copy.deepcopy(reply)
    del at(changed, way[:-1])[way[-1]]
    return changed


def replaced(reply: Any, way: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(reply)
    at(changed, way[:-1])[way[-1]] = value
    return changed


@every_reply
def test_a_whole_reply_is_left_as_it_is(registry: Registry, tool_id: str) -> None:
    tool = registry[tool_id]
    reply = filled(declared(tool.spec))

    fitted = tool.coerce_reply(reply)

    assert fitted.reply is reply
    assert not any([fitted.lacking, fitted.missing, fitted.unread, fitted.left_out])


@every_reply
def test_whatever_a_reply_lacks_is_named(registry: Registry, tool_id: str) -> None:
    tool = registry[tool_id]
    reply = filled(declared(tool.spec))
    cursor = tuple(tool.spec.paging.next.split(".")) if tool.spec.paging else None

    for place in places(tool.spec):
        fitted = tool.coerce_reply(without(reply, place.way))

        named = [*fitted.lacking, *fitted.missing]
        if may_be_null(place.field) and place.way != cursor:
            assert not named, place
        else:
            assert named, place
            assert all(name.startswith(place.name) for name in named)
            assert bool(fitted.lacking) is (place.essential and not place.in_list), place
        assert at(tool.select_outputs(fitted.reply, {}), place.shown) is None
        assert not fitted.unread


@every_reply
def test_a_value_of_another_type_is_null_and_named(registry: Registry, tool_id: str) -> None:
    tool = registry[tool_id]
    reply = filled(declared(tool.spec))

    for place in places(tool.spec):
        if place.field.type == "any":
            continue
        for odd in ["odd"] if place.field.type in ("object", "array") else [{"odd": 1}, ["odd"]]:
            fitted = tool.coerce_reply(replaced(reply, place.way, odd))

            if place.essential and not place.in_list:
                assert fitted.lacking, place
            else:
                assert list(fitted.unread) == [place.name]
                assert not fitted.lacking | fitted.missing
            assert at(tool.select_outputs(fitted.reply, {}), place.shown) is None


@every_reply
def test_a_number_in_text_is_read_and_one_that_is_none_is_named(registry: Registry, tool_id: str) -> None:
    tool = registry[tool_id]
    reply = filled(declared(tool.spec))

    for place in places(tool.spec):
        if place.field.type in ("integer", "number"):
            read = tool.coerce_reply(replaced(reply, place.way, "12"))
            assert read.reply == reply
            assert not read.unread
            assert list(tool.coerce_reply(replaced(reply, place.way, "a dozen")).unread) == [place.name]


@pytest.mark.parametrize("reply", [None, [], "text", 3, {}], ids=repr)
@every_reply
def test_a_reply_that_holds_nothing_is_never_passed_over(registry: Registry, tool_id: str, reply: Any) -> None:
    tool = registry[tool_id]

    fitted = tool.coerce_reply(reply)

    assert bool(fitted.lacking or fitted.missing) is bool(declared(tool.spec))


def whole_run(number: int) -> dict[str, Any]:
    return {
        "projectId": PROJECT,
        "runId": f"5a8591dd-4039-49df-9202-{number:012}",
        "runUrl": "https://app.hex.tech/run",
        "status": "COMPLETED",
        "startTime": "2026-03-02T07:00:02.000Z",
        "endTime": "2026-03-02T07:01:14.500Z",
        "elapsedTime": 72_500,
        "traceId": "t-1",
        "projectVersion": 12,
        "runTrigger": "API",
        "notifications": [],
    }


def whole_list(runs: list[Any]) -> dict[str, Any]:
    return {"runs": runs, "nextPage": None, "previousPage": None, "traceId": "t-1"}


def listed(httpserver: HTTPServer, registry: Registry, connection: Connection, reply: Any, **inputs: Any) -> Any:
    httpserver.expect_request(f"/api/v1/projects/{PROJECT}/runs").respond_with_json(reply)
    return hex_on(connection).call("hex_get_project_runs", {"projectId": PROJECT, **inputs})


def told(outputs: dict[str, Any]) -> dict[str, str]:
    return {each["warning"]: each["message"] for each in outputs.get("warnings", [])}


def test_a_hundred_entries_without_a_field_name_it_once(
    httpserver: HTTPServer, registry: Registry, connection: Connection
) -> None:
    runs = [{name: value for name, value in whole_run(each).items() if name != "runUrl"} for each in range(100)]

    outputs = listed(httpserver, registry, connection, whole_list(runs))

    assert list(told(outputs)) == ["reply_incomplete"]
    assert told(outputs)["reply_incomplete"].count("runs[].runUrl") == 1
    assert {run["runUrl"] for run in outputs["runs"]} == {None}


def test_what_is_lacking_and_what_cannot_be_read_is_told_apart(
    httpserver: HTTPServer, registry: Registry, connection: Connection
) -> None:
    odd = [whole_run(1) | {"elapsedTime": "a while"}, whole_run(2) | {"status": None}, "no run"]

    outputs = listed(httpserver, registry, connection, whole_list(odd))

    assert "runs[].status" in told(outputs)["reply_incomplete"]
    assert "runs[], runs[].elapsedTime" in told(outputs)["reply_unread"]
    assert [(run["elapsedTime"], run["status"]) for run in outputs["runs"]] == [(None, "COMPLETED"), (72_500, None)]


def test_many_names_are_cut(httpserver: HTTPServer, registry: Registry, connection: Connection) -> None:
    outputs = listed(httpserver, registry, connection, whole_list([{"runId": whole_run(1)["runId"]}]))

    message = told(outputs)["reply_incomplete"]
    assert message.count("runs[].") == MAX_FIELDS
    assert " more" in message


def test_a_list_read_to_its_end_says_where_hex_did_not_tell_the_end(
    httpserver: HTTPServer, registry: Registry, connection: Connection
) -> None:
    reply = whole_list([whole_run(1)])
    del reply["nextPage"]

    outputs = listed(httpserver, registry, connection, reply, fetchAll=True)

    assert list(told(outputs)) == ["list_end_unknown", "reply_incomplete"]
    assert "nextPage" in told(outputs)["reply_incomplete"]


@pytest.mark.parametrize("pagination", [None, {}, {"after": 7, "before": None}, "none"], ids=repr)
def test_a_cursor_that_is_lacking_or_odd_is_told(
    httpserver: HTTPServer, registry: Registry, connection: Connection, pagination: Any
) -> None:
    group = {"id": "one", "name": "One", "createdAt": "2026-03-02T07:00:02.000Z"}
    httpserver.expect_request("/api/v1/groups").respond_with_json({"values": [group], "pagination": pagination})

    outputs = hex_on(connection).call("hex_list_groups", {"fetchAll": True})

    assert [group["id"] for group in outputs["groups"]] == ["one"]
    assert "list_end_unknown" in told(outputs)


@pytest.mark.parametrize("tool_id", ["hex_create_group", "hex_get_group", "hex_update_group"])
def test_a_reply_without_what_was_asked_for_is_an_error(
    httpserver: HTTPServer, registry: Registry, connection: Connection, tool_id: str
) -> None:
    tool = registry[tool_id]
    httpserver.expect_request("/api/v1/groups").respond_with_json({"name": "One"}, status=201)
    group = tool.spec.examples[0].inputs.get("groupId")
    httpserver.expect_request(f"/api/v1/groups/{group}").respond_with_json({"name": "One"})

    with pytest.raises(HexError) as raised:
        hex_on(connection).call(tool, tool.spec.examples[0].inputs)

    assert raised.value.key == "not_hex"
    assert "id" in raised.value.message()
    assert raised.value.values.get("outcome") == (None if tool_id == "hex_get_group" else "unknown")


@pytest.mark.parametrize("content", [{}, {"status": "ok"}], ids=repr)
@pytest.mark.parametrize("tool_id", WITHOUT_REPLY)
def test_content_where_hex_sends_none_is_a_lost_reply(
    httpserver: HTTPServer, registry: Registry, connection: Connection, tool_id: str, content: Any
) -> None:
    tool = registry[tool_id]
    httpserver.expect_request(re.compile(".*")).respond_with_json(content)

    with pytest.raises(HexError) as raised:
        hex_on(connection).call(tool, tool.spec.examples[0].inputs)

    assert (raised.value.key, raised.value.values["outcome"]) == ("not_hex", "unknown")
    assert "it sent content where Hex sends none" in raised.value.message()
    assert "Hex may have" in str(raised.value)


def test_a_cancellation_that_a_gateway_answers_is_sent_again(
    httpserver: HTTPServer, registry: Registry, connection: Connection
) -> None:
    run = {"projectId": PROJECT, "runId": whole_run(1)["runId"]}
    path = f"/api/v1/projects/{PROJECT}/runs/{run['runId']}"
    httpserver.expect_ordered_request(path, method="DELETE").respond_with_json({})
    httpserver.expect_ordered_request(path, method="GET").respond_with_json(whole_run(1) | {"status": "RUNNING"})
    httpserver.expect_ordered_request(path, method="DELETE").respond_with_data(status=204)

    assert hex_on(connection).call("hex_cancel_run", run)["success"]

    assert [request.method for request, _ in httpserver.log] == ["DELETE", "GET", "DELETE"]
