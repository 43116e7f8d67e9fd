"""The tools in the loop of Google ADK, driven by a scripted model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from tests.hosts.frameworks.loops import LoopTests, Script, Told

pytest.importorskip("google.adk", reason="run by make test-hosts")

from google.adk.agents import LlmAgent
from google.adk.models import BaseLlm, LlmRequest, LlmResponse
from google.adk.runners import InMemoryRunner
from google.genai import types

from hex_blocks.hosts.frameworks.google_adk import toolkit


class Scripted(BaseLlm):
    """A model that says what a script says."""

    model: str = "scripted"
    script: Any

    async def generate_content_async(
        self, llm_request: LlmRequest, stream: bool = False
    ) -> AsyncGenerator[LlmResponse, None]:
        last = llm_request.contents[-1].parts or []
        came = [told_of(part.function_response) for part in last if part.function_response]
        wanted = self.script.go_on(came) if came else self.script.begin()
        calls = [types.Part.from_function_call(name=each.tool, args=each.arguments) for each in wanted]
        content = types.Content(role="model", parts=calls or [types.Part.from_text(text="done")])
        yield LlmResponse(content=content)


def told_of(response: types.FunctionResponse) -> Told:
    shown = tuple(part.inline_data.data for part in response.parts or [])
    document = response.response
    return Told(document, shown, {"error", "kind"} <= set(document), json.dumps(document))


class AdkLoop:
    toolkit = staticmethod(toolkit)

    def run(self, script: Script, tools: list[Any], *, awaited: bool) -> None:
        agent = LlmAgent(name="hex", model=Scripted(script=script), tools=tools)
        runner = InMemoryRunner(agent=agent, app_name="tests")
        asyncio.run(self.run_agent(runner)) if awaited else self.run_agent_sync(runner)

    async def run_agent(self, runner: InMemoryRunner) -> None:
        session = await runner.session_service.create_session(app_name="tests", user_id="u")
        async for _ in runner.run_async(user_id="u", session_id=session.id, new_message=asked()):
            pass

    def run_agent_sync(self, runner: InMemoryRunner) -> None:
        session = asyncio.run(runner.session_service.create_session(app_name="tests", user_id="u"))
        for _ in runner.run(user_id="u", session_id=session.id, new_message=asked()):
            pass

    def schemas(self, tools: list[Any]) -> dict[str, dict[str, Any]]:
        request = LlmRequest()
        request.append_tools(tools)
        (declared,) = request.config.tools
        return {each.name: each.parameters_json_schema for each in declared.function_declarations}


def asked() -> types.Content:
    return types.Content(role="user", parts=[types.Part.from_text(text="do it")])


class TestTheLoop(LoopTests):
    loop = AdkLoop()

    def test_a_tool_says_what_it_may_do(self, hex_connection):
        tools = {tool.name: tool for tool in toolkit(hex_connection, "all")}

        assert tools["hex_delete_group"].custom_metadata["destructive"] is True
        assert tools["hex_list_groups"].custom_metadata["read_only"] is True
