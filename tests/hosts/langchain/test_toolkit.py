from __future__ import annotations

import asyncio
import json

import pytest

from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from hex_blocks.sandbox.seed.run_data import KNOWN_RUN
from hex_blocks.tools.progress import Progress

pytest.importorskip("langchain_core", reason="run by make test-hosts")

from langchain_core.messages import ToolCall, ToolMessage
from langchain_core.tools import StructuredTool, ToolException
from langchain_core.utils.function_calling import convert_to_openai_tool

from hex_blocks.hosts.langchain import toolkit

RESULTS = {"projectId": REVENUE_REPORT, "runId": KNOWN_RUN}


@pytest.fixture
def tools(hex_connection) -> dict[str, StructuredTool]:
    return {tool.name: tool for tool in toolkit(hex_connection)}


def called(name: str, arguments: dict) -> ToolCall:
    return ToolCall(name=name, args=arguments, id="call_1", type="tool_call")


def test_the_default_set_is_the_same_as_elsewhere(tools):
    assert len(tools) <= 12
    assert {"hex_run_and_wait", "hex_find_tool", "hex_call_tool"} <= set(tools)


def test_a_tool_is_called(tools):
    content = tools["hex_find_project"].invoke({"query": "revenue report"})

    assert json.loads(content)["matches"][0]["id"] == REVENUE_REPORT


def test_a_tool_is_awaited(tools):
    content = asyncio.run(tools["hex_find_project"].ainvoke({"query": "revenue report"}))

    assert json.loads(content)["matches"][0]["id"] == REVENUE_REPORT


@pytest.mark.parametrize("awaited", [True, False])
def test_pictures_are_the_artifact(awaited, tools):
    call = called("hex_get_run_results", RESULTS)
    tool = tools["hex_get_run_results"]

    message = asyncio.run(tool.ainvoke(call)) if awaited else tool.invoke(call)

    assert isinstance(message, ToolMessage)
    assert [picture["mime_type"] for picture in message.artifact] == ["image/png", "image/png"]
    assert message.artifact[0]["base64"].startswith("iVBOR")
    assert "iVBOR" not in message.content


def test_an_answer_without_pictures_has_no_artifact(tools):
    message = tools["hex_find_project"].invoke(called("hex_find_project", {"query": "revenue"}))

    assert message.artifact is None


@pytest.mark.parametrize("awaited", [True, False])
def test_a_model_is_told_of_errors(awaited, tools):
    call = called("hex_get_run_status", {"projectId": "x", "runId": "y"})
    tool = tools["hex_get_run_status"]

    message = asyncio.run(tool.ainvoke(call)) if awaited else tool.invoke(call)

    assert message.status == "error"
    assert message.content.startswith("bad_inputs: The inputs of hex_get_run_status are not valid.")


def test_errors_can_be_raised(hex_connection):
    (tool,) = toolkit(hex_connection, "hex_get_run_status", search=False, handle_tool_error=False)

    with pytest.raises(ToolException, match="projectId must be an ID"):
        tool.invoke({"projectId": "x", "runId": "y"})


def test_metadata_tells_what_a_tool_may_do(hex_connection):
    tools = {tool.name: tool for tool in toolkit(hex_connection, "all")}

    assert tools["hex_delete_group"].metadata["destructive"] is True
    assert tools["hex_delete_group"].tags == ["hex", "destructive"]
    assert tools["hex_list_groups"].metadata["read_only"] is True


def test_read_only_leaves_out_what_writes(hex_connection):
    assert {tool.metadata["read_only"] for tool in toolkit(hex_connection, "all", read_only=True)} == {True}


def test_models_get_the_schemas(tools):
    function = convert_to_openai_tool(tools["hex_run_and_wait"])["function"]

    assert function["parameters"]["required"] == ["projectId"]
    assert "apiKey" not in json.dumps(function)


def test_progress_is_told(hex_connection):
    told: list[Progress] = []
    (tool,) = toolkit(hex_connection, "hex_run_and_wait", search=False, progress=told.append)

    tool.invoke({"projectId": REVENUE_REPORT})

    assert {"RUNNING", "COMPLETED"} <= {progress.status for progress in told}
