"""Worker threads for calls: one for each call at a time, reused for later calls."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

# A thread that is idle for this long ends.
IDLE_SECONDS = 10.0


class Workers:
    """A pool of threads without a limit, so that no call waits for another one.

    Threads are reused, because starting a thread takes longer than many calls.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._idle = 0

    def submit(self, work: Callable[[], object]) -> None:
        """Run `work` in an idle thread, or in a new one. `work` must not raise exceptions."""
        with self._lock:
            if self._idle:
                self._idle -= 1
                self._waiting.put(work)
                return
        threading.Thread(target=self._run_loop, args=(work,), name="hex-blocks-call", daemon=True).start()

    def _run_loop(self, work: Callable[[], object] | None) -> None:
        while work is not None:
            work()
            # An idle thread must not keep the objects of its last call in memory.
            work = None
            with self._lock:
                self._idle += 1
            work = self._next()

    def _next(self) -> Callable[[], object] | None:
        """Return the next work; None if there was none for IDLE_SECONDS."""
        try:
            return self._waiting.get(timeout=IDLE_SECONDS)
        except Empty:
            with self._lock:
                try:
                    # Work may have been added between the timeout and the lock.
                    return self._waiting.get_nowait()
                except Empty:
                    self._idle -= 1
                    return None
