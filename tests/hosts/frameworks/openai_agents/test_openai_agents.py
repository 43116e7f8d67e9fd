"""The tools in the loop of the OpenAI Agents SDK, driven by a scripted model."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest

from tests.hosts.agent import RequestedCall
from tests.hosts.frameworks.loops import LoopTests, Script, Told, Turn, own_loop, read_error

pytest.importorskip("agents", reason="run by make test-hosts")

from agents import Agent, Model, ModelResponse, Runner, Usage, set_tracing_disabled
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

from hex_blocks.hosts.frameworks.openai_agents import toolkit

set_tracing_disabled(disabled=True)


class Scripted(Model):
    """A model that says what a script says."""

    def __init__(self, script: Script) -> None:
        self.script = script

    async def get_response(self, system_instructions, input, **_: Any) -> ModelResponse:
        came = [told_of(item) for item in items_since_the_last_call(input)]
        wanted = self.script.go_on(came) if came else self.script.begin()
        return ModelResponse(output=calls(self.script, wanted) or [said()], usage=Usage(), response_id=None)

    def stream_response(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError


def items_since_the_last_call(given: Any) -> list[dict[str, Any]]:
    """Return the outputs that the model has not seen yet."""
    outputs: list[dict[str, Any]] = []
    for item in reversed(given if isinstance(given, list) else []):
        if item.get("type") != "function_call_output":
            break
        outputs.insert(0, item)
    return outputs


def calls(script: Script, wanted: list[RequestedCall]) -> list[ResponseFunctionToolCall]:
    return [
        ResponseFunctionToolCall(
            type="function_call",
            call_id=script.next_id(),
            name=each.tool,
            arguments=each.arguments if isinstance(each.arguments, str) else json.dumps(each.arguments),
        )
        for each in wanted
    ]


def said() -> ResponseOutputMessage:
    text = ResponseOutputText(type="output_text", text="done", annotations=[])
    return ResponseOutputMessage(id="m", type="message", role="assistant", status="completed", content=[text])


def told_of(item: dict[str, Any]) -> Told:
    parts = item["output"]
    listed = [{"type": "input_text", "text": parts}] if isinstance(parts, str) else parts
    document, is_error = read_error(listed[0]["text"])
    images = [part["image_url"] for part in listed if part["type"] == "input_image"]
    shown = tuple(base64.b64decode(image.partition("base64,")[2]) for image in images)
    return Told(document, shown, is_error, json.dumps(item))


class OpenAILoop:
    toolkit = staticmethod(toolkit)

    def run(self, script: Script, tools: list[Any], *, awaited: bool) -> None:
        agent = Agent("hex", model=Scripted(script), tools=tools)
        if awaited:
            asyncio.run(Runner.run(agent, "do it", max_turns=50))
            return
        with own_loop():
            Runner.run_sync(agent, "do it", max_turns=50)

    def schemas(self, tools: list[Any]) -> dict[str, dict[str, Any]]:
        return {tool.name: tool.params_json_schema for tool in tools}


class TestTheLoop(LoopTests):
    loop = OpenAILoop()

    @pytest.mark.parametrize("arguments", ["", "[1]", "{", '"text"'])
    def test_arguments_that_are_no_object_are_answered(self, arguments, play):
        def turns() -> Turn:
            return (yield RequestedCall("hex_find_project", arguments))

        assert play(turns()).document["error"] == "bad_inputs"
