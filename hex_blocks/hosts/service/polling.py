"""Threads that do something at intervals."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from hex_blocks.hosts.service.problems import ProblemError

log = logging.getLogger(__name__)


def polling_thread(
    work: Callable[[], object], seconds: float, stop: threading.Event, wake: threading.Event | None = None
) -> threading.Thread:
    """Return a thread that calls a function at intervals. Exceptions are logged and do not end it.

    Args:
        work: The function.
        seconds: The time between two calls. It is real time, because the thread waits for other processes.
        stop: Ends the thread when set.
        wake: Ends the current pause when set.
    """

    def loop() -> None:
        while not stop.is_set():
            try:
                work()
            except ProblemError:
                log.warning("the database cannot be read or written", exc_info=True)
            except Exception:
                log.exception("a polling thread failed and continues")
            (wake or stop).wait(seconds)
            if wake:
                wake.clear()

    return threading.Thread(target=loop, daemon=True)
