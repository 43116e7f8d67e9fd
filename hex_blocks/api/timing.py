"""The time limits of a request, and the callbacks during its waits."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hex_blocks.errors.classes import HexError

OnWait = Callable[[float, HexError], None]
# The shortest timeout for a reply, in seconds, also close to a deadline: a shorter one would always fail.
MIN_READ = 1.0
# The longest timeout for a reply, in seconds: sockets do not accept arbitrarily large ones.
MAX_READ = 86_400.0


@dataclass(frozen=True)
class Timing:
    """The time limits of one request, in seconds, and its callbacks.

    Attributes:
        connect: For opening a connection.
        read: For one attempt, from sending to the last byte of the reply.
        patience: For all waits before and between attempts; 0 for none.
        stop: An event that ends waits early when it is set.
        on_wait: Is called before each wait, with its seconds and its reason.
        on_send: Is called just before each attempt.

    Raises:
        ValueError: A limit is not a possible number of seconds.
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
        check_seconds("patience", self.patience, may_be_zero=True)

    def within(self, seconds: float) -> Timing:
        """Return this timing with `patience` and `read` limited to the seconds that are left."""
        return replace(self, patience=max(0.0, seconds), read=min(self.read, max(MIN_READ, seconds)))


def check_seconds(name: str, value: object, *, may_be_zero: bool = False) -> None:
    """Check a number of seconds.

    Args:
        name: The name of the argument, for the error.
        value: The number.
        may_be_zero: Whether 0 and infinity are allowed, as they are for waits.

    Raises:
        ValueError: It is not a possible number of seconds.
    """
    seconds = _as_seconds(value)
    if may_be_zero:
        if not seconds >= 0:
            raise ValueError(f"{name} is {_shown(value)}; it must be a number of seconds, 0 or more")
    elif not 0 < seconds <= MAX_READ:
        raise ValueError(f"{name} is {_shown(value)}; it must be a number of seconds above 0, at most {MAX_READ:g}")


def _as_seconds(value: object) -> float:
    """Return a number as a float, or NaN, which fails every comparison, if it is not a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


def _shown(value: object) -> str:
    """Return the repr of a value. Python refuses to print integers of several thousand digits."""
    try:
        return repr(value)
    except ValueError:
        return "a number of more digits than can be shown"
