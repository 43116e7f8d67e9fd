"""How long a request may take and wait, and who is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from hex_blocks.errors.classes import HexError

OnWait = Callable[[float, HexError], None]


@dataclass(frozen=True)
class Timing:
    """How long one call may take, in seconds, and who is told of it.

    connect, read: for one sending, from the first byte to the last. patience: for all waits around sendings.
    stop: ends waits early. on_wait: told of each wait. on_send: called just before each sending.
    """

    connect: float = 5.0
    read: float = 60.0
    patience: float = 120.0
    stop: threading.Event = field(default_factory=threading.Event)
    on_wait: OnWait | None = None
    on_send: Callable[[], None] | None = None
