"""The interface of a record of runs, and the start that it stores."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from hex_blocks.runs.model import Run

# The fate of a run when the call that waited for it was stopped.
LEFT, CANCELLED = "left", "cancelled"
GiveUp = Callable[[], bool]


class RecordError(Exception):
    """The record cannot be read or written; the message says why."""


class RecordBusyError(RecordError):
    """Another program locks the record, or its server cannot be reached. Remedy: try again."""


class RecordLostError(RecordBusyError):
    """The lock of a key is lost, so nothing was written: another call may have the key now."""


def never() -> bool:
    """Return False: the `give_up` of a wait that is never given up."""
    return False


@dataclass(frozen=True)
class Start:
    """An intended start, and its result.

    Attributes:
        key: Its idempotency key.
        project_id: The ID of its project.
        fingerprint: A hash of its request. Starts with equal requests have the same.
        intended_at: When it was about to be sent, in seconds since the Unix epoch by this machine's clock.
        at_hex: The same by Hex's clock, if known.
        after: IDs of the project's newest runs just before, newest first; None if they were not read.
        run_id: The ID of its run, once known.
        reply: Hex's reply, once known.
        ended: The run as it ended, once known.
        fate: LEFT or CANCELLED, if the call that waited for the run was stopped.
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
    """The interface of a record. All methods raise RecordError.

    `give_up` is called repeatedly while a method waits for other programs; the wait ends when it returns True.
    """

    def lock_key(self, base_url: str, key: str, give_up: GiveUp = never) -> AbstractContextManager[bool]:
        """Lock a key against all other threads and processes, and yield whether the lock was acquired.

        The lock is freed when this process ends, also if it is killed.
        """
        ...

    def lock_project(self, base_url: str, project_id: str, give_up: GiveUp = never) -> AbstractContextManager[bool]:
        """Lock a project against other starts, so that their runs can be told apart, and yield whether that worked."""
        ...

    def find(self, base_url: str, key: str, *, give_up: GiveUp = never) -> Start | None:
        """Return the start with a key, or None if there is none."""
        ...

    def intend(self, base_url: str, start: Start, *, give_up: GiveUp = never) -> None:
        """Record that a start is about to be sent, or sent again."""
        ...

    def started(self, base_url: str, key: str, run_id: str, reply: dict[str, Any], *, give_up: GiveUp = never) -> bool:
        """Record the run of a start. Return False, and write nothing, if the run belongs to another start."""
        ...

    def ended(self, base_url: str, key: str, run: dict[str, Any], *, give_up: GiveUp = never) -> None:
        """Record how the run of a start ended."""
        ...

    def stopped(self, base_url: str, key: str, fate: str, *, give_up: GiveUp = never) -> None:
        """Record whether a run whose wait was stopped was left running or cancelled: LEFT or CANCELLED."""
        ...

    def forget(self, base_url: str, key: str, *, give_up: GiveUp = never) -> None:
        """Delete a start that was refused."""
        ...

    def unanswered(self, base_url: str, project_id: str, *, give_up: GiveUp = never) -> list[Start]:
        """Return the starts of a project whose runs are not known."""
        ...

    def claimed(self, base_url: str, run_ids: Collection[str], *, give_up: GiveUp = never) -> set[str]:
        """Return those of some runs that belong to a start on record."""
        ...

    def remember(self, base_url: str, project_id: str, run_id: str, at: float, *, give_up: GiveUp = never) -> None:
        """Record the project of a run that was found by searching."""
        ...

    def project_of(self, base_url: str, run_id: str, *, give_up: GiveUp = never) -> str | None:
        """Return the project of a run on record, or None if the run is not on record."""
        ...
