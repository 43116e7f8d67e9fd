"""This process's connection to a PostgreSQL server: opened on demand, abandoned in a fork, with a limit on every wait.

All threads share one connection, so that a process with many threads uses one connection of the server. The state of a
session, such as an advisory lock, is lost with its connection; code that relies on such state names the connection.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from weakref import WeakSet, finalize

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from hex_blocks.clock import SystemClock

T = TypeVar("T")
GiveUp = Callable[[], bool]

CONNECT_SECONDS = 10
# Seconds without a reply after which a server counts as unreachable.
SILENCE = 20.0
# Seconds after which an unused connection is closed, so that a task that waits for an hour does not occupy one.
IDLE = 10.0
# How often waits check whether to give up, in seconds.
POLL_SECONDS = 0.2
MIN_VERSION = 13
# SQLSTATEs of temporary errors: too many connections, the server is starting or shutting down or ended the session,
# lock not available, serialization failure, deadlock, statement cancelled by a timeout, transaction timeout.
TEMPORARY = ("53300", "57P01", "57P02", "57P03", "57P05", "55P03", "40001", "40P01", "57014", "25P03", "25P04")
CONNECTION_FAULT = "08"
# Errors while connecting have no SQLSTATE. A message of the server follows this separator; these ones are temporary.
SERVER_MESSAGE = ":  "
TEMPORARY_MESSAGES = (
    "starting up",
    "shutting down",
    "recovery mode",
    "not yet accepting",
    "not accepting",
    "too many clients",
    "too many connections",
    "remaining connection slots",
    "terminating connection",
    "no more connections allowed",
)
# Messages of the client library while connecting that are not temporary.
PERMANENT_MESSAGES = ("does not support SSL", "certificate", "no password supplied", "authentication method")
# With these settings both sides detect a lost machine or network in less than half a minute.
KEEPALIVE: dict[str, str] = {
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
SETTINGS = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "20000",
    "lock_timeout": "200ms",
    # A session that holds an advisory lock may be idle.
    "idle_session_timeout": "0",
}


class AwayError(Exception):
    """The server cannot be reached or cannot carry out the statement at the moment. Remedy: try again."""


class ReplacedError(AwayError):
    """The connection that was named is lost, and the state of its session with it."""


class PooledError(Exception):
    """The server is a connection pooler that runs a connection's transactions in different sessions."""


class ServerError(Exception):
    """The server cannot be used; the message says why."""


class Database(psycopg.Connection[tuple[Any, ...]]):
    """A connection that fails if the server does not reply in time.

    Attributes:
        silence: Seconds without a reply after which a wait fails.
        backend: The process ID of the session at the server.
    """

    silence = SILENCE
    backend = 0

    def wait(self, gen: PQGen[T], interval: float = POLL_SECONDS, timeout: float | None = None) -> T:
        """Wait for a reply of the server."""
        most = max(1, round((timeout or self.silence) / POLL_SECONDS))
        return super().wait(_limited(gen, most), POLL_SECONDS)


def _limited(waiting: Generator[Any, Any, T], most: int) -> Generator[Any, Any, T]:
    """Wrap psycopg's generator of a wait, and fail after `most` intervals in a row without a reply."""
    ready, quiet = None, 0
    while quiet <= most:
        try:
            state = waiting.send(ready)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        ready = yield state
        quiet = 0 if ready else quiet + 1
    raise psycopg.OperationalError("the server does not answer")


