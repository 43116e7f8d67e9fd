"""A plain loop of function calls, as one writes it around any vendor's API."""

from __future__ import annotations

import asyncio
import json

import pytest

from hex_blocks.hosts.functions import run_function_call, run_function_call_async
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from hex_blocks.sandbox.seed.run_data import KNOWN_RUN
from tests.hosts.agent import JOBS, CallResult, check, do

RESULTS = {"projectId": REVENUE_REPORT, "runId": KNOWN_RUN}


@pytest.mark.parametrize("job", JOBS)
def test_a_plain_loop_does_the_job(job, hex_connection):
    def call(name: str, arguments: dict) -> CallResult:
        reply = run_function_call(name, json.dumps(arguments), hex_connection)
        message = reply.openai("call_1")
        return CallResult(json.loads(message["content"]), len(reply.answer.pictures), reply.is_error)

    check(job, do(JOBS[job](), call))


def test_strict_calls_say_null_for_what_is_not_given(hex_connection, sandbox):
    sent = {
        "projectId": REVENUE_REPORT,
        "inputParams": '{"region": "EMEA"}',
        "timeout": "900",
        "cancelOnTimeout": None,
        "updatePublishedResults": "false",
        "useCachedSqlResults": None,
    }

    reply = run_function_call("hex_run_and_wait", json.dumps(sent), hex_connection)

    assert json.loads(reply.text)["status"] == "COMPLETED"
    assert sandbox.world.runs(REVENUE_REPORT)[0].inputs == {"region": "EMEA"}


def test_a_strict_call_by_name_brings_its_arguments_as_text(hex_connection):
    sent = {"name": "hex_list_groups", "arguments": '{"limit": "2", "after": null}'}

    reply = run_function_call("hex_call_tool", json.dumps(sent), hex_connection)

    assert json.loads(reply.text)["result"]["total"] == 2


def test_a_plain_null_clears_a_value_where_null_is_one(hex_connection):
    reply = run_function_call(
        "hex_update_project", {"projectId": REVENUE_REPORT, "status": None}, hex_connection, tools="projects"
    )

    assert not reply.is_error
    assert json.loads(reply.text)["status"] is None


def test_what_was_not_offered_is_refused(hex_connection, sandbox):
    reply = run_function_call("hex_update_project", {"projectId": REVENUE_REPORT, "status": None}, hex_connection)

    assert json.loads(reply.text)["error"] == "tool_not_offered"
    assert sandbox.requests == []


def test_chat_completions_get_text(hex_connection):
    message = run_function_call("hex_get_run_results", RESULTS, hex_connection).openai("call_7")

    assert (message["role"], message["tool_call_id"]) == ("tool", "call_7")
    assert json.loads(message["content"])["status"] == "COMPLETED"
    assert len(message["content"]) < 4000


def test_responses_get_text_and_pictures(hex_connection):
    item = run_function_call("hex_get_run_results", RESULTS, hex_connection).openai_output("call_7")

    assert [part["type"] for part in item["output"]] == ["input_text", "input_image", "input_image"]
    assert item["output"][1]["image_url"].startswith("data:image/png;base64,iVBOR")


def test_anthropic_gets_text_and_pictures(hex_connection):
    block = run_function_call("hex_get_run_results", RESULTS, hex_connection).anthropic("toolu_1")

    assert [part["type"] for part in block["content"]] == ["text", "image", "image"]
    assert block["is_error"] is False


def test_gemini_gets_a_response_and_pictures(hex_connection):
    first, *pictures = run_function_call("hex_get_run_results", RESULTS, hex_connection).gemini()

    assert first["functionResponse"]["response"]["output"]["status"] == "COMPLETED"
    assert [part["inlineData"]["mimeType"] for part in pictures] == ["image/png", "image/png"]


def test_errors_are_sent_back_and_marked(hex_connection):
    reply = run_function_call("hex_get_run_status", '{"projectId": "x"}', hex_connection)

    assert reply.is_error
    assert reply.anthropic("toolu_1")["is_error"] is True
    assert reply.gemini("id-1")[0]["functionResponse"]["response"]["error"]["error"] == "bad_inputs"
    assert "projectId must be an ID" in reply.openai("call_1")["content"]


def test_calls_can_be_awaited(hex_connection):
    reply = asyncio.run(run_function_call_async("hex_find_project", {"query": "revenue"}, hex_connection))

    assert json.loads(reply.text)["total"] >= 1
