"""Ctrl-C, SIGTERM and a terminal that goes away: a call that changes something is asked to stop, not torn apart."""

from __future__ import annotations

import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from hex_blocks.cli.output import say, warn

# A terminal that is closed says SIGHUP, which Windows does not know.
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def stopped_gently() -> Iterator[threading.Event]:
    """Return an event that the first signal sets, so that a call can say what goes on; a second one ends it at once."""
    stop, heard = threading.Event(), False

    def on_signal(number: int, frame: object) -> None:
        nonlocal heard
        if heard:
            raise KeyboardInterrupt
        heard = True
        # In a thread of its own: the one that was interrupted may be holding the event's lock, or be writing.
        threading.Thread(target=_stop, args=(stop,), daemon=True).start()

    before = {each: signal.getsignal(each) for each in SIGNALS}
    # Who started us may have said that a closed terminal does not matter (nohup).
    listened = [each for each, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    for each in listened:
        signal.signal(each, on_signal)
    try:
        yield stop
    finally:
        for each in listened:
            signal.signal(each, before[each])


def _stop(stop: threading.Event) -> None:
    try:
        # Said first, so that it does not come after the last word.
        warn(say("Stopping. Interrupt again to stop at once."))
    finally:
        stop.set()


def while_somebody_listens(tell: Callable[..., None] | None, stop: threading.Event) -> Callable[..., None] | None:
    """Let a call stop when whoever reads its progress has gone away, unless somebody waits for its result."""
    if tell is None:
        return None

    def tell_or_stop(*given: object) -> None:
        try:
            tell(*given)
        except OSError as error:
            # A log without room is no reason to stop either.
            if isinstance(error, BrokenPipeError) and _has_lost_its_reader(sys.stdout):
                stop.set()

    return tell_or_stop


def _has_lost_its_reader(stream: TextIO) -> bool:
    if not hasattr(select, "poll"):
        return True
    waiting = select.poll()
    waiting.register(stream.fileno(), 0)
    return any(event & select.POLLERR for _, event in waiting.poll(0))
