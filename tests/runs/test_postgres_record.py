"""The record in PostgreSQL: connections that are lost, poolers, forks, addresses, and who may do what."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.traceback import Traceback

from hex_blocks import Connection, HexError
from hex_blocks.api.limits.budget import Budget
from hex_blocks.clock import DrivenClock
from hex_blocks.postgres import session
from hex_blocks.postgres.session import mixes
from hex_blocks.runs.record import postgres as in_postgres
from hex_blocks.runs.record.configured import record_of, record_of_caller, record_of_environment
from hex_blocks.runs.record.postgres import PostgresRecord
from hex_blocks.runs.record.sqlite import SqliteRecord
from hex_blocks.runs.record.store import Record, RecordBusyError, RecordError, RecordLostError, Start
from hex_blocks.sandbox import Sandbox
from tests.calling import hex_on
from tests.faulty import Exchange, fetched, lost, pass_on, when
from tests.postgres import Pooler, PostgresServer, Wire, drop_databases, make_database, until
from tests.promises.stores import Around
from tests.promises.works import WORKS, inputs_of
from tests.starts import Started, StartIt, Through, posts, warnings

HEX = "https://app.hex.tech/api/v1"
PROJECT = "5a8591dd-4039-49df-9202-96385ba3eff8"
RUN = "78c33d18-170c-44d3-a227-b3194f134f73"
NOW = 1_800_000_000.0
DATABASE = "records"


def a_start(key: str = "k") -> Start:
    return Start(key, PROJECT, "f", NOW, NOW)


@pytest.fixture
def server(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """The session's server, with an empty database for records."""
    make_database(postgres.address(), DATABASE)
    yield postgres
    postgres.thaw()
    drop_databases(postgres.address(), DATABASE)


@pytest.fixture
def record(server: PostgresServer) -> Iterator[PostgresRecord]:
    made = PostgresRecord(server.address(DATABASE))
    yield made
    made.close()


@pytest.fixture
def other(server: PostgresServer) -> Iterator[PostgresRecord]:
    """Another machine's."""
    made = PostgresRecord(server.address(DATABASE))
    yield made
    made.close()


@pytest.fixture
def wire(server: PostgresServer) -> Iterator[Wire]:
    made = Wire(server.port)
    yield made
    made.close()


@pytest.fixture
def far(server: PostgresServer, wire: Wire) -> Iterator[PostgresRecord]:
    """A record at the end of a wire."""
    made = PostgresRecord(server.address(DATABASE, port=wire.port))
    yield made
    made.close()


def end_connections(server: PostgresServer) -> None:
    server.ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{DATABASE}'")


# Connections that are lost


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_a_server_that_was_restarted_is_connected_to_anew(
    how: signal.Signals, server: PostgresServer, record: Record
) -> None:
    record.intend(HEX, a_start())
    server.restart(how)

    assert record.find(HEX, "k") == a_start()


@pytest.mark.slow
def test_a_server_that_restarts_is_waited_for(server: PostgresServer, record: Record) -> None:
    record.intend(HEX, a_start())
    server.stop()
    starting = threading.Timer(0.5, server.start)
    starting.start()

    assert record.started(HEX, "k", RUN, {})

    starting.join()
    assert record.project_of(HEX, RUN) == PROJECT


@pytest.mark.slow
def test_a_server_that_is_gone_is_waited_for_only_so_long(
    server: PostgresServer, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_postgres, "BUSY_SECONDS", 0.5)
    server.stop()
    try:
        with pytest.raises(RecordBusyError):
            record.find(HEX, "k")
        with pytest.raises(RecordBusyError), record.lock_key(HEX, "k"):
            pass
    finally:
        server.start()


@pytest.mark.slow
def test_a_wait_for_a_server_that_is_gone_can_be_given_up(server: PostgresServer, record: Record) -> None:
    server.stop()
    try:
        with pytest.raises(RecordBusyError):
            record.find(HEX, "k", give_up=lambda: True)
    finally:
        server.start()


