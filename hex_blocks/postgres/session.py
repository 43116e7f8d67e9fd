"""This process's connection to a PostgreSQL server: made when needed, left behind in a fork, never waited for forever.

One connection for all threads, so that a program with many of them takes one place of the server's. What is kept for
the length of a connection, such as an advisory lock, is lost with it: whoever relies on that names the connection.
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
# A server that says nothing for so long is taken for gone.
SILENCE = 20.0
# A connection that nobody uses for so long is given back: a task that waits for an hour takes no place meanwhile.
IDLE = 10.0
# So often a wait is looked up from, in seconds.
LOOK_UP = 0.2
OLDEST = 13
# What passes by itself, by PostgreSQL's codes: no room for connections, the server ends, begins or ended a
# connection, a lock was not to be had, transactions were in each other's way, a statement took too long.
PASSING = ("53300", "57P01", "57P02", "57P03", "57P05", "55P03", "40001", "40P01", "57014", "25P03", "25P04")
CONNECTION_FAULT = "08"
# While a connection is made there are no codes. The server's own words come after two blanks; these of them pass.
SERVER_SAYS = ":  "
WORDS_OF_PASSING = (
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
# What the client's library says without having connected, and what does not pass.
WORDS_OF_LASTING = ("does not support SSL", "certificate", "no password supplied", "authentication method")
# A machine that is gone, or that a broken network hides, is found out by both sides in less than half a minute.
ALIVE: dict[str, str] = {
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
    # What is kept for the length of a connection may be kept while nothing is asked.
    "idle_session_timeout": "0",
}


class AwayError(Exception):
    """The server cannot be reached, or does not do what is asked just now; that passes."""


class ReplacedError(AwayError):
    """The connection that was named is lost, and all that it kept with it."""


class PooledError(Exception):
    """What answers is a pooler that hands a connection's transactions to different sessions of the server."""


class ServerError(Exception):
    """What answers is no server that can be used; the message says why."""


class Database(psycopg.Connection[tuple[Any, ...]]):
    """A connection whose server may not be silent for longer than some seconds. backend: the server's number of it."""

    silence = SILENCE
    backend = 0

    def wait(self, gen: PQGen[T], interval: float = LOOK_UP, timeout: float | None = None) -> T:
        """Wait for an answer of the server."""
        return super().wait(_within(gen, max(1, round((timeout or self.silence) / LOOK_UP))), LOOK_UP)


def _within(answer: Generator[Any, Any, T], most: int) -> Generator[Any, Any, T]:
    """Hand on a wait for the server, until it was looked up from so often in vain."""
    ready, quiet = None, 0
    while quiet <= most:
        try:
            state = answer.send(ready)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        ready = yield state
        quiet = 0 if ready else quiet + 1
    raise psycopg.OperationalError("the server does not answer")


