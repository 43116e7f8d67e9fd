"""Windows that processes share, with this process's own beside them for when it has to count alone."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from hex_blocks.api.limits.windows import InMemory, Window, Windows
from hex_blocks.clock import Clock

log = logging.getLogger(__name__)

# A store that hangs must not hold a request for longer, and one that went away is tried again this often.
ANSWER_SECONDS = 2.0
PAUSE = 30.0


class StoreAwayError(Exception):
    """The store cannot be reached. The message is the fault's kind only: its words can hold an address, or more."""


class Shared:
    """Windows in a store that processes share, and this process's own for while that cannot be reached.

    Counting alone is worse than counting together, and better than not working. What this process has sent counts in
    any case: a store that was away, or has forgotten, knows less.

    store: raises StoreAwayError where it cannot be reached. name: what people call it.
    """

    def __init__(self, store: Windows, name: str, memory: InMemory, clock: Clock) -> None:
        self._store = store
        self._name = name
        self._memory = memory
        self._clock = clock
        self._alone_until = 0.0

    def take(self, who: str, windows: Sequence[Window]) -> float:
        """Count a request if every window has room for it."""
        wait = self._memory.wait(who, windows, 0)
        if wait <= 0 and self._together():
            try:
                wait = self._store.take(who, windows)
            except StoreAwayError as error:
                self._go_alone(error)
            else:
                if wait <= 0:
                    self._memory.count(who, windows)
                return wait
        return wait if wait > 0 else self._memory.take(who, windows)

    def wait(self, who: str, windows: Sequence[Window], ahead: int) -> float:
        """Return in how many seconds there is room for a request, when `ahead` others come first."""
        wait = self._memory.wait(who, windows, ahead)
        if self._together():
            try:
                return max(wait, self._store.wait(who, windows, ahead))
            except StoreAwayError as error:
                self._go_alone(error)
        return wait

    def left(self, who: str, windows: Sequence[Window]) -> int:
        """Return how many requests there is room for."""
        left = self._memory.left(who, windows)
        if self._together():
            try:
                return min(left, self._store.left(who, windows))
            except StoreAwayError as error:
                self._go_alone(error)
        return left

    def close(self, who: str, name: str, seconds: float) -> None:
        """Let no request through the windows of a name for so long."""
        self._memory.close(who, name, seconds)
        if self._together():
            try:
                self._store.close(who, name, seconds)
            except StoreAwayError as error:
                self._go_alone(error)

    def _together(self) -> bool:
        return self._clock.monotonic() >= self._alone_until

    def _go_alone(self, error: StoreAwayError) -> None:
        log.warning(
            "The %s that keeps the request budget cannot be reached (%s): this process counts for itself",
            self._name,
            error,
        )
        self._alone_until = self._clock.monotonic() + PAUSE
