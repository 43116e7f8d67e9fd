"""The stored hooks and deliveries."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from hex_blocks.hosts.service.database import Database, Row, RunStatement
from hex_blocks.hosts.service.jobs.store import Job, job_of_row

ACTIVE, DISABLED = "active", "disabled"
PENDING, DELIVERED, GIVEN_UP = "pending", "delivered", "failed"


@dataclass(frozen=True)
class Hook:
    """A subscription of a URL to events.

    Attributes:
        projects: The projects whose runs cause events.
        secret: The signing secret of deliveries, encrypted.
        encrypted_token: The caller's Hex token, encrypted; None if the server's is used or no runs are watched.
        reason: Why it is disabled.
        failing_since: When the first delivery failed after the last successful one.
        cursor: The cursor of hex_watch_runs after the last runs whose events are stored.
        looked_at: When runs were last read.
    """

    id: str
    caller: str
    target_url: str
    events: tuple[str, ...]
    projects: tuple[str, ...]
    created_at: float
    secret: bytes = field(repr=False)
    encrypted_token: bytes | None = field(default=None, repr=False)
    language: str | None = None
    status: str = ACTIVE
    reason: str | None = None
    failing_since: float | None = None
    cursor: str | None = None
    looked_at: float = 0.0


@dataclass(frozen=True)
class Delivery:
    """A message to a hook, and the result of sending it.

    Attributes:
        id: The ID of the message, the same for each attempt and for an event that is found twice.
        hook: The ID of the hook.
        body: The message, the same for each attempt.
        next_at: When to send it next; None if it is not sent again.
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
    """The hooks and deliveries in a database. Every method may raise ProblemError (`store_unusable`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, hook: Hook) -> None:
        """Store a hook."""
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
                hook.encrypted_token,
                hook.language,
                hook.status,
                hook.created_at,
                hook.cursor,
                hook.looked_at,
            ),
        )

    def get(self, caller: str, hook_id: str) -> Hook | None:
        """Return a hook of a caller; None if there is no such hook."""
        found = self._database.read("SELECT * FROM hooks WHERE id = ? AND caller = ?", (hook_id, caller))
        return _hook(found[0]) if found else None

    def hook_of(self, delivery: Delivery) -> Hook | None:
        """Return the hook of a delivery; None if it has been removed."""
        found = self._database.read("SELECT * FROM hooks WHERE id = ?", (delivery.hook,))
        return _hook(found[0]) if found else None

    def list_hooks(self, caller: str) -> list[Hook]:
        """Return a caller's hooks, newest first."""
        rows = self._database.read("SELECT * FROM hooks WHERE caller = ? ORDER BY created_at DESC, id", (caller,))
        return [_hook(row) for row in rows]

    def remove(self, caller: str, hook_id: str) -> bool:
        """Remove a hook and its deliveries. Return whether there was one."""
        return self._database.write("DELETE FROM hooks WHERE id = ? AND caller = ?", (hook_id, caller)).changed > 0

    def claim_watched(self, owner: str, now: float, until: float, before: float) -> Hook | None:
        """Claim a hook whose runs are to be read; None if there is none.

        Args:
            owner: The process that claims it.
            now: The current time.
            until: When the lease expires.
            before: Only a hook whose runs were last read before this time.
        """
        wanted = (
            "status = 'active' AND cursor IS NOT NULL AND looked_at <= ? AND (leased_until IS NULL OR leased_until < ?)"
        )
        if not self._database.read(f"SELECT 1 FROM hooks WHERE {wanted} LIMIT 1", (before, now)):  # noqa: S608
            return None
        claimed = self._database.write(
            f"""WITH free AS (SELECT id FROM hooks WHERE {wanted} ORDER BY looked_at LIMIT 1
            {self._database.skip_locked})
            UPDATE hooks SET owner = ?, leased_until = ?, looked_at = ? WHERE id IN (SELECT id FROM free)
            RETURNING *""",  # noqa: S608
            (before, now, owner, until, now),
        ).rows
        return _hook(claimed[0]) if claimed else None

    def renew(self, owner: str, hook_ids: Iterable[str], until: float) -> None:
        """Renew the leases of hooks that a process has claimed, given by their IDs."""
        for hook_id in hook_ids:
            self._database.write(
                "UPDATE hooks SET leased_until = ? WHERE id = ? AND owner = ?", (until, hook_id, owner)
            )

    def store_events(self, hook: Hook, owner: str, cursor: str, deliveries: Iterable[Delivery]) -> bool:
        """Store new messages and the cursor together. Return False if another process has claimed the hook since."""
        messages = list(deliveries)

        def write(run: RunStatement) -> bool:
            updated = run(
                "UPDATE hooks SET cursor = ?, owner = NULL, leased_until = NULL WHERE id = ? AND owner = ?",
                (cursor, hook.id, owner),
            ).changed
            if updated:
                _add(run, messages)
            return bool(updated)

        return self._database.transaction(write)

    def jobs_without_events(self, most: int) -> list[Job]:
        """Return jobs that have ended and whose messages are not stored yet."""
        rows = self._database.read(
            "SELECT * FROM jobs WHERE told = 0 AND ended_at IS NOT NULL ORDER BY ended_at LIMIT ?", (most,)
        )
        return [job_of_row(row) for row in rows]

    def store_job_events(self, job: Job, deliveries: Iterable[Delivery]) -> None:
        """Store the messages about a job and mark the job as reported, in one transaction."""
        messages = list(deliveries)

        def write(run: RunStatement) -> None:
            if run("UPDATE jobs SET told = 1 WHERE id = ? AND told = 0", (job.id,)).changed:
                _add(run, messages)

        self._database.transaction(write)

    def claim_due(self, owner: str, now: float, until: float, most: int) -> list[Delivery]:
        """Claim messages that are due, and return them.

        Args:
            owner: The process that claims them.
            now: The current time.
            until: When the leases expire.
            most: The maximum number of messages.
        """
        wanted = "status = 'pending' AND next_at <= ? AND (leased_until IS NULL OR leased_until < ?)"
        if most < 1 or not self._database.read(
            f"SELECT 1 FROM deliveries WHERE {wanted} LIMIT 1",  # noqa: S608
            (now, now),
        ):
            return []
        claimed = self._database.write(
            f"""WITH free AS (
            SELECT hook, id FROM deliveries WHERE {wanted} ORDER BY next_at LIMIT ?
            {self._database.skip_locked})
            UPDATE deliveries SET owner = ?, leased_until = ? WHERE (hook, id) IN (SELECT hook, id FROM free)
            RETURNING *""",  # noqa: S608
            (now, now, most, owner, until),
        )
        return [_delivery(row) for row in claimed.rows]

    def store_attempt(self, delivery: Delivery, owner: str) -> None:
        """Store the result of an attempt."""
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

    def store_failing_since(self, hook_id: str, failing_since: float | None) -> None:
        """Store since when the deliveries of a hook fail; None if the last one was successful."""
        self._database.write("UPDATE hooks SET failing_since = ? WHERE id = ?", (failing_since, hook_id))

    def disable(self, hook_id: str, reason: str) -> None:
        """Disable a hook."""
        self._database.write("UPDATE hooks SET status = ?, reason = ? WHERE id = ?", (DISABLED, reason, hook_id))

    def deliveries(self, hook_id: str, most: int) -> list[Delivery]:
        """Return the deliveries of a hook, newest first."""
        rows = self._database.read(
            "SELECT * FROM deliveries WHERE hook = ? ORDER BY created_at DESC, id LIMIT ?", (hook_id, most)
        )
        return [_delivery(row) for row in rows]

    def replay(self, hook_id: str, delivery_id: str, now: float) -> Delivery | None:
        """Make a message due at once, with all its attempts. Return None if there is no such message."""
        found = self._database.write(
            "UPDATE deliveries SET status = 'pending', attempts = 0, next_at = ?, owner = NULL, "
            "leased_until = NULL WHERE hook = ? AND id = ? RETURNING *",
            (now, hook_id, delivery_id),
        ).rows
        return _delivery(found[0]) if found else None

    def clean(self, before: float) -> None:
        """Remove messages from before a time that are not pending."""
        self._database.write("DELETE FROM deliveries WHERE status != 'pending' AND created_at < ?", (before,))


def _add(run: RunStatement, deliveries: Iterable[Delivery]) -> None:
    for each in deliveries:
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
        encrypted_token=row["token"],
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
