"""The tools in the loop of PydanticAI, driven by a scripted model."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.hosts.agent import RequestedCall
from tests.hosts.frameworks.loops import LoopTests, Script, Told, Turn, own_loop, read_error

pytest.importorskip("pydantic_ai", reason="run by make test-hosts")

from pydantic_ai import Agent, BinaryContent, ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.messages import RetryPromptPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from hex_blocks.hosts.frameworks.pydantic_ai import toolkit


def told_of(part: Any) -> Told:
    if isinstance(part, RetryPromptPart):
        return Told({"retry": part.model_response()}, (), True, part.model_response())
    if part.outcome == "failed":
        document, is_error = read_error(part.content)
        assert is_error
        return Told(document, (), True, repr(part))
    parts = part.content if isinstance(part.content, list) else [part.content]
    shown = tuple(each.data for each in parts if isinstance(each, BinaryContent))
    return Told(parts[0], shown, False, repr(part))


class PydanticLoop:
    toolkit = staticmethod(toolkit)

    def run(self, script: Script, tools: list[Any], *, awaited: bool) -> None:
        def answer(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
            parts = [each for each in messages[-1].parts if isinstance(each, (ToolReturnPart, RetryPromptPart))]
            wanted = script.go_on(map(told_of, parts)) if parts else script.begin()
            calls = [ToolCallPart(each.tool, each.arguments, script.next_id()) for each in wanted]
            return ModelResponse(parts=[*calls] or [TextPart("done")])

        agent = Agent(FunctionModel(answer), tools=tools)
        if awaited:
            asyncio.run(agent.run("do it"))
            return
        with own_loop():
            agent.run_sync("do it")

    def schemas(self, tools: list[Any]) -> dict[str, dict[str, Any]]:
        return {tool.name: tool.tool_def.parameters_json_schema for tool in tools}


class TestTheLoop(LoopTests):
    loop = PydanticLoop()

    @pytest.mark.parametrize("arguments", ["", "[1]", "{", '"text"', '{"query": "revenue", "query": "x"}'])
    def test_arguments_that_are_no_object_are_answered(self, arguments, play):
        def turns() -> Turn:
            wrong = yield RequestedCall("hex_find_project", arguments)
            yield RequestedCall("hex_find_project", '{"query": "revenue"}')
            return wrong

        assert play(turns()).sent

    def test_a_tool_says_what_it_may_do(self, hex_connection):
        tools = {tool.name: tool for tool in toolkit(hex_connection, "all")}

        assert tools["hex_delete_group"].metadata["destructive"] is True
        assert tools["hex_list_groups"].metadata["read_only"] is True
