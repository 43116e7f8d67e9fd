"""The record of runs: what it keeps, who may read it, and what it survives."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from hex_blocks import Connection, HexError, Registry
from hex_blocks.clock import DrivenClock
from hex_blocks.runs.record import sqlite
from hex_blocks.runs.record.configured import use_record
from hex_blocks.runs.record.rows import DAY, KEPT_DAYS, KEPT_STARTS, SCHEMA_VERSION
from hex_blocks.runs.record.sqlite import SqliteRecord, default_folder
from hex_blocks.runs.record.store import CANCELLED, LEFT, Record, RecordBusyError, RecordError, Start
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.calling import hex_on
from tests.faulty import Faulty, reply

HEX = "https://app.hex.tech/api/v1"
ELSEWHERE = "https://eu.hex.tech/api/v1"
PROJECT = "5a8591dd-4039-49df-9202-96385ba3eff8"
RUN = "78c33d18-170c-44d3-a227-b3194f134f73"
NOW = 1_800_000_000.0
WRITERS, WRITES = 8, 200


@pytest.fixture
def record(tmp_path: Path) -> SqliteRecord:
    return SqliteRecord(tmp_path / "data")


def a_start(key: str = "k", at: float = NOW, project_id: str = PROJECT) -> Start:
    return Start(key, project_id, f"fingerprint of {key}", at, at_hex=at)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# What it keeps


def test_a_start_is_found_again_with_all_that_became_known(record: SqliteRecord) -> None:
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


def test_what_was_never_written_is_not_found(record: SqliteRecord) -> None:
    assert record.find(HEX, "k") is None
    assert record.project_of(HEX, RUN) is None
    assert record.claimed(HEX, [RUN]) == set()
    assert record.unanswered(HEX, PROJECT) == []


def test_a_start_that_is_sent_again_keeps_its_last_moment(record: SqliteRecord) -> None:
    record.intend(HEX, a_start(at=NOW))
    record.intend(HEX, a_start(at=NOW + 60))

    found = record.find(HEX, "k")

    assert found is not None
    assert found.intended_at == NOW + 60


def test_two_starts_never_have_the_same_run(record: SqliteRecord) -> None:
    record.intend(HEX, a_start("one"))
    record.intend(HEX, a_start("two"))

    written = [record.started(HEX, key, RUN, {}) for key in ("one", "two", "one")]

    two = record.find(HEX, "two")
    assert written == [True, False, True]
    assert two is not None
    assert two.run_id is None


def test_a_start_that_was_refused_is_forgotten_and_one_with_a_run_is_not(record: SqliteRecord) -> None:
    record.intend(HEX, a_start("refused"))
    record.intend(HEX, a_start("taken"))
    record.started(HEX, "taken", RUN, {})

    record.forget(HEX, "refused")
    record.forget(HEX, "taken")

    assert record.find(HEX, "refused") is None
    assert record.find(HEX, "taken") is not None


def test_starts_without_a_known_run_are_told_by_project(record: SqliteRecord) -> None:
    record.intend(HEX, a_start("open"))
    record.intend(HEX, a_start("of another project", project_id=RUN))
    record.intend(HEX, a_start("answered"))
    record.started(HEX, "answered", RUN, {})

    assert [start.key for start in record.unanswered(HEX, PROJECT)] == ["open"]


def test_runs_of_starts_are_claimed_and_others_are_not(record: SqliteRecord) -> None:
    record.intend(HEX, a_start())
    record.started(HEX, "k", RUN, {})
    record.remember(HEX, PROJECT, "found-by-search", NOW)

    assert record.claimed(HEX, [RUN, "found-by-search", "unknown"]) == {RUN}


def test_the_project_of_a_run_is_known_after_a_start_and_after_a_search(record: SqliteRecord) -> None:
    record.intend(HEX, a_start())
    record.started(HEX, "k", RUN, {})
    record.remember(HEX, "another-project", "another-run", NOW)

    assert record.project_of(HEX, RUN) == PROJECT
    assert record.project_of(HEX, "another-run") == "another-project"


def test_hosts_are_kept_apart(record: SqliteRecord) -> None:
    record.intend(HEX, a_start())
    record.started(HEX, "k", RUN, {})

    assert record.find(ELSEWHERE, "k") is None
    assert record.project_of(ELSEWHERE, RUN) is None
    assert record.claimed(ELSEWHERE, [RUN]) == set()


@pytest.mark.parametrize("fate", [LEFT, CANCELLED])
def test_what_became_of_a_stopped_wait_is_kept(record: SqliteRecord, fate: str) -> None:
    record.intend(HEX, a_start())

    record.stopped(HEX, "k", fate)

    found = record.find(HEX, "k")
    assert found is not None
    assert found.fate == fate


@pytest.mark.parametrize("odd", ["'; DROP TABLE starts; --", "ключ 😀", "x" * 10_000, "\x00", "%"])
def test_any_text_may_be_a_key(record: SqliteRecord, odd: str) -> None:
    record.intend(HEX, a_start(odd))
    record.started(HEX, odd, RUN, {"odd": odd})

    found = record.find(HEX, odd)

    assert found is not None
    assert found.reply == {"odd": odd}


def test_where_there_is_no_home_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_given: object, **_options: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("HEX_BLOCKS_DATA_DIR")
    monkeypatch.setattr("platformdirs.user_data_path", nowhere)

    with pytest.raises(RecordError, match="home directory"):
        SqliteRecord().find(HEX, "k")


def test_a_record_opened_anew_knows_the_same(record: SqliteRecord) -> None:
    record.intend(HEX, a_start())
    record.started(HEX, "k", RUN, {})

    assert SqliteRecord(record.folder).project_of(HEX, RUN) == PROJECT


# How much it keeps


def test_what_is_old_is_forgotten(record: SqliteRecord) -> None:
    record.intend(HEX, a_start("old", NOW - (KEPT_DAYS + 1) * DAY))
    record.remember(HEX, PROJECT, "old-run", NOW - (KEPT_DAYS + 1) * DAY)
    record.intend(HEX, a_start("young", NOW - (KEPT_DAYS - 1) * DAY))

    record.intend(HEX, a_start("new", NOW))

    assert [record.find(HEX, key) is None for key in ("old", "young", "new")] == [True, False, False]
    assert record.project_of(HEX, "old-run") is None


def test_nothing_is_forgotten_by_a_machines_clock_alone(record: SqliteRecord) -> None:
    record.intend(HEX, a_start("kept"))

    record.intend(HEX, replace(a_start("from the future", NOW + 10 * KEPT_DAYS * DAY), at_hex=None))

    assert record.find(HEX, "kept")


def test_the_newest_are_kept_when_there_are_too_many(record: SqliteRecord) -> None:
    record.intend(HEX, a_start("oldest", NOW - 1))
    rows = ((HEX, str(number), PROJECT, "f", NOW + number / 1000) for number in range(KEPT_STARTS))
    with closing(sqlite3.connect(record.path)) as database, database:
        columns = "base_url, key, project_id, fingerprint, intended_at"
        database.executemany(f"INSERT INTO starts ({columns}) VALUES (?, ?, ?, ?, ?)", rows)
    database.close()

    record.intend(HEX, a_start("newest", NOW + KEPT_STARTS))

    found = {key: record.find(HEX, key) is not None for key in ("oldest", "0", str(KEPT_STARTS - 1), "newest")}
    assert found == {"oldest": False, "0": True, str(KEPT_STARTS - 1): True, "newest": True}


# Who may read it


def test_its_files_are_for_their_owner_only(record: SqliteRecord) -> None:
    record.intend(HEX, a_start())
    with record.alone(HEX, "k"):
        pass

    files = [file for file in record.folder.rglob("*") if file.is_file()]

    assert mode_of(record.folder) == 0o700
    assert {mode_of(file) for file in files} == {0o600}
    assert mode_of(record.folder / "locks") == 0o700


def test_its_files_are_for_their_owner_only_while_it_is_open(record: SqliteRecord) -> None:
    record.intend(HEX, a_start())
    with closing(sqlite3.connect(record.path)) as reader, reader:
        reader.execute("SELECT * FROM starts").fetchall()
        record.intend(HEX, a_start("another"))

        modes = {file.name: mode_of(file) for file in record.folder.glob("runs.sqlite3*")}

    reader.close()
    assert set(modes.values()) == {0o600}


def test_a_file_that_others_could_read_is_closed_to_them(record: SqliteRecord) -> None:
    record.intend(HEX, a_start())
    record.path.chmod(0o644)

    SqliteRecord(record.folder).intend(HEX, a_start("another"))

    assert mode_of(record.path) == 0o600


def test_the_umask_opens_nothing(tmp_path: Path) -> None:
    before = os.umask(0)
    record = SqliteRecord(tmp_path / "data")
    record.intend(HEX, a_start())
    os.umask(before)

    assert mode_of(record.folder) == 0o700
    assert mode_of(record.path) == 0o600


def test_it_lies_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEX_BLOCKS_DATA_DIR", str(tmp_path / "here"))

    assert default_folder() == tmp_path / "here"
    assert SqliteRecord().path == tmp_path / "here" / "runs.sqlite3"


def test_it_lies_in_the_platforms_folder_otherwise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HEX_BLOCKS_DATA_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))

    assert default_folder().is_relative_to(tmp_path)
    assert "hex-blocks" in default_folder().parts


def test_making_a_record_writes_nothing(tmp_path: Path) -> None:
    SqliteRecord(tmp_path / "data")

    assert list(tmp_path.iterdir()) == []


# Several at once

WRITER = f"""
import sys
from pathlib import Path
from hex_blocks.runs.record.sqlite import SqliteRecord
from hex_blocks.runs.record.store import Start
folder, name = Path(sys.argv[1]), sys.argv[2]
sys.stdin.readline()
for number in range({WRITES}):
    record = SqliteRecord(folder) if number % 50 == 0 else record
    key = f"{{name}}-{{number}}"
    record.intend("{HEX}", Start(key, "project", "f", {NOW}))
    assert record.started("{HEX}", key, f"run-{{key}}", {{}})