def test_a_key_is_free_when_the_connection_is_lost_and_nothing_is_written_under_it(
    server: PostgresServer, record: Record, other: Record
) -> None:
    with record.lock_key(HEX, "k"):
        end_connections(server)
        with other.lock_key(HEX, "k", lambda: True) as theirs:
            other.intend(HEX, a_start())
            with pytest.raises(RecordLostError):
                record.intend(HEX, Start("k", PROJECT, "f", NOW + 1, NOW + 1))
            with pytest.raises(RecordLostError):
                record.forget(HEX, "k")
            found = other.find(HEX, "k")

    assert theirs
    assert found == a_start()


def test_a_lost_key_stays_lost_though_the_connection_was_made_anew(server: PostgresServer, record: Record) -> None:
    with record.lock_key(HEX, "k"):
        end_connections(server)
        record.find(HEX, "k")

        with pytest.raises(RecordLostError):
            record.intend(HEX, a_start())

    # Whoever takes it again has it again.
    with record.lock_key(HEX, "k"):
        record.intend(HEX, a_start())


def test_a_key_is_free_again_as_soon_as_the_wire_is_cut(wire: Wire, far: Record, record: Record) -> None:
    with far.lock_key(HEX, "k"):
        wire.cut()
        with record.lock_key(HEX, "k") as ours:
            assert ours
            with pytest.raises(RecordLostError):
                far.intend(HEX, a_start())


@pytest.mark.slow
@pytest.mark.parametrize("silent", ["wire", "server"])
def test_what_does_not_answer_is_taken_for_gone(
    silent: str, server: PostgresServer, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "SILENCE", 0.6)
    monkeypatch.setattr(in_postgres, "BUSY_SECONDS", 0.2)
    far = PostgresRecord(server.address(DATABASE, port=wire.port))
    with far.lock_key(HEX, "k"):
        wire.fall_silent() if silent == "wire" else server.freeze()

        with pytest.raises(RecordBusyError):
            far.find(HEX, "k")
        with pytest.raises(RecordLostError):
            far.intend(HEX, a_start())

        wire.speak()
        server.thaw()
    far.intend(HEX, a_start())
    far.close()


def test_both_sides_look_whether_the_other_is_still_there(server: PostgresServer, far: Record) -> None:
    far.find(HEX, "k")

    with far._session.use(lambda: False) as database:  # type: ignore[attr-defined]
        known = database.info.get_parameters()
        settings = dict(database.execute("SELECT name, setting FROM pg_settings WHERE name LIKE 'tcp%'").fetchall())

    assert int(known["keepalives_idle"]) + 3 * int(known["keepalives_interval"]) <= 30
    assert int(known["tcp_user_timeout"]) <= 30_000
    assert int(settings["tcp_keepalives_idle"]) + 3 * int(settings["tcp_keepalives_interval"]) <= 30
    assert int(settings["tcp_user_timeout"]) <= 30_000


def test_an_interrupted_wait_for_a_key_keeps_nothing(server: PostgresServer, record: PostgresRecord) -> None:
    class InterruptedWaitError(Exception):
        """As Ctrl-C is, at a moment that can be chosen."""

    def interrupt() -> bool:
        raise InterruptedWaitError

    other = PostgresRecord(server.address(DATABASE))
    with other.lock_key(HEX, "k"), pytest.raises(InterruptedWaitError), record.lock_key(HEX, "k", interrupt):
        pass
    other.close()

    with record.lock_key(HEX, "k", lambda: True) as ours:
        assert ours


# Starts, while the server is restarted or the wire cut


class At(Around):
    """A record to which something happens once, just before one of its methods is called."""

    def __init__(self, record: Record, method: str, happen: Callable[[], object]) -> None:
        super().__init__(record)
        self._method = method
        self._happen: list[Callable[[], object]] = [happen]

    def __getattr__(self, name: str) -> Any:
        if name == self._method and self._happen:
            self._happen.pop()()
        return super().__getattr__(name)