class Session:
    """This process's connection to a server, used by one thread at a time.

    Args:
        address: The address of the server, in a form that libpq accepts.
        prepare: Is called with each new connection before it is used.
        silence: Seconds without a reply after which the server counts as unreachable.
        keeps: Whether session state such as advisory locks is used, which transaction poolers do not support.
        settings: Settings of each connection, in addition to SETTINGS.
    """

    def __init__(
        self,
        address: str,
        prepare: Callable[[Database], None],
        *,
        silence: float | None = None,
        keeps: bool = True,
        settings: dict[str, str] | None = None,
    ) -> None:
        self._address = address
        self._prepare = prepare
        self._silence = SILENCE if silence is None else silence
        self._patience = max(1, round(min(self._silence, CONNECT_SECONDS)))
        self._keeps = keeps
        self._settings = SETTINGS | (settings or {})
        # At most one. A list, so that `finalize` can close it without a reference to this object.
        self._open_ones: list[Database] = []
        self._turn = threading.Lock()
        self._clock = SystemClock()
        self._used_at = 0.0
        self._watched = False
        # Returns whether the session has state at the moment, so that the connection must stay open.
        self.keeping: Callable[[], bool] = lambda: False
        register_for_forks(self)
        finalize(self, _close_all, self._open_ones)

    @contextmanager
    def use(self, give_up: GiveUp, only: Database | None = None) -> Iterator[Database]:
        """Use the connection, and open it if needed.

        Args:
            give_up: Returns whether to stop waiting for other threads.
            only: The connection whose session state is needed; no other is used.

        Raises:
            AwayError: A temporary error.
            ReplacedError: The connection `only` is lost.
            PooledError: The server is a pooler that does not keep session state.
            ServerError: The server cannot be used.
            psycopg.Error: Any other error.
        """
        while not self._turn.acquire(timeout=POLL_SECONDS):
            if give_up():
                raise AwayError("another thread is using the connection")
        try:
            if only is not None and only not in self._open_ones:
                raise ReplacedError("the connection to PostgreSQL was lost")
            yield self._connected()
        except psycopg.Error as error:
            self._close_broken()
            if only is not None and only not in self._open_ones:
                raise ReplacedError(message_of(error)) from error
            if is_temporary(error):
                raise AwayError(message_of(error)) from error
            raise
        finally:
            self._close_broken()
            self._used_at = self._clock.monotonic()
            self._turn.release()

    def close(self) -> None:
        """Close the connection. It is opened again when it is needed."""
        with self._turn:
            _close_all(self._open_ones)

    def after_fork(self) -> None:
        """Leave the connection to the parent process: this process neither uses nor ends it."""
        self._turn, self._watched = threading.Lock(), False
        for database in self._open_ones:
            if not database.closed:
                # Closing sends a message that would end the parent's connection, so it is sent to the null device.
                null_device = os.open(os.devnull, os.O_RDWR)
                os.dup2(null_device, database.pgconn.socket)
                os.close(null_device)
        _close_all(self._open_ones)

    def _connected(self) -> Database:
        if not self._open_ones:
            self._open_ones.append(self._connect())
            if not self._watched:
                self._watched = True
                threading.Thread(target=self._close_when_idle, name="hex-blocks-postgres", daemon=True).start()
        return self._open_ones[0]

    def _close_when_idle(self) -> None:
        """Close the connection after it was unused for IDLE seconds, unless its session has state."""
        while True:
            self._clock.wait(IDLE)
            with self._turn:
                if not self.keeping() and self._clock.monotonic() - self._used_at >= IDLE:
                    _close_all(self._open_ones)
                    self._watched = False
                    return

    def _connect(self) -> Database:
        database = self._open()
        try:
            pooled = self._is_pooled(database)
            if not pooled or self._keeps:
                _configure(database, self._settings)
            self._prepare(database)
        except BaseException:
            database.close()
            raise
        return database

    def _open(self) -> Database:
        wanted = {"fallback_application_name": "hex-blocks", "connect_timeout": self._patience, **KEEPALIVE}
        known = set(conninfo_to_dict(self._address))
        given: dict[str, Any] = {name: value for name, value in wanted.items() if name not in known}
        try:
            database = Database.connect(self._address, autocommit=True, prepare_threshold=None, **given)
        except psycopg.Error as error:
            # Without the frames of psycopg, whose local variables hold the password.
            raise error.with_traceback(None) from None
        database.silence = self._silence
        return database

    def _is_pooled(self, database: Database) -> bool:
        """Return whether the server is a connection pooler.

        Raises:
            PooledError: It is one that does not keep session state, which is needed.
            ServerError: It is not PostgreSQL, or too old.
        """
        version, database.backend = _row(database, "SELECT version(), pg_backend_pid()")
        if not version.startswith("PostgreSQL"):
            raise ServerError(f"it is not PostgreSQL: {version:.40}")
        if database.info.server_version < MIN_VERSION * 10_000:
            raise ServerError(f"PostgreSQL {MIN_VERSION} or newer is needed: {version:.40}")
        # A server sends its process ID while connecting. A pooler sends another number, as it has no session yet.
        pooled = bool(database.info.backend_pid != database.backend)
        if pooled and self._keeps:
            other = self._open()
            try:
                if mixes(lambda: _backend_of(database), lambda: _backend_of(other)):
                    raise PooledError
            finally:
                other.close()
        return pooled

    def _close_broken(self) -> None:
        for database in self._open_ones:
            # A connection that was interrupted within a statement or transaction is in an unknown state.
            if database.closed or database.info.transaction_status != TransactionStatus.IDLE:
                _close_all(self._open_ones)


def mixes(one: Callable[[], int], other: Callable[[], int]) -> bool:
    """Return whether a pooler changes the sessions behind two connections, or shares one session between them.

    A pooler assigns the most recently used session, the least recently used one, or any. This order of calls detects
    each of these.

    Args:
        one: Returns the process ID of the session behind the first connection.
        other: Returns that of the second.
    """
    ones, others = {one(), one()}, {other()}
    for _ in range(3):
        ones |= {one()}
        others |= {other(), other()}
        ones |= {one()}
    return len(ones) > 1 or len(others) > 1 or bool(ones & others)


def is_temporary(error: psycopg.Error) -> bool:
    """Return whether an error is temporary."""
    if error.sqlstate:
        return error.sqlstate in TEMPORARY or error.sqlstate.startswith(CONNECTION_FAULT)
    if not isinstance(error, psycopg.OperationalError):
        return False
    message = str(error)
    if SERVER_MESSAGE in message:
        return any(each in message for each in TEMPORARY_MESSAGES)
    return not any(each in message for each in PERMANENT_MESSAGES)


def message_of(error: BaseException) -> str:
    """Return the message of an error on one line, without a full stop."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _row(database: Database, statement: str) -> tuple[Any, ...]:
    row = database.execute(statement.encode()).fetchone()
    if row is None:
        raise ServerError("it returns no row")
    return row


def _backend_of(database: Database) -> int:
    return int(_row(database, "SELECT pg_backend_pid()")[0])


def _configure(database: Database, settings: dict[str, str]) -> None:
    # Joined with pg_settings because older servers do not have all of these settings.
    database.execute(
        "SELECT set_config(given.name, given.value, false) "
        "FROM unnest(%s::text[], %s::text[]) AS given (name, value) JOIN pg_settings USING (name)",
        (list(settings), list(settings.values())),
    )


def _close_all(databases: list[Database]) -> None:
    while databases:
        databases.pop().close()


_forked: WeakSet[Any] = WeakSet()


def register_for_forks(what: Any) -> None:
    """Register an object whose `after_fork` is called in every fork of this process."""
    _forked.add(what)


def _in_the_child() -> None:
    for each in tuple(_forked):
        each.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_the_child)
