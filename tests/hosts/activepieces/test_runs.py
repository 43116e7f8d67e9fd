"""Runs that a step starts and waits for: ends, waits that are cut, tries after the first one, loops."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.clock import FastClock
from hex_blocks.sandbox import Sandbox
from tests.faulty import Exchange, Faulty, done_then, lost, pass_on, reply, silence, when
from tests.hosts.activepieces.conftest import SPEED, Failed, Piece
from tests.hosts.driven import REPORT, connect

STARTS = {"projectId": REPORT}


def starts(sandbox: Sandbox) -> list[Any]:
    return [each for each in sandbox.requests if each.operation_id == "RunProject" and each.status == 201]


def project(sandbox: Sandbox, title: str) -> str:
    return str(sandbox.world.project(title).id)


def kept(piece: Piece) -> dict[str, str]:
    found: dict[str, str] = piece.ask("kept", flow="flow")
    return {key: value for key, value in found.items() if key.startswith("hex_start")}


def until(right: Callable[[], Any]) -> None:
    end = time.monotonic() + 30
    while not right():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_run_that_fails_fails_the_step(hex_: Piece, sandbox: Sandbox) -> None:
    with pytest.raises(Failed) as caught:
        hex_.run("run_and_wait", {"projectId": project(sandbox, "Broken import")})

    assert caught.value.key == "run_errored"
    assert caught.value.said["runUrl"] in str(caught.value)


@pytest.mark.parametrize("action", ["run_and_wait", "wait_for_run"])
def test_a_run_that_fails_is_a_document_where_that_is_wanted(action: str, hex_: Piece, sandbox: Sandbox) -> None:
    given = {"projectId": project(sandbox, "Broken import"), "failOnRunError": False}
    run = hex_.run("run_and_wait", given)
    document = hex_.run("wait_for_run", {**given, "runId": run["runId"]}) if action == "wait_for_run" else run

    assert set(document) == {"projectId", "runId", "runUrl", "status"}
    assert document["status"] == "ERRORED"


def test_a_wait_that_is_cut_gives_the_run_and_how_to_go_on(hex_: Piece, sandbox: Sandbox) -> None:
    cut = hex_.run("run_and_wait", {"projectId": project(sandbox, "Endless simulation"), "timeout": 7})
    again = hex_.run("wait_for_run", {"projectId": cut["projectId"], "runId": cut["runId"], "timeout": 7})

    for document in (cut, again):
        assert document["status"] == "RUNNING"
        assert document["runUrl"] in document["message"]
        assert "hex_get_run_status" in document["message"]
    assert cut["idempotencyKey"]
    assert cut["runId"] == again["runId"]
    assert len(starts(sandbox)) == 1
    assert not kept(hex_)


@pytest.fixture
def timely_sandbox() -> Iterator[Sandbox]:
    """A sandbox whose time passes as that of the piece."""
    with Sandbox(limits=False) as made:
        yield made


def test_an_answer_that_takes_longer_is_told_with_its_thread(running: Piece, timely_sandbox: Sandbox) -> None:
    connect(running, timely_sandbox)

    document = running.run("ask", {"prompt": "Take your time over this one.", "timeout": 1})

    assert document["status"] == "RUNNING"
    assert document["threadId"] in document["message"]


def test_no_wait_is_longer_than_a_flow(hex_: Piece, sandbox: Sandbox) -> None:
    assert hex_.run("run_and_wait", {**STARTS, "timeout": 86_400})["status"] == "COMPLETED"
    with pytest.raises(Failed, match="timeout"):
        hex_.run("run_and_wait", {**STARTS, "timeout": "soon"})


def test_a_loop_starts_as_many_runs_as_it_has_rounds(hex_: Piece, sandbox: Sandbox) -> None:
    runs = {hex_.run("run_project", STARTS)["runId"] for _ in range(3)}

    assert len(runs) == len(starts(sandbox)) == 3
    assert not kept(hex_)


def test_a_lost_answer_is_one_run(running: Piece, timely_sandbox: Sandbox) -> None:
    with Faulty(when("POST", lost), upstream=timely_sandbox.origin) as between:
        behind(running, timely_sandbox, between)
        document = running.run("run_project", STARTS)

    assert document["runId"] == timely_sandbox.world.runs(REPORT)[0].id
    assert len(starts(timely_sandbox)) == 1


def test_tries_that_learn_nothing_leave_the_start_to_the_next(running: Piece, timely_sandbox: Sandbox) -> None:
    def lost_and_nothing_listed(exchange: Exchange) -> None:
        (lost if exchange.request.method == "POST" else reply(502))(exchange)

    with Faulty(lost_and_nothing_listed, upstream=timely_sandbox.origin) as between:
        behind(running, timely_sandbox, between)
        for _ in range(2):
            with pytest.raises(Failed):
                running.run("run_project", STARTS)
        between.play(pass_on)
        document = running.run("run_project", STARTS)

    assert document["runId"] == timely_sandbox.world.runs(REPORT)[0].id
    assert len(starts(timely_sandbox)) == 1
    assert not kept(running)


def behind(piece: Piece, sandbox: Sandbox, between: Faulty) -> None:
    """Connect to a sandbox through a server that may do wrong."""
    connect(piece, sandbox)
    piece.allowed = [between.origin]
    piece.auth["baseUrl"] = between.base_url


@pytest.mark.parametrize("action", ["run_project", "run_and_wait"])
def test_a_step_that_was_killed_before_the_answer_came_starts_no_second_run(
    action: str, piece: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    with Faulty(when("POST", done_then(silence)), upstream=sandbox.origin) as between:
        first = Piece(piece, tmp_path / "first.txt", tmp_path / "database.json")
        behind(first, sandbox, between)
        first.begin("action", name=action, props=STARTS)
        until(lambda: starts(sandbox))
        first.kill()
        second = Piece(piece, tmp_path / "second.txt", tmp_path / "database.json")
        behind(second, sandbox, between)
        document = second.run(action, STARTS)
        left = kept(second)
        second.stop()

    assert document["runId"] == sandbox.world.runs(REPORT)[0].id
    assert len(starts(sandbox)) == 1
    assert not left


def test_a_step_that_was_killed_in_its_wait_is_waited_on_by_the_next_try(
    piece: Path, timely_sandbox: Sandbox, tmp_path: Path
) -> None:
    first = Piece(piece, tmp_path / "first.txt", tmp_path / "database.json")
    connect(first, timely_sandbox)
    first.begin("action", name="run_and_wait", props=STARTS)
    until(lambda: starts(timely_sandbox) and any("runId" in value for value in database(tmp_path)))
    first.kill()
    second = Piece(piece, tmp_path / "second.txt", tmp_path / "database.json")
    connect(second, timely_sandbox)
    document = second.run("run_and_wait", STARTS)
    second.stop()

    assert document["status"] == "COMPLETED"
    assert len(starts(timely_sandbox)) == 1


def database(folder: Path) -> list[str]:
    """Return what flows keep of runs that are known."""
    kept_by_flow = json.loads((folder / "database.json").read_text())
    return [value for values in kept_by_flow.values() for value in values.values() if '"runId":"' in value]


def test_a_try_after_a_run_that_failed_is_a_run_of_its_own(hex_: Piece, sandbox: Sandbox) -> None:
    broken = project(sandbox, "Broken import")
    for _ in range(2):
        with pytest.raises(Failed, match="run_errored"):
            hex_.run("run_and_wait", {"projectId": broken})

    assert len(starts(sandbox)) == 2


def test_runs_stay_within_hexs_real_limits(running: Piece) -> None:
    with Sandbox(clock=FastClock(SPEED)) as sandbox:
        connect(running, sandbox)
        found = [running.run("run_project", STARTS)["runId"] for _ in range(5)]

    assert len(set(found)) == 5