METHODS = ("find", "lock_key", "lock_project", "unanswered", "intend", "started")


@pytest.mark.slow
@pytest.mark.parametrize("tool", WORKS)
@pytest.mark.parametrize("method", METHODS)
def test_a_server_that_is_restarted_in_the_middle_of_a_start_costs_nothing(
    method: str,
    tool: str,
    server: PostgresServer,
    record: Record,
    project: str,
    sandbox: Sandbox,
    through: Through,
    started: Started,
) -> None:
    connection = through(when("POST"), record=At(record, method, server.restart))
    inputs = inputs_of(tool, project, "daily")

    hex_on(connection).call(tool, inputs)
    hex_on(through(when("POST"), record=record)).call(tool, inputs)

    assert posts(sandbox) == len(started()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_a_wire_that_is_cut_in_the_middle_of_a_start_costs_nothing(
    method: str, wire: Wire, far: Record, start: StartIt, sandbox: Sandbox, through: Through, started: Started
) -> None:
    result = start(through(when("POST"), record=At(far, method, wire.cut)))

    assert [result["runId"]] == started()
    assert posts(sandbox) == 1


@pytest.mark.slow
@pytest.mark.parametrize("loses", [False, True])
def test_a_server_that_is_restarted_while_hex_starts_the_run_costs_nothing(
    loses: bool, server: PostgresServer, record: Record, start: StartIt, through: Through, started: Started
) -> None:
    def restart(exchange: Exchange) -> None:
        server.restart(signal.SIGQUIT)
        (lost if loses else pass_on)(exchange)

    connection = through(when("POST", restart), record=record)
    connection.timeout = 30.0

    result = start(connection)

    assert [result["runId"]] == started()
    found = record.find(connection.base_url, "daily")
    assert found
    assert found.run_id == result["runId"]


def test_a_call_on_another_machine_takes_over_where_the_wire_was_cut_before_the_answer(
    wire: Wire, far: Record, record: Record, start: StartIt, through: Through, started: Started
) -> None:
    others: list[dict[str, Any]] = []

    def cut(exchange: Exchange) -> None:
        head, body = fetched(exchange)
        wire.cut()
        others.append(start(through(when("POST"), record=record)))
        exchange.send(head + body)

    result = start(through(when("POST", cut), record=far, timeout=30.0))

    assert [result["runId"]] == [others[0]["runId"]] == started()
    assert warnings(others[0]) == ["start_recovered"]


# Poolers


@pytest.fixture
def pooler(server: PostgresServer) -> Iterator[Callable[..., Pooler]]:
    if not (shutil.which("pgbouncer") or Path("/usr/sbin/pgbouncer").exists()):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("pgbouncer is not installed: apt-get install pgbouncer")
    made: list[Pooler] = []

    def make(mode: str, **settings: str) -> Pooler:
        made.append(Pooler(server, mode, **settings))
        return made[-1]

    yield make
    for each in made:
        each.stop()


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"server_round_robin": "1"}, {"default_pool_size": "1"}])
@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.parametrize("busy", [0, 3])
def test_a_pooler_that_breaks_the_locks_is_refused(
    mode: str, settings: dict[str, str], busy: int, server: PostgresServer, pooler: Callable[..., Pooler]
) -> None:
    port = pooler(mode, **settings).port
    address = server.address(DATABASE, port=port)
    # What others have used before waits in the pool.
    fill_pool(address, busy)
    record = PostgresRecord(address)

    for use in (lambda: record.find(HEX, "k"), lambda: record.lock_key(HEX, "k").__enter__()):
        with pytest.raises(RecordError, match="pooler in transaction mode"):
            use()


