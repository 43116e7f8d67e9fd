"""Runs are started once: whatever is lost on the way, whoever else is at work, whatever the clocks say."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from hex_blocks import Connection, HexError, Registry
from hex_blocks.clock import DrivenClock
from hex_blocks.runs.record.configured import record_of
from hex_blocks.runs.record.sqlite import SqliteRecord
from hex_blocks.runs.record.store import Start
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan
from hex_blocks.tools.progress import Progress
from tests.calling import hex_on
from tests.conftest import WrongClock
from tests.faulty import (
    LOGIN_PAGE,
    Act,
    Exchange,
    Faulty,
    changed,
    done_then,
    end,
    lost,
    pass_on,
    reply,
    reset,
    silence,
    when,
)
from tests.starts import TITLE, StartIt, Through, appear, posts, warnings

# Keys


def test_a_repeated_key_gives_the_same_run_and_starts_nothing(
    sandbox: Sandbox, through: Through, start: StartIt, started: Callable[[], list[str]]
) -> None:
    first = start(through(when("POST")))
    again = start(through(when("POST")))

    assert first == again
    assert started() == [first["runId"]]
    assert posts(sandbox) == 1


def test_another_key_starts_another_run(through: Through, start: StartIt, started: Callable[[], list[str]]) -> None:
    connection = through(when("POST"))

    runs = [start(connection, key)["runId"] for key in ("monday", "tuesday")]

    assert started() == runs[::-1]


def test_no_key_starts_a_run_each_time(through: Through, start: StartIt, started: Callable[[], list[str]]) -> None:
    connection = through(when("POST"))

    runs = [start(connection, None)["runId"] for _ in range(3)]

    assert started() == runs[::-1]


@pytest.mark.parametrize("other", [{"useCachedSqlResults": False}, {"projectId": "other"}])
def test_a_key_that_stands_for_another_start_is_refused(
    other: dict[str, Any], sandbox: Sandbox, through: Through, start: StartIt
) -> None:
    if "projectId" in other:
        other = {"projectId": sandbox.world.project("Revenue report").id}
    connection = through(when("POST"))
    start(connection)

    with pytest.raises(HexError) as caught:
        start(connection, **other)

    assert caught.value.key == "key_reused"
    assert posts(sandbox) == 1


def test_a_dry_run_takes_no_key(through: Through, start: StartIt, started: Callable[[], list[str]]) -> None:
    connection = through(when("POST"))

    result = start(connection, dryRun=True)

    assert warnings(result) == ["nothing_ran"]
    assert record_of(connection).find(connection.base_url, "daily") is None
    assert started() == []


@pytest.mark.parametrize("status", [400, 401, 403, 422, 429, 503])
def test_a_start_that_hex_refused_leaves_its_key_free(
    status: int, through: Through, start: StartIt, started: Callable[[], list[str]]
) -> None:
    connection = through(when("POST", reply(status, {"reason": "no"}, {"Retry-After": "100"})))

    with pytest.raises(HexError):
        start(connection)

    assert record_of(connection).find(connection.base_url, "daily") is None
    connection.clock.wait(101)
    assert start(connection)["runId"] == started()[0]


BLOCKED = b"<html>Blocked by the firewall</html>"


@pytest.mark.parametrize("key", ["daily", None])
@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 421, 422, 451])
def test_what_somebody_before_hex_refuses_may_have_been_started(
    status: int, key: str | None, through: Through, start: StartIt, started: Callable[[], list[str]]
) -> None:
    connection = through(when("POST", done_then(reply(status, BLOCKED, kind="text/html"))))

    result = start(connection, key)

    assert [result["runId"]] == started()
    assert warnings(result) == ["start_recovered"]


def test_where_nothing_is_listed_either_the_refusal_is_told(
    through: Through, start: StartIt, started: Callable[[], list[str]]
) -> None:
    start(through(when("POST")), "to know the project")
    blocked = reply(404, BLOCKED, kind="text/html")

    def act(exchange: Exchange) -> None:
        (done_then(blocked) if exchange.request.method == "POST" else blocked)(exchange)

    connection = through(act)
    with pytest.raises(HexError) as caught:
        start(connection, None)

    assert (caught.value.status, caught.value.by_hex) == (404, False)
    assert len(started()) == 2


# Lost answers

NEVER_CAME: dict[str, Act] = {
    "reset": reset,
    "end": end,
    "silence": silence,
    "500": reply(500, {"reason": "oh"}),
    "504": reply(504, b"upstream timed out"),
    "login page": reply(200, LOGIN_PAGE, kind="text/html"),
}


@pytest.mark.parametrize("odd", ["a run", {"status": "RUNNING"}], ids=["no object", "no ID"])
def test_a_list_with_an_entry_that_could_be_any_run_proves_nothing(
    odd: Any, through: Through, start: StartIt, started: Callable[[], list[str]]
) -> None:
    def spoil(document: dict[str, Any]) -> None:
        if "runs" in document:
            document["runs"][0] = odd

    for key in ("to know the project", "and its list"):
        start(through(when("POST")), key)
    posted: list[Exchange] = []

    def act(exchange: Exchange) -> None:
        if exchange.request.method == "POST":
            posted.append(exchange)
            lost(exchange)
        else:
            changed(spoil)(exchange)

    connection = through(act)
    for _ in range(2):
        with pytest.raises(HexError) as caught:
            start(connection)
        assert caught.value.key in ("start_unknown", "not_hex")

    assert len(posted) == 1
    assert len(started()) == 3


@pytest.mark.parametrize("listed", [{}, {"runs": None}, {"traceId": "x"}, []])
def test_a_list_without_its_runs_does_not_mean_that_there_are_none(
    listed: Any, through: Through, start: StartIt, started: Callable[[], list[str]]
) -> None:
    def act(exchange: Exchange) -> None:
        (lost if exchange.request.method == "POST" else reply(200, listed))(exchange)

    start(through(when("POST")), "to know the project")
    connection = through(act)

    for _ in range(2):
        with pytest.raises(HexError) as caught:
            start(connection)

        assert caught.value.key in ("start_unknown", "not_hex")
    assert len(started()) <= 2


@pytest.mark.parametrize("how", NEVER_CAME)
def test_a_start_that_never_came_says_so_and_can_be_repeated(
    how: str, through: Through, start: StartIt, started: Callable[[], list[str]], clock: DrivenClock
) -> None:
    connection = through(when("POST", NEVER_CAME[how]), patience=200)

    with pytest.raises(HexError) as caught:
        start(connection)

    assert (caught.value.key, caught.value.values["used"]) == ("start_lost", "daily")
    assert started() == []
    assert [start(connection)["runId"]] == started()
    # Until then, Hex might have been carrying out the first one.
    assert clock.monotonic() >= 90


def test_a_start_that_hex_may_still_carry_out_is_not_sent_again_at_once(
    through: Through, start: StartIt, sandbox: Sandbox
) -> None:
    connection = through(when("POST", reset), patience=20)
    with pytest.raises(HexError):
        start(connection)

    with pytest.raises(HexError) as caught:
        start(connection)

    assert (caught.value.key, caught.value.values["used"]) == ("start_pending", "daily")
    assert 60 <= caught.value.values["seconds"] <= 100
    assert posts(sandbox) == 0


def test_a_start_that_hex_carries_out_late_is_found(
    through: Through, start: StartIt, started: Callable[[], list[str]], sandbox: Sandbox
) -> None:
    connection = through(when("POST", reply(504)), patience=200)
    with pytest.raises(HexError):
        start(connection)

    late = appear(sandbox)

    assert start(connection)["runId"] == late
    assert started() == [late]


def test_a_start_without_a_key_can_be_repeated_with_the_key_that_its_error_names(
    through: Through, start: StartIt, started: Callable[[], list[str]]
) -> None:
    connection = through(when("POST", lost), reset)

    with pytest.raises(HexError) as caught:
        start(connection, None)

    assert caught.value.key == "start_unknown"
    assert [start(through(when("POST")), caught.value.values["used"])["runId"]] == started()


def test_a_start_that_could_not_leave_is_tried_again(
    clock: DrivenClock, sandbox: Sandbox, start: StartIt, started: Callable[[], list[str]]
) -> None:
    with Faulty(when("POST"), upstream=sandbox.origin, listen=False) as server:
        connection = Connection(
            TOKENS.personal, server.base_url, allowed_hosts=(server.origin,), pinned=True, clock=ListensLater(server)
        )

        result = start(connection)

    assert [result["runId"]] == started()
    assert warnings(result) == []


class ListensLater(DrivenClock):
    """A clock on which a server begins to listen when somebody waits for it."""

    def __init__(self, server: Faulty) -> None:
        super().__init__()
        self.server = server

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        if self.monotonic() == 0:
            self.server.listen()
        return super().wait(seconds, stop)


@pytest.mark.parametrize("key", ["daily", None])
def test_a_start_that_cannot_leave_at_all_leaves_nothing_behind(key: str | None, start: StartIt) -> None:
    connection = Connection(
        TOKENS.personal, "http://127.0.0.1:9", allowed_hosts=("http://127.0.0.1:9",), clock=DrivenClock()
    )

    with pytest.raises(HexError) as caught:
        start(connection, key)

    assert caught.value.key == "no_network"
    assert record_of(connection).find(connection.base_url, "daily") is None


# After a crash


@pytest.fixture
def crash(through: Through, start: StartIt) -> Callable[..., None]:
    """Start a run and learn nothing of it, as a process that is killed between the request and the answer."""

    def start_and_crash(act: Act = lost, **options: Any) -> None:
        connection = through(when("GET"), act, reset, **options)
        with pytest.raises(HexError) as caught:
            start(connection)
        assert caught.value.key == "start_unknown"

    return start_and_crash


@pytest.mark.parametrize("seconds", [0, 60, 3600, 86_400])
def test_a_run_is_found_however_long_after_the_crash(
    seconds: float,
    clock: DrivenClock,
    crash: Callable[..., None],
    through: Through,
    start: StartIt,
    started: Callable[[], list[str]],
) -> None:
    crash()
    clock.advance(seconds)

    assert [start(through(when("POST")))["runId"]] == started()


def test_a_start_that_never_came_is_sent_after_the_crash(
    crash: Callable[..., None], through: Through, start: StartIt, started: Callable[[], list[str]]
) -> None:
    crash(reset)

    assert [start(through(when("POST"), patience=200))["runId"]] == started()


@pytest.mark.parametrize("key", ["daily", None])
@pytest.mark.parametrize("wrong_by", [-400 * 86_400, -3600, -8, 8, 3600, 400 * 86_400])
def test_a_lost_run_is_found_whatever_the_machines_clock_says(
    wrong_by: float,
    key: str | None,
    clock: DrivenClock,
    through: Through,
    start: StartIt,
    started: Callable[[], list[str]],
) -> None:
    connection = through(when("POST", lost), clock=WrongClock(clock, wrong_by))

    assert [start(connection, key)["runId"]] == started()


@pytest.mark.parametrize("wrong_before", [-86_400, 0, 86_400])
@pytest.mark.parametrize("wrong_after", [-86_400, 0, 86_400])
def test_a_clock_may_jump_between_the_crash_and_the_restart(
    wrong_before: float,
    wrong_after: float,
    clock: DrivenClock,
    crash: Callable[..., None],
    through: Through,
    start: StartIt,
    started: Callable[[], list[str]],
) -> None:
    crash(clock=WrongClock(clock, wrong_before))

    assert [start(through(when("POST"), clock=WrongClock(clock, wrong_after)))["runId"]] == started()


@pytest.mark.parametrize("plan", [Plan(60, 10), Plan(30, 0, "UNABLE_TO_ALLOCATE_KERNEL"), Plan(2, 6, "ERRORED")])
def test_a_lost_run_is_found_however_it_goes(
    plan: Plan,
    sandbox: Sandbox,
    clock: DrivenClock,
    crash: Callable[..., None],
    through: Through,
    start: StartIt,
    started: Callable[[], list[str]],
) -> None:
    sandbox.world.project(TITLE).plan = plan
    crash()
    clock.advance(120)

    assert [start(through(when("POST")))["runId"]] == started()


# Runs of others


@pytest.mark.parametrize("trigger", ["SCHEDULED", "APP_REFRESH"])
def test_runs_that_nobody_started_through_the_api_are_never_taken_for_ours(
    trigger: str, sandbox: Sandbox, through: Through, start: StartIt
) -> None:
    def meanwhile(exchange: Exchange) -> None:
        appear(sandbox, trigger=trigger)
        reset(exchange)

    connection = through(when("POST", meanwhile))

    with pytest.raises(HexError) as caught:
        start(connection)

    assert caught.value.key == "start_lost"


@pytest.mark.parametrize("key", ["daily", None])
def test_runs_that_were_there_before_are_never_taken_for_ours(
    key: str | None, sandbox: Sandbox, clock: DrivenClock, through: Through, start: StartIt
) -> None:
    appear(sandbox, plan=Plan(5, 0, "UNABLE_TO_ALLOCATE_KERNEL"))
    appear(sandbox)
    clock.advance(30)

    with pytest.raises(HexError) as caught:
        start(through(when("POST", reset)), key)

    assert caught.value.key == "start_lost"


def test_a_run_that_belongs_to_another_start_is_never_taken_for_ours(
    through: Through, start: StartIt, started: Callable[[], list[str]], crash: Callable[..., None]
) -> None:
    crash(reset)
    other = start(through(when("POST")), "another")["runId"]

    ours = start(through(when("POST"), patience=200))["runId"]

    assert started() == [ours, other]


@pytest.mark.parametrize("minutes", [10, 16, 45])
def test_a_run_that_waits_long_for_its_kernel_is_never_made_twice(
    minutes: int,
    through: Through,
    start: StartIt,
    sandbox: Sandbox,
    clock: DrivenClock,
    started: Callable[[], list[str]],
) -> None:
    sandbox.world.project(TITLE).plan = Plan(3600, 60)
    lose(through, start, "daily")
    clock.advance(60 * minutes)

    with pytest.raises(HexError) as caught:
        start(through(when("POST"), patience=300))

    assert caught.value.key == "start_uncertain"
    assert len(started()) == 1


def test_a_start_that_lies_too_deep_in_the_list_is_not_made_twice(
    through: Through, start: StartIt, sandbox: Sandbox, clock: DrivenClock
) -> None:
    lose(through, start, "daily")
    for _ in range(2001):
        clock.advance(60)
        appear(sandbox, trigger="SCHEDULED")
    before = posts(sandbox)

    with pytest.raises(HexError) as caught:
        start(through(when("POST"), patience=300))

    assert caught.value.key == "start_uncertain"
    assert posts(sandbox) == before


def test_a_start_that_never_came_is_sent_though_many_runs_appeared_since(
    through: Through, start: StartIt, sandbox: Sandbox, started: Callable[[], list[str]]
) -> None:
    with pytest.raises(HexError):
        start(through(when("GET"), reset))
    for _ in range(1950):
        appear(sandbox, trigger="SCHEDULED")
    before = len(started())

    start(through(when("POST"), patience=300))

    assert len(started()) == before + 1


def test_a_run_is_found_though_another_arrived_while_the_list_was_read(
    through: Through, start: StartIt, sandbox: Sandbox, started: Callable[[], list[str]]
) -> None:
    lose(through, start, "daily")
    [ours] = started()
    for _ in range(99):
        appear(sandbox, trigger="SCHEDULED")

    def arrive(exchange: Exchange) -> None:
        pass_on(exchange)
        appear(sandbox, trigger="SCHEDULED")

    assert start(through(when("GET", *[arrive] * 3), patience=300))["runId"] == ours


def test_a_machine_may_sleep_between_two_starts(
    sandbox: Sandbox, clock: DrivenClock, through: Through, start: StartIt, started: Callable[[], list[str]]
) -> None:
    class Sleepy(WrongClock):
        """A clock whose seconds stand still while the machine sleeps."""

        slept = 0.0

        def monotonic(self) -> float:
            return self.right.monotonic() - self.slept

    sleepy = Sleepy(clock)
    connection = through(when("POST", pass_on, lost), clock=sleepy, patience=300)
    first = start(connection, "first")["runId"]
    clock.advance(3600)
    sleepy.slept = 3600

    second = start(connection, "second")["runId"]

    assert started() == [second, first]


@pytest.mark.parametrize("act", [lost, reset])
def test_a_start_that_another_run_could_be_is_not_repeated_on_a_guess(
    act: Act, sandbox: Sandbox, through: Through, start: StartIt, crash: Callable[..., None]
) -> None:
    crash(act)
    strangers = [appear(sandbox) for _ in range(2)]
    asked_before = posts(sandbox)

    for _ in range(2):
        with pytest.raises(HexError) as caught:
            start(through(when("POST")))
        assert caught.value.key == "start_uncertain"
        assert all(run_id in caught.value.values["runs"] for run_id in strangers)

    assert posts(sandbox) == asked_before


def test_a_run_that_somebody_started_much_later_is_not_taken_for_ours(
    sandbox: Sandbox,
    clock: DrivenClock,
    through: Through,
    start: StartIt,
    crash: Callable[..., None],
    started: Callable[[], list[str]],
) -> None:
    crash()
    [ours] = started()
    clock.advance(600)
    appear(sandbox)
    clock.advance(3600)
    appear(sandbox)

    assert start(through(when("POST")))["runId"] == ours


def test_a_run_that_began_only_late_may_be_ours_and_is_not_guessed_at(
    sandbox: Sandbox, clock: DrivenClock, through: Through, start: StartIt, crash: Callable[..., None]
) -> None:
    sandbox.world.project(TITLE).plan = Plan(300, 10)
    crash()
    clock.advance(600)

    with pytest.raises(HexError) as caught:
        start(through(when("POST")))

    assert caught.value.key == "start_uncertain"


# At once


def test_equal_starts_that_lose_their_answers_at_once_have_a_run_each_in_the_end(
    through: Through, start: StartIt, started: Callable[[], list[str]]
) -> None:
    connection = through(when("POST", lost, reset, lost, reset, lost, reset))

    def until_it_is_known(key: str) -> str:
        while True:
            with contextlib.suppress(HexError):
                return str(start(connection, key)["runId"])

    with ThreadPoolExecutor(6) as pool:
        runs = list(pool.map(until_it_is_known, "abcdef"))

    assert sorted(runs) == sorted(started())
    assert len(set(runs)) == 6


def test_different_starts_that_lose_their_answers_at_once_never_take_each_others_runs(
    through: Through, registry: Registry, sandbox: Sandbox
) -> None:
    project = sandbox.world.project("Revenue report").id
    connection = through(when("POST", lost, reset, lost, reset, lost, reset))

    def start_for(region: str) -> str | None:
        given = {"projectId": project, "inputParams": {"region": region}, "idempotencyKey": region}
        with contextlib.suppress(HexError):
            return str(hex_on(connection).call("hex_run_project", given)["runId"])
        return None

    regions = ["EMEA", "US", "APAC", "LATAM"]
    for _ in range(3):
        with ThreadPoolExecutor(4) as pool:
            runs = dict(zip(regions, pool.map(start_for, regions), strict=True))

    ran = {run.id: run.inputs["region"] for run in sandbox.world.runs(project) if "region" in run.inputs}
    assert all(ran[run_id] == region for region, run_id in runs.items() if run_id)
    assert len(set(ran.values())) == len([run for run in sandbox.world.runs(project) if run.inputs.get("region")])


def lose(through: Through, start: StartIt, key: str, act: Act = lost, **inputs: Any) -> None:
    """Start a run whose answer is lost, and nobody finds out. act: reset, where it never even came."""
    with pytest.raises(HexError) as caught:
        start(through(when("GET"), act, reset), key, **inputs)
    assert caught.value.key == "start_unknown"


@pytest.mark.parametrize("acts", [[], [lost]])
def test_a_start_waits_until_no_run_of_an_unknown_one_can_be_taken_for_its_own(
    acts: list[Act], through: Through, start: StartIt, started: Callable[[], list[str]], clock: DrivenClock
) -> None:
    began = clock.monotonic()
    lose(through, start, "first", reset, useCachedSqlResults=True)

    second = start(through(when("POST", *acts), patience=300), "second", useCachedSqlResults=False)

    assert clock.monotonic() - began >= 90
    assert [second["runId"]] == started()


# Runs of starts whose processes are gone


@pytest.mark.parametrize("key", ["second", None])
def test_a_start_whose_run_is_listed_already_keeps_the_others_waiting_no_longer(
    key: str | None, through: Through, start: StartIt, started: Callable[[], list[str]], clock: DrivenClock
) -> None:
    lose(through, start, "first", useCachedSqlResults=True)
    began = clock.monotonic()

    second = start(through(when("POST"), patience=20), key, useCachedSqlResults=False)

    assert clock.monotonic() - began <= 20
    assert second["runId"] == started()[0]
    assert start(through(when("POST")), "first", useCachedSqlResults=True)["runId"] == started()[1]
    assert len(started()) == 2


def test_a_run_is_not_looked_for_on_behalf_of_a_call_that_is_at_work_on_its_start(
    through: Through, start: StartIt, started: Callable[[], list[str]], clock: DrivenClock
) -> None:
    lose(through, start, "first", useCachedSqlResults=True)
    connection = through(when("POST"), patience=20)
    record = record_of(connection)

    with record.lock_key(connection.base_url, "first"), pytest.raises(HexError) as caught:
        start(connection, "second", useCachedSqlResults=False)

    first = record.find(connection.base_url, "first")
    assert caught.value.key == "project_busy"
    assert first
    assert first.run_id is None
    assert len(started()) == 1


def test_a_call_without_a_key_is_at_work_on_its_start_until_its_run_is_known(
    through: Through, start: StartIt, sandbox: Sandbox
) -> None:
    held: list[bool] = []
    connection = through(when("POST"))
    record = record_of(connection)

    def look(exchange: Exchange) -> None:
        [meant] = record.unanswered(connection.base_url, sandbox.world.project(TITLE).id)
        with record.lock_key(connection.base_url, meant.key, lambda: True) as ours:
            held.append(not ours)
        pass_on(exchange)

    start(through(when("POST", look)), None)

    assert held == [True]


def test_of_several_runs_none_is_taken_for_that_of_a_start_whose_process_is_gone(
    through: Through, start: StartIt, sandbox: Sandbox, started: Callable[[], list[str]]
) -> None:
    lose(through, start, "first", useCachedSqlResults=True)
    appear(sandbox)

    with pytest.raises(HexError) as caught:
        start(through(when("POST"), patience=20), "second", useCachedSqlResults=False)

    assert caught.value.key == "project_busy"
    assert len(started()) == 2


def test_the_list_is_read_seldom_for_a_start_that_never_came(
    through: Through, start: StartIt, sandbox: Sandbox, asked: Callable[[], list[str]]
) -> None:
    lose(through, start, "first", reset, useCachedSqlResults=True)
    before = len(asked())

    start(through(when("POST"), patience=300), "second", useCachedSqlResults=False)

    assert asked()[before:].count("GetProjectRuns") <= 100 / 15 + 3


def test_a_batch_goes_on_as_soon_as_the_list_shows_the_run_of_a_start_whose_process_is_gone(
    through: Through, project: str, sandbox: Sandbox, started: Callable[[], list[str]], clock: DrivenClock
) -> None:
    connection = through(when("POST"))
    # Killed just now: its run is not looked for yet when the batch begins.
    newest = tuple(run.id for run in sandbox.world.runs(project)[:5])
    killed = Start("first", project, "asks for something else", clock.time(), after=newest)
    record_of(connection).intend(connection.base_url, killed)
    first = appear(sandbox)

    result = hex_on(connection).call("hex_run_batch", {"projectId": project, "parameterSets": [{}]})

    found = record_of(connection).find(connection.base_url, "first")
    assert result["succeeded"]
    assert clock.monotonic() <= 50
    assert found
    assert found.run_id == first
    assert len(started()) == 2


# Starts that wait for others


def test_a_start_that_cannot_wait_for_an_unknown_one_says_for_how_long_it_would_have_to(
    through: Through, start: StartIt, sandbox: Sandbox
) -> None:
    lose(through, start, "first", reset, useCachedSqlResults=True)
    sent = posts(sandbox)

    with pytest.raises(HexError) as caught:
        start(through(when("POST"), patience=20), "second", useCachedSqlResults=False)

    assert caught.value.key == "project_busy"
    assert 50 <= caught.value.values["seconds"] <= 100
    assert posts(sandbox) == sent


def test_a_start_that_waits_for_an_unknown_one_says_so(
    through: Through, start: StartIt, registry: Registry, project: str
) -> None:
    lose(through, start, "first", reset, useCachedSqlResults=True)
    told: list[Progress] = []

    given = {"projectId": project, "useCachedSqlResults": False}
    hex_on(through(when("POST"), patience=300)).call("hex_run_project", given, progress=told.append)

    assert {progress.values["error"] for progress in told} == {"project_busy"}


def test_all_that_a_start_waits_for_fits_in_one_patience(through: Through, start: StartIt, clock: DrivenClock) -> None:
    lose(through, start, "first", reset, useCachedSqlResults=True)
    began = clock.monotonic()

    with pytest.raises(HexError) as caught:
        start(through(when("POST", *[reply(503, {"reason": "no kernel"})] * 99), patience=150), "second")

    assert caught.value.key == "no_free_kernel"
    assert 100 <= clock.monotonic() - began <= 151


def test_a_start_that_asks_for_the_same_need_not_wait(
    through: Through, start: StartIt, started: Callable[[], list[str]]
) -> None:
    lose(through, start, "first")

    second = start(through(when("POST"), patience=5), "second")

    assert second["runId"] == started()[0]
    assert len(started()) == 2


class Meanwhile(DrivenClock):
    """A clock on which something happens while somebody waits for long."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__()
        self.happens: list[Callable[[], object]] = [happens]

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        if seconds > 40 and self.happens:
            self.happens.pop()()
        return super().wait(seconds, stop)


