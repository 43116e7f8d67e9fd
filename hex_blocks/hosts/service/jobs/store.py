"""The stored jobs.

A process runs a job under a lease, which it renews. When a lease has expired, another process may claim the job and
gets the next fencing token; what the earlier process still writes is then refused.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hex_blocks.hosts.service.database import Database, Row, RunStatement

QUEUED, RUNNING = "queued", "running"
SUCCEEDED, FAILED, CANCELLED = "succeeded", "failed", "cancelled"
OPEN = (QUEUED, RUNNING)
PROGRESS, RESULT, PROBLEM = "progress", "result", "problem"
_COLUMNS = (
    "id, caller, tool, inputs, language, status, created_at, expires_at, key, fingerprint, answered, owner, "
    "leased_until, fence, resumable, token, started_at"
)


@dataclass(frozen=True)
class Job:
    """A stored call, with its progress or its result.

    Attributes:
        caller: The ID of the caller; other callers cannot see the job.
        tool: The ID of the tool.
        expires_at: When the job is removed.
        key: The caller's idempotency key; None if there is none.
        fingerprint: A hash of tool and inputs, to compare two calls with the same key.
        answered: Whether the caller has got a response with the job, so that a repeated request gets one too.
        owner: The process that runs it.
        leased_until: When the lease of that process expires.
        fence: The fencing token: how many times the job has been claimed.
        resumable: Whether it can be repeated after an attempt that was interrupted at an unknown point.
        cancelled: Whether the caller has cancelled it.
        encrypted_token: The caller's Hex token, encrypted; None if the server's is used, or tokens are not stored.
        events: The number of its events.
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
    encrypted_token: bytes | None = field(default=None, repr=False)
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
    """An event of a job: a progress report or its end."""

    number: int
    name: str
    data: Mapping[str, Any]


class End(NamedTuple):
    """How a job ended."""

    status: str
    result: Mapping[str, Any] | None = None
    problem: Mapping[str, Any] | None = None


