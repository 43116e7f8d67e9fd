"""Jobs, as they are kept.

A job is worked on under a lease, which its worker renews. A lease that has run out may be taken by another worker,
with the next number of the fence; whatever the one before still writes is refused by it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hex_blocks.hosts.service.database import Database, Row, Run

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


class JobStore:
    """The jobs of a database. Everything may raise ProblemError (`store_unusable`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, job: Job) -> Job:
        """Write a job down; return the one that has its caller's key already, where there is one."""
        values = (
            job.id,
            job.caller,
            job.tool,
            _written(job.inputs),
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
            job.sealed,
            job.started_at,
        )
        insert = f"INSERT INTO jobs ({_COLUMNS}) VALUES ({', '.join('?' * len(values))}) ON CONFLICT DO NOTHING"  # noqa: S608
        find = "SELECT * FROM jobs WHERE id = ? OR (caller = ? AND key = ?)"
        while not self._database.write(insert, values).changed:
            if found := self._database.read(find, (job.id, job.caller, job.key)):
                return job_of_row(found[0])
        return job

    def get(self, caller: str, job_id: str) -> Job | None:
        """Return a caller's job."""
        found = self._database.read("SELECT * FROM jobs WHERE id = ? AND caller = ?", (job_id, caller))
        return job_of_row(found[0]) if found else None

    def listed(self, caller: str, *, limit: int, status: str | None = None) -> list[Job]:
        """Return a caller's jobs, newest first."""
        rows = self._database.read(
            "SELECT * FROM jobs WHERE caller = ? AND status = COALESCE(?, status) ORDER BY created_at DESC, id LIMIT ?",
            (caller, status, limit),
        )
        return [job_of_row(row) for row in rows]

    def claim(self, owner: str, callers: Collection[str], now: float, until: float, most: int) -> list[Job]:
        """Take open jobs that nobody works on.

        callers: those whose work can be done here; others' jobs are taken only with a token.
        """
        # Where the database has been away, those who work on jobs could not say so, and get the time for it.
        lapsed = 0.0 if now - self._database.back_since < until - now else now
        wanted = (
            "status IN ('queued', 'running') AND (leased_until IS NULL OR leased_until < ?) AND "
            f"(token IS NOT NULL OR caller IN ({', '.join('?' * len(callers)) or 'NULL'}))"
        )
        # Most looks find nothing, and need not keep others from writing.
        probe = f"SELECT 1 FROM jobs WHERE {wanted} LIMIT 1"  # noqa: S608
        if most < 1 or not self._database.read(probe, (lapsed, *callers)):
            return []
        taken = self._database.write(
            f"""WITH free AS (SELECT id FROM jobs WHERE {wanted} ORDER BY created_at LIMIT ? {self._database.unlocked})
            UPDATE jobs SET status = 'running', owner = ?, leased_until = ?, fence = fence + 1,
            started_at = COALESCE(started_at, ?) WHERE id IN (SELECT id FROM free) RETURNING *""",  # noqa: S608
            (lapsed, *callers, most, owner, until, now),
        )
        return [job_of_row(row) for row in taken.rows]

    def renew(self, owner: str, held: Mapping[str, int], until: float) -> dict[str, bool]:
        """Renew leases; say of each job that is still ours whether it is to be cancelled.

        held: the fences of jobs.
        """

        def renewed(run: Run) -> dict[str, bool]:
            ours = {}
            for job_id, fence in held.items():
                found = run(
                    "UPDATE jobs SET leased_until = ? WHERE id = ? AND fence = ? AND owner = ? AND status = 'running' "
                    "RETURNING cancelled",
                    (until, job_id, fence, owner),
                ).rows
                if found:
                    ours[job_id] = bool(found[0]["cancelled"])
            return ours

        return self._database.transaction(renewed)

    def release(self, job_id: str, fence: int, *, begun: bool = True) -> None:
        """Give a job back, for another worker to take it at once. begun: whether anything has been done for it."""
        self._database.write(
            "UPDATE jobs SET status = 'queued', owner = NULL, leased_until = NULL, fence = ? WHERE id = ? "
            "AND fence = ? AND status = 'running'",
            (fence if begun else fence - 1, job_id, fence),
        )

    def answer(self, job_id: str) -> None:
        """Write down that the request that asked for it has been answered."""
        self._database.write("UPDATE jobs SET answered = 1 WHERE id = ?", (job_id,))

    def free(self, job_id: str) -> None:
        """Take a job's key from it, so that another call can have it."""
        self._database.write("UPDATE jobs SET key = NULL WHERE id = ?", (job_id,))

    def report(self, job_id: str, fence: int, progress: Mapping[str, Any]) -> bool:
        """Write down how far a job is; False where it is another worker's by now."""
        told = _written(progress)
        return self._happened(job_id, fence, PROGRESS, told, "progress = ?", (told,))

    def end(self, job_id: str, fence: int, end: End, now: float, expires_at: float) -> bool:
        """Write down how a job ended; False where it is another worker's by now."""
        result, problem = _or_none(end.result), _or_none(end.problem)
        name = PROBLEM if end.result is None else RESULT
        changes = (
            "status = ?, result = ?, problem = ?, ended_at = ?, expires_at = ?, owner = NULL, leased_until = NULL, "
            "token = NULL"
        )
        values = (end.status, result, problem, now, expires_at)
        return self._happened(job_id, fence, name, problem or result or "{}", changes, values)

    def _happened(self, job_id: str, fence: int, name: str, told: str, changes: str, values: tuple[Any, ...]) -> bool:
        def write(run: Run) -> bool:
            found = run(
                f"UPDATE jobs SET events = events + 1, {changes} "  # noqa: S608
                "WHERE id = ? AND fence = ? AND status IN ('queued', 'running') RETURNING events",
                (*values, job_id, fence),
            ).rows
            for row in found:
                run(
                    "INSERT INTO events (job, number, name, data) VALUES (?, ?, ?, ?)",
                    (job_id, row["events"], name, told),
                )
            return bool(found)

        return self._database.transaction(write)

    def cancel(self, caller: str, job_id: str, end: End, now: float, expires_at: float) -> Job | None:
        """Ask that a job be stopped; one that nobody works on has ended at once."""
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

    def counted(self, job_ids: Collection[str]) -> dict[str, int]:
        """Return how many events each of these jobs has."""
        wanted = list(job_ids)
        found: dict[str, int] = {}
        for begin in range(0, len(wanted), 500):
            some = wanted[begin : begin + 500]
            places = ", ".join("?" * len(some))
            rows = self._database.read(f"SELECT id, events FROM jobs WHERE id IN ({places})", some)  # noqa: S608
            found |= {row["id"]: row["events"] for row in rows}
        return found

    def give_up(self, now: float, end: End, expires_at: float) -> list[Job]:
        """End the jobs that nobody could work on until they expired, and forget those that ended long ago."""
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
        """Count the jobs in each state."""
        rows = self._database.read("SELECT status, count(*) AS number FROM jobs GROUP BY status")
        return {row["status"]: row["number"] for row in rows}


def job_of_row(row: Row) -> Job:
    """Return the job of a row."""
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
        sealed=row["token"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        progress=_read(row["progress"]),
        result=_read(row["result"]),
        problem=_read(row["problem"]),
        events=row["events"],
    )


def _written(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=str)


def _or_none(value: Any) -> str | None:
    return None if value is None else _written(value)


def _read(written: str | None) -> Any:
    return None if written is None else json.loads(written)
