"""Starts of engines that Hex does not take for now."""

from __future__ import annotations

import pytest

from hex_blocks import Connection, Hex, HexError
from hex_blocks.hosts.engines.turns import Turn, start_in_turn
from hex_blocks.hosts.engines.work import Work
from hex_blocks.sandbox.model import Plan
from tests.calling import our_tools

TITLE = "Quick check"
HOUR = 3600.0


@pytest.fixture
def hex(hex_connection: Connection) -> Hex:
    return Hex(connection=hex_connection, tools=our_tools())


@pytest.fixture
def project(sandbox):
    sandbox.world.project(TITLE).plan = Plan(1, 10)
    return sandbox.world.project(TITLE).id


@pytest.mark.slow
def test_more_starts_than_hex_takes_in_an_hour_are_all_made(hex, sandbox, project, clock):
    before = len(sandbox.world.runs(project))
    began = clock.time()

    for number in range(65):
        assert start_in_turn(Work(hex, f"engine:{number}"), {"project_id": project}, Turn(began + 3 * HOUR))

    assert len(sandbox.world.runs(project)) - before == 65
    assert HOUR < clock.time() - began < HOUR + 300


@pytest.mark.slow
def test_whoever_may_leave_is_told_when_to_come_back(hex, project, clock):
    until = clock.time() + 3 * HOUR
    works = [Work(hex, f"engine:{number}") for number in range(61)]
    turns = [Turn(until) for _ in works]

    runs = [
        start_in_turn(work, {"project_id": project}, turn, leave=True) for work, turn in zip(works, turns, strict=True)
    ]

    assert runs.index(None) == 60
    assert HOUR / 2 < turns[60].at - clock.time() < HOUR
    clock.advance(turns[60].at - clock.time())
    assert start_in_turn(works[60], {"project_id": project}, turns[60], leave=True)


@pytest.mark.slow
def test_a_kernel_is_waited_for_with_longer_and_longer_pauses(hex, sandbox, project, clock):
    """Each refused start counts in Hex's limits, which are 60 in an hour."""
    sandbox.world.project(TITLE).plan = Plan(1, HOUR)
    for number in range(25):
        start_in_turn(Work(hex, f"engine:{number}"), {"project_id": project}, Turn(clock.time() + HOUR))
    before = len(sandbox.requests)

    assert start_in_turn(Work(hex, "engine:last"), {"project_id": project}, Turn(clock.time() + 2 * HOUR))

    starts = [each for each in sandbox.requests[before:] if each.method == "POST"]
    assert len(starts) < 35


@pytest.mark.slow
def test_a_start_that_is_never_taken_fails_when_its_time_is_over(hex, sandbox, project, clock):
    sandbox.world.project(TITLE).plan = Plan(1, None)
    for number in range(25):
        start_in_turn(Work(hex, f"engine:{number}"), {"project_id": project}, Turn(clock.time() + HOUR))
    until = clock.time() + 600

    with pytest.raises(HexError, match="kernel") as caught:
        start_in_turn(Work(hex, "engine:last"), {"project_id": project}, Turn(until))

    assert caught.value.key == "no_free_kernel"
    assert clock.time() <= until


def test_what_waiting_does_not_change_is_told_at_once(hex, clock):
    with pytest.raises(HexError) as caught:
        start_in_turn(Work(hex, "engine:a"), {"project_id": "no ID"}, Turn(clock.time() + HOUR))

    assert caught.value.kind == "input"
