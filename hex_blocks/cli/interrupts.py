"""Ctrl-C, SIGTERM and SIGHUP: a call that changes something is stopped in an orderly way."""

from __future__ import annotations

import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from hex_blocks.cli.output import say, warn

# Sent when the terminal is closed. Windows does not have it.
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def stop_event_on_signal() -> Iterator[threading.Event]:
    """Return an event that the first signal sets, so that the call can end by itself; a second signal interrupts it."""
    stop, heard = threading.Event(), False

    def on_signal(number: int, frame: object) -> None:
        nonlocal heard
        if heard:
            raise KeyboardInterrupt
        heard = True
        # In a separate thread, because the interrupted one can hold the event's lock or be writing.
        threading.Thread(target=_stop, args=(stop,), daemon=True).start()

    before = {each: signal.getsignal(each) for each in SIGNALS}
    # The parent process may have set signals to be ignored, as nohup does.
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
        # Printed first, so that it does not come after the call's last message.
        warn(say("Stopping. Interrupt again to stop at once."))
    finally:
        stop.set()


def stop_when_unread(tell: Callable[..., None] | None, stop: threading.Event) -> Callable[..., None] | None:
    """Return a progress callback that sets `stop` when stderr is closed, unless stdout is still read."""
    if tell is None:
        return None

    def tell_or_stop(*given: object) -> None:
        try:
            tell(*given)
        except OSError as error:
            # A full device is no reason to stop either.
            if isinstance(error, BrokenPipeError) and _has_lost_its_reader(sys.stdout):
                stop.set()

    return tell_or_stop


def _has_lost_its_reader(stream: TextIO) -> bool:
    if not hasattr(select, "poll"):
        return True
    waiting = select.poll()
    waiting.register(stream.fileno(), 0)
    return any(event & select.POLLERR for _, event in waiting.poll(0))