"""


@pytest.mark.slow
def test_several_processes_write_at_once(record: SqliteRecord) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(record.folder), str(number)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(WRITERS)
    ]

    said = [writer.stdin.write("now\n") and writer.stdin.flush() for writer in writers if writer.stdin]
    faults = [writer.communicate(timeout=100)[1] for writer in writers]

    expected = {f"run-{name}-{number}" for name in range(WRITERS) for number in range(WRITES)}
    assert len(said) == WRITERS
    assert faults == [""] * WRITERS
    assert record.claimed(HEX, expected) == expected


HOLDER = """
import sys
from pathlib import Path
from hex_blocks.runs.record.sqlite import SqliteRecord
with SqliteRecord(Path(sys.argv[1])).alone("x", "k") as ours:
    print(ours, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(record: SqliteRecord) -> Callable[[], subprocess.Popen[str]]:
    """Start a process that keeps the key "k" for itself until it is told to end."""

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(record.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        return process

    return start


def test_a_key_is_for_one_process_at_a_time(record: SqliteRecord, holder: Callable[[], subprocess.Popen[str]]) -> None:
    process = holder()

    with record.alone("x", "k", lambda: True) as ours:
        held = ours
    process.communicate("done\n", timeout=60)
    with record.alone("x", "k", lambda: True) as ours:
        after = ours

    assert (held, after) == (False, True)


def test_a_key_is_free_again_when_its_process_was_killed(
    record: SqliteRecord, holder: Callable[[], subprocess.Popen[str]]
) -> None:
    process = holder()

    process.kill()
    process.communicate(timeout=60)

    with record.alone("x", "k") as ours:
        assert ours is True


# What it survives


def corrupt(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "runs.sqlite3").write_bytes(b"this is no database" * 1000)


def made_by_a_newer_version(folder: Path) -> None:
    SqliteRecord(folder).intend(HEX, a_start())
    with closing(sqlite3.connect(folder / "runs.sqlite3")) as database, database:
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    database.close()


def folder_is_a_file(folder: Path) -> None:
    folder.write_text("a file")


def file_is_a_folder(folder: Path) -> None:
    (folder / "runs.sqlite3").mkdir(parents=True)


def locks_are_a_file(folder: Path) -> None:
    folder.mkdir()
    (folder / "locks").write_text("a file")


def emptied(folder: Path) -> None:
    SqliteRecord(folder).intend(HEX, a_start())
    (folder / "runs.sqlite3").write_bytes(b"")


def cut_short(folder: Path) -> None:
    record = SqliteRecord(folder)
    for number in range(200):
        record.intend(HEX, a_start(f"{number}"))
    del record
    file = folder / "runs.sqlite3"
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 3])


