"""The tools in LangGraph: its real ToolNode, driven by a scripted model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.hosts.agent import JOBS, CallResult, Job, check

pytest.importorskip("langgraph", reason="run by make test-hosts")

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

from hex_blocks.hosts.langchain import toolkit


class Scripted:
    """The messages of a model that does a job, and what it tells its user at the end."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.last: ToolMessage | None = None
        self.told: dict[str, Any] = {}

    def messages(self) -> Iterator[AIMessage]:
        wanted = next(self.job)
        while True:
            yield AIMessage(
                content="",
                tool_calls=[{"name": wanted.tool, "args": wanted.arguments, "id": "call_1", "type": "tool_call"}],
            )
            assert self.last is not None
            came = CallResult(json.loads(self.last.content), len(self.last.artifact or []), self.last.status == "error")
            try:
                wanted = self.job.send(came)
            except StopIteration as done:
                self.told = done.value
                yield AIMessage(content=json.dumps(self.told))
                return


def graph(scripted: Scripted, tools: list) -> Any:
    model = GenericFakeChatModel(messages=scripted.messages())

    def think(state: MessagesState) -> dict:
        last = state["messages"][-1]
        scripted.last = last if isinstance(last, ToolMessage) else None
        return {"messages": [model.invoke(state["messages"])]}

    built = StateGraph(MessagesState)
    built.add_node("model", think)
    built.add_node("tools", ToolNode(tools))
    built.add_edge(START, "model")
    built.add_conditional_edges("model", tools_condition)
    built.add_edge("tools", "model")
    return built.compile()


@pytest.mark.parametrize("awaited", [True, False])
@pytest.mark.parametrize("job", JOBS)
def test_an_agent_does_the_job(job, awaited, hex_connection):
    scripted = Scripted(JOBS[job]())
    agent = graph(scripted, toolkit(hex_connection))
    asked = {"messages": [HumanMessage(job)]}
    config = {"recursion_limit": 100}

    if awaited:
        asyncio.run(agent.ainvoke(asked, config))
    else:
        agent.invoke(asked, config)

    check(job, scripted.told)


def test_calls_of_one_message_run_together(hex_connection):
    calls = [
        {"name": "hex_find_project", "args": {"query": query}, "id": f"call_{query}", "type": "tool_call"}
        for query in ("revenue", "digest", "no such thing")
    ]
    built = StateGraph(MessagesState)
    built.add_node("tools", ToolNode(toolkit(hex_connection)))
    built.add_edge(START, "tools")

    state = built.compile().invoke({"messages": [AIMessage(content="", tool_calls=calls)]})

    assert [json.loads(message.content)["total"] for message in state["messages"][1:]] == [1, 1, 0]


def test_a_graph_goes_on_after_an_error(hex_connection):
    calls = [{"name": "hex_cancel_run", "args": {"projectId": "x", "runId": "../y"}, "id": "1", "type": "tool_call"}]
    built = StateGraph(MessagesState)
    built.add_node("tools", ToolNode(toolkit(hex_connection)))
    built.add_edge(START, "tools")

    (_, message) = built.compile().invoke({"messages": [AIMessage(content="", tool_calls=calls)]})["messages"]

    assert message.status == "error"
    assert "runId must be an ID" in message.content
