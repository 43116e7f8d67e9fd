"""What a record keeps, for how long, and for one at a time: the same in every store."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hex_blocks import Connection, HexError
from hex_blocks.clock import DrivenClock
from hex_blocks.runs.record.configured import use_record
from hex_blocks.runs.record.rows import DAY, KEPT_DAYS, KEPT_STARTS
from hex_blocks.runs.record.store import CANCELLED, LEFT, Record, RecordError, Start
from hex_blocks.sandbox import Sandbox
from tests.calling import hex_on
from tests.conftest import REPOSITORY
from tests.faulty import Faulty, reply, when
from tests.marks import mostly_slow
from tests.promises.stores import Store
from tests.promises.works import WORKS, MakeOne
from tests.starts import Through, posts

HEX = "https://app.hex.tech/api/v1"
ELSEWHERE = "https://eu.hex.tech/api/v1"
PROJECT = "5a8591dd-4039-49df-9202-96385ba3eff8"
RUN = "78c33d18-170c-44d3-a227-b3194f134f73"
NOW = 1_800_000_000.0
WRITERS, WRITES = 8, 50


@pytest.fixture
def record(store: Store) -> Record:
    return store.open()


def a_start(key: str = "k", at: float = NOW, project_id: str = PROJECT) -> Start:
    return Start(key, project_id, f"fingerprint of {key}", at, at_hex=at)


# What it keeps


def test_a_start_is_found_again_with_all_that_became_known(record: Record) -> None:
    meant = Start("k", PROJECT, "f", NOW, at_hex=NOW + 1, after=("a", "b"))
    record.intend(HEX, meant)
    before = record.find(HEX, "k")

    written = record.started(HEX, "k", RUN, {"runId": RUN, "runUrl": "x"})
    record.ended(HEX, "k", {"status": "COMPLETED"})
    record.stopped(HEX, "k", LEFT)

    after = record.find(HEX, "k")
    assert before == meant
    assert written is True
    assert after is not None
    assert (after.run_id, after.reply, after.ended, after.fate) == (
        RUN,
        {"runId": RUN, "runUrl": "x"},
        {"status": "COMPLETED"},
        LEFT,
    )
    assert after.after == ("a", "b")


def test_what_was_never_written_is_not_found(record: Record) -> None:
    assert record.find(HEX, "k") is None
    assert record.project_of(HEX, RUN) is None
    assert record.claimed(HEX, [RUN]) == set()
    assert record.unanswered(HEX, PROJECT) == []


def test_a_start_that_is_sent_again_keeps_its_last_moment(record: Record) -> None:
    record.intend(HEX, a_start(at=NOW))
    record.intend(HEX, a_start(at=NOW + 60))

    found = record.find(HEX, "k")

    assert found is not None
    assert found.intended_at == NOW + 60


def test_two_starts_never_have_the_same_run(record: Record) -> None:
    record.intend(HEX, a_start("one"))
    record.intend(HEX, a_start("two"))

    written = [record.started(HEX, key, RUN, {}) for key in ("one", "two", "one")]

    two = record.find(HEX, "two")
    assert written == [True, False, True]
    assert two is not None
    assert two.run_id is None


def test_a_start_that_was_refused_is_forgotten_and_one_with_a_run_is_not(record: Record) -> None:
    record.intend(HEX, a_start("refused"))
    record.intend(HEX, a_start("taken"))
    record.started(HEX, "taken", RUN, {})

    record.forget(HEX, "refused")
    record.forget(HEX, "taken")

    assert record.find(HEX, "refused") is None
    assert record.find(HEX, "taken") is not None


def test_starts_without_a_known_run_are_told_by_project(record: Record) -> None:
    record.intend(HEX, a_start("open"))
    record.intend(HEX, a_start("of another project", project_id=RUN))
    record.intend(HEX, a_start("answered"))
    record.started(HEX, "answered", RUN, {})

    assert [start.key for start in record.unanswered(HEX, PROJECT)] == ["open"]


def test_runs_of_starts_are_claimed_and_others_are_not(record: Record) -> None:
    record.intend(HEX, a_start())
    record.started(HEX, "k", RUN, {})
    record.remember(HEX, PROJECT, "found-by-search", NOW)

    assert record.claimed(HEX, [RUN, "found-by-search", "unknown"]) == {RUN}


def test_the_project_of_a_run_is_known_after_a_start_and_after_a_search(record: Record) -> None:
    record.intend(HEX, a_start())
    record.started(HEX, "k", RUN, {})
    record.remember(HEX, "another-project", "another-run", NOW)

    assert record.project_of(HEX, RUN) == PROJECT
    assert record.project_of(HEX, "another-run") == "another-project"


def test_hosts_are_kept_apart(record: Record) -> None:
    record.intend(HEX, a_start())
    record.started(HEX, "k", RUN, {})

    assert record.find(ELSEWHERE, "k") is None
    assert record.project_of(ELSEWHERE, RUN) is None
    assert record.claimed(ELSEWHERE, [RUN]) == set()


@pytest.mark.parametrize("fate", [LEFT, CANCELLED])
def test_what_became_of_a_stopped_wait_is_kept(record: Record, fate: str) -> None:
    record.intend(HEX, a_start())

    record.stopped(HEX, "k", fate)

    found = record.find(HEX, "k")
    assert found is not None
    assert found.fate == fate


@pytest.mark.parametrize("odd", ["'; DROP TABLE starts; --", "ключ 😀", "x" * 10_000, "\x00", "%"])
def test_any_text_may_be_a_key(record: Record, odd: str) -> None:
    record.intend(HEX, replace(a_start(), key=odd))
    record.started(HEX, odd, RUN, {"odd": odd})

    found = record.find(HEX, odd)

    assert found is not None
    assert found.reply == {"odd": odd}


def test_a_record_opened_anew_knows_the_same(record: Record, store: Store) -> None:
    record.intend(HEX, a_start())
    record.started(HEX, "k", RUN, {})

    assert store.open().project_of(HEX, RUN) == PROJECT


def test_it_holds_no_token_input_or_result(clock: DrivenClock, record: Record, store: Store) -> None:
    started = {"projectId": PROJECT, "runId": RUN, "runUrl": "https://app.hex.tech/x", "secretOfHex": "s-1"}

    with Faulty(reply(201, started)) as server:
        options: dict[str, Any] = {"allowed_hosts": (server.origin,), "clock": clock}
        with Connection("hxtp_s_2", server.origin, **options) as connection:
            use_record(connection, record)
            hex_on(connection).call("hex_run_project", {"projectId": PROJECT, "inputParams": {"name": "s-3"}})

    written = store.written()
    assert RUN.encode() in written
    assert [secret for secret in (b"s-1", b"hxtp_s_2", b"s-3") if secret in written] == []


# How much it keeps


def test_what_is_old_is_forgotten(record: Record) -> None:
    record.intend(HEX, a_start("old", NOW - (KEPT_DAYS + 1) * DAY))
    record.remember(HEX, PROJECT, "old-run", NOW - (KEPT_DAYS + 1) * DAY)
    record.intend(HEX, a_start("young", NOW - (KEPT_DAYS - 1) * DAY))

    record.intend(HEX, a_start("new", NOW))

    assert [record.find(HEX, key) is None for key in ("old", "young", "new")] == [True, False, False]
    assert record.project_of(HEX, "old-run") is None


def test_nothing_is_forgotten_by_a_machines_clock_alone(record: Record) -> None:
    record.intend(HEX, a_start("kept"))

    record.intend(HEX, replace(a_start("from the future", NOW + 10 * KEPT_DAYS * DAY), at_hex=None))

    assert record.find(HEX, "kept")


@pytest.mark.slow
def test_the_newest_are_kept_when_there_are_too_many(record: Record, store: Store) -> None:
    record.intend(HEX, a_start("oldest", NOW - 1))
    store.put(replace(a_start(), at_hex=None), HEX, KEPT_STARTS)

    record.intend(HEX, a_start("newest", NOW + KEPT_STARTS))

    found = {key: record.find(HEX, key) is not None for key in ("oldest", "0", str(KEPT_STARTS - 1), "newest")}
    assert found == {"oldest": False, "0": True, str(KEPT_STARTS - 1): True, "newest": True}


# What cannot have been written by us

SPOILT: dict[str, list[Any]] = {
    "intended_at": [-1, 1e300],
    "at_hex": [-1, 1e300],
    "after": ["[", "{}", "[1]", "[" * 100_000],
    "reply": ["{", "[]", "1"],
    "ended": ["{", "[]", '{"status": 1}', '{"runUrl": "x"}', '{"status": "SLEEPING"}'],
}


@pytest.mark.parametrize(
    ("column", "value"),
    [(column, value) for column, values in SPOILT.items() for value in values],
    ids=lambda value: f"{value!r:.20}",
)
def test_what_cannot_have_been_written_by_us_is_refused(column: str, value: Any, record: Record, store: Store) -> None:
    record.intend(HEX, a_start())
    record.started(HEX, "k", RUN, {"runId": RUN})
    store.spoil(column, value)

    with pytest.raises(RecordError, match="not written by this program"):
        record.find(HEX, "k")


@pytest.mark.parametrize(
    ("column", "value"),
    [("ended", '{"status": "SLEEPING"}'), ("reply", "{}"), ("reply", None), ("reply", '{"runId": "another"}')],
)
@pytest.mark.parametrize("tool", mostly_slow(WORKS, "hex_run_project"))
def test_a_key_whose_start_was_spoilt_starts_nothing_and_says_so(
    tool: str, column: str, value: Any, do: MakeOne, store: Store, sandbox: Sandbox, through: Through
) -> None:
    connection = through(when("POST"))
    do(connection, tool, "daily")
    store.spoil(column, value)

    with pytest.raises(HexError) as caught:
        do(connection, tool, "daily")

    assert caught.value.key == "record_unusable"
    assert posts(sandbox) == 1


# One at a time

OPENED = """
import json, sys
from pathlib import Path
from tests.promises.stores import STORES
from hex_blocks.runs.record.store import Start
kind, where, name = json.loads(sys.argv[1])
store = STORES[kind](Path(where))
"""
WRITER = f"""{OPENED}
sys.stdin.readline()
for number in range({WRITES}):
    record = store.open() if number % 10 == 0 else record
    key = f"{{name}}-{{number}}"
    record.intend("{HEX}", Start(key, "project", "f", {NOW}, {NOW}))
    assert record.started("{HEX}", key, f"run-{{key}}", {{}})
