"""Operations whose replies are not confirmed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hex_blocks import Connection, HexError
from hex_blocks.dev.possible_errors import possible_errors
from hex_blocks.hosts.models.toolbox import FIND_TOOL, Toolbox
from hex_blocks.hosts.models.toolsets import names, select_tools
from tests.calling import hex_on, our_tools
from tests.conftest import RunCommand
from tests.faulty import Faulty, reply

EXPERIMENTAL = sorted(tool.id for tool in our_tools().values() if tool.experimental)
RunTool = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("tool_id", EXPERIMENTAL)
def test_an_example_works_on_the_sandbox_and_says_that_it_is_not_confirmed(tool_id: str, run: RunTool) -> None:
    tool = our_tools()[tool_id]

    outputs = run(tool_id, dict(tool.spec.examples[0].inputs))

    assert outputs["reply"]
    assert "warnings" not in outputs
    assert "not confirmed" in tool.description()


@pytest.mark.parametrize("tool_id", EXPERIMENTAL)
@pytest.mark.parametrize("answer", [{"reply": 7, "odd": [1, {"a": None}]}, {}])
def test_a_reply_is_passed_on_whole(tool_id: str, answer: dict[str, Any]) -> None:
    example = our_tools()[tool_id].spec.examples[0]
    with (
        Faulty(reply(200, answer)) as server,
        Connection("hxtp_of_this_test", server.origin, allowed_hosts=(server.origin,)) as connection,
    ):
        outputs = hex_on(connection).call(tool_id, example.inputs)

    assert outputs == {"reply": answer}


def test_a_refusal_is_shown_word_for_word() -> None:
    refusal = {"message": "status must be lower case", "code": "BAD_REQUEST", "traceId": "t-1"}
    with (
        Faulty(reply(400, refusal)) as server,
        Connection("hxtp_of_this_test", server.origin, allowed_hosts=(server.origin,)) as connection,
        pytest.raises(HexError) as caught,
    ):
        hex_on(connection).call("hex_list_suggestions")

    assert "status must be lower case" in caught.value.message()


@pytest.mark.parametrize(
    "tool_id", [each for each in EXPERIMENTAL if "not_found" in possible_errors(our_tools()[each])]
)
def test_what_is_not_there_is_not_found(tool_id: str) -> None:
    with (
        Faulty(reply(404, {"message": "No such thing.", "code": "NOT_FOUND"})) as server,
        Connection("hxtp_of_this_test", server.origin, allowed_hosts=(server.origin,)) as connection,
        pytest.raises(HexError) as caught,
    ):
        hex_on(connection).call(tool_id, our_tools()[tool_id].spec.examples[0].inputs)

    assert caught.value.key == "not_found"


def test_they_are_in_no_set_unless_asked_for() -> None:
    tools = our_tools()
    others = [name for name in names(tools) if name != "experimental"]

    assert not [tool.id for tool in select_tools(tools, others) if tool.experimental]
    assert [tool.id for tool in select_tools(tools, ("experimental",))] == [
        tool.id for tool in tools.values() if tool.experimental
    ]
    assert [tool.id for tool in select_tools(tools, ("hex_list_suggestions",))] == ["hex_list_suggestions"]


def test_a_model_finds_them_only_where_they_are_shown() -> None:
    def found(*sets: str) -> set[str]:
        outputs = Toolbox(sets, registry=our_tools()).call(FIND_TOOL, {"query": "list suggestions"}).outputs
        return {each["name"] for each in outputs["tools"]}

    assert not found("default") & set(EXPERIMENTAL)
    assert "hex_list_suggestions" in found("default", "experimental")


def test_the_list_of_tools_has_them_where_that_is_asked_for(here: RunCommand) -> None:
    assert "hex_list_suggestions" not in here("tools").stdout
    assert "hex_list_suggestions" in here("tools", "--experimental").stdout
    assert "hex_list_suggestions" not in here("export", "openai", "--tools", "all").stdout
    assert "hex_list_suggestions" in here("export", "openai", "--experimental").stdout