def fill_pool(address: str, count: int) -> None:
    import psycopg

    open_ones = [psycopg.connect(address, autocommit=True) for _ in range(count)]
    asking = [threading.Thread(target=each.execute, args=("SELECT pg_sleep(0.1)",)) for each in open_ones]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    for one in open_ones:
        one.close()


def test_nothing_is_left_behind_a_pooler_that_is_refused(server: PostgresServer, pooler: Callable[..., Pooler]) -> None:
    address = server.address(DATABASE, port=pooler("transaction", default_pool_size="1").port)
    with pytest.raises(RecordError):
        PostgresRecord(address).find(HEX, "k")

    import psycopg

    with psycopg.connect(address) as connection:
        timeout = connection.execute("SHOW lock_timeout").fetchone()
    assert timeout == ("0",)


def test_a_pooler_that_keeps_sessions_whole_will_do(
    server: PostgresServer, record: Record, pooler: Callable[..., Pooler]
) -> None:
    behind = PostgresRecord(server.address(DATABASE, port=pooler("session").port))

    with behind.lock_key(HEX, "k"), record.lock_key(HEX, "k", lambda: True) as ours:
        behind.intend(HEX, a_start())
        behind.started(HEX, "k", RUN, {})

    assert not ours
    assert record.project_of(HEX, RUN) == PROJECT
    behind.close()


class Pool:
    """How a pooler chooses among its sessions, on paper."""

    def __init__(self, size: int, how: str) -> None:
        self._idle = list(range(size))
        self._how = how

    def ask(self) -> int:
        session = self._idle.pop(0 if self._how == "least lately" else -1)
        self._idle.append(session)
        return session


@pytest.mark.parametrize("how", ["least lately", "last"])
@pytest.mark.parametrize("size", range(1, 12))
def test_sessions_that_change_are_found_out(size: int, how: str) -> None:
    pool = Pool(size, how)

    assert mixes(pool.ask, pool.ask)
    assert not mixes(lambda: 1, lambda: 2)


def test_a_session_that_changes_all_the_same_is_found_out_before_anything_is_sent(
    server: PostgresServer, record: PostgresRecord
) -> None:
    record.find(HEX, "k")
    with record._session.use(lambda: False) as database:
        database.backend += 1

    with pytest.raises(RecordError, match="pooler in transaction mode"):
        record.intend(HEX, a_start())


# Forks


FORKED = f"""
import os, sys
from hex_blocks.runs.record.postgres import PostgresRecord
from hex_blocks.runs.record.store import Start
record = PostgresRecord(sys.argv[1])
with record.lock_key("{HEX}", "k"):
    child = os.fork()
    if child == 0:
        with record.lock_key("{HEX}", "k", lambda: True) as ours:
            assert not ours
        record.intend("{HEX}", Start("of the child", "{PROJECT}", "f", {NOW}, {NOW}))
        # As a program ends, with all that is left to be closed.
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
    record.intend("{HEX}", Start("k", "{PROJECT}", "f", {NOW}, {NOW}))
    child = os.fork()
    if child == 0:
        sys.stdin.read()
        os._exit(0)
    print(child, flush=True)
    os.kill(os.getpid(), 9)
"""


