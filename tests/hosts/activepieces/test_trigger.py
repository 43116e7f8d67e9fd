"""The trigger: each run that ends once, none missed, over new versions of the flow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hex_blocks.sandbox import Sandbox
from tests.hosts.activepieces.conftest import Failed, Piece
from tests.hosts.driven import REPORT, begin, connect

PLACE = "hex_run_finished"


class Flow:
    """A flow with the trigger."""

    def __init__(self, piece: Piece, name: str, **props: Any) -> None:
        self.piece = piece
        self.name = name
        self.props = {"projectIds": [REPORT], **props}

    def call(self, hook: str) -> Any:
        return self.piece.watch(hook, self.props, flow=self.name)

    def poll(self) -> list[str]:
        return [each["runId"] for each in self.call("run")]


@pytest.fixture
def flow(hex_: Piece, request: pytest.FixtureRequest) -> Flow:
    made = Flow(hex_, request.node.name)
    made.call("onEnable")
    return made


def test_a_hundred_polls_tell_each_end_once_and_in_order(flow: Flow, sandbox: Sandbox) -> None:
    late = begin(sandbox, running=120)
    begun, told = [], []

    for number in range(100):
        begun += [begin(sandbox) for _ in range(number % 3)]
        told += flow.poll()
    sandbox.clock.wait(130)
    told += flow.poll()

    assert sorted(told) == sorted([*begun, late])
    assert flow.poll() == []


def test_what_ended_before_is_not_told(flow: Flow, sandbox: Sandbox) -> None:
    assert flow.poll() == []


def test_a_new_version_of_the_flow_goes_on_where_the_old_one_was(flow: Flow, sandbox: Sandbox) -> None:
    flow.call("onDisable")
    between = [begin(sandbox) for _ in range(3)]
    sandbox.clock.wait(10)

    flow.call("onEnable")

    assert sorted(flow.poll()) == sorted(between)
    assert flow.poll() == []


def test_a_burst_of_ends_is_told_whole(flow: Flow, sandbox: Sandbox) -> None:
    ended = [begin(sandbox) for _ in range(230)]
    sandbox.clock.wait(10)

    assert sorted(flow.poll()) == sorted(ended)


def test_a_poll_that_fails_loses_nothing(flow: Flow, sandbox: Sandbox) -> None:
    ended = begin(sandbox)
    sandbox.clock.wait(10)
    connect(flow.piece, sandbox, token="hxtp_nobody_at_all_0123456789")
    with pytest.raises(Failed, match="token_refused"):
        flow.poll()
    connect(flow.piece, sandbox)

    assert flow.poll() == [ended]


def test_two_flows_have_places_of_their_own(flow: Flow, sandbox: Sandbox) -> None:
    other = Flow(flow.piece, "another flow")
    other.call("onEnable")
    ended = begin(sandbox)
    sandbox.clock.wait(10)

    assert flow.poll() == other.poll() == [ended]


def test_a_place_of_another_version_is_read_by_its_time(flow: Flow, sandbox: Sandbox) -> None:
    ended = begin(sandbox)
    sandbox.clock.wait(10)
    kept = json.loads(flow.piece.ask("kept", flow=flow.name)[PLACE])
    flow.piece.ask("keep", flow=flow.name, key=PLACE, value={**kept, "cursor": "of another version"})

    assert ended in flow.poll()
    assert flow.poll() == []


def test_only_the_ends_that_are_asked_for_are_told(hex_: Piece, sandbox: Sandbox) -> None:
    flow = Flow(hex_, "errors", statuses=["ERRORED"])
    flow.call("onEnable")
    begin(sandbox)
    sandbox.clock.wait(10)

    assert flow.poll() == []


def test_trying_it_out_gives_five_runs_and_keeps_no_place(hex_: Piece) -> None:
    flow = Flow(hex_, "tried")

    tried = flow.call("test")

    assert len(tried) == 5
    assert all(each["status"] != "RUNNING" for each in tried)
    assert [each["endTime"] for each in tried] == sorted((each["endTime"] for each in tried), reverse=True)
    assert PLACE not in hex_.ask("kept", flow="tried")


@pytest.mark.parametrize("hook", ["onEnable", "run"])
@pytest.mark.parametrize("projects", [None, [], "", ["no ID"], [None], [REPORT, "../x"], 7])
def test_projects_that_are_none_are_told(projects: Any, hook: str, hex_: Piece, sandbox: Sandbox) -> None:
    with pytest.raises(Failed) as caught:
        Flow(hex_, f"none of {projects}", projectIds=projects).call(hook)

    assert caught.value.key == "bad_inputs"
    assert sandbox.requests == []


@pytest.mark.parametrize("statuses", [None, [], "COMPLETED", ["COMPLETED", "ERRORED"]])
def test_statuses_may_be_a_list_or_nothing(statuses: Any, hex_: Piece) -> None:
    assert Flow(hex_, f"statuses {statuses}", statuses=statuses).call("test")
