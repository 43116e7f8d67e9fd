"""Triggers as the triggerer uses them."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

import pytest

from hex_blocks.hosts.airflow import HexRunsFinishedTrigger, HexRunTrigger
from hex_blocks.hosts.airflow.trigger import HexRunsTrigger
from hex_blocks.hosts.engines.clients import client_for
from hex_blocks.sandbox import TOKENS
from hex_blocks.sandbox.model import Plan
from tests.faulty import Faulty, pass_on, reply, reset, when


@pytest.fixture
def run(sandbox, project) -> dict[str, Any]:
    """A run that goes on until it is cancelled."""
    sandbox.world.project("Quick check").plan = Plan(2, None)
    return client_for(TOKENS.personal, sandbox.base_url).call("hex_run_project", {"projectId": project})


def trigger_for(run: dict[str, Any], clock: Any, **options: Any) -> HexRunTrigger:
    given = {"until": clock.time() + 3600, "check_interval": 5.0, **options}
    return HexRunTrigger(hex_conn_id="hex_default", project_id=run["projectId"], run_id=run["runId"], **given)


def events(trigger: Any) -> list[Any]:
    async def collect() -> list[Any]:
        return [event.payload async for event in trigger.run()]

    return asyncio.run(collect())


def end(sandbox: Any, run: dict[str, Any], status: str = "COMPLETED") -> None:
    sandbox.world.runs(run["projectId"])[0].plan = Plan(0, 0, status)


def test_a_trigger_is_made_anew_from_plain_json_without_the_token(run, clock):
    path, options = trigger_for(run, clock).serialize()

    assert path == "hex_blocks.hosts.airflow.trigger.HexRunTrigger"
    assert json.loads(json.dumps(options)) == options
    assert TOKENS.personal not in json.dumps(options)
    assert HexRunTrigger(**options).serialize() == (path, options)


def test_several_runs_are_made_anew_too(run, clock):
    runs = [[run["projectId"], run["runId"]]]
    path, options = HexRunsTrigger(hex_conn_id="hex_default", runs=runs, until=clock.time(), done=3).serialize()

    assert HexRunsTrigger(**options).serialize() == (path, json.loads(json.dumps(options)))


@pytest.mark.parametrize("status", ["COMPLETED", "ERRORED", "KILLED"])
def test_the_end_of_a_run_is_told(status, run, sandbox, clock):
    end(sandbox, run, status)

    (event,) = events(trigger_for(run, clock))

    assert (event["status"], event["run"]["status"]) == ("ended", status)
    assert json.loads(json.dumps(event)) == event


@pytest.mark.parametrize(("cancel", "status"), [(True, "KILLED"), (False, "RUNNING")])
def test_time_that_is_over_is_told(cancel, status, run, sandbox, clock):
    (event,) = events(trigger_for(run, clock, until=clock.time() + 30, cancel_on_timeout=cancel))

    assert (event["status"], event["run"]["status"], event["cancelled"]) == ("timeout", status, cancel)


def test_polls_that_fail_are_borne(run, sandbox, clock, monkeypatch):
    end(sandbox, run)
    with Faulty(when("GET"), upstream=sandbox.origin) as proxy:
        proxy.play(reset, reply(500, b""), reply(502, b"<html>"), reset, reset, reset, reset, pass_on)
        monkeypatch.setenv("HEX_BLOCKS_ALLOWED_HOSTS", proxy.origin)
        connection = {"conn_type": "hex", "password": TOKENS.personal, "host": proxy.origin}
        monkeypatch.setenv("AIRFLOW_CONN_HEX_DEFAULT", json.dumps(connection))

        (event,) = events(trigger_for(run, clock))

    assert (event["status"], event["run"]["status"]) == ("ended", "COMPLETED")


def test_a_run_that_is_gone_is_told(run, clock):
    gone = run | {"runId": "00000000-0000-4000-8000-000000000000"}

    (event,) = events(trigger_for(gone, clock))

    assert event["status"] == "unfollowed"


def status_of(sandbox: Any, run: dict[str, Any], clock: Any) -> str:
    return str(sandbox.world.runs(run["projectId"])[0].state(clock.time()).status)


def cancel_task(trigger: Any, *, kill: bool) -> None:
    """End a trigger as the triggerer does: at its own end it only cancels, at a user's it also calls on_kill."""

    async def begin_and_end() -> None:
        async def consume() -> None:
            async for _ in trigger.run():
                pass

        task = asyncio.create_task(consume())
        await asyncio.sleep(0.3)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if kill:
            await trigger.on_kill()
        await trigger.cleanup()

    asyncio.run(begin_and_end())


