"""The trigger: each run that has ended once, none missed, silent about what was there before."""

from __future__ import annotations

from typing import Any

import pytest

from hex_blocks.sandbox import Sandbox
from hex_blocks.sandbox.model import Plan, Run
from tests.hosts.n8n.conftest import Engine, Refused, use

REPORT = "01234567-89ab-cdef-0123-456789abcdef"
EVENTS = ["runCompleted", "runErrored", "runKilled", "runNoKernel"]


class Watch:
    """The trigger of a workflow that is active: what it wants kept is given back at its next poll."""

    def __init__(self, engine: Engine, **parameters: Any) -> None:
        self.engine = engine
        self.parameters = {"projectIds": [REPORT], "events": EVENTS, **parameters}
        self.kept: dict[str, Any] = {}

    def poll(self, **options: Any) -> list[dict[str, Any]] | None:
        done = self.engine.ask("poll", parameters=self.parameters, staticData=self.kept, **options)
        self.kept = done["staticData"]
        items: list[dict[str, Any]] | None = done["items"]
        return items


def end_runs(sandbox: Sandbox, count: int, project: str = "Revenue report") -> list[str]:
    """Let runs begin and end; give their IDs, in the order of their ends."""
    world, ada = sandbox.world, sandbox.world.user("Ada Okafor").id
    known = world.project(project)
    made = []
    for number in range(count):
        at, plan = sandbox.clock.time() + number / 100, Plan(pending=0.1, running=1)
        run = Run(id=world.new_id(), project_id=known.id, caller=ada, version=1, created_at=at, plan=plan)
        made.append(world.add(run).id)
    sandbox.clock.wait(5)
    return made


def test_the_first_poll_is_silent_and_the_next_tells_what_ended_since(n8n, sandbox):
    watch = Watch(n8n)

    first = watch.poll()
    ended = end_runs(sandbox, 3)
    second = watch.poll()

    assert first is None
    assert second
    assert [each["runId"] for each in second] == ended
    assert {each["status"] for each in second} == {"COMPLETED"}
    assert watch.poll() is None


def test_a_hundred_ends_between_two_polls_are_all_told_in_order(n8n, sandbox):
    watch = Watch(n8n)
    watch.poll()

    ended = end_runs(sandbox, 120)

    assert [each["runId"] for each in watch.poll() or []] == ended


def test_a_restart_of_n8n_misses_and_repeats_nothing(n8n, sandbox):
    watch = Watch(n8n)
    watch.poll()
    before = end_runs(sandbox, 2)
    told = watch.poll()
    after = end_runs(sandbox, 2)

    restarted = Watch(n8n)
    restarted.kept = dict(watch.kept)

    assert [each["runId"] for each in told or []] == before
    assert [each["runId"] for each in restarted.poll() or []] == after


def test_only_the_events_that_are_asked_for_start_the_workflow(n8n, sandbox):
    watch = Watch(n8n, events=["runErrored"])
    watch.poll()

    end_runs(sandbox, 1)

    assert watch.poll() is None


def test_a_poll_that_fails_is_told_and_loses_nothing(n8n, sandbox):
    watch = Watch(n8n)
    watch.poll()
    ended = end_runs(sandbox, 1)
    use(n8n, sandbox, token="hxtp_nobody")

    with pytest.raises(Refused) as caught:
        watch.poll()
    use(n8n, sandbox)

    assert caught.value.said["description"].endswith("[token_refused]")
    assert [each["runId"] for each in watch.poll() or []] == ended


def test_trying_it_out_gives_the_latest_run_and_keeps_no_place(n8n, sandbox):
    newest = end_runs(sandbox, 3)[-1]
    watch = Watch(n8n, simplify=False)

    [tried] = watch.poll(mode="manual") or []

    assert tried["runId"] == newest
    assert "notifications" in tried
    assert watch.kept == {}


@pytest.mark.parametrize("given", [[], "", None])
def test_a_trigger_without_a_project_says_so(given, n8n):
    with pytest.raises(Refused, match="Choose at least one project"):
        Watch(n8n, projectIds=given).poll()