def cut_within_its_head(folder: Path) -> None:
    SqliteRecord(folder).intend(HEX, a_start())
    file = folder / "runs.sqlite3"
    file.write_bytes(file.read_bytes()[:50])


def made_by_another_program(folder: Path) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(folder / "runs.sqlite3")) as database, database:
        database.execute("CREATE TABLE starts (name TEXT)")


def text_instead(folder: Path) -> None:
    folder.mkdir()
    (folder / "runs.sqlite3").write_text("These are my notes.\n")


DAMAGES = [
    corrupt,
    made_by_a_newer_version,
    folder_is_a_file,
    file_is_a_folder,
    locks_are_a_file,
    emptied,
    cut_short,
    cut_within_its_head,
    made_by_another_program,
    text_instead,
]
every_damage = pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)


@every_damage
def test_a_record_that_cannot_be_used_says_why(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    damage(tmp_path / "data")
    record = SqliteRecord(tmp_path / "data")

    with pytest.raises(RecordError) as caught:
        record.intend(HEX, a_start())

    assert str(caught.value)


@every_damage
def test_a_record_that_cannot_be_used_is_not_begun_anew(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    damage(tmp_path / "data")
    before = contents(tmp_path)

    for _ in range(2):
        with pytest.raises(RecordError):
            SqliteRecord(tmp_path / "data").find(HEX, "k")

    assert contents(tmp_path).items() >= before.items()


def contents(folder: Path) -> dict[Path, bytes]:
    """Read the files that somebody else made, or that hold the record."""
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file() and file.suffix == ".sqlite3"}


def test_a_record_that_is_emptied_while_it_is_open_is_refused(record: SqliteRecord) -> None:
    record.intend(HEX, a_start())
    record.path.write_bytes(b"")

    for _ in range(2):
        with pytest.raises(RecordError, match="is empty"):
            record.find(HEX, "k")

    assert record.path.read_bytes() == b""


def test_a_key_of_a_record_that_was_emptied_starts_nothing_again(clock: DrivenClock, record: SqliteRecord) -> None:
    with Sandbox(clock=clock) as sandbox, connect(sandbox, clock, record) as connection:
        inputs = {"projectId": PROJECT, "idempotencyKey": "daily"}
        hex_on(connection).call("hex_run_project", inputs)
        before = len(sandbox.world.runs(PROJECT))
        record.path.write_bytes(b"")

        with pytest.raises(HexError) as caught:
            hex_on(connection).call("hex_run_project", inputs)

        assert caught.value.key == "record_unusable"
        assert len(sandbox.world.runs(PROJECT)) == before


SPOILT: dict[str, list[Any]] = {
    "project_id": [b"\xff"],
    "fingerprint": [b"\xff"],
    "intended_at": ["yesterday", -1, 1e300],
    "at_hex": ["yesterday", -1, 1e300],
    "after": ["[", "{}", "[1]", "[" * 100_000],
    "run_id": [b"\xff"],
    "reply": ["{", "[]", "1", b"\xff"],
    "ended": ["{", "[]", '{"status": 1}', '{"runUrl": "x"}', '{"status": "SLEEPING"}'],
    "fate": [b"\xff"],
}
every_spoilt_value = pytest.mark.parametrize(
    ("column", "value"),
    [(column, value) for column, values in SPOILT.items() for value in values],
    ids=lambda v: f"{v!r:.20}",
)


def spoil(record: SqliteRecord, column: str, value: Any) -> None:
    with closing(sqlite3.connect(record.path)) as database, database:
        database.execute(f"UPDATE starts SET {column} = ?", (value,))


@every_spoilt_value
def test_what_cannot_have_been_written_by_us_is_refused(record: SqliteRecord, column: str, value: Any) -> None:
    record.intend(HEX, a_start())
    record.started(HEX, "k", RUN, {"runId": RUN})
    spoil(record, column, value)

    with pytest.raises(RecordError, match="not written by this program"):
        record.find(HEX, "k")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("ended", '{"status": "SLEEPING"}'),
        ("reply", "{}"),
        ("reply", None),
        ("reply", '{"runId": "another"}'),
        ("reply", "{"),
    ],
)
@pytest.mark.parametrize("tool", ["hex_run_project", "hex_run_and_wait", "hex_run_batch", "hex_run_pipeline"])
def test_a_key_whose_start_was_spoilt_starts_nothing_and_says_so(
    tool: str, column: str, value: Any, clock: DrivenClock, record: SqliteRecord
) -> None:
    works: dict[str, Any] = {
        "hex_run_batch": {"parameterSets": [{}]},
        "hex_run_pipeline": {"steps": [{"projectId": PROJECT}]},
    }
    project = {} if tool == "hex_run_pipeline" else {"projectId": PROJECT}
    inputs = project | works.get(tool, {}) | {"idempotencyKey": "daily"}
    with Sandbox(clock=clock) as sandbox, connect(sandbox, clock, record) as connection:
        hex_on(connection).call(tool, inputs)
        before = len(sandbox.world.runs(PROJECT))
        spoil(record, column, value)

        with pytest.raises(HexError) as caught:
            hex_on(connection).call(tool, inputs)

        assert caught.value.key == "record_unusable"
        assert len(sandbox.world.runs(PROJECT)) == before