def test_a_triggerer_that_ends_leaves_the_run(run, sandbox, clock):
    cancel_task(trigger_for(run, clock), kill=False)

    assert status_of(sandbox, run, clock) == "RUNNING"


@pytest.mark.parametrize(("wanted", "status"), [(True, "KILLED"), (False, "RUNNING")])
def test_a_user_who_ends_the_task_ends_the_run(wanted, status, run, sandbox, clock):
    cancel_task(trigger_for(run, clock, cancel_on_kill=wanted), kill=True)

    assert status_of(sandbox, run, clock) == status


@pytest.mark.parametrize(("state", "status"), [("deferred", "RUNNING"), ("failed", "KILLED"), (None, "KILLED")])
def test_a_trigger_that_was_handed_over_leaves_the_run(state, status, run, sandbox, clock, monkeypatch):
    monkeypatch.setattr("hex_blocks.hosts.airflow.trigger._states_of", lambda instance: [state])
    trigger = trigger_for(run, clock)
    trigger._task_instance = object()

    cancel_task(trigger, kill=True)

    assert status_of(sandbox, run, clock) == status


def test_a_cancellation_is_carried_through_though_airflow_cancels_the_trigger_again(run, sandbox, clock, monkeypatch):
    """Its supervisor names a trigger that is to end anew at each turn, until it has ended."""
    asked = threading.Event()

    def slow(instance):
        asked.set()
        time.sleep(0.5)
        return ["failed"]

    monkeypatch.setattr("hex_blocks.hosts.airflow.trigger._states_of", slow)
    trigger = trigger_for(run, clock)
    trigger._task_instance = object()

    async def end_twice() -> None:
        ending = asyncio.create_task(trigger.on_kill())
        while not asked.is_set():
            await asyncio.sleep(0.01)
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)
        for _ in range(100):
            if status_of(sandbox, run, clock) == "KILLED":
                return
            await asyncio.sleep(0.05)

    asyncio.run(end_twice())

    assert status_of(sandbox, run, clock) == "KILLED"


def test_a_watcher_tells_each_run_that_ends_once(sandbox, project, clock):
    trigger = HexRunsFinishedTrigger(project_ids=[project], check_interval=5.0)
    path, options = trigger.serialize()
    hex = client_for(TOKENS.personal, sandbox.base_url)
    kept: dict[str, str] = {}

    class Store:
        async def aget(self, key: str) -> str | None:
            return kept.get(key)

        async def aset(self, key: str, value: str) -> None:
            kept[key] = value

    async def watch(count: int) -> list[str]:
        watching = HexRunsFinishedTrigger(**options)
        watching.asset_state_store = Store()
        found: list[str] = []
        if not kept:
            # The first look only takes note of where the list begins.
            first = asyncio.create_task(anext(watching.run()))
            while not kept:
                await asyncio.sleep(0.05)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            return found
        async for event in watching.run():
            found.append(event.payload["runId"])
            if len(found) == count:
                return found
        return found

    asyncio.run(watch(0))
    runs = [hex.call("hex_run_and_wait", {"projectId": project})["runId"] for _ in range(2)]
    told = asyncio.run(asyncio.wait_for(watch(2), 20))

    assert path.endswith("HexRunsFinishedTrigger")
    assert sorted(told) == sorted(runs)
