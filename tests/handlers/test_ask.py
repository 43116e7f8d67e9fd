"""Asking Hex's agent and waiting for its answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from hex_blocks import Connection, HexError, Registry
from hex_blocks.clock import DrivenClock
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Thread
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from hex_blocks.tools.progress import Progress
from tests.calling import hex_on
from tests.whole import whole

TOOL = "hex_ask"
THREAD = "3f2e1d0c-9b8a-4765-b432-10fedcba9876"
URL = f"https://app.hex.tech/threads/{THREAD}"

RunTool = Callable[..., dict[str, Any]]
Asked = Callable[[], list[str]]


def test_a_question_is_answered(run: RunTool, asked: Asked, clock: DrivenClock) -> None:
    began = clock.monotonic()

    outputs = run(TOOL, {"prompt": "Which region grew most?", "projectId": REVENUE_REPORT})

    assert "Which region grew most?" in outputs["text"]
    assert outputs["threadId"] in outputs["url"]
    assert [project["title"] for project in outputs["projects"]] == ["Revenue report"]
    assert [cell["label"] for cell in outputs["cells"]] == ["Introduction"]
    assert outputs["tasks"] == ["Read the prompt"]
    assert (outputs["title"], outputs["creditsUsed"]) == ("Which region grew most?", 0.5)
    assert "warnings" not in outputs
    assert asked() == ["CreateThread", "GetThread", "GetThread"]
    assert clock.monotonic() - began == pytest.approx(5, abs=2)


def test_a_thread_is_gone_on_with(run: RunTool, asked: Asked) -> None:
    first = run(TOOL, {"prompt": "Which region grew most?"})
    requests = len(asked())

    second = run(TOOL, {"prompt": "And least?", "threadId": first["threadId"]})

    assert second["threadId"] == first["threadId"]
    assert "And least?" in second["text"]
    assert "most" not in second["text"]
    assert asked()[requests:] == ["GetThread", "ContinueThread", "GetThread", "GetThread"]


def test_the_same_question_asked_again_is_answered_again(run: RunTool) -> None:
    first = run(TOOL, {"prompt": "How many?"})

    second = run(TOOL, {"prompt": "How many?", "threadId": first["threadId"]})

    assert second["text"] == first["text"]
    assert second["creditsUsed"] == 1.0
    assert "warnings" not in second


def test_an_agent_that_fails_is_an_error_with_its_kind_and_place(run: RunTool, asked: Asked) -> None:
    with pytest.raises(HexError) as failure:
        run(TOOL, {"prompt": "Please fail at this."})

    error = failure.value
    assert (error.key, error.kind) == ("agent_failed", "run")
    assert error.values["type"] == "AGENT_ERROR"
    assert "The agent could not answer." in error.message()
    assert error.values["threadId"] in error.values["url"]
    assert asked().count("CreateThread") == 1


def test_an_answer_that_takes_too_long_is_an_error_and_the_thread_goes_on(
    sandbox: Sandbox, run: RunTool, clock: DrivenClock
) -> None:
    began = clock.monotonic()

    with pytest.raises(HexError) as failure:
        run(TOOL, {"prompt": "Take your time.", "timeout": 3})

    error = failure.value
    assert error.key == "answer_timeout"
    assert clock.monotonic() - began == 3
    clock.advance(10)
    thread = run("hex_get_thread", {"threadId": error.values["threadId"]})
    assert thread["status"] == "IDLE"


def test_looks_grow_apart(run: RunTool, sandbox: Sandbox) -> None:
    def delay(progress: Progress) -> None:
        for thread in sandbox.world.all(Thread):
            thread.turns = [*thread.turns[:-1], thread.turns[-1].__class__("Slow", 0.0, 2e9 + sandbox.clock.time())]

    with pytest.raises(HexError) as failure:
        run(TOOL, {"prompt": "Slow", "timeout": 300}, progress=delay)

    assert failure.value.key == "answer_timeout"
    looks = [request.at for request in sandbox.requests if request.operation_id == "GetThread"]
    pauses = [later - earlier for earlier, later in pairwise(looks)]
    assert len(looks) <= 35
    assert pauses[0] == 3
    assert max(pauses) == 10


def test_a_thread_that_is_still_at_work_is_left_alone(run: RunTool, asked: Asked) -> None:
    begun = run("hex_create_thread", {"prompt": "First"})

    with pytest.raises(HexError) as failure:
        run(TOOL, {"prompt": "Second", "threadId": begun["threadId"]})

    assert (failure.value.key, failure.value.kind) == ("thread_busy", "busy")
    assert "ContinueThread" not in asked()


def test_a_thread_that_is_not_there_is_an_error(run: RunTool) -> None:
    with pytest.raises(HexError) as failure:
        run(TOOL, {"prompt": "Hello", "threadId": THREAD})

    assert failure.value.kind == "not_found"


def test_a_token_without_the_right_is_an_error(run: RunTool) -> None:
    with pytest.raises(HexError) as failure:
        run(TOOL, {"prompt": "Hello"}, token=TOKENS.no_permission)

    assert failure.value.kind == "token"


def test_a_stopped_wait_says_where_the_answer_will_be(run: RunTool, asked: Asked) -> None:
    stop = threading.Event()

    def stop_it(progress: Progress) -> None:
        stop.set()

    with pytest.raises(HexError) as failure:
        run(TOOL, {"prompt": "Never mind."}, progress=stop_it, stop=stop)

    assert failure.value.key == "answer_interrupted"
    assert failure.value.values["url"]
    assert asked() == ["CreateThread"]


def test_ctrl_c_says_where_the_answer_will_be(run: RunTool) -> None:
    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(HexError) as failure:
        run(TOOL, {"prompt": "Never mind."}, progress=interrupt)

    assert failure.value.key == "answer_interrupted"


class Agent:
    """A thread that looks different at each look; the last look stays."""

    def __init__(self, server: HTTPServer) -> None:
        self.looks: list[Response] = []
        begun = whole("hex_create_thread", threadId=THREAD, url=URL)
        server.expect_request("/api/v1/threads", "POST").respond_with_json(begun)
        server.expect_request(f"/api/v1/threads/{THREAD}/followup", "POST").respond_with_json(begun)
        server.expect_request(f"/api/v1/threads/{THREAD}", "GET").respond_with_handler(self.look)

    def look(self, _request: Request) -> Response:
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def says(self, status: str, words: str | None) -> None:
        response = None if words is None else [{"type": "text", "text": words}]
        thread = whole("hex_get_thread", threadId=THREAD, url=URL, status=status, response=response)
        self.looks.append(Response(json.dumps(thread), content_type="application/json"))

    def fails(self, status: int, times: int = 1) -> None:
        self.looks += [Response('{"message": "No more", "code": "X"}', status) for _ in range(times)]


@pytest.fixture
def agent(httpserver: HTTPServer) -> Agent:
    return Agent(httpserver)


@pytest.fixture
def ask(registry: Registry, connection: Connection) -> RunTool:
    return lambda inputs: hex_on(connection).call(TOOL, inputs)


def test_an_old_answer_is_not_taken_for_the_new_one(agent: Agent, ask: RunTool) -> None:
    for status, words in [("IDLE", "old"), ("IDLE", "old"), ("IDLE", "old"), ("RUNNING", "old"), ("IDLE", "new")]:
        agent.says(status, words)

    outputs = ask({"prompt": "And now?", "threadId": THREAD})

    assert outputs["text"] == "new"
    assert "warnings" not in outputs


def test_an_answer_that_came_between_two_looks_is_seen(agent: Agent, ask: RunTool) -> None:
    for words in ("old", "old", "new"):
        agent.says("IDLE", words)

    assert ask({"prompt": "And now?", "threadId": THREAD})["text"] == "new"


def test_a_new_thread_that_looks_idle_before_it_begins_is_waited_for(agent: Agent, ask: RunTool) -> None:
    for status, words in [("IDLE", None), ("RUNNING", None), ("IDLE", "42")]:
        agent.says(status, words)

    assert ask({"prompt": "What is it?"})["text"] == "42"


def test_an_answer_that_stays_the_same_is_given_with_a_note(agent: Agent, ask: RunTool, clock: DrivenClock) -> None:
    agent.says("IDLE", "42")

    outputs = ask({"prompt": "Sure?", "threadId": THREAD})

    assert outputs["text"] == "42"
    assert [warning["warning"] for warning in outputs["warnings"]] == ["answer_unchanged"]
    assert 30 <= clock.monotonic() <= 45


def test_faults_while_waiting_are_sat_out(agent: Agent, ask: RunTool) -> None:
    agent.says("RUNNING", None)
    agent.fails(502, times=7)
    agent.says("IDLE", "42")

    assert ask({"prompt": "What is it?"})["text"] == "42"


def test_a_thread_that_can_no_longer_be_read_is_an_error_with_its_place(agent: Agent, ask: RunTool) -> None:
    agent.fails(403)

    with pytest.raises(HexError) as failure:
        ask({"prompt": "What is it?"})

    assert failure.value.key == "answer_unfollowed"
    assert failure.value.values["url"] == URL


def test_a_question_whose_fate_is_unknown_is_not_asked_twice(ask: RunTool, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v1/threads", "POST").respond_with_data("x", status=502)

    with pytest.raises(HexError) as failure:
        ask({"prompt": "What is it?"})

    assert failure.value.kind == "down"
    assert len(httpserver.log) == 1