FORBIDDEN = """
import os, sys
from pathlib import Path
from hex_blocks.runs.record.sqlite import SqliteRecord
from hex_blocks.runs.record.store import RecordError, Start
folder, mode = Path(sys.argv[1]), int(sys.argv[2], 8)
start = Start("k", "project", "f", 1.0)
SqliteRecord(folder).intend("x", start)
(folder / sys.argv[3]).chmod(mode)
if os.geteuid() == 0:
    # Nothing is forbidden to an administrator.
    os.chown(folder, 65534, 65534)
    os.setuid(65534)
try:
    SqliteRecord(folder).intend("x", start)
except RecordError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="this system has no such permissions")
@pytest.mark.parametrize(
    ("mode", "name"), [("000", "."), ("500", "."), ("000", "runs.sqlite3"), ("400", "runs.sqlite3")]
)
def test_a_record_that_may_not_be_used_says_why(mode: str, name: str) -> None:
    # Not the test's own folder, which only its owner may enter.
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        given = [sys.executable, "-c", FORBIDDEN, f"{folder}/data", mode, name]
        said = subprocess.run(given, capture_output=True, text=True, check=True)

    assert said.stdout.strip()


KEEPER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA locking_mode = EXCLUSIVE") if sys.argv[2] == "all" else None
database.execute("BEGIN IMMEDIATE")
database.execute("DELETE FROM starts WHERE key = ''")
print("kept", flush=True)
sys.stdin.readline()
"""


