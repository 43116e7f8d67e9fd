"""A driven clock for many threads, whose time does not depend on the load of the machine."""

from __future__ import annotations

import concurrent.futures.thread
import gc
import math
import sys
import threading

from hex_blocks.clock import DrivenClock

# The beginnings of the names of threads that make calls or connections.
WORKERS = ("ThreadPoolExecutor", "asyncio_", "hex-blocks call", "connecting")
RESTING = {threading.__file__, concurrent.futures.thread.__file__}
LOOK = 0.001


class MeetingClock(DrivenClock):
    """A clock whose time only advances while all workers wait, to the time that the first of them waits for.

    Args:
        ends_at: A time that it does not exceed; longer waits never end.
    """

    def __init__(self, ends_at: float = math.inf) -> None:
        super().__init__()
        self.ends_at = ends_at
        self._due: dict[int, float] = {}
        self._turn = threading.Lock()

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        stop = stop or threading.Event()
        me, until = threading.get_ident(), self.monotonic() + max(0.0, seconds)
        with self._turn:
            self._due[me] = until
        try:
            while self.monotonic() < until and not stop.wait(LOOK):
                with self._turn:
                    if until == min(self._due.values()) <= self.ends_at and self._all_wait():
                        self.advance(until - self.monotonic())
        finally:
            with self._turn:
                del self._due[me]
        return stop.is_set()

    def _all_wait(self) -> bool:
        """Return whether all workers are waiting, for this clock or for another thread."""
        workers = [each for each in threading.enumerate() if each.name.startswith(WORKERS)]
        # A garbage collection while frames are read can deadlock Python 3.11.
        gc.disable()
        try:
            frames = sys._current_frames()
        finally:
            gc.enable()
        return all(
            each.ident in self._due or (each.ident in frames and frames[each.ident].f_code.co_filename in RESTING)
            for each in workers
            if each.ident is not None
        )
