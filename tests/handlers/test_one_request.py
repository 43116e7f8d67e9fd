"""Lists read to their end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hex_blocks import Connection, HexError, Registry
from hex_blocks.clock import DrivenClock
from hex_blocks.sandbox import Sandbox
from hex_blocks.sandbox.model import User
from tests.calling import hex_on
from tests.whole import whole_entry

RunTool = Callable[..., dict[str, Any]]
REVENUE = "01234567-89ab-cdef-0123-456789abcdef"


def add_user(sandbox: Sandbox, name: str) -> None:
    email = f"{name.lower().replace(' ', '.')}@sandbox.example"
    sandbox.world.add(User(id=sandbox.world.new_id(), name=name, email=email, role="EDITOR"))


def add_users(sandbox: Sandbox, count: int) -> None:
    for number in range(count):
        add_user(sandbox, f"User {number:04}")


def test_one_page_comes_with_its_cursors_unless_more_is_asked_for(run: RunTool, asked: Callable[[], list[str]]) -> None:
    result = run("hex_list_users", {"limit": 5})

    assert result["total"] == len(result["users"]) == 5
    assert result["after"]
    assert asked() == ["ListUsers"]


def test_a_cursor_leads_to_the_next_page(run: RunTool) -> None:
    first = run("hex_list_users", {"limit": 5})

    second = run("hex_list_users", {"limit": 5, "after": first["after"]})

    assert not {user["id"] for user in first["users"]} & {user["id"] for user in second["users"]}


def test_a_thousand_users_are_read_whole_and_none_twice_in_few_requests(
    run: RunTool, sandbox: Sandbox, asked: Callable[[], list[str]]
) -> None:
    add_users(sandbox, 1000)
    all_ids = {user.id for user in sandbox.world.all(User)}

    result = run("hex_list_users", {"fetchAll": True, "maxItems": 10_000})

    assert [user["id"] for user in result["users"]] == list(dict.fromkeys(user["id"] for user in result["users"]))
    assert {user["id"] for user in result["users"]} == all_ids
    assert asked() == ["ListUsers"] * 3
    assert result["after"] is None
    assert "warnings" not in result


def test_reading_stops_at_max_items_and_the_cursor_goes_on_exactly_there(run: RunTool, sandbox: Sandbox) -> None:
    add_users(sandbox, 700)

    cut = run("hex_list_users", {"fetchAll": True, "maxItems": 600})
    rest = run("hex_list_users", {"fetchAll": True, "after": cut["after"]})

    assert cut["total"] == 600
    assert [warning["warning"] for warning in cut["warnings"]] == ["list_cut"]
    together = [user["id"] for user in cut["users"] + rest["users"]]
    assert len(together) == len(set(together)) == len(sandbox.world.all(User))


def test_a_list_that_grows_while_it_is_read_is_complete_and_has_nothing_twice(run: RunTool, sandbox: Sandbox) -> None:
    add_users(sandbox, 900)
    before = {user.id for user in sandbox.world.all(User)}

    def meanwhile(_progress: object) -> None:
        add_user(sandbox, "Aaa Newcomer")

    result = run("hex_list_users", {"fetchAll": True, "maxItems": 10_000}, progress=meanwhile)

    ids = [user["id"] for user in result["users"]]
    assert len(ids) == len(set(ids))
    assert before <= set(ids)


def test_three_hundred_projects_are_read_inside_the_request_budget(
    run: RunTool, sandbox: Sandbox, clock: DrivenClock
) -> None:
    for number in range(300):
        run("hex_create_project", {"title": f"Project {number:03}"})

    result = run("hex_list_projects", {"fetchAll": True})

    assert {f"Project {number:03}" for number in range(300)} <= {project["title"] for project in result["projects"]}
    assert all(request.status != 429 for request in sandbox.requests)


@pytest.mark.parametrize(("wanted", "published"), [("PUBLISHED", True), ("DRAFT", False)])
def test_published_and_draft_projects_are_told_apart_by_their_last_publication(
    run: RunTool, wanted: str, published: bool
) -> None:
    result = run("hex_list_projects", {"statusFilter": wanted, "fetchAll": True})

    assert result["projects"]
    assert {project["lastPublishedAt"] is not None for project in result["projects"]} == {published}
    assert result["total"] == len(result["projects"])


def test_every_run_of_a_project_is_read_by_offset(run: RunTool, sandbox: Sandbox) -> None:
    result = run("hex_get_project_runs", {"projectId": REVENUE, "fetchAll": True})

    assert {each["runId"] for each in result["runs"]} == {each.id for each in sandbox.world.runs(REVENUE)}
    assert result["nextPage"] is None


@pytest.fixture
def three_at_a_time(registry: Registry, httpserver: Any) -> Callable[[str], None]:
    """Serve a list whose first three pages have one entry each."""

    def serve(tool_id: str) -> None:
        spec = registry[tool_id].spec
        assert spec.request
        assert spec.list_place
        for number, after in enumerate(("two", "three", None)):
            page = {spec.list_place: [whole_entry(tool_id, id=str(number))], "pagination": {"after": after}}
            path = f"/api/v1{spec.request.path}"
            httpserver.expect_ordered_request(path).respond_with_json(page)

    return serve


def orders(httpserver: Any) -> list[dict[str, str]]:
    """Give the order that each request asked for."""
    return [{name: value for name, value in each.args.items() if "sort" in name} for each, _ in httpserver.log]


SORTED = ("hex_list_collections", "hex_list_data_connections", "hex_list_groups", "hex_list_projects", "hex_list_users")


def test_these_lists_can_be_sorted(registry: Registry) -> None:
    there = {tool.id for tool in registry.values() if tool.spec.paging and "sortBy" in tool.spec.inputs}

    assert there == set(SORTED)


@pytest.mark.parametrize("tool_id", SORTED)
def test_every_page_of_a_list_is_asked_for_in_the_order_of_the_first(
    tool_id: str,
    registry: Registry,
    three_at_a_time: Callable[[str], None],
    httpserver: Any,
    connection: Connection,
) -> None:
    inputs = registry[tool_id].spec.inputs
    order = {str(name): (inputs[name].enum or ())[0] for name in inputs if name.startswith("sort")}
    three_at_a_time(tool_id)

    hex_on(connection).call(tool_id, {"fetchAll": True, **order})

    assert orders(httpserver) == [order] * 3


@pytest.mark.parametrize("tool_id", SORTED)
def test_pages_that_follow_each_other_ask_for_the_order_that_the_document_names(
    tool_id: str,
    registry: Registry,
    three_at_a_time: Callable[[str], None],
    httpserver: Any,
    connection: Connection,
) -> None:
    by_name = {"sortBy": "NAME", "sortDirection": "ASC"}
    named = by_name if tool_id in ("hex_list_data_connections", "hex_list_users") else {}
    three_at_a_time(tool_id)

    hex_on(connection).call(tool_id, {"fetchAll": True})

    assert orders(httpserver) == [named] * 3


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, {}),
        ({"sortBy": "CREATED_AT"}, {"sortBy": "CREATED_AT", "sortDirection": "ASC"}),
        ({"sortDirection": "DESC"}, {"sortBy": "NAME", "sortDirection": "DESC"}),
        ({"sortBy": None, "sortDirection": ""}, {}),
    ],
)
def test_whoever_sorts_connections_gets_the_same_order_from_every_version_of_hex(
    given: dict[str, Any],
    sent: dict[str, str],
    three_at_a_time: Callable[[str], None],
    httpserver: Any,
    connection: Connection,
) -> None:
    three_at_a_time("hex_list_data_connections")

    hex_on(connection).call("hex_list_data_connections", given)

    assert orders(httpserver) == [sent]


def test_messages_are_read_back_from_the_latest_and_given_in_their_order(run: RunTool, sandbox: Sandbox) -> None:
    thread = run("hex_ask", {"prompt": "Which region sold most?"})
    for number in range(3):
        run("hex_ask", {"prompt": f"And number {number}?", "threadId": thread["threadId"]})

    whole = run("hex_get_thread_messages", {"threadId": thread["threadId"], "limit": 50})
    paged = run("hex_get_thread_messages", {"threadId": thread["threadId"], "fetchAll": True})

    assert [message["text"] for message in paged["messages"]] == [message["text"] for message in whole["messages"]]


def test_what_was_read_is_given_when_hex_stops_answering_midway(
    registry: Registry, httpserver: Any, connection: Connection
) -> None:
    group = whole_entry("hex_list_groups", id="one")
    page = {"values": [group], "pagination": {"after": "next", "before": None}}
    httpserver.expect_ordered_request("/api/v1/groups").respond_with_json(page)
    httpserver.expect_request("/api/v1/groups").respond_with_data("down", status=500)

    result = hex_on(connection).call("hex_list_groups", {"fetchAll": True})

    assert [group["id"] for group in result["groups"]] == ["one"]
    assert result["after"] == "next"
    assert [warning["warning"] for warning in result["warnings"]] == ["list_incomplete"]


def test_nothing_read_is_an_error(registry: Registry, httpserver: Any, connection: Connection) -> None:
    httpserver.expect_request("/api/v1/groups").respond_with_data("down", status=500)

    with pytest.raises(HexError) as caught:
        hex_on(connection).call("hex_list_groups", {"fetchAll": True})

    assert caught.value.key == "hex_failed"
