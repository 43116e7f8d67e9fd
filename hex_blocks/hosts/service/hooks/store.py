"""What is kept of hooks and deliveries, and what a store of them promises."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from hex_blocks.hosts.service.jobs.store import Job

ACTIVE, DISABLED = "active", "disabled"
PENDING, DELIVERED, GIVEN_UP = "pending", "delivered", "failed"


@dataclass(frozen=True)
class Hook:
    """A subscription.

    Attributes:
        projects: The projects whose runs are told.
        secret: What deliveries are signed with, sealed.
        sealed: The caller's Hex token, encrypted; None where the server's is used or no run is watched.
        failing_since: When a delivery failed of which none since has arrived.
        cursor: How far the runs have been told.
        looked_at: When runs were last looked for.
    """

    id: str
    caller: str
    target_url: str
    events: tuple[str, ...]
    projects: tuple[str, ...]
    created_at: float
    secret: bytes = field(repr=False)
    sealed: bytes | None = field(default=None, repr=False)
    language: str | None = None
    status: str = ACTIVE
    reason: str | None = None
    failing_since: float | None = None
    cursor: str | None = None
    looked_at: float = 0.0


@dataclass(frozen=True)
class Delivery:
    """A message to a hook, and what came of sending it.

    Attributes:
        id: The same at each attempt, and however often the event is seen.
        body: The message, the same bytes at each attempt.
    """

    id: str
    hook: str
    event: str
    body: str
    created_at: float
    status: str = PENDING
    attempts: int = 0
    next_at: float | None = None
    last_status: int | None = None
    last_error: str | None = None


class HookStore(Protocol):
    """What the service asks of a store. Everything may raise ProblemError (`store_unusable`)."""

    def add(self, hook: Hook) -> None:
        """Write a hook down."""
        ...

    def get(self, caller: str, hook_id: str) -> Hook | None:
        """Return a caller's hook."""
        ...

    def of_delivery(self, delivery: Delivery) -> Hook | None:
        """Return the hook that a message is for."""
        ...

    def listed(self, caller: str) -> list[Hook]:
        """Return a caller's hooks, newest first."""
        ...

    def remove(self, caller: str, hook_id: str) -> bool:
        """Forget a hook and its deliveries."""
        ...

    def to_look_at(self, owner: str, now: float, until: float, before: float) -> list[Hook]:
        """Take the hooks of runs that were last looked at before a moment and that nobody looks at."""
        ...

    def looked(self, hook: Hook, owner: str, cursor: str, told: Iterable[Delivery]) -> bool:
        """Write down what was seen and how far, both or neither; False where another process has the hook."""
        ...

    def untold(self, most: int) -> list[Job]:
        """Return jobs that have ended and of which no hook has been told."""
        ...

    def tell(self, job: Job, told: Iterable[Delivery]) -> None:
        """Write down the messages about a job, and that it has been told, both or neither."""
        ...

    def due(self, owner: str, now: float, until: float, most: int) -> list[Delivery]:
        """Take messages whose time has come and that nobody sends."""
        ...

    def sent(self, delivery: Delivery, owner: str) -> None:
        """Write down what came of an attempt."""
        ...

    def health(self, hook_id: str, failing_since: float | None) -> None:
        """Write down since when a hook has failed; None where it has not."""
        ...

    def disable(self, hook_id: str, reason: str) -> None:
        """Switch a hook off."""
        ...

    def deliveries(self, hook_id: str, most: int) -> list[Delivery]:
        """Return a hook's messages, newest first."""
        ...

    def replay(self, hook_id: str, delivery_id: str, now: float) -> Delivery | None:
        """Send a message again, at once."""
        ...

    def clean(self, before: float) -> None:
        """Forget messages that were settled before a moment."""
        ...
