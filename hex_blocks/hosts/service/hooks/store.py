"""Hooks and deliveries, as they are kept."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from hex_blocks.hosts.service.database import Database, Row, Run
from hex_blocks.hosts.service.jobs.store import Job, job_of_row

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


class HookStore:
    """The hooks of a database. Everything may raise ProblemError (`store_unusable`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, hook: Hook) -> None:
        """Write a hook down."""
        self._database.write(
            "INSERT INTO hooks (id, caller, target_url, events, projects, secret, token, language, status, created_at, "
            "cursor, looked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                hook.id,
                hook.caller,
                hook.target_url,
                json.dumps(hook.events),
                json.dumps(hook.projects),
                hook.secret,
                hook.sealed,
                hook.language,
                hook.status,
                hook.created_at,
                hook.cursor,
                hook.looked_at,
            ),
        )

    def get(self, caller: str, hook_id: str) -> Hook | None:
        """Return a caller's hook."""
        found = self._database.read("SELECT * FROM hooks WHERE id = ? AND caller = ?", (hook_id, caller))
        return _hook(found[0]) if found else None

    def of_delivery(self, delivery: Delivery) -> Hook | None:
        """Return the hook that a message is for."""
        found = self._database.read("SELECT * FROM hooks WHERE id = ?", (delivery.hook,))
        return _hook(found[0]) if found else None

    def listed(self, caller: str) -> list[Hook]:
        """Return a caller's hooks, newest first."""
        rows = self._database.read("SELECT * FROM hooks WHERE caller = ? ORDER BY created_at DESC, id", (caller,))
        return [_hook(row) for row in rows]

    def remove(self, caller: str, hook_id: str) -> bool:
        """Forget a hook and its deliveries."""
        return self._database.write("DELETE FROM hooks WHERE id = ? AND caller = ?", (hook_id, caller)).changed > 0

    def to_look_at(self, owner: str, now: float, until: float, before: float) -> Hook | None:
        """Take a hook of runs that was last looked at before a moment and that nobody looks at."""
        wanted = (
            "status = 'active' AND cursor IS NOT NULL AND looked_at <= ? AND (leased_until IS NULL OR leased_until < ?)"
        )
        if not self._database.read(f"SELECT 1 FROM hooks WHERE {wanted} LIMIT 1", (before, now)):  # noqa: S608
            return None
        taken = self._database.write(
            f"""WITH free AS (SELECT id FROM hooks WHERE {wanted} ORDER BY looked_at LIMIT 1 {self._database.unlocked})
            UPDATE hooks SET owner = ?, leased_until = ?, looked_at = ? WHERE id IN (SELECT id FROM free)
            RETURNING *""",  # noqa: S608
            (before, now, owner, until, now),
        ).rows
        return _hook(taken[0]) if taken else None

    def renew(self, owner: str, held: Iterable[str], until: float) -> None:
        """Renew the leases of hooks that a process is looking at. held: their IDs."""
        for hook_id in held:
            self._database.write(
                "UPDATE hooks SET leased_until = ? WHERE id = ? AND owner = ?", (until, hook_id, owner)
            )

    def looked(self, hook: Hook, owner: str, cursor: str, told: Iterable[Delivery]) -> bool:
        """Write down what was seen and how far, both or neither; False where another process has the hook."""
        messages = list(told)

        def write(run: Run) -> bool:
            ours = run(
                "UPDATE hooks SET cursor = ?, owner = NULL, leased_until = NULL WHERE id = ? AND owner = ?",
                (cursor, hook.id, owner),
            ).changed
            if ours:
                _add(run, messages)
            return bool(ours)

        return self._database.transaction(write)

    def untold(self, most: int) -> list[Job]:
        """Return jobs that have ended and of which no hook has been told."""
        rows = self._database.read(
            "SELECT * FROM jobs WHERE told = 0 AND ended_at IS NOT NULL ORDER BY ended_at LIMIT ?", (most,)
        )
        return [job_of_row(row) for row in rows]

    def tell(self, job: Job, told: Iterable[Delivery]) -> None:
        """Write down the messages about a job, and that it has been told, both or neither."""
        messages = list(told)

        def write(run: Run) -> None:
            if run("UPDATE jobs SET told = 1 WHERE id = ? AND told = 0", (job.id,)).changed:
                _add(run, messages)

        self._database.transaction(write)

    def due(self, owner: str, now: float, until: float, most: int) -> list[Delivery]:
        """Take messages whose time has come and that nobody sends."""
        wanted = "status = 'pending' AND next_at <= ? AND (leased_until IS NULL OR leased_until < ?)"
        if most < 1 or not self._database.read(
            f"SELECT 1 FROM deliveries WHERE {wanted} LIMIT 1",  # noqa: S608
            (now, now),
        ):
            return []
        taken = self._database.write(
            f"""WITH free AS (
            SELECT hook, id FROM deliveries WHERE {wanted} ORDER BY next_at LIMIT ? {self._database.unlocked})
            UPDATE deliveries SET owner = ?, leased_until = ? WHERE (hook, id) IN (SELECT hook, id FROM free)
            RETURNING *""",  # noqa: S608
            (now, now, most, owner, until),
        )
        return [_delivery(row) for row in taken.rows]

    def sent(self, delivery: Delivery, owner: str) -> None:
        """Write down what came of an attempt."""
        self._database.write(
            "UPDATE deliveries SET status = ?, attempts = ?, next_at = ?, last_status = ?, last_error = ?, "
            "owner = NULL, leased_until = NULL WHERE hook = ? AND id = ? AND owner = ?",
            (
                delivery.status,
                delivery.attempts,
                delivery.next_at,
                delivery.last_status,
                delivery.last_error,
                delivery.hook,
                delivery.id,
                owner,
            ),
        )

    def health(self, hook_id: str, failing_since: float | None) -> None:
        """Write down since when a hook has failed; None where it has not."""
        self._database.write("UPDATE hooks SET failing_since = ? WHERE id = ?", (failing_since, hook_id))

    def disable(self, hook_id: str, reason: str) -> None:
        """Switch a hook off."""
        self._database.write("UPDATE hooks SET status = ?, reason = ? WHERE id = ?", (DISABLED, reason, hook_id))

    def deliveries(self, hook_id: str, most: int) -> list[Delivery]:
        """Return a hook's messages, newest first."""
        rows = self._database.read(
            "SELECT * FROM deliveries WHERE hook = ? ORDER BY created_at DESC, id LIMIT ?", (hook_id, most)
        )
        return [_delivery(row) for row in rows]

    def replay(self, hook_id: str, delivery_id: str, now: float) -> Delivery | None:
        """Send a message again, at once."""
        found = self._database.write(
            "UPDATE deliveries SET status = 'pending', attempts = 0, next_at = ?, owner = NULL, "
            "leased_until = NULL WHERE hook = ? AND id = ? RETURNING *",
            (now, hook_id, delivery_id),
        ).rows
        return _delivery(found[0]) if found else None

    def clean(self, before: float) -> None:
        """Forget messages that were settled before a moment."""
        self._database.write("DELETE FROM deliveries WHERE status != 'pending' AND created_at < ?", (before,))


def _add(run: Run, told: Iterable[Delivery]) -> None:
    for each in told:
        run(
            "INSERT INTO deliveries (id, hook, event, body, status, created_at, next_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (each.id, each.hook, each.event, each.body, PENDING, each.created_at, each.created_at),
        )


def _hook(row: Row) -> Hook:
    return Hook(
        id=row["id"],
        caller=row["caller"],
        target_url=row["target_url"],
        events=tuple(json.loads(row["events"])),
        projects=tuple(json.loads(row["projects"])),
        created_at=row["created_at"],
        secret=row["secret"],
        sealed=row["token"],
        language=row["language"],
        status=row["status"],
        reason=row["reason"],
        failing_since=row["failing_since"],
        cursor=row["cursor"],
        looked_at=row["looked_at"],
    )


def _delivery(row: Row) -> Delivery:
    return Delivery(
        id=row["id"],
        hook=row["hook"],
        event=row["event"],
        body=row["body"],
        created_at=row["created_at"],
        status=row["status"],
        attempts=row["attempts"],
        next_at=row["next_at"],
        last_status=row["last_status"],
        last_error=row["last_error"],
    )
