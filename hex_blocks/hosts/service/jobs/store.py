"""What is kept of jobs, and what a store of them promises, wherever it stands.

A job is worked on under a lease, which its worker renews. A lease that has run out may be taken by another worker,
with the next number of the fence; whatever the one before still writes is refused by it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

QUEUED, RUNNING = "queued", "running"
SUCCEEDED, FAILED, CANCELLED = "succeeded", "failed", "cancelled"
OPEN = (QUEUED, RUNNING)
PROGRESS, RESULT, PROBLEM = "progress", "result", "problem"


@dataclass(frozen=True)
class Job:
    """A call, and what came of it so far.

    Attributes:
        caller: Who asked for it; nobody else sees it.
        key: What its caller calls it, so that it is made once; None without.
        fingerprint: Tells whether two calls ask for the same.
        answered: Whether the request that asked for it has been answered, so that a repeated one is too.
        fence: Which worker's turn it is, counted from 1; 0 before the first.
        resumable: Whether it can be begun again where nobody knows how far it came.
        sealed: The caller's Hex token, encrypted; None where the server's is used, or none is kept.
        events: How many events there are.
    """

    id: str
    caller: str
    tool: str
    inputs: Mapping[str, Any]
    created_at: float
    expires_at: float
    status: str = QUEUED
    language: str | None = None
    key: str | None = None
    fingerprint: str | None = None
    answered: bool = False
    owner: str | None = None
    leased_until: float | None = None
    fence: int = 0
    resumable: bool = True
    cancelled: bool = False
    sealed: bytes | None = field(default=None, repr=False)
    started_at: float | None = None
    ended_at: float | None = None
    progress: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    problem: Mapping[str, Any] | None = None
    events: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.status in OPEN


class Event(NamedTuple):
    """Something that happened to a job."""

    number: int
    name: str
    data: Mapping[str, Any]


class End(NamedTuple):
    """How a job ended."""

    status: str
    result: Mapping[str, Any] | None = None
    problem: Mapping[str, Any] | None = None


class JobStore(Protocol):
    """What the service asks of a store. Everything may raise ProblemError (`store_unusable`)."""

    def add(self, job: Job) -> Job:
        """Write a job down; return the one that has its caller's key already, where there is one."""
        ...

    def get(self, caller: str, job_id: str) -> Job | None:
        """Return a caller's job."""
        ...

    def listed(self, caller: str, *, limit: int, status: str | None = None) -> list[Job]:
        """Return a caller's jobs, newest first."""
        ...

    def claim(self, owner: str, callers: Collection[str], now: float, until: float, most: int) -> list[Job]:
        """Take open jobs that nobody works on.

        callers: those whose work can be done here; others' jobs are taken only with a token.
        """
        ...

    def renew(self, owner: str, held: Mapping[str, int], until: float) -> dict[str, bool]:
        """Renew leases of jobs with these fences; say of each that is still ours whether it is to be cancelled."""
        ...

    def release(self, job_id: str, fence: int) -> None:
        """Give a job back, for another worker to take it at once."""
        ...

    def answer(self, job_id: str) -> None:
        """Write down that the request that asked for it has been answered."""
        ...

    def free(self, job_id: str) -> None:
        """Take a job's key from it, so that another call can have it."""
        ...

    def report(self, job_id: str, fence: int, progress: Mapping[str, Any]) -> bool:
        """Write down how far a job is; False where it is another worker's by now."""
        ...

    def end(self, job_id: str, fence: int, end: End, now: float, expires_at: float) -> bool:
        """Write down how a job ended; False where it is another worker's by now."""
        ...

    def cancel(self, caller: str, job_id: str, end: End, now: float, expires_at: float) -> Job | None:
        """Ask that a job be stopped; one that nobody works on has ended at once."""
        ...

    def events_after(self, job_id: str, number: int) -> list[Event]:
        """Return a job's events after a number."""
        ...

    def counted(self, job_ids: Collection[str]) -> dict[str, int]:
        """Return how many events each of these jobs has."""
        ...

    def give_up(self, now: float, end: End, expires_at: float) -> list[Job]:
        """End the jobs that nobody could work on until they expired, and forget those that ended long ago."""
        ...

    def by_status(self) -> dict[str, int]:
        """Count the jobs in each state."""
        ...
