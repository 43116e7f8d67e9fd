"""The vendors' own SDKs read what we make: their types refuse what they do not know."""

from __future__ import annotations

import pytest

from hex_blocks.hosts.functions import anthropic_tools, gemini_tools, openai_tools, run_function_call
from hex_blocks.hosts.models.toolbox import Toolbox
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from hex_blocks.sandbox.seed.run_data import KNOWN_RUN

pytest.importorskip("openai", reason="run by make test-hosts")

import copy
from types import SimpleNamespace

import google.genai._mcp_utils as gemini_mcp
from anthropic.types import ToolParam, ToolResultBlockParam
from google.genai import types as gemini
from langchain_core.utils.function_calling import convert_to_openai_tool
from openai.lib._pydantic import _ensure_strict_json_schema
from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionToolMessageParam
from openai.types.responses import FunctionToolParam
from openai.types.responses.response_input_param import FunctionCallOutput
from pydantic import ConfigDict, TypeAdapter, with_config

from hex_blocks.hosts.langchain import toolkit
from hex_blocks.hosts.mcp.server import HexServer
from tests.hosts import vendor_rules

RESULTS = {"projectId": REVENUE_REPORT, "runId": KNOWN_RUN}


def checked(type_, value) -> None:
    """Fail unless a value is of a TypedDict, with no key that it does not have."""
    TypeAdapter(with_config(ConfigDict(extra="forbid"))(type_)).validate_python(value)


@pytest.fixture
def box(registry) -> Toolbox:
    return Toolbox("all", registry=registry)


@pytest.mark.parametrize("strict", [True, False])
def test_openai_reads_chat_tools(strict, box):
    for tool in openai_tools(box, strict=strict):
        checked(ChatCompletionFunctionToolParam, tool)


@pytest.mark.parametrize("strict", [True, False])
def test_openai_reads_response_tools(strict, box):
    for tool in openai_tools(box, strict=strict, responses=True):
        checked(FunctionToolParam, tool)


@pytest.mark.parametrize("strict", [True, False])
def test_anthropic_reads_tools(strict, box):
    for tool in anthropic_tools(box, strict=strict):
        checked(ToolParam, tool)


@pytest.mark.parametrize("strict", [True, False])
def test_gemini_reads_tools(strict, box):
    tools = [gemini.Tool.model_validate(tool) for tool in gemini_tools(box, strict=strict)]

    assert len(tools[0].function_declarations) == len(box.shown)


def test_openai_reads_replies(hex_connection):
    reply = run_function_call("hex_get_run_results", RESULTS, hex_connection)

    checked(ChatCompletionToolMessageParam, reply.openai("call_1"))
    checked(FunctionCallOutput, reply.openai_output("call_1"))


def test_anthropic_reads_replies(hex_connection):
    reply = run_function_call("hex_get_run_results", RESULTS, hex_connection)

    checked(ToolResultBlockParam, reply.anthropic("toolu_1"))


def test_gemini_reads_replies(hex_connection):
    reply = run_function_call("hex_get_run_results", RESULTS, hex_connection)
    parts = [gemini.Part.model_validate(part) for part in reply.gemini("id-1")]

    assert parts[0].function_response.response["output"]["status"] == "COMPLETED"
    assert parts[1].inline_data.data.startswith(b"\x89PNG")


@pytest.fixture(params=[("all", False), ("all", True), ("default", False), ("default", True)], ids=str)
def mcp_list(request, registry) -> list[dict]:
    """A list of tools as MCP clients get it, in both forms."""
    tools, whole = request.param
    return HexServer(Toolbox(tools, registry=registry), whole_schemas=whole).tools


def test_geminis_converter_takes_the_list(mcp_list):
    for tool in mcp_list:
        listed = SimpleNamespace(
            name=tool["name"], description=tool["description"], inputSchema=copy.deepcopy(tool["inputSchema"])
        )
        (declared,) = gemini_mcp.mcp_to_gemini_tool(listed).model_dump(exclude_none=True, mode="json")[
            "function_declarations"
        ]
        if not tool["inputSchema"]["properties"]:
            del declared["parameters"]
        assert vendor_rules.gemini(declared) == []


def test_openais_strict_converter_takes_the_list(mcp_list):
    for tool in mcp_list:
        schema = copy.deepcopy(tool["inputSchema"])
        strict = _ensure_strict_json_schema(schema, path=(), root=schema)
        function = {"name": tool["name"], "description": tool["description"], "strict": True, "parameters": strict}
        assert vendor_rules.openai(function) == []


def test_langchains_converter_takes_the_list(mcp_list):
    for tool in mcp_list:
        described = {"name": tool["name"], "description": tool["description"], "parameters": tool["inputSchema"]}
        function = convert_to_openai_tool(copy.deepcopy(described), strict=True)["function"]
        assert vendor_rules.openai(function) == []


@pytest.mark.parametrize("tools", ["all", "default"])
def test_the_toolkit_keeps_openais_strict_rule(tools):
    for tool in toolkit(tools=tools):
        function = convert_to_openai_tool(tool, strict=True)["function"]
        required = tool.args_schema.get("required", [])
        assert vendor_rules.openai(function) == []
        for name, part in function["parameters"]["properties"].items():
            assert name in required or {"type": "null"} in part["anyOf"]