@pytest.mark.slow
def test_a_fork_uses_a_connection_of_its_own_and_keeps_nothing_of_its_parents(
    server: PostgresServer, record: Record
) -> None:
    process = subprocess.Popen(
        # A connection that waits to be given back makes a thread, which newer Pythons warn of.
        [
            sys.executable,
            "-W",
            "error",
            "-W",
            "ignore:This process:DeprecationWarning",
            "-c",
            FORKED,
            server.address(DATABASE),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    child = process.stdout.readline().strip()
    process.wait(60)

    # The child lives, and has not kept its parent's key.
    os.kill(int(child), 0)
    with record.lock_key(HEX, "k", after(10)) as ours:
        assert ours
    assert record.find(HEX, "of the child")
    assert record.find(HEX, "k")
    assert process.communicate(timeout=60)[1] == ""


def after(seconds: float) -> Callable[[], bool]:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


# Who may do what


def test_tables_of_a_newer_version_are_left_alone(server: PostgresServer, record: Record) -> None:
    record.find(HEX, "k")
    server.ask("UPDATE hex_blocks.versions SET number = 99", DATABASE)

    with pytest.raises(RecordError, match="newer version"):
        PostgresRecord(server.address(DATABASE)).find(HEX, "k")


def test_tables_of_another_program_are_left_alone(server: PostgresServer, record: Record) -> None:
    server.ask("CREATE SCHEMA hex_blocks; CREATE TABLE hex_blocks.starts (name text)", DATABASE)

    with pytest.raises(RecordError, match="starts"):
        record.find(HEX, "k")

    assert server.ask("SELECT * FROM hex_blocks.starts", DATABASE) == []


def test_each_version_is_made_of_the_one_before(
    server: PostgresServer, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    record.intend(HEX, a_start())
    change = "ALTER TABLE hex_blocks.starts ADD COLUMN weight integer NOT NULL DEFAULT 7"
    monkeypatch.setattr(in_postgres, "CHANGES", (*in_postgres.CHANGES, change))

    later = PostgresRecord(server.address(DATABASE))

    assert later.find(HEX, "k") == a_start()
    assert server.ask("SELECT weight FROM hex_blocks.starts", DATABASE) == [(7,)]
    later.close()


def test_who_may_make_nothing_can_use_what_was_prepared(server: PostgresServer) -> None:
    server.ask("DO $$ BEGIN CREATE ROLE guest LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
    guest = PostgresRecord(server.address(DATABASE, "guest"))
    with pytest.raises(RecordError, match="permission denied"):
        guest.find(HEX, "k")

    server.ask("CREATE SCHEMA hex_blocks AUTHORIZATION guest", DATABASE)

    guest.intend(HEX, a_start())
    assert guest.find(HEX, "k")
    guest.close()


@pytest.mark.parametrize(("database", "user"), [("nowhere", "postgres"), (DATABASE, "nobody_here")])
def test_what_waiting_does_not_change_is_told_at_once(database: str, user: str, server: PostgresServer) -> None:
    with pytest.raises(RecordError, match="does not exist") as caught:
        PostgresRecord(server.address(database, user)).find(HEX, "k")

    assert not isinstance(caught.value, RecordBusyError)


@pytest.mark.slow
def test_a_server_without_room_is_waited_for(
    server: PostgresServer, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_postgres, "BUSY_SECONDS", 0.3)
    server.ask(f"ALTER DATABASE {DATABASE} CONNECTION LIMIT 0")
    server.ask("DO $$ BEGIN CREATE ROLE visitor LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")

    with pytest.raises(RecordBusyError, match="too many connections"):
        PostgresRecord(server.address(DATABASE, "visitor")).find(HEX, "k")


@pytest.mark.slow
def test_a_process_takes_one_connection_however_many_it_has_to_hex(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch, connect: Callable[..., Connection], project: str
) -> None:
    monkeypatch.setenv("HEX_BLOCKS_RECORD", server.address(DATABASE))
    monkeypatch.setenv("HEX_BLOCKS_BUDGET", "memory://")
    batch = {"projectId": project, "parameterSets": [{}] * 5, "parallel": 5, "idempotencyKey": "k"}

    for _ in range(3):
        hex_on(connect()).call("hex_run_batch", batch)

    assert server.connections(DATABASE) == 1


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "IDLE", 0.2)


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
def test_a_connection_that_nobody_uses_is_given_back(server: PostgresServer, record: Record) -> None:
    for _ in range(2):
        record.find(HEX, "k")
        until(lambda: server.connections(DATABASE) == 0)


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
def test_a_connection_that_keeps_a_key_is_not_given_back(server: PostgresServer, record: Record) -> None:
    with record.lock_key(HEX, "k"):
        threading.Event().wait(1.0)
        record.intend(HEX, a_start())

    until(lambda: server.connections(DATABASE) == 0)


def test_requests_are_counted_behind_a_pooler_of_any_kind(
    server: PostgresServer, pooler: Callable[..., Pooler], clock: DrivenClock
) -> None:
    address = server.address(DATABASE, port=pooler("transaction", default_pool_size="2").port)
    one = Budget("app.hex.tech", "a token", clock, storage_uri=address)
    other = Budget("app.hex.tech", "a token", DrivenClock(), storage_uri=server.address(DATABASE))

    for _ in range(5):
        one.take("runs", until=0)

    assert other.left("runs") == 15


# Addresses


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("mysql://me:secret@localhost", "postgresql://"),
        ("postgresql+psycopg2://me:secret@localhost", "postgresql://"),
        ("host=localhost password=secret", "postgresql://"),
        ("postgresql://me:a@secret@localhost", "percent-encoded"),
        ("postgresql://me:a/secret@localhost/x", "percent-encoded"),
        ("postgresql://me:a?secret@localhost/x", "percent-encoded"),
        ("postgresql://localhost/?secret=1", "cannot read"),
        ("postgresql://me:%zzsecret@localhost", "cannot read"),
    ],
)
def test_a_bad_address_is_refused_without_being_repeated(
    address: str, reason: str, monkeypatch: pytest.MonkeyPatch, connect: Callable[..., Connection], project: str
) -> None:
    monkeypatch.setenv("HEX_BLOCKS_RECORD", address)
    monkeypatch.setenv("HEX_BLOCKS_BUDGET", "memory://")

    with pytest.raises(HexError) as caught:
        hex_on(connect()).call("hex_run_project", {"projectId": project})

    assert caught.value.key == "bad_record"
    assert reason in caught.value.message()
    assert "secret" not in str(caught.value.document())


@pytest.mark.slow
def test_a_password_is_told_nowhere(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_postgres, "BUSY_SECONDS", 0.2)
    for place in ("127.0.0.1:1", f"127.0.0.1:{server.port}", "nowhere.invalid"):
        with pytest.raises(RecordError) as caught:
            PostgresRecord(f"postgresql://nobody_here:marked-secret@{place}/{DATABASE}").find(HEX, "k")

        error = caught.value
        shown = Console(record=True, width=200, file=io.StringIO())
        shown.print(Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True))
        assert "marked-secret" not in shown.export_text().replace("nobody_here:marked-secret@{place}", "")