"""
HOLDER = f"""{OPENED}
with store.open().lock_key("x", "k") as ours:
    print(ours, flush=True)
    sys.stdin.readline()
"""
Begin = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def begin(kind: str, tmp_path: Path) -> Begin:
    """Start a process with the store: begin(program, name)."""

    def start(program: str, name: str = "") -> subprocess.Popen[str]:
        given = json.dumps([kind, str(tmp_path / "store"), name])
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen([sys.executable, "-c", program, given], text=True, cwd=REPOSITORY, **pipes)

    return start


@pytest.fixture
def holder(begin: Begin) -> Begin:
    """Start a process that keeps the key "k" for itself until it is told to end."""

    def start() -> subprocess.Popen[str]:
        process = begin(HOLDER)
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        return process

    return start


@pytest.mark.slow
def test_several_processes_write_at_once(record: Record, begin: Begin) -> None:
    writers = [begin(WRITER, str(number)) for number in range(WRITERS)]

    faults = [writer.communicate("now\n", timeout=100)[1] for writer in writers]

    expected = {f"run-{name}-{number}" for name in range(WRITERS) for number in range(WRITES)}
    assert faults == [""] * WRITERS
    assert record.claimed(HEX, expected) == expected


def test_a_key_is_for_one_process_at_a_time(record: Record, holder: Begin) -> None:
    process = holder()

    with record.lock_key("x", "k", lambda: True) as ours:
        held = ours
    process.communicate("done\n", timeout=60)
    with record.lock_key("x", "k", lambda: True) as ours:
        after = ours

    assert (held, after) == (False, True)


def test_a_key_is_free_again_when_its_process_was_killed(record: Record, holder: Begin) -> None:
    process = holder()

    process.kill()
    process.communicate(timeout=60)

    with record.lock_key("x", "k") as ours:
        assert ours is True


@pytest.mark.parametrize("opened", ["once", "for each"])
def test_a_key_is_for_one_thread_at_a_time(opened: str, record: Record, store: Store) -> None:
    at_once, most = 0, 0
    counting = threading.Lock()

    def work(_: int) -> None:
        nonlocal at_once, most
        with (record if opened == "once" else store.open()).lock_key("x", "k") as ours:
            assert ours
            with counting:
                at_once += 1
                most = max(most, at_once)
            threading.Event().wait(0.01)
            with counting:
                at_once -= 1

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(12)))

    assert most == 1


def test_threads_with_other_keys_do_not_wait_for_each_other(record: Record) -> None:
    with (
        record.lock_key("x", "one") as one,
        record.lock_project("x", "one") as turn,
        record.lock_key("y", "one") as other,
    ):
        assert (one, turn, other) == (True, True, True)


def test_the_wait_for_a_key_can_be_given_up(record: Record, store: Store) -> None:
    asked: list[bool] = []

    def give_up() -> bool:
        asked.append(True)
        return len(asked) == 3

    with record.lock_key("x", "k"):
        with record.lock_key("x", "k", give_up) as here:
            pass
        asked.clear()
        with store.open().lock_key("x", "k", give_up) as elsewhere:
            pass

    assert (here, elsewhere) == (False, False)
