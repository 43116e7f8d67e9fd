"""Starts that Hex does not take for now: the task waits for its turn, and fails by it only when its time is over."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from hex_blocks.clock import FastClock
from hex_blocks.hosts.airflow.trigger import HexTurnTrigger
from hex_blocks.sandbox import TOKENS
from tests.faulty import Faulty, pass_on, reply, when

BOTH = pytest.mark.parametrize("deferrable", [False, True])
LATER = reply(429, {}, {"Retry-After": "90"})


@pytest.fixture
def clock() -> FastClock:
    """A clock with which minutes pass while Airflow runs a task."""
    return FastClock(200)


@pytest.fixture
def refusing(sandbox, project, monkeypatch):
    """Hex, which takes no start for a while: refusing(act, …) says how it refuses them, one after the other."""
    with Faulty(pass_on, upstream=sandbox.origin) as proxy:
        monkeypatch.setenv("HEX_BLOCKS_ALLOWED_HOSTS", proxy.origin)
        connection = {"conn_type": "hex", "password": TOKENS.personal, "host": proxy.origin}
        monkeypatch.setenv("AIRFLOW_CONN_HEX_DEFAULT", json.dumps(connection))
        yield lambda *acts: proxy.play(when("POST", *acts))


@pytest.fixture
def left(monkeypatch) -> list[float]:
    """The moments that were waited for in the triggerer."""
    moments = []
    run = HexTurnTrigger.run

    def noted(trigger):
        moments.append(trigger.at)
        return run(trigger)

    monkeypatch.setattr(HexTurnTrigger, "run", noted)
    return moments


@BOTH
def test_a_start_that_hex_refuses_is_made_when_its_turn_comes(deferrable, run_dag, refusing, project, started, left):
    refusing(LATER, reply(503, {"reason": "No kernel is free."}), LATER)

    done = run_dag(f"HexRunProjectOperator(task_id='a', project_id=PROJECT, deferrable={deferrable})")

    assert done.state == "success"
    assert started() == 1
    assert bool(left) == deferrable


@BOTH
def test_a_task_whose_time_is_over_before_its_turn_fails(deferrable, run_dag, refusing, project, started):
    refusing(*[LATER] * 20)

    done = run_dag(f"HexRunProjectOperator(task_id='a', project_id=PROJECT, deferrable={deferrable}, timeout=200)")

    assert done.state == "failed"
    assert started() == 0


def test_the_wait_for_a_turn_is_made_anew_from_plain_json(sandbox, clock):
    path, options = HexTurnTrigger(hex_conn_id="hex_default", at=clock.time() + 60, told={"refusals": 1}).serialize()
    again = HexTurnTrigger(**json.loads(json.dumps(options)))

    async def wait() -> tuple[float, Any]:
        event = await anext(again.run())
        return clock.time(), event.payload

    now, told = asyncio.run(wait())
    assert path == "hex_blocks.hosts.airflow.trigger.HexTurnTrigger"
    assert now >= options["at"]
    assert told == {"status": "turn", "refusals": 1}


@BOTH
def test_a_batch_of_more_sets_than_hex_takes_now_is_made_as_it_takes_them(
    deferrable, run_dag, refusing, project, started, left
):
    """Deferred, the task leaves the wait for Hex to the triggerer."""
    refusing(pass_on, pass_on, reply(429, {}, {"Retry-After": "900"}))

    done = run_dag(
        f"""
        HexRunBatchOperator(task_id="a", project_id=PROJECT, parameter_sets=[{{"n": n}} for n in range(4)],
                            deferrable={deferrable})
        """
    )

    assert done.state == "success"
    assert started() == 4
    assert bool(left) == deferrable
