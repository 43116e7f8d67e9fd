"""What a record of runs keeps and promises, wherever it is stored."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from hex_blocks.runs.model import Run

# What became of a run when the call that waited for it was stopped.
LEFT, CANCELLED = "left", "cancelled"
GiveUp = Callable[[], bool]


class RecordError(Exception):
    """The record cannot be read or written; the message says why."""


class RecordBusyError(RecordError):
    """Another program keeps the record for itself; that passes."""


class RecordLostError(RecordBusyError):
    """A key was kept for this call alone and is no longer, so nothing was written: another call may have it now."""


def never() -> bool:
    """Say that a wait is not to be given up."""
    return False


@dataclass(frozen=True)
class Start:
    """A start that was meant, and what came of it.

    fingerprint: tells whether two starts ask for the same. intended_at: seconds since the Unix epoch, just before
    the request was sent; at_hex: the same by Hex's clock, where it was known. after: the project's newest runs just
    before, newest first; None where nobody looked. run_id, reply: nothing until Hex's answer is known. ended: the
    run as it ended, once that is known. fate: LEFT or CANCELLED, where the call that waited was stopped.
    """

    key: str
    project_id: str
    fingerprint: str
    intended_at: float
    at_hex: float | None = None
    after: tuple[str, ...] | None = None
    run_id: str | None = None
    reply: dict[str, Any] = field(default_factory=dict)
    ended: Run = field(default_factory=Run)
    fate: str | None = None


class Record(Protocol):
    """What the rest of the project asks of a record; another store can stand here. Raises RecordError.

    Keyword give_up: asked now and then while the call waits for others; the wait ends where it says True.
    """

    def alone(self, base_url: str, key: str, give_up: GiveUp = never) -> AbstractContextManager[bool]:
        """Keep every other process and thread from working on the same key; freed when this process ends, however.

        Returns whether the key is ours now.
        """
        ...

    def sending(self, base_url: str, project_id: str, give_up: GiveUp = never) -> AbstractContextManager[bool]:
        """Keep every other process and thread from sending a start of a project, so that none is taken for another."""
        ...

    def find(self, base_url: str, key: str, *, give_up: GiveUp = never) -> Start | None:
        """Return the start of a key."""
        ...

    def intend(self, base_url: str, start: Start, *, give_up: GiveUp = never) -> None:
        """Write down that a start is about to be sent; again, if it is sent again."""
        ...

    def started(self, base_url: str, key: str, run_id: str, reply: dict[str, Any], *, give_up: GiveUp = never) -> bool:
        """Write down the run that a start became. False, and nothing written, where another start has that run."""
        ...

    def ended(self, base_url: str, key: str, run: dict[str, Any], *, give_up: GiveUp = never) -> None:
        """Write down how the run of a start ended."""
        ...

    def stopped(self, base_url: str, key: str, fate: str, *, give_up: GiveUp = never) -> None:
        """Write down what became of a run whose wait was stopped: LEFT or CANCELLED."""
        ...

    def forget(self, base_url: str, key: str, *, give_up: GiveUp = never) -> None:
        """Take back a start that was refused."""
        ...

    def unanswered(self, base_url: str, project_id: str, *, give_up: GiveUp = never) -> list[Start]:
        """Return the starts of a project whose runs are not known."""
        ...

    def claimed(self, base_url: str, run_ids: Collection[str], *, give_up: GiveUp = never) -> set[str]:
        """Return which of these runs belong to a start on record."""
        ...

    def remember(self, base_url: str, project_id: str, run_id: str, at: float, *, give_up: GiveUp = never) -> None:
        """Write down a run's project that was found by searching."""
        ...

    def project_of(self, base_url: str, run_id: str, *, give_up: GiveUp = never) -> str | None:
        """Return the project of a run that was started or found from here."""
        ...
