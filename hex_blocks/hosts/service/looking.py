"""Threads that look again and again whether there is something to do."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from hex_blocks.hosts.service.problems import ProblemError

log = logging.getLogger(__name__)


def looking(
    look: Callable[[], object], seconds: float, over: threading.Event, wake: threading.Event | None = None
) -> threading.Thread:
    """Return a thread that looks, and looks again whatever went wrong.

    Args:
        look: What is done.
        seconds: How long it waits between two looks. Real seconds: what is waited for are other processes.
        over: Ends it.
        wake: Lets it look at once.
    """

    def go() -> None:
        while not over.is_set():
            try:
                look()
            except ProblemError:
                log.warning("what is kept cannot be looked at", exc_info=True)
            except Exception:
                log.exception("a look failed")
            (wake or over).wait(seconds)
            if wake:
                wake.clear()

    return threading.Thread(target=go, daemon=True)
