"""Named locks for threads of all processes: advisory locks in PostgreSQL, freed by the server if a process ends."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from hex_blocks.clock import SystemClock
from hex_blocks.postgres.session import POLL_SECONDS, AwayError, Database, Session, register_for_forks
from hex_blocks.runs.record.store import GiveUp, never

# Seconds between two attempts to get a lock: the first pause, and the longest, to which it grows.
FIRST_PAUSE = 0.05
MAX_PAUSE = 1.0


class NamedLocks:
    """Named locks that threads of this process hold.

    Advisory locks of the connection exclude other processes. The threads of this process share that connection, so
    they are excluded by a set of the names in use.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        session.keeping = self._is_holding
        self._clock = SystemClock()
        register_for_forks(self)
        self.after_fork()

    def after_fork(self) -> None:
        """Start without locks: the threads that hold them, and the connection, belong to the parent process."""
        self._in_process: set[int] = set()
        self._held: dict[int, Database] = {}
        self._freed = threading.Condition()

    @contextmanager
    def hold(self, name: str, give_up: GiveUp, give_up_server: GiveUp) -> Iterator[bool]:
        """Hold a lock, and yield whether it was acquired.

        Args:
            name: The name of the lock.
            give_up: Returns whether to stop waiting for the lock.
            give_up_server: Returns whether to stop waiting for a server that cannot be reached.

        Raises:
            AwayError: The server cannot be reached.
        """
        number = number_of(name)
        if not self._acquire_in_process(number, give_up):
            yield False
            return
        try:
            database = self._acquire_at_server(number, give_up, give_up_server)
            if database is None:
                yield False
                return
            self._held[number] = database
            try:
                yield True
            finally:
                self._held.pop(number, None)
                self._release(number, database)
        finally:
            with self._freed:
                self._in_process.discard(number)
                self._freed.notify_all()

    def _is_holding(self) -> bool:
        return bool(self._held)

    def connection_of(self, name: str) -> Database | None:
        """Return the connection that holds a lock for a thread of this process, or None if none does."""
        return self._held.get(number_of(name))

    def _acquire_in_process(self, number: int, give_up: GiveUp) -> bool:
        with self._freed:
            while number in self._in_process:
                self._freed.wait(POLL_SECONDS)
                if number in self._in_process and give_up():
                    return False
            self._in_process.add(number)
        return True

    def _acquire_at_server(self, number: int, give_up: GiveUp, give_up_server: GiveUp) -> Database | None:
        pause = FIRST_PAUSE
        while True:
            try:
                if database := self._try_lock(number, give_up):
                    return database
            except AwayError:
                if give_up_server():
                    raise
            else:
                if give_up():
                    return None
            self._clock.wait(pause)
            pause = min(1.5 * pause, MAX_PAUSE)

    def _try_lock(self, number: int, give_up: GiveUp) -> Database | None:
        with self._session.use(give_up) as database:
            try:
                row = database.execute("SELECT pg_try_advisory_lock(%s)", (number,)).fetchone()
            except BaseException:
                # The lock may have been acquired; closing the connection frees it.
                database.close()
                raise
            return database if row and row[0] else None

    def _release(self, number: int, database: Database) -> None:
        try:
            with self._session.use(never, only=database):
                try:
                    database.execute("SELECT pg_advisory_unlock(%s)", (number,))
                except BaseException:
                    database.close()
                    raise
        except (AwayError, psycopg.Error):
            # The connection is lost, and the lock with it.
            return


def number_of(name: str) -> int:
    """Return the number of a name's advisory lock: 64 bits of a hash, so that names do not collide."""
    return int.from_bytes(hashlib.sha256(name.encode(errors="surrogatepass")).digest()[:8], signed=True)
