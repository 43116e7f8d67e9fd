"""Completion of titles, inputs and names, and resources of runs, charts and projects."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

pytest.importorskip("mcp", reason="run by make test-hosts")

from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import PromptReference, ResourceTemplateReference

from hex_blocks.clock import DrivenClock
from hex_blocks.hosts.mcp.completing import Completions
from hex_blocks.hosts.mcp.links import CHART, PROJECT, RUN, parse_uri
from hex_blocks.hosts.models.toolbox import Answer
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from hex_blocks.sandbox.seed.run_data import KNOWN_RUN

REPORT = PromptReference(type="ref/prompt", name="run_report")
SETS = PromptReference(type="ref/prompt", name="compare_parameter_sets")


def completed(ask, ref: Any, name: str, typed: str, chosen: dict[str, str] | None = None, **options: Any) -> list[str]:
    argument = {"name": name, "value": typed}
    result = ask(lambda client: client.complete(ref, argument, context_arguments=chosen), **options)
    return list(result.completion.values)


@pytest.mark.parametrize("typed", ["rev", "REPORT", "  revenue"])
def test_a_projects_title_is_completed(typed, ask):
    assert "Revenue report" in completed(ask, REPORT, "project", typed)


def test_titles_that_begin_with_it_come_first(ask):
    found = completed(ask, REPORT, "project", "e")

    assert found[0].casefold().startswith("e")
    assert "Revenue report" in found


def test_hex_is_asked_once_while_somebody_types(make_server, sandbox):
    async def talk() -> None:
        async with Client(make_server()) as client:
            for typed in ("r", "re", "rev", "reve"):
                await client.complete(REPORT, {"name": "project", "value": typed})

    before = len(sandbox.requests)
    asyncio.run(talk())

    assert len(sandbox.requests) - before == 1


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", "start_date: 2024-01-01"),
        ("region: E", "region: EMEA"),
        ("start_date: 2026-01-01, region: A", "start_date: 2026-01-01, region: APAC"),
    ],
)
def test_the_inputs_of_the_project_are_completed(typed, expected, ask):
    for project in ("Revenue report", REVENUE_REPORT):
        assert expected in completed(ask, REPORT, "parameters", typed, {"project": project})
        assert expected in completed(ask, SETS, "sets", typed, {"project": project})


def test_nothing_is_offered_where_nothing_is_known(ask):
    assert completed(ask, REPORT, "parameters", "") == []
    assert completed(ask, REPORT, "parameters", "", {"project": "no such project"}) == []
    assert completed(ask, PromptReference(type="ref/prompt", name="find_failed_runs"), "since", "last") == []
    assert completed(ask, REPORT, "project", "rev", tools="hex_get_run_status", search=False) == []


def test_names_and_titles_are_completed_in_templates(ask):
    tool = ResourceTemplateReference(type="ref/resource", uri="hex://tools/{name}")
    project = ResourceTemplateReference(type="ref/resource", uri=PROJECT)

    assert completed(ask, tool, "name", "cancel") == ["hex_cancel_active_runs", "hex_cancel_run"]
    assert completed(ask, project, "project", "store") == ["Store heat map"]


def test_an_answer_links_to_its_run_and_its_charts(ask):
    arguments = {"projectId": REVENUE_REPORT, "runId": KNOWN_RUN}

    result = ask(lambda client: client.call_tool("hex_get_run_results", arguments))

    links = [part for part in result.content if part.type == "resource_link"]
    assert [link.name for link in links] == ["run", "chart", "chart"]
    assert links[1].title == "Revenue chart"
    for link in links:
        (content,) = ask(lambda client, uri=str(link.uri): client.read_resource(uri)).contents
        assert content.mime_type == link.mime_type
    assert base64.b64decode(content.blob).startswith(b"\x89PNG")


def test_a_call_by_name_links_too(ask):
    arguments = {"name": "hex_run_and_wait", "arguments": {"projectId": REVENUE_REPORT}}

    result = ask(lambda client: client.call_tool("hex_call_tool", arguments))

    (link,) = [part for part in result.content if part.type == "resource_link"]
    (page,) = ask(lambda client: client.read_resource(str(link.uri))).contents
    assert "- status: COMPLETED" in page.text
    assert result.structured_content["result"]["runUrl"] in page.text


def test_what_names_no_run_has_no_links(ask):
    result = ask(lambda client: client.call_tool("hex_find_project", {"query": "revenue"}))

    assert [part.type for part in result.content] == ["text"]


@pytest.mark.parametrize("project", ["Revenue%20report", REVENUE_REPORT])
def test_a_project_is_read_by_its_title(project, ask):
    (page,) = ask(lambda client: client.read_resource(f"hex://projects/{project}")).contents

    assert page.text.startswith("# Revenue report\n")
    assert "- `region` (string): US (US, EMEA, APAC)" in page.text


@pytest.mark.parametrize(
    "uri",
    [
        "hex://projects/orders",
        "hex://projects/nothing%20like%20it",
        f"hex://projects/{REVENUE_REPORT}/runs/..%2F..%2Fusers",
        f"hex://projects/{REVENUE_REPORT}/runs/{REVENUE_REPORT[::-1]}",
        f"hex://projects/{REVENUE_REPORT}/runs/{KNOWN_RUN}/charts/none",
    ],
)
def test_what_is_not_there_is_no_resource(uri, ask, sandbox):
    refused = ask(lambda client: client.read_resource(uri))

    assert isinstance(refused, MCPError)
    assert refused.error.code == -32002
    assert not [each for each in sandbox.requests if "users" in each.path]


def test_templates_are_listed_where_they_can_be_read(ask):
    listed = [each.uri_template for each in ask(lambda client: client.list_resource_templates()).resource_templates]
    few = ask(lambda client: client.list_resource_templates(), tools="hex_ask", search=False).resource_templates

    assert listed == ["hex://tools/{name}", PROJECT, RUN, CHART]
    assert [each.uri_template for each in few] == ["hex://tools/{name}"]


@pytest.mark.parametrize("uri", ["hex://projects/", "hex://projects/a/b", "hex://projects/a/runs", "hex://tools/x", ""])
def test_other_addresses_name_no_place(uri):
    assert parse_uri(uri) is None


def test_what_hex_shows_to_one_caller_is_not_told_to_another():
    clock = DrivenClock()
    completions = Completions([], lambda: clock)

    def reads(*titles: str) -> Any:
        outputs = {"projects": [{"title": title} for title in titles]}
        return lambda _name, _arguments: Answer("hex_list_projects", outputs)

    def titles(caller: str, read: Any) -> list[str]:
        return completions.values("run_report", "project", "", {}, caller, read)

    assert titles("ada", reads("Payroll")) == ["Payroll"]
    assert titles("eli", reads("Orders")) == ["Orders"]
    assert titles("ada", reads("Later")) == ["Payroll"]
    clock.advance(60)
    assert titles("ada", reads("Later")) == ["Later"]
