"""Threads for calls: as many as there are calls at a time, each used again for the next one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

# A thread without work for so long ends.
IDLE_SECONDS = 10.0


class Workers:
    """Threads that do one piece of work after another. None waits for another one's end.

    Beginning a thread takes longer than many a call, and holds up whoever begins it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._idle = 0

    def do(self, work: Callable[[], object]) -> None:
        """Do work in a thread that has none, or in a new one. It lets no exception out."""
        with self._lock:
            if self._idle:
                self._idle -= 1
                self._waiting.put(work)
                return
        threading.Thread(target=self._work, args=(work,), name="hex-blocks-call", daemon=True).start()

    def _work(self, work: Callable[[], object] | None) -> None:
        while work is not None:
            work()
            # What was worked on is not kept in memory by a thread that waits.
            work = None
            with self._lock:
                self._idle += 1
            work = self._next()

    def _next(self) -> Callable[[], object] | None:
        """Return the next work; None where there was none for a while."""
        try:
            return self._waiting.get(timeout=IDLE_SECONDS)
        except Empty:
            with self._lock:
                try:
                    # It may have been given at the last moment.
                    return self._waiting.get_nowait()
                except Empty:
                    self._idle -= 1
                    return None
