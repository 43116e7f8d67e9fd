"""What the user is asked before a call: for what is missing, and before something is changed or removed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("mcp", reason="run by make test-hosts")

from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, ElicitResult, InputRequiredResult

from hex_blocks.hosts.mcp.elicitation import CONFIRM, next_question
from hex_blocks.hosts.models.toolbox import Toolbox
from hex_blocks.sandbox.model import Group
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT

GROUP = "021e2fb5-6837-5a46-80ac-1b14a92b416c"
DELETE = {"name": "hex_delete_group", "arguments": {"groupId": GROUP}}


class User:
    """Answers forms, and remembers them."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[Any] = []

    async def __call__(self, _context: Any, params: Any) -> ElicitResult:
        self.asked.append(params)
        answer = self.answers.pop(0)
        if isinstance(answer, str):
            return ElicitResult(action=answer)
        return ElicitResult(action="accept", content=answer)


@pytest.fixture(params=["auto", "legacy"])
def call(request, make_server):
    """Make a call with a user behind the client: call(user, name, arguments); None is a client that cannot ask."""

    def make(user: User | None, name: str, arguments: dict[str, Any], **options: Any) -> Any:
        async def talk() -> Any:
            more = {"elicitation_callback": user} if user else {}
            async with Client(make_server(**options), mode=request.param, **more) as client:
                return await client.call_tool(name, arguments)

        return asyncio.run(talk())

    return make


def is_there(sandbox) -> bool:
    return sandbox.world.get(Group, GROUP) is not None


def test_a_destructive_call_is_carried_out_once_it_is_confirmed(call, sandbox):
    user = User({CONFIRM: True})

    result = call(user, "hex_call_tool", DELETE)

    (asked,) = user.asked
    assert not result.is_error
    assert not is_there(sandbox)
    assert asked.message.startswith("Delete a group: ")
    assert GROUP in asked.message


@pytest.mark.parametrize("answer", ["decline", "cancel", {CONFIRM: False}, {}, {"other": True}, {CONFIRM: "true"}])
def test_whatever_else_the_user_answers_nothing_is_done(answer, call, sandbox):
    result = call(User(answer), "hex_call_tool", DELETE)

    assert result.is_error
    assert result.structured_content["failure"]["error"] == "not_confirmed"
    assert is_there(sandbox)


def test_a_client_that_cannot_ask_is_served_as_before(call, sandbox):
    result = call(None, "hex_call_tool", DELETE)

    assert not result.is_error
    assert not is_there(sandbox)


def test_nothing_is_asked_before_what_only_reads_or_adds(call):
    user = User()

    assert not call(user, "hex_find_project", {"query": "revenue"}).is_error
    assert not call(user, "hex_run_project", {"projectId": REVENUE_REPORT}).is_error
    assert not call(user, "hex_call_tool", {"name": "hex_list_groups", "arguments": {}}).is_error
    assert user.asked == []


def test_what_is_missing_is_asked_for(call):
    user = User({"query": "revenue report"})

    result = call(user, "hex_find_project", {"includeArchived": False})

    (asked,) = user.asked
    assert result.structured_content["matches"][0]["id"] == REVENUE_REPORT
    assert asked.requested_schema["required"] == ["query"]
    assert asked.requested_schema["properties"]["query"]["type"] == "string"


def test_what_is_missing_inside_a_call_by_name_is_asked_for_and_then_confirmed(call, sandbox):
    user = User({"groupId": GROUP}, {CONFIRM: True})

    result = call(user, "hex_call_tool", {"name": "hex_delete_group"})

    assert not result.is_error
    assert [set(asked.requested_schema["properties"]) for asked in user.asked] == [{"groupId"}, {CONFIRM}]
    assert GROUP in user.asked[1].message
    assert not is_there(sandbox)


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "hex_delete_group", "arguments": {"group_id": GROUP}},
        {"name": "hex_delete_group", "groupId": GROUP},
        {"tool_name": "hex_delete_group", "args": f'{{"id": "{GROUP}"}}'},
    ],
)
def test_a_call_in_other_words_is_asked_about_as_it_is_understood(arguments, call, sandbox):
    user = User("decline")

    assert call(user, "hex_call_tool", arguments).is_error
    assert [set(asked.requested_schema["properties"]) for asked in user.asked] == [{CONFIRM}]
    assert is_there(sandbox)


@pytest.mark.parametrize("answer", ["decline", {}, {"query": ""}])
def test_a_user_who_enters_nothing_ends_the_call(answer, call):
    result = call(User(answer), "hex_find_project", {})

    assert result.structured_content["failure"]["error"] == "not_entered"


def test_a_client_that_cannot_ask_is_told_what_to_send(call):
    result = call(None, "hex_find_project", {})

    assert result.is_error
    assert "query is required" in result.content[0].text


def test_what_is_entered_is_checked_like_any_input(call):
    result = call(User({"groupId": "../users"}, {CONFIRM: True}), "hex_call_tool", {"name": "hex_delete_group"})

    assert "groupId must be an ID" in result.content[0].text


def test_a_tool_that_is_not_reached_is_not_asked_about(call, sandbox):
    user = User()

    for arguments in (DELETE, {"name": "hex_delete_group"}, {"name": "hex_call_tool"}):
        assert call(user, "hex_call_tool", arguments, read_only=True).is_error
    assert user.asked == []
    assert is_there(sandbox)


@pytest.mark.parametrize("state", ["{", "[]", '"x"', '{"arguments": []}', '{"arguments": {"query": "revenue report"}}'])
def test_a_state_of_the_clients_own_making_is_worth_no_more_than_arguments(state, make_server):
    async def talk() -> Any:
        async with Client(make_server(), mode="auto", elicitation_callback=User("decline")) as client:
            try:
                asked = {"request_state": state, "allow_input_required": True}
                return await client.session.call_tool("hex_find_project", {}, **asked)
            except MCPError as error:
                return error

    result = asyncio.run(talk())

    # What it names as arguments is taken as such; anything else, and the question is put again.
    assert isinstance(result, CallToolResult if "query" in state else InputRequiredResult)


def test_forms_are_in_words_that_every_client_shows(registry):
    box = Toolbox("all", registry=registry)

    for name in box.shown:
        question = next_question(box, name, {})
        for field in (question.schema["properties"] if question else {}).values():
            assert field["type"] in ("string", "number", "integer", "boolean")
            assert field["title"]
