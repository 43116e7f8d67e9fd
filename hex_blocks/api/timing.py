"""How long a request may take and wait, and who is told."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hex_blocks.errors.classes import HexError

OnWait = Callable[[float, HexError], None]
# No answer comes in less time, so whoever is short of time still gives a request as much.
LEAST_READ = 1.0
# What a socket takes, and more than anybody waits for one answer.
LONGEST_READ = 86_400.0


@dataclass(frozen=True)
class Timing:
    """How long one call may take, in seconds, and who is told of it.

    Attributes:
        connect: For making a connection.
        read: For one sending, from the first byte to the last.
        patience: For all waits around sendings; 0 for none.
        stop: Ends waits early.
        on_wait: Is told of each wait.
        on_send: Is called just before each sending.

    Raises:
        ValueError: A number is not one that can be waited for.
    """

    connect: float = 5.0
    read: float = 60.0
    patience: float = 120.0
    stop: threading.Event = field(default_factory=threading.Event)
    on_wait: OnWait | None = None
    on_send: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        check_seconds("connect", self.connect)
        check_seconds("read", self.read)
        check_seconds("patience", self.patience, may_be_none=True)

    def within(self, seconds: float) -> Timing:
        """Return the timing of a part that has so many seconds, for its waits and for each of its answers."""
        return replace(self, patience=max(0.0, seconds), read=min(self.read, max(LEAST_READ, seconds)))


def check_seconds(name: str, value: object, *, may_be_none: bool = False) -> None:
    """Check a number of seconds.

    Args:
        name: What the number is called.
        value: The number.
        may_be_none: Whether it is for waits, which may be 0 or endless, and not for an answer.

    Raises:
        ValueError: It is not a number of seconds.
    """
    seconds = _as_seconds(value)
    if may_be_none:
        if not seconds >= 0:
            raise ValueError(f"{name} is {_shown(value)}; it must be a number of seconds, 0 or more")
    elif not 0 < seconds <= LONGEST_READ:
        raise ValueError(f"{name} is {_shown(value)}; it must be a number of seconds above 0, at most {LONGEST_READ:g}")


def _as_seconds(value: object) -> float:
    """Return a number as seconds; NaN, which compares with nothing, for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


def _shown(value: object) -> str:
    """Show a value. Python prints no whole number of more than some thousand digits."""
    try:
        return repr(value)
    except ValueError:
        return "a number of more digits than can be shown"
