"""Threads with the agent, who is not here and answers all the same."""

from __future__ import annotations

import pytest

from hex_blocks.sandbox import TOKENS

REPORT = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.fixture
def ask(ada):
    def begin(prompt, **more):
        reply = ada("POST", "/threads", json={"prompt": prompt, **more})
        assert reply.status_code == 200, reply.text
        return reply.json()

    return begin


def titles(caller, **query):
    return [thread["title"] for thread in caller.everything("/threads", "threads", **query)]


def test_a_thread_runs_and_then_answers(ask, ada, clock):
    path = f"/threads/{ask('How many orders?')['threadId']}"

    running = ada.get(path)
    clock.advance(5)
    idle = ada.get(path)

    assert (running["status"], running["response"], running["title"]) == ("RUNNING", None, None)
    assert (idle["status"], idle["error"], idle["title"]) == ("IDLE", None, "How many orders?")
    assert [part["type"] for part in idle["response"]] == ["task", "text"]


def test_an_answer_about_a_project_points_at_it(ask, ada, clock):
    started = ask("How many orders?", projectId=REPORT)
    clock.advance(5)

    parts = ada.get(f"/threads/{started['threadId']}")["response"]

    assert started["projectId"] == REPORT
    assert [part["type"] for part in parts] == ["task", "text", "project", "cell"]


def test_a_thread_may_bring_a_project_of_its_own(ask, ada):
    started = ask("How many orders?", newProject=True)

    assert ada.get(f"/projects/{started['projectId']}")["title"] == "How many orders?"


def test_a_prompt_can_be_made_to_end_in_an_error(ask, ada, clock):
    path = f"/threads/{ask('Please fail')['threadId']}"
    clock.advance(5)

    thread = ada.get(path)

    assert (thread["status"], thread["error"]["type"], thread["response"]) == ("ERROR", "AGENT_ERROR", None)


def test_a_thread_is_continued_only_when_it_is_idle(ask, ada, clock):
    path = f"/threads/{ask('How many orders?')['threadId']}"

    early = ada("POST", f"{path}/followup", json={"prompt": "And last year?"})
    clock.advance(5)
    later = ada("POST", f"{path}/followup", json={"prompt": "And last year?"})

    assert (early.status_code, later.status_code) == (400, 200)
    assert ada.get(path)["status"] == "RUNNING"


def test_messages_say_who_wrote_them(ask, ada, clock):
    path = f"/threads/{ask('How many orders?')['threadId']}"
    before = ada.get(f"{path}/messages")["content"]
    clock.advance(5)
    ada("POST", f"{path}/followup", json={"prompt": "Now fail"})
    clock.advance(5)

    texts = [message["text"] for message in ada.get(f"{path}/messages")["content"]]

    assert [message["text"] for message in before] == ["user: How many orders?"]
    assert [text.split()[0] for text in texts] == ["user:", "assistant:", "user:", "[error]"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"source": "SLACK"}, ["Which cohort stays longest?"]),
        ({"type": "NOTEBOOK"}, ["Are there duplicate orders?"]),
        ({"numDays": 2}, ["Forecast that fails", None]),
        ({"hasFeedback": "true"}, ["Are there duplicate orders?", "Why did revenue dip in March?"]),
        ({"roles": "MANAGER,EXPLORER"}, ["Which cohort stays longest?", "Why did revenue dip in March?"]),
        ({"warnings": "USER_DOUBT,OTHER"}, ["Are there duplicate orders?"]),
    ],
)
def test_threads_are_filtered(query, expected, ada):
    assert titles(ada, **query) == expected


def test_threads_are_filtered_by_user_and_topic(sandbox, ada):
    world = sandbox.world
    topic = {topic["name"]: topic["id"] for topic in ada.get("/context/topics")["topics"]}

    assert titles(ada, userId=world.user("Mara Silva").id) == ["Which cohort stays longest?"]
    assert titles(ada, topicIds=topic["Revenue"]) == ["Why did revenue dip in March?"]


def test_a_private_thread_is_somebody_elses(sandbox, ada, eli):
    private = sandbox.world.thread("Salaries by department").id

    assert ada.get(f"/threads/{private}")["title"] is None
    assert eli("GET", f"/threads/{private}").status_code == 404


def test_a_workspace_token_may_start_threads(callers):
    caller = callers(TOKENS.workspace)

    started = caller("POST", "/threads", json={"prompt": "How many orders?"}).json()

    assert caller.get(f"/threads/{started['threadId']}")["userId"] is None
