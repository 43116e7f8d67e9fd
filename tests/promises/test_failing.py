"""A record that is full, that may not be written, or that another program keeps: nothing doubled, hung or silent."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import Any

import pytest

from hex_blocks import HexError
from hex_blocks.clock import DrivenClock
from hex_blocks.runs.record.store import RecordError
from hex_blocks.sandbox import Sandbox
from hex_blocks.tools.progress import Progress
from tests.calling import hex_on
from tests.faulty import Act, Exchange, lost, pass_on, reset, when
from tests.marks import mostly_slow
from tests.promises.stores import HELD, Slow, Store
from tests.promises.works import WORKS, MakeOne
from tests.starts import Started, StartIt, Through, posts, warnings

# A record that fails


def spoil(store: Store, how: str) -> None:
    store.fill() if how == "full" else store.protect()


broken = pytest.mark.parametrize("how", ["full", "read-only"])


@broken
@pytest.mark.parametrize("tool", WORKS)
def test_a_key_that_cannot_be_kept_starts_nothing(
    how: str, tool: str, do: MakeOne, store: Store, sandbox: Sandbox, through: Through
) -> None:
    spoil(store, how)

    with pytest.raises(HexError) as caught:
        do(through(when("POST")), tool, "daily")

    assert caught.value.key == "record_unusable"
    assert posts(sandbox) == 0


@broken
@pytest.mark.parametrize("tool", WORKS)
def test_without_a_key_a_run_is_started_though_it_cannot_be_recorded(
    how: str, tool: str, do: MakeOne, store: Store, through: Through, started: Started
) -> None:
    spoil(store, how)

    result = do(through(when("POST")), tool)

    assert len(started()) == 1
    assert warnings(result) == ["run_not_recorded"]


@broken
def test_a_record_that_fails_is_told_of_once_in_a_call(
    how: str, project: str, store: Store, through: Through, started: Started
) -> None:
    spoil(store, how)
    batch = {"projectId": project, "parameterSets": [{}] * 3}

    result = hex_on(through(when("POST"))).call("hex_run_batch", batch)

    assert len(started()) == 3
    assert warnings(result) == ["run_not_recorded"]


@broken
@pytest.mark.parametrize("tool", ["hex_run_project", "hex_run_and_wait"])
def test_without_a_record_a_lost_start_is_neither_guessed_at_nor_repeated(
    how: str, tool: str, do: MakeOne, store: Store, sandbox: Sandbox, through: Through
) -> None:
    spoil(store, how)

    with pytest.raises(HexError) as caught:
        do(through(when("POST", lost)), tool)

    assert caught.value.key == "start_unrecorded"
    assert posts(sandbox) == 1


@broken
@pytest.mark.parametrize("tool", ["hex_run_batch", "hex_run_pipeline"])
def test_without_a_record_a_job_whose_answer_was_lost_is_not_made_again(
    how: str, tool: str, do: MakeOne, store: Store, sandbox: Sandbox, through: Through
) -> None:
    spoil(store, how)

    result = do(through(when("POST", lost)), tool)

    [job] = result.get("sets") or result["steps"]
    assert job["error"]["error"] == "start_unrecorded"
    assert posts(sandbox) == 1


@pytest.mark.parametrize("tool", ["hex_run_batch", "hex_run_pipeline"])
def test_a_job_that_was_sent_is_made_again_only_with_the_record(
    tool: str, do: MakeOne, store: Store, sandbox: Sandbox, through: Through, started: Started
) -> None:
    resets: list[Act] = []

    def lose_and_fill(exchange: Exchange) -> None:
        lost(exchange)
        store.fill()
        resets.extend([reset] * 6)

    def act(exchange: Exchange) -> None:
        if exchange.request.method == "POST":
            lose_and_fill(exchange)
        else:
            (resets.pop() if resets else pass_on)(exchange)

    result = do(through(act), tool)

    [job] = result.get("sets") or result["steps"]
    assert job["error"]["error"] == "record_unusable"
    assert posts(sandbox) == len(started()) == 1


class FailsAtTheSecond(Slow):
    """A record so slow that a start is written down twice, and the second time it fails."""

    written = 0

    def intend(self, *given: Any, **options: Any) -> None:
        self.written += 1
        if self.written == 2:
            raise RecordError("no space is left")
        self.record.intend(*given, **options)
        self.clock.wait(self.seconds)


def test_a_start_that_was_written_down_and_never_sent_is_taken_back(
    store: Store, sandbox: Sandbox, clock: DrivenClock, through: Through, start: StartIt
) -> None:
    connection = through(when("POST"), record=FailsAtTheSecond(store.open(), clock, 1.2))

    with pytest.raises(HexError) as caught:
        start(connection)

    assert caught.value.key == "record_unusable"
    assert posts(sandbox) == 0
    assert store.open().find(connection.base_url, "daily") is None


def test_without_a_key_a_start_that_was_written_down_once_is_on_record(
    store: Store, clock: DrivenClock, through: Through, start: StartIt, started: Started
) -> None:
    connection = through(when("POST", lost), record=FailsAtTheSecond(store.open(), clock, 1.2))

    result = start(connection, None)

    assert [result["runId"]] == started()
    assert warnings(result) == ["start_recovered"]
    assert store.open().claimed(connection.base_url, started()) == set(started())


def test_a_run_is_given_though_the_record_failed_after_its_start(
    store: Store, through: Through, start: StartIt, started: Started
) -> None:
    def fail(exchange: Exchange) -> None:
        store.fill()
        pass_on(exchange)

    result = start(through(when("POST", fail)))

    assert [result["runId"]] == started()
    assert warnings(result) == ["run_not_recorded"]


# A record that another program keeps for itself

held = pytest.mark.parametrize("what", mostly_slow(HELD, "all"))


@held
@pytest.mark.parametrize("tool", ["hex_run_project", "hex_run_and_wait"])
def test_a_key_that_cannot_be_kept_for_now_starts_nothing_and_says_that_it_passes(
    what: str, tool: str, do: MakeOne, store: Store, sandbox: Sandbox, through: Through, started: Started
) -> None:
    connection = through(when("POST"))

    with store.held(what), pytest.raises(HexError) as caught:
        do(connection, tool, "daily")

    assert (caught.value.key, caught.value.kind) == ("record_busy", "busy")
    assert posts(sandbox) == 0
    do(connection, tool, "daily")
    assert len(started()) == 1


@held
@pytest.mark.parametrize("tool", mostly_slow(WORKS, "hex_run_project"))
def test_without_a_key_a_run_is_started_though_another_program_keeps_the_record(
    what: str, tool: str, do: MakeOne, store: Store, through: Through, started: Started
) -> None:
    with store.held(what):
        result = do(through(when("POST")), tool)

    assert len(started()) == 1
    assert warnings(result) == ["run_not_recorded"]


@held
@pytest.mark.parametrize("tool", ["hex_run_batch", "hex_run_pipeline"])
def test_work_with_a_key_waits_until_the_record_is_free(
    what: str, tool: str, do: MakeOne, store: Store, sandbox: Sandbox, through: Through, started: Started
) -> None:
    told: list[str] = []
    with ExitStack() as holding:
        holding.enter_context(store.held(what))

        def let_go(progress: Progress) -> None:
            told.append(str(progress.values.get("waitingFor")))
            holding.close()

        result = do(through(when("POST")), tool, "daily", progress=let_go)

    assert result["succeeded"]
    assert "OTHER_START" in told
    assert posts(sandbox) == len(started()) == 1


@held
@pytest.mark.parametrize("tool", mostly_slow(WORKS, "hex_run_project"))
def test_a_call_that_is_stopped_waits_for_no_record(
    what: str, tool: str, do: MakeOne, store: Store, sandbox: Sandbox, through: Through
) -> None:
    stop = threading.Event()
    connection = through(when("POST"))
    stopping = threading.Timer(0.3, stop.set)

    # Longer than any test may take.
    with store.held(what, waits=1000):
        stopping.start()
        with pytest.raises(HexError):
            do(connection, tool, "daily", stop=stop)

    stopping.join()
    assert posts(sandbox) == 0