def test_a_start_that_hex_refused_keeps_no_other_from_being_sent_while_it_waits(
    through: Through, start: StartIt, started: Callable[[], list[str]]
) -> None:
    others: list[str] = []
    clock = Meanwhile(lambda: others.append(start(connection, "second", useCachedSqlResults=False)["runId"]))
    connection = through(when("POST", reply(429, {}, {"Retry-After": "50"})), clock=clock, patience=200)

    first = start(connection, "first", useCachedSqlResults=True)

    assert started() == [first["runId"], *others]
    assert len(others) == 1


def test_starts_that_lose_their_answers_one_after_the_other_are_told_apart(
    clock: DrivenClock, through: Through, start: StartIt, started: Callable[[], list[str]]
) -> None:
    for number in range(3):
        connection = through(when("GET"), lost, reset)
        with pytest.raises(HexError):
            start(connection, f"region-{number}", useCachedSqlResults=bool(number % 2))
        clock.advance(30)

    connection = through(when("POST"))
    runs = [start(connection, f"region-{number}", useCachedSqlResults=bool(number % 2))["runId"] for number in range(3)]

    assert runs[::-1] == started()


def test_who_waits_for_another_call_with_the_same_key_gives_up_in_time(
    through: Through, start: StartIt, clock: DrivenClock
) -> None:
    connection = through(when("POST"), patience=5)
    with record_of(connection).lock_key(connection.base_url, "daily"), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(start, connection)
        threading.Event().wait(0.1)
        clock.advance(10)
        error = waiting.exception(20)

    assert isinstance(error, HexError)
    assert error.key == "key_busy"


