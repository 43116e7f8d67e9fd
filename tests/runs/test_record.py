"""The record of runs: what it keeps, who may read it, and what it survives."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from hex_blocks import Connection, HexError, Registry
from hex_blocks.clock import DrivenClock
from hex_blocks.runs.record import sqlite
from hex_blocks.runs.record.configured import use_record
from hex_blocks.runs.record.rows import SCHEMA_VERSION
from hex_blocks.runs.record.sqlite import SqliteRecord, default_folder
from hex_blocks.runs.record.store import LEFT, Record, RecordBusyError, RecordError, Start
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.calling import hex_on
from tests.marks import mostly_slow

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


# Who may read it


def test_its_files_are_for_their_owner_only(record: SqliteRecord) -> None:
    record.intend(HEX, a_start())
    with record.lock_key(HEX, "k"):
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


# What no other store can hold: the rest is among the promises.
SPOILT = {
    "project_id": b"\xff",
    "fingerprint": b"\xff",
    "intended_at": "yesterday",
    "at_hex": "yesterday",
    "run_id": b"\xff",
    "reply": b"\xff",
    "fate": b"\xff",
}


@pytest.mark.parametrize("column", SPOILT)
def test_what_cannot_have_been_written_by_us_is_refused(record: SqliteRecord, column: str) -> None:
    record.intend(HEX, a_start())
    record.started(HEX, "k", RUN, {"runId": RUN})
    with closing(sqlite3.connect(record.path)) as database, database:
        database.execute(f"UPDATE starts SET {column} = ?", (SPOILT[column],))

    with pytest.raises(RecordError, match="not written by this program"):
        record.find(HEX, "k")


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


@pytest.mark.parametrize("use", mostly_slow(USES, "intend"))
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


@pytest.mark.parametrize("use", mostly_slow(WRITING, "started"))
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