def test_without_its_package_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEX_BLOCKS_RECORD", "postgresql://localhost/hex")
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(HexError, match="psycopg is missing"):
        record_of_environment()


def test_the_record_is_where_the_environment_says(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch, connect: Callable[..., Connection]
) -> None:
    before = record_of_environment()
    monkeypatch.setenv("HEX_BLOCKS_RECORD", server.address(DATABASE))

    assert isinstance(before, SqliteRecord)
    assert record_of(connect()) is record_of(connect())
    assert isinstance(record_of(connect()), PostgresRecord)


@pytest.mark.slow
def test_callers_do_not_meet_each_others_keys(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEX_BLOCKS_RECORD", server.address(DATABASE))
    one, another, again = (record_of_caller(token) for token in ("hxtp_one", "hxtp_another", "hxtp_one"))

    one.intend(HEX, a_start())
    one.started(HEX, "k", RUN, {"runId": RUN})
    with one.lock_key(HEX, "k"):
        with another.lock_key(HEX, "k", lambda: True) as free:
            pass
        with again.lock_key(HEX, "k", lambda: True) as held:
            pass

    assert another.find(HEX, "k") is None
    assert another.project_of(HEX, RUN) is None
    assert again.project_of(HEX, RUN) == PROJECT
    assert (free, held) == (True, False)
    assert "hxtp" not in str(server.ask("SELECT * FROM hex_blocks.starts", DATABASE))
