"""The progress of a long call, which callers can receive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Progress:
    """The progress of a long call.

    Attributes:
        message: What is happening, in the caller's language.
        status: The status of the run that the call waits for, if there is one.
        elapsed: Seconds so far.
        percent: An estimate from 0 to 100, if there is one.
        remaining: An estimate of the seconds left, if there is one.
        values: The values in the message.
    """

    message: str
    status: str | None = None
    elapsed: float = 0.0
    percent: float | None = None
    remaining: float | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


ProgressCallback = Callable[[Progress], None]