@contextmanager
def kept(record: SqliteRecord, what: str = "writing") -> Iterator[None]:
    """Let another process keep a record's file for itself: for writing, or for all."""
    given = [sys.executable, "-c", KEEPER, str(record.path), what]
    process = subprocess.Popen(given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "kept\n"
    try:
        yield
    finally:
        process.communicate("done\n", timeout=60)


USES: dict[str, Callable[..., Any]] = {
    "find": lambda record, **o: record.find(HEX, "k", **o),
    "unanswered": lambda record, **o: record.unanswered(HEX, PROJECT, **o),
    "claimed": lambda record, **o: record.claimed(HEX, [RUN], **o),
    "project_of": lambda record, **o: record.project_of(HEX, RUN, **o),
    "intend": lambda record, **o: record.intend(HEX, a_start(), **o),
    "started": lambda record, **o: record.started(HEX, "k", RUN, {"runId": RUN}, **o),
    "ended": lambda record, **o: record.ended(HEX, "k", {"status": "COMPLETED"}, **o),
    "stopped": lambda record, **o: record.stopped(HEX, "k", LEFT, **o),
    "forget": lambda record, **o: record.forget(HEX, "k", **o),
    "remember": lambda record, **o: record.remember(HEX, PROJECT, RUN, NOW, **o),
}
WRITING = ("intend", "started", "ended", "stopped", "forget", "remember")


@pytest.mark.parametrize("use", USES)
def test_a_wait_for_a_file_that_is_kept_can_be_given_up(tmp_path: Path, use: str) -> None:
    # Closed again: a file that somebody has open cannot be kept whole.
    SqliteRecord(tmp_path / "data").intend(HEX, a_start())
    asked: list[bool] = []

    def give_up() -> bool:
        asked.append(True)
        return len(asked) == 2

    with kept(SqliteRecord(tmp_path / "data"), "all"), pytest.raises(RecordBusyError):
        USES[use](SqliteRecord(tmp_path / "data"), give_up=give_up)

    assert len(asked) == 2


@pytest.mark.parametrize("use", WRITING)
def test_a_wait_for_a_file_that_is_kept_ends_by_itself(
    record: SqliteRecord, use: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.4)
    record.intend(HEX, a_start())

    with kept(record), pytest.raises(RecordBusyError):
        USES[use](record)

    USES[use](record)


@pytest.mark.parametrize("use", WRITING)
def test_who_waits_for_a_file_that_is_kept_does_its_work_once_it_is_free(record: SqliteRecord, use: str) -> None:
    record.intend(HEX, a_start())
    with ExitStack() as keeping:
        keeping.enter_context(kept(record))

        def let_go() -> bool:
            keeping.close()
            return False

        USES[use](record, give_up=let_go)


@every_damage
def test_a_run_is_not_lost_for_a_record_that_cannot_be_used(
    registry: Registry, clock: DrivenClock, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    damage(tmp_path / "data")

    with Sandbox(clock=clock) as sandbox, connect(sandbox, clock, SqliteRecord(tmp_path / "data")) as connection:
        outputs = hex_on(connection).call("hex_run_project", {"projectId": PROJECT})

        assert [warning["warning"] for warning in outputs["warnings"]] == ["run_not_recorded"] * len(
            outputs["warnings"]
        )
        assert sandbox.world.runs(PROJECT)[0].id == outputs["runId"]


@every_damage
def test_a_run_is_searched_for_when_the_record_cannot_be_used(
    registry: Registry, clock: DrivenClock, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    damage(tmp_path / "data")

    with Sandbox(clock=clock) as sandbox, connect(sandbox, clock, SqliteRecord(tmp_path / "data")) as connection:
        known = sandbox.world.runs(PROJECT)[0].id
        outputs = hex_on(connection).call("hex_get_notebook_run_status", {"runId": known})

        assert outputs["runId"] == known
        assert {"record_unread", "run_not_recorded"} >= {warning["warning"] for warning in outputs["warnings"]}


def connect(sandbox: Sandbox, clock: DrivenClock, record: Record) -> Connection:
    options: dict[str, Any] = {"allowed_hosts": (sandbox.origin,), "pinned": True, "clock": clock}
    connection = Connection(TOKENS.personal, sandbox.base_url, **options)
    use_record(connection, record)
    return connection


def test_a_record_that_was_taken_away_is_made_anew(record: SqliteRecord) -> None:
    record.intend(HEX, a_start("before"))
    record.path.unlink()

    record.intend(HEX, a_start("after"))

    assert record.find(HEX, "before") is None
    assert record.find(HEX, "after") is not None
    assert mode_of(record.path) == 0o600


def test_a_record_whose_folder_was_taken_away_is_made_anew(record: SqliteRecord) -> None:
    record.intend(HEX, a_start("before"))
    record.path.unlink()
    record.folder.rename(record.folder.with_name("gone"))

    record.intend(HEX, a_start("after"))

    assert record.find(HEX, "after") is not None


def test_the_first_version_of_the_file_is_taken_over(tmp_path: Path) -> None:
    from hex_blocks.runs.record.rows import SCHEMA

    columns = "base_url, key, project_id, fingerprint, intended_at, run_id"
    with closing(sqlite3.connect(tmp_path / "runs.sqlite3")) as database, database:
        database.executescript(f"{SCHEMA[0]}; PRAGMA user_version = 1")
        row = (HEX, "k", PROJECT, "f", NOW, RUN)
        database.execute(f"INSERT INTO starts ({columns}) VALUES (?, ?, ?, ?, ?, ?)", row)
    database.close()

    found = SqliteRecord(tmp_path).find(HEX, "k")

    assert found is not None
    assert (found.run_id, found.after, found.fate) == (RUN, None, None)


def test_it_holds_no_token_input_or_result(registry: Registry, clock: DrivenClock, record: SqliteRecord) -> None:
    started = {"projectId": PROJECT, "runId": RUN, "runUrl": "https://app.hex.tech/x", "secretOfHex": "s-1"}

    with Faulty(reply(201, started)) as server:
        options: dict[str, Any] = {"allowed_hosts": (server.origin,), "clock": clock}
        with Connection("hxtp_s_2", server.origin, **options) as connection:
            use_record(connection, record)
            hex_on(connection).call("hex_run_project", {"projectId": PROJECT, "inputParams": {"name": "s-3"}})

    written = b"".join(file.read_bytes() for file in record.folder.rglob("*") if file.is_file())
    assert RUN.encode() in written
    assert [secret for secret in (b"s-1", b"hxtp_s_2", b"s-3") if secret in written] == []
