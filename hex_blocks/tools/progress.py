"""How far a long call is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Progress:
    """How far a long call is.

    Attributes:
        message: What is going on, in the caller's language.
        status: The state of the run that is waited for; None where there is none.
        elapsed: Seconds so far.
        percent: An estimate from 0 to 100; None without one.
        remaining: Seconds left, an estimate; None without one.
        values: What the message speaks of.
    """

    message: str
    status: str | None = None
    elapsed: float = 0.0
    percent: float | None = None
    remaining: float | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


ProgressCallback = Callable[[Progress], None]