# The record


def test_the_record_holds_no_input_and_no_token(through: Through, registry: Registry, sandbox: Sandbox) -> None:
    connection = through(when("POST"))
    given = {"projectId": sandbox.world.project("Revenue report").id, "inputParams": {"start_date": "1789-07-14"}}

    hex_on(connection).call("hex_run_project", {**given, "idempotencyKey": "daily"})

    record = record_of(connection)
    assert isinstance(record, SqliteRecord)
    with closing(sqlite3.connect(record.path)) as database, database:
        kept = "\n".join(database.iterdump())
    assert "1789" not in kept
    assert TOKENS.personal not in kept


# Stopped


def test_a_start_that_is_interrupted_says_how_to_find_out_what_became_of_it(
    through: Through, start: StartIt, started: Callable[[], list[str]]
) -> None:
    def interrupt(exchange: Exchange) -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        silence(exchange)

    with pytest.raises(HexError) as caught:
        start(through(when("POST", done_then(interrupt)), timeout=30), None)

    assert caught.value.key == "start_interrupted"
    assert [start(through(when("POST")), caught.value.values["used"])["runId"]] == started()


def test_the_data_folder_may_be_taken_away_meanwhile(
    through: Through, start: StartIt, started: Callable[[], list[str]]
) -> None:
    connection = through(when("POST"))
    start(connection, "monday")
    record = record_of(connection)
    assert isinstance(record, SqliteRecord)
    record.folder.rename(f"{record.folder}.old")

    start(connection, "tuesday")

    assert len(started()) == 2


@pytest.mark.parametrize("project_id", [{"id": 1}, 5, [], True])
def test_an_answer_whose_project_is_no_text_is_one_to_the_start(
    httpserver: HTTPServer, connection: Connection, project_id: object
) -> None:
    run_id = "78c33d18-170c-44d3-a227-b3194f134f73"
    httpserver.expect_request("/api/v1/projects/5a8591dd-4039-49df-9202-96385ba3eff8/runs").respond_with_json(
        {"projectId": project_id, "runId": run_id}, status=201
    )

    outputs = hex_on(connection).call("hex_run_notebook", {"projectId": "5a8591dd-4039-49df-9202-96385ba3eff8"})

    assert outputs["runId"] == run_id
