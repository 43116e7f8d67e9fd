"""The example workflows, each imported and run whole, with a local receiver standing in for the chat."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from hex_blocks.sandbox import Sandbox
from tests.hosts.chat import Chat
from tests.hosts.n8n.conftest import Engine

REPORT = "01234567-89ab-cdef-0123-456789abcdef"
IN_THE_EXAMPLES = "5a8591dd-4039-49df-9202-96385ba3eff8"


@pytest.fixture
def chat(httpserver: HTTPServer) -> Chat:
    return Chat(httpserver)


def example(package: Path, name: str, chat: Chat, project: str) -> Any:
    text = (package / "examples" / f"{name}.json").read_text()
    return json.loads(
        text.replace("https://chat.example.com/hooks/data-team", chat.url).replace(IN_THE_EXAMPLES, project)
    )


def test_the_daily_report_sends_its_chart(package, n8n: Engine, sandbox: Sandbox, chat):
    done = n8n.ask("run", workflow=example(package, "daily-report", chat, REPORT))

    assert done["status"] == "success", done["error"]
    started = next(each for each in sandbox.requests if each.operation_id == "RunProject")
    assert set(started.json["inputParams"]) == {"start_date", "end_date"}
    assert all(len(day) == len("2026-03-01") for day in started.json["inputParams"].values())
    [post] = chat.posts
    assert post.get_data().startswith(b"\x89PNG")


def test_a_daily_report_that_fails_sends_the_page_of_its_run(package, n8n, sandbox, chat):
    sandbox.world.project("Revenue report").plan = sandbox.world.project("Broken import").plan

    done = n8n.ask("run", workflow=example(package, "daily-report", chat, REPORT))

    assert done["status"] == "success", done["error"]
    [post] = chat.posts
    assert post.get_json()["link"].startswith(sandbox.origin)
    assert "did not complete" in post.get_json()["text"]


def test_each_region_has_a_run_of_its_own(package, n8n, sandbox, chat):
    done = n8n.ask("run", workflow=example(package, "one-run-per-region", chat, REPORT))

    assert done["status"] == "success", done["error"]
    assert [item["json"]["status"] for item in done["outputs"]["Run for Region"][0][0]] == ["COMPLETED"] * 3
    started = [each.json["inputParams"] for each in sandbox.requests if each.operation_id == "RunProject"]
    assert sorted(each["region"] for each in started) == ["APAC", "EMEA", "US"]


def test_a_finished_run_is_told(package, n8n, sandbox, chat):
    done = n8n.ask("run", workflow=example(package, "notify-on-finished-run", chat, REPORT))

    assert done["status"] == "success", done["error"]
    [post] = chat.posts
    assert post.get_json()["text"].startswith("Run completed: ")
