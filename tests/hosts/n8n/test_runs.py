"""Runs that are waited for: many at once, to their end or a deadline, over tries of the node and lost answers."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from hex_blocks.clock import FastClock
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.faulty import Faulty, lost, when
from tests.hosts.n8n.conftest import SPEED, Engine, use, workflow

REPORT = "01234567-89ab-cdef-0123-456789abcdef"
RETRY: dict[str, Any] = {"retryOnFail": True, "maxTries": 3, "waitBetweenTries": 1}


def by_id(value: str) -> dict[str, Any]:
    return {"__rl": True, "mode": "id", "value": value}


def starts(sandbox: Sandbox) -> list[Any]:
    return [each for each in sandbox.requests if each.operation_id == "RunProject" and each.status == 201]


def documents(done: Any, output: int = 0) -> list[Any]:
    assert done["status"] == "success", done["error"]
    return [item["json"] for item in done["outputs"]["Hex"][0][output]]


def run_items(engine: Engine, items: list[Any], parameters: Any = None, **settings: Any) -> Any:
    given = {"projectId": by_id("={{ $json.project }}"), **(parameters or {})}
    return engine.ask("run", workflow=workflow("runProject", given, items, **settings))


def test_thirty_items_end_within_hexs_real_limits(engine):
    with Sandbox(clock=FastClock(SPEED)) as sandbox:
        use(engine, sandbox)

        done = run_items(engine, [{"project": REPORT}] * 30, {"options": {"maxParallel": 25, "timeout": 3600}})

        assert [each["status"] for each in documents(done)] == ["COMPLETED"] * 30
        assert len({each["runId"] for each in documents(done)}) == 30
        assert len(starts(sandbox)) == 30


def test_runs_of_a_project_are_followed_together(n8n, sandbox):
    run_items(n8n, [{"project": REPORT}] * 10, {"options": {"maxParallel": 10}})

    looked = [each.operation_id for each in sandbox.requests if each.operation_id != "RunProject"]
    assert len(looked) < 25, looked


@pytest.mark.parametrize(("most", "together"), [(1, 1), (4, 4)])
def test_no_more_items_are_worked_on_at_once_than_asked_for(most, together, n8n, sandbox):
    slow = sandbox.world.project("Revenue report")

    run_items(n8n, [{"project": slow.id}] * 6, {"options": {"maxParallel": most}})

    runs = sandbox.world.runs(slow.id)[:6]
    spans = [(run.created_at, run.created_at + 6) for run in runs]
    overlapping = max(sum(begin < other_end and other < end for other, other_end in spans) for begin, end in spans)
    assert overlapping <= together


def test_a_wait_ends_at_its_own_deadline_and_the_run_keeps_running(n8n, sandbox):
    endless = sandbox.world.project("Endless simulation").id

    done = run_items(n8n, [{"project": endless}], {"options": {"timeout": 12}}, onError="continueErrorOutput")

    [failed] = documents(done, 1)
    assert failed["error"]["errorKey"] == "run_timeout"
    assert failed["error"]["runUrl"]
    assert sandbox.world.runs(endless)[0].state(sandbox.clock.time()).status == "RUNNING"


def test_a_workflow_that_is_stopped_stops_waiting(n8n, sandbox):
    endless = sandbox.world.project("Endless simulation").id
    flow = workflow("runProject", {"projectId": by_id(endless)})
    began = time.monotonic()

    done = n8n.ask("run", workflow=flow, cancelAfter=500)

    assert done["status"] == "canceled"
    assert time.monotonic() - began < 20
    asked = len(sandbox.requests)
    time.sleep(1)
    assert len(sandbox.requests) == asked


def test_a_try_after_a_wait_that_was_too_short_follows_the_same_run(n8n, sandbox):
    slow = sandbox.world.project("Revenue report").id

    done = run_items(n8n, [{"project": slow}], {"options": {"timeout": 6}}, **RETRY)

    assert len(starts(sandbox)) == 1
    assert documents(done)[0]["status"] == "COMPLETED"


def test_a_try_after_another_item_failed_keeps_the_runs_that_are_done(n8n, sandbox):
    unknown = "11111111-1111-4111-8111-111111111111"

    done = run_items(n8n, [{"project": REPORT}, {"project": unknown}], {"options": {"maxParallel": 1}}, **RETRY)

    assert done["status"] == "error"
    assert len(starts(sandbox)) == 1


def test_a_try_after_a_run_that_failed_is_a_run_of_its_own(n8n, sandbox):
    broken = sandbox.world.project("Broken import").id

    run_items(n8n, [{"project": broken}], **RETRY)

    assert len(starts(sandbox)) == 3


def test_two_executions_are_two_runs(n8n, sandbox):
    for _ in range(2):
        run_items(n8n, [{"project": REPORT}])

    assert len(starts(sandbox)) == 2


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize("settings", [{}, RETRY])
def test_a_start_whose_answer_is_lost_is_one_run(waits, settings, engine, sandbox):
    with Faulty(when("POST", lost), upstream=sandbox.origin) as proxy:
        engine.ask("credentials", values={"apiKey": TOKENS.personal, "region": "custom", "baseUrl": proxy.base_url})
        done = run_items(engine, [{"project": REPORT}], {"waitForCompletion": waits}, **settings)

    assert len(starts(sandbox)) == 1
    [document] = documents(done)
    assert document["runId"] == sandbox.world.runs(REPORT)[0].id


def test_a_minute_of_throttling_is_waited_out(engine):
    with Sandbox(clock=FastClock(SPEED), limits={"hex-api": ((6, 60.0),)}) as sandbox:
        use(engine, sandbox)

        done = run_items(engine, [{"project": REPORT}] * 3, {"options": {"timeout": 900}})

        assert [each["status"] for each in documents(done)] == ["COMPLETED"] * 3


def test_no_token_is_in_what_n8n_stores_or_logs(n8n, sandbox):
    broken = sandbox.world.project("Broken import").id

    done = run_items(n8n, [{"project": REPORT}, {"project": broken}], onError="continueRegularOutput")

    assert TOKENS.personal not in json.dumps(done) + n8n.log.read_text()
