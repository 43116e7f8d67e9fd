"""What one process keeps the others from, by locks of its connection to PostgreSQL: freed when that ends, however."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from hex_blocks.clock import SystemClock
from hex_blocks.postgres.session import LOOK_UP, AwayError, Database, Session, heed_forks
from hex_blocks.runs.record.store import GiveUp, never

# A lock that others have is asked for again after so long, and less often as time goes by.
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0


class Holds:
    """Names that threads of this process keep for themselves.

    The connection's locks keep out other processes. Its threads share it, so these keep each other out here.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        session.keeping = self._keeps
        self._clock = SystemClock()
        heed_forks(self)
        self.after_fork()

    def after_fork(self) -> None:
        """Begin anew: the threads that keep anything, and the connection, are the parent's."""
        self._here: set[int] = set()
        self._kept: dict[int, Database] = {}
        self._freed = threading.Condition()

    @contextmanager
    def hold(self, name: str, give_up: GiveUp, away: GiveUp) -> Iterator[bool]:
        """Keep a name from all other threads and processes; False where the wait for it was given up.

        away: whether to wait no longer for a server that cannot be reached. Raises AwayError then.
        """
        number = number_of(name)
        if not self._taken_here(number, give_up):
            yield False
            return
        try:
            database = self._taken_there(number, give_up, away)
            if database is None:
                yield False
                return
            self._kept[number] = database
            try:
                yield True
            finally:
                self._kept.pop(number, None)
                self._let_go(number, database)
        finally:
            with self._freed:
                self._here.discard(number)
                self._freed.notify_all()

    def _keeps(self) -> bool:
        return bool(self._kept)

    def keeper_of(self, name: str) -> Database | None:
        """Return the connection that keeps a name for a thread of this process; None where none does."""
        return self._kept.get(number_of(name))

    def _taken_here(self, number: int, give_up: GiveUp) -> bool:
        with self._freed:
            while number in self._here:
                self._freed.wait(LOOK_UP)
                if number in self._here and give_up():
                    return False
            self._here.add(number)
        return True

    def _taken_there(self, number: int, give_up: GiveUp, away: GiveUp) -> Database | None:
        pause = FIRST_PAUSE
        while True:
            try:
                if database := self._tried(number, give_up):
                    return database
            except AwayError:
                if away():
                    raise
            else:
                if give_up():
                    return None
            self._clock.wait(pause)
            pause = min(1.5 * pause, LONGEST_PAUSE)

    def _tried(self, number: int, give_up: GiveUp) -> Database | None:
        with self._session.use(give_up) as database:
            try:
                row = database.execute("SELECT pg_try_advisory_lock(%s)", (number,)).fetchone()
            except BaseException:
                # It may be ours without our knowing, and is nobody's with the connection.
                database.close()
                raise
            return database if row and row[0] else None

    def _let_go(self, number: int, database: Database) -> None:
        try:
            with self._session.use(never, only=database):
                try:
                    database.execute("SELECT pg_advisory_unlock(%s)", (number,))
                except BaseException:
                    database.close()
                    raise
        except (AwayError, psycopg.Error):
            # It is free: the connection is gone.
            return


def number_of(name: str) -> int:
    """Return the number of a name's lock: of 64 bits, so that no two names meet."""
    return int.from_bytes(hashlib.sha256(name.encode(errors="surrogatepass")).digest()[:8], signed=True)
