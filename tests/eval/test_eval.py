"""The evaluation itself: its tasks can be done by a caller that knows only the list, and not by doing nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from eval.model import ModelCaller
from eval.playing import Table, play, tasks
from eval.scripted import IdleCaller, ScriptedCaller
from eval.scripts import SCRIPTS, Script, UnknownError
from hex_blocks.hosts.models.toolbox import Answer
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from hex_blocks.sandbox.seed.run_data import KNOWN_RUN
from tests.conftest import REPOSITORY
from tests.marks import mostly_slow

FEW = ("owner", "run_with_last_months_dates", "change_group")


def test_there_are_forty_tasks_each_with_a_script():
    assert len(tasks()) == 40
    assert set(SCRIPTS) == set(tasks())


@pytest.mark.parametrize("name", mostly_slow(tasks(), *FEW))
def test_a_caller_that_knows_only_the_list_and_the_replies_does_it(name):
    outcome = play(tasks()[name], ScriptedCaller())

    assert outcome.faults == (), outcome.answer


@pytest.mark.parametrize("name", mostly_slow(tasks(), *FEW))
def test_a_caller_that_does_nothing_fails(name):
    outcome = play(tasks()[name], IdleCaller())

    assert not outcome.passed
    if "state" in tasks()[name]:
        assert any("instead of" in fault for fault in outcome.faults)


class Meddler(ScriptedCaller):
    """Does what is asked, and something else."""

    def play(self, task: Any, table: Table) -> str:
        said = super().play(task, table)
        reply = table.call("hex_call_tool", {"name": "hex_list_groups"}).document["result"]
        other = next(group["id"] for group in reply["groups"] if group["name"] == "Store managers")
        table.call("hex_call_tool", {"name": "hex_delete_group", "arguments": {"groupId": other}})
        return said


class Repeater(ScriptedCaller):
    """Does everything twice."""

    def play(self, task: Any, table: Table) -> str:
        super().play(task, table)
        return super().play(task, table)


def test_what_was_not_asked_for_fails_a_task():
    assert play(tasks()["delete_group"], Meddler()).faults == ("changed unasked: group 'Store managers'",)
    assert play(tasks()["owner"], Meddler()).faults == ("changed unasked: group 'Store managers'",)


def test_a_run_too_many_fails_a_task():
    (fault,) = play(tasks()["start_and_leave"], Repeater()).faults

    assert fault.startswith("2 instead of 1")


def test_a_script_may_not_use_what_its_caller_cannot_know(monkeypatch):
    def guesses() -> Script:
        yield "hex_get_run_status", {"projectId": REVENUE_REPORT, "runId": KNOWN_RUN}
        return ""

    def jumps() -> Script:
        yield "hex_call_tool", {"name": "hex_list_groups"}
        return ""

    for script in (guesses, jumps):
        monkeypatch.setitem(SCRIPTS, "owner", script)
        with pytest.raises(UnknownError):
            play(tasks()["owner"], ScriptedCaller())


@pytest.fixture
def endpoint(httpserver: HTTPServer) -> str:
    """An endpoint whose model follows the script of a task, which it tells by what is asked."""

    def answer(request: Request) -> Response:
        asked: dict[str, Any] = request.get_json()
        messages = asked["messages"]
        name = next(each for each, task in tasks().items() if task["asks"] == messages[1]["content"])
        script = SCRIPTS[name]()
        try:
            wanted = next(script)
            for message in messages:
                if message["role"] == "tool":
                    document = json.loads(message["content"])
                    wanted = script.send(Answer(outputs=document))
            call = {"name": wanted[0], "arguments": json.dumps(wanted[1])}
            calls = [{"id": f"call_{len(messages)}", "type": "function", "function": call}]
            said: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None, "tool_calls": calls}
        except StopIteration as done:
            said = {"role": "assistant", "content": done.value}
        assert {tool["function"]["name"] for tool in asked["tools"]} >= {"hex_find_project", "hex_call_tool"}
        assert not any("refusal" in message for message in messages)
        return Response(json.dumps({"choices": [{"message": said}]}), content_type="application/json")

    httpserver.expect_request("/v1/chat/completions", headers={"Authorization": "Bearer k"}).respond_with_handler(
        answer
    )
    return httpserver.url_for("/v1")


@pytest.mark.parametrize("name", FEW)
def test_a_model_behind_an_endpoint_plays(name, endpoint):
    outcome = play(tasks()[name], ModelCaller("any", endpoint, "k"))

    assert outcome.faults == ()


@pytest.mark.slow
def test_the_command_prints_how_each_task_went(endpoint, tmp_path):
    def run(*options: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "eval", *options]
        environment = os.environ | {"OPENAI_API_KEY": "k"} | more
        return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)

    by_script = run("--tasks", "owner,guests", "--out", str(tmp_path / "out.json"))
    by_model = run("--model", "any", "--tasks", "owner", "--base-url", endpoint)
    refused = run("--model", "any", "--tasks", "owner", "--base-url", endpoint, OPENAI_API_KEY="wrong")

    assert (by_script.returncode, by_script.stdout.splitlines()[-1]) == (0, "2 of 2 tasks, 3 calls")
    assert [each["task"] for each in json.loads((tmp_path / "out.json").read_text())] == ["owner", "guests"]
    assert (by_model.returncode, by_model.stdout.splitlines()[-1]) == (0, "1 of 1 tasks, 1 calls")
    assert refused.returncode == 1
    assert "the endpoint failed" in refused.stdout
    assert "wrong" not in refused.stdout
    assert run("--tasks", "nothing").returncode == 2
