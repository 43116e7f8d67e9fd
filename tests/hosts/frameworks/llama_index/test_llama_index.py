"""The tools in the loops of LlamaIndex, driven by a scripted model."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from tests.hosts.agent import RequestedCall
from tests.hosts.frameworks.loops import LoopTests, Script, Told, order_of, read_error

pytest.importorskip("llama_index.core", reason="run by make test-hosts")

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.tools import ToolOutput
from llama_index.core.tools.calling import call_tool

from hex_blocks.hosts.frameworks.llama_index import toolkit

# Its agents look at their own members, deprecated ones too.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def told_of(blocks: list[Any]) -> Told:
    text = next(block.text for block in blocks if isinstance(block, TextBlock))
    document, is_error = read_error(text)
    images = [block for block in blocks if isinstance(block, ImageBlock)]
    assert {image.image_mimetype for image in images} <= {"image/png"}
    shown = tuple(image.resolve_image().read() for image in images)
    return Told(document, shown, is_error, text)


def message(script: Script, wanted: list[RequestedCall]) -> ChatMessage:
    calls = [
        ToolCallBlock(tool_call_id=script.next_id(), tool_name=each.tool, tool_kwargs=each.arguments) for each in wanted
    ]
    return ChatMessage(role="assistant", blocks=calls or [TextBlock(text="done")])


class LlamaLoop:
    toolkit = staticmethod(toolkit)

    def run(self, script: Script, tools: list[Any], *, awaited: bool) -> None:
        if awaited:
            asyncio.run(self.run_agent(script, tools))
        else:
            self.predict_and_call(script, tools)

    async def run_agent(self, script: Script, tools: list[Any]) -> None:
        """Run its agent, which is asynchronous."""

        def answer(messages: list[ChatMessage], **_: Any) -> ChatMessage:
            since = itertools.takewhile(lambda each: each.role == "tool", reversed(messages))
            # The agent hands on the answers of a turn in the order in which they came.
            came = sorted(since, key=lambda each: order_of(each.additional_kwargs["tool_call_id"]))
            return message(script, script.go_on(told_of(each.blocks) for each in came) if came else script.begin())

        agent = FunctionAgent(tools=tools, llm=MockFunctionCallingLLM(response_generator=answer))
        await agent.run("do it", max_iterations=50)

    def predict_and_call(self, script: Script, tools: list[Any]) -> None:
        """Let its model predict calls and make them, turn by turn, which is synchronous."""
        wanted = script.begin()
        while wanted:
            turn = message(script, wanted)
            llm = MockFunctionCallingLLM(response_generator=lambda _messages, turn=turn, **_: turn)
            done = llm.predict_and_call(tools, "do it", allow_parallel_tool_calls=True, error_on_tool_error=False)
            outputs: list[ToolOutput] = done.sources
            told = [told_of(output.blocks) for output in outputs]
            assert [output.is_error for output in outputs] == [each.is_error for each in told]
            wanted = script.go_on(told)

    def schemas(self, tools: list[Any]) -> dict[str, dict[str, Any]]:
        return {tool.metadata.name: tool.metadata.to_openai_tool()["function"]["parameters"] for tool in tools}


class TestTheLoop(LoopTests):
    loop = LlamaLoop()

    def test_a_tool_with_one_input_is_called_by_its_name(self, hex_connection):
        (tool,) = toolkit(hex_connection, "hex_get_project", search=False)

        # Given one argument, some of LlamaIndex's callers try it without its name first.
        output = call_tool(tool, {"projectId": REVENUE_REPORT})

        assert output.raw_output["id"] == REVENUE_REPORT