class Session:
    """A server, and this process's connection to it, for one thread at a time.

    Args:
        address: The server's, as libpq reads it.
        prepare: Called with each new connection before it is used.
        silence: Seconds after which a server that does not answer is taken for gone.
        keeps: Whether something is kept for the length of a connection, which poolers of transactions break.
        settings: Of each connection, beside those that find out a broken one.
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
        # One at most.
        self._open_ones: list[Database] = []
        self._turn = threading.Lock()
        self._clock = SystemClock()
        self._used_at = 0.0
        self._watched = False
        # Says whether something is kept for the length of the connection.
        self.keeping: Callable[[], bool] = lambda: False
        heed_forks(self)
        finalize(self, _close_all, self._open_ones)

    @contextmanager
    def use(self, give_up: GiveUp, only: Database | None = None) -> Iterator[Database]:
        """Use the connection, made anew where there is none. only: no other one than this.

        Raises AwayError for what passes, ReplacedError where the connection is lost that was named, psycopg.Error,
        PooledError and ServerError for the rest.
        """
        while not self._turn.acquire(timeout=LOOK_UP):
            if give_up():
                raise AwayError("another thread is using the connection")
        try:
            if only is not None and only not in self._open_ones:
                raise ReplacedError("the connection to PostgreSQL was lost")
            yield self._connected()
        except psycopg.Error as error:
            self._tidy()
            if only is not None and only not in self._open_ones:
                raise ReplacedError(words_of(error)) from error
            if passes(error):
                raise AwayError(words_of(error)) from error
            raise
        finally:
            self._tidy()
            self._used_at = self._clock.monotonic()
            self._turn.release()

    def close(self) -> None:
        """Close the connection; it is made anew when it is needed."""
        with self._turn:
            _close_all(self._open_ones)

    def after_fork(self) -> None:
        """Leave the connection to the parent: this process neither uses nor ends it."""
        self._turn, self._watched = threading.Lock(), False
        for database in self._open_ones:
            if not database.closed:
                # Closing says goodbye to the server, which would end the parent's connection: said into the void.
                void = os.open(os.devnull, os.O_RDWR)
                os.dup2(void, database.pgconn.socket)
                os.close(void)
        _close_all(self._open_ones)

    def _connected(self) -> Database:
        if not self._open_ones:
            self._open_ones.append(self._connect())
            if not self._watched:
                self._watched = True
                threading.Thread(target=self._give_back, name="hex-blocks-postgres", daemon=True).start()
        return self._open_ones[0]

    def _give_back(self) -> None:
        """Close the connection once nobody has used it for a while, and nothing is kept by it."""
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
        wanted = {"fallback_application_name": "hex-blocks", "connect_timeout": self._patience, **ALIVE}
        known = set(conninfo_to_dict(self._address))
        given: dict[str, Any] = {name: value for name, value in wanted.items() if name not in known}
        try:
            database = Database.connect(self._address, autocommit=True, prepare_threshold=None, **given)
        except psycopg.Error as error:
            # Without the driver's frames, whose variables hold the password.
            raise error.with_traceback(None) from None
        database.silence = self._silence
        return database

    def _is_pooled(self, database: Database) -> bool:
        """Return whether a pooler answers. Raises PooledError for one that breaks what has to be kept."""
        version, database.backend = _row(database, "SELECT version(), pg_backend_pid()")
        if not version.startswith("PostgreSQL"):
            raise ServerError(f"it is no PostgreSQL: {version:.40}")
        if database.info.server_version < OLDEST * 10_000:
            raise ServerError(f"PostgreSQL {OLDEST} or newer is needed: {version:.40}")
        # A server tells its own number when it is connected to; a pooler cannot know it yet.
        pooled = bool(database.info.backend_pid != database.backend)
        if pooled and self._keeps:
            other = self._open()
            try:
                if mixes(lambda: _backend_of(database), lambda: _backend_of(other)):
                    raise PooledError
            finally:
                other.close()
        return pooled

    def _tidy(self) -> None:
        for database in self._open_ones:
            # What was broken off in the middle may be anywhere.
            if database.closed or database.info.transaction_status != TransactionStatus.IDLE:
                _close_all(self._open_ones)


def mixes(one: Callable[[], int], other: Callable[[], int]) -> bool:
    """Return whether the sessions behind two connections change, or are the same. one, other: ask which it is.

    A pooler gives a transaction the session that was used last, or least lately, or any: asked in this order, each
    is found out.
    """
    ones, others = {one(), one()}, {other()}
    for _ in range(3):
        ones |= {one()}
        others |= {other(), other()}
        ones |= {one()}
    return len(ones) > 1 or len(others) > 1 or bool(ones & others)


def passes(error: psycopg.Error) -> bool:
    """Return whether what is wrong passes by itself."""
    if error.sqlstate:
        return error.sqlstate in PASSING or error.sqlstate.startswith(CONNECTION_FAULT)
    said = str(error)
    words = WORDS_OF_PASSING if SERVER_SAYS in said else WORDS_OF_LASTING
    return isinstance(error, psycopg.OperationalError) and any(each in said for each in words) == (SERVER_SAYS in said)


def words_of(error: BaseException) -> str:
    """Return an error's words in one line, without a full stop."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _row(database: Database, statement: str) -> tuple[Any, ...]:
    row = database.execute(statement.encode()).fetchone()
    if row is None:
        raise ServerError("it gives no answer")
    return row


def _backend_of(database: Database) -> int:
    return int(_row(database, "SELECT pg_backend_pid()")[0])


def _configure(database: Database, settings: dict[str, str]) -> None:
    # Older servers do not know all of them.
    database.execute(
        "SELECT set_config(given.name, given.value, false) "
        "FROM unnest(%s::text[], %s::text[]) AS given (name, value) JOIN pg_settings USING (name)",
        (list(settings), list(settings.values())),
    )


def _close_all(databases: list[Database]) -> None:
    while databases:
        databases.pop().close()


_forked: WeakSet[Any] = WeakSet()


def heed_forks(what: Any) -> None:
    """Have `after_fork` of an object called in every fork of this process."""
    _forked.add(what)


def _in_the_child() -> None:
    for each in tuple(_forked):
        each.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_the_child)