class JobStore:
    """The jobs in a database. Every method may raise ProblemError (`store_unusable`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, job: Job) -> Job:
        """Store a job and return it; if the caller has a job with the same key already, return that one instead."""
        values = (
            job.id,
            job.caller,
            job.tool,
            _as_json(job.inputs),
            job.language,
            job.status,
            job.created_at,
            job.expires_at,
            job.key,
            job.fingerprint,
            job.answered,
            job.owner,
            job.leased_until,
            job.fence,
            job.resumable,
            job.encrypted_token,
            job.started_at,
        )
        insert = f"INSERT INTO jobs ({_COLUMNS}) VALUES ({', '.join('?' * len(values))}) ON CONFLICT DO NOTHING"  # noqa: S608
        find = "SELECT * FROM jobs WHERE id = ? OR (caller = ? AND key = ?)"
        while not self._database.write(insert, values).changed:
            if found := self._database.read(find, (job.id, job.caller, job.key)):
                return job_of_row(found[0])
        return job

    def get(self, caller: str, job_id: str) -> Job | None:
        """Return a job of a caller; None if there is no such job."""
        found = self._database.read("SELECT * FROM jobs WHERE id = ? AND caller = ?", (job_id, caller))
        return job_of_row(found[0]) if found else None

    def list_jobs(self, caller: str, *, limit: int, status: str | None = None) -> list[Job]:
        """Return the jobs of a caller, newest first."""
        rows = self._database.read(
            "SELECT * FROM jobs WHERE caller = ? AND status = COALESCE(?, status) ORDER BY created_at DESC, id LIMIT ?",
            (caller, status, limit),
        )
        return [job_of_row(row) for row in rows]

    def claim(self, owner: str, callers: Collection[str], now: float, until: float, most: int) -> list[Job]:
        """Claim open jobs that no process runs, and return them.

        Args:
            owner: The process that claims them.
            callers: The callers whose tokens this process has; jobs of others are claimed only if their token is
                stored.
            now: The current time.
            until: When the leases expire.
            most: The maximum number of jobs.
        """
        # After an outage of the database, processes get the time of a lease to renew their leases.
        lapsed = 0.0 if now - self._database.recovered_at < until - now else now
        wanted = (
            "status IN ('queued', 'running') AND (leased_until IS NULL OR leased_until < ?) AND "
            f"(token IS NOT NULL OR caller IN ({', '.join('?' * len(callers)) or 'NULL'}))"
        )
        # Usually there is no job to claim; a read shows this without a lock for writing.
        probe = f"SELECT 1 FROM jobs WHERE {wanted} LIMIT 1"  # noqa: S608
        if most < 1 or not self._database.read(probe, (lapsed, *callers)):
            return []
        claimed = self._database.write(
            f"""WITH free AS (SELECT id FROM jobs WHERE {wanted} ORDER BY created_at LIMIT ?
            {self._database.skip_locked})
            UPDATE jobs SET status = 'running', owner = ?, leased_until = ?, fence = fence + 1,
            started_at = COALESCE(started_at, ?) WHERE id IN (SELECT id FROM free) RETURNING *""",  # noqa: S608
            (lapsed, *callers, most, owner, until, now),
        )
        return [job_of_row(row) for row in claimed.rows]

    def renew(self, owner: str, held: Mapping[str, int], until: float) -> dict[str, bool]:
        """Renew leases.

        Args:
            owner: The process that runs the jobs.
            held: The fencing tokens of the jobs by ID.
            until: When the leases expire.

        Returns:
            Whether the job is to be cancelled, for each job that this process still owns.
        """

        def renew_all(run: RunStatement) -> dict[str, bool]:
            renewed_jobs = {}
            for job_id, fence in held.items():
                found = run(
                    "UPDATE jobs SET leased_until = ? WHERE id = ? AND fence = ? AND owner = ? AND status = 'running' "
                    "RETURNING cancelled",
                    (until, job_id, fence, owner),
                ).rows
                if found:
                    renewed_jobs[job_id] = bool(found[0]["cancelled"])
            return renewed_jobs

        return self._database.transaction(renew_all)

    def release(self, job_id: str, fence: int, *, begun: bool = True) -> None:
        """Queue a job again, so that another process can claim it at once.

        Args:
            job_id: The job.
            fence: Its fencing token.
            begun: Whether the call was started; otherwise the claim is not counted.
        """
        self._database.write(
            "UPDATE jobs SET status = 'queued', owner = NULL, leased_until = NULL, fence = ? WHERE id = ? "
            "AND fence = ? AND status = 'running'",
            (fence if begun else fence - 1, job_id, fence),
        )

    def mark_answered(self, job_id: str) -> None:
        """Store that the caller has got a response with the job."""
        self._database.write("UPDATE jobs SET answered = 1 WHERE id = ?", (job_id,))

    def remove_key(self, job_id: str) -> None:
        """Remove the key of a job, so that another call can use it."""
        self._database.write("UPDATE jobs SET key = NULL WHERE id = ?", (job_id,))

    def report(self, job_id: str, fence: int, progress: Mapping[str, Any]) -> bool:
        """Store the progress of a job. Return False if another process has claimed it since."""
        data = _as_json(progress)
        return self._add_event(job_id, fence, PROGRESS, data, "progress = ?", (data,))

    def end(self, job_id: str, fence: int, end: End, now: float, expires_at: float) -> bool:
        """Store the end of a job. Return False if another process has claimed it since."""
        result, problem = _as_json_or_none(end.result), _as_json_or_none(end.problem)
        name = PROBLEM if end.result is None else RESULT
        changes = (
            "status = ?, result = ?, problem = ?, ended_at = ?, expires_at = ?, owner = NULL, leased_until = NULL, "
            "token = NULL"
        )
        values = (end.status, result, problem, now, expires_at)
        return self._add_event(job_id, fence, name, problem or result or "{}", changes, values)

    def _add_event(self, job_id: str, fence: int, name: str, data: str, changes: str, values: tuple[Any, ...]) -> bool:
        def write(run: RunStatement) -> bool:
            found = run(
                f"UPDATE jobs SET events = events + 1, {changes} "  # noqa: S608
                "WHERE id = ? AND fence = ? AND status IN ('queued', 'running') RETURNING events",
                (*values, job_id, fence),
            ).rows
            for row in found:
                run(
                    "INSERT INTO events (job, number, name, data) VALUES (?, ?, ?, ?)",
                    (job_id, row["events"], name, data),
                )
            return bool(found)

        return self._database.transaction(write)

    def cancel(self, caller: str, job_id: str, end: End, now: float, expires_at: float) -> Job | None:
        """Mark a job as cancelled and return it; None if there is no such job.

        A job that no process runs ends at once.
        """
        found = self._database.write(
            "UPDATE jobs SET cancelled = 1 WHERE id = ? AND caller = ? RETURNING *", (job_id, caller)
        ).rows
        if not found:
            return None
        job = job_of_row(found[0])
        if job.is_open and (job.leased_until is None or job.leased_until < now):
            self.end(job_id, job.fence, end, now, expires_at)
        return self.get(caller, job_id)

    def events_after(self, job_id: str, number: int) -> list[Event]:
        """Return a job's events after a number."""
        rows = self._database.read(
            "SELECT number, name, data FROM events WHERE job = ? AND number > ? ORDER BY number", (job_id, number)
        )
        return [Event(row["number"], row["name"], json.loads(row["data"])) for row in rows]

    def event_counts(self, job_ids: Collection[str]) -> dict[str, int]:
        """Return the number of events of each of these jobs."""
        wanted = list(job_ids)
        found: dict[str, int] = {}
        for begin in range(0, len(wanted), 500):
            some = wanted[begin : begin + 500]
            places = ", ".join("?" * len(some))
            rows = self._database.read(f"SELECT id, events FROM jobs WHERE id IN ({places})", some)  # noqa: S608
            found |= {row["id"]: row["events"] for row in rows}
        return found

    def remove_expired(self, now: float, end: End, expires_at: float) -> list[Job]:
        """End and return the open jobs that have expired, and remove the ended jobs that have expired."""
        late = self._database.read(
            "SELECT * FROM jobs WHERE expires_at < ? AND status IN ('queued', 'running') "
            "AND (leased_until IS NULL OR leased_until < ?)",
            (now, now),
        )
        ended = [job for job in map(job_of_row, late) if self.end(job.id, job.fence, end, now, expires_at)]
        if self._database.read(
            "SELECT 1 FROM jobs WHERE expires_at < ? AND status NOT IN ('queued', 'running') LIMIT 1", (now,)
        ):
            self._database.write(
                "DELETE FROM jobs WHERE expires_at < ? AND status NOT IN ('queued', 'running')", (now,)
            )
        return ended

    def by_status(self) -> dict[str, int]:
        """Return the number of jobs by status."""
        rows = self._database.read("SELECT status, count(*) AS number FROM jobs GROUP BY status")
        return {row["status"]: row["number"] for row in rows}


def job_of_row(row: Row) -> Job:
    """Return the job in a row of the table."""
    return Job(
        id=row["id"],
        caller=row["caller"],
        tool=row["tool"],
        inputs=json.loads(row["inputs"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        status=QUEUED if row["status"] == RUNNING and row["owner"] is None else row["status"],
        language=row["language"],
        key=row["key"],
        fingerprint=row["fingerprint"],
        answered=bool(row["answered"]),
        owner=row["owner"],
        leased_until=row["leased_until"],
        fence=row["fence"],
        resumable=bool(row["resumable"]),
        cancelled=bool(row["cancelled"]),
        encrypted_token=row["token"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        progress=_from_json(row["progress"]),
        result=_from_json(row["result"]),
        problem=_from_json(row["problem"]),
        events=row["events"],
    )


def _as_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=str)


def _as_json_or_none(value: Any) -> str | None:
    return None if value is None else _as_json(value)


def _from_json(written: str | None) -> Any:
    return None if written is None else json.loads(written)
