"""A job: one run to be made as a part of a larger piece of work, and what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hex_blocks.errors.classes import HexError
from hex_blocks.i18n.texts import phrase
from hex_blocks.runs.keeping import recorded
from hex_blocks.runs.model import Run
from hex_blocks.runs.record.store import Start
from hex_blocks.runs.watcher import Followed
from hex_blocks.tools.tool_call import ToolCall

# What a job can wait for before it is started.
EARLIER_STEP, FREE_PLACE, REQUEST_LIMIT, OTHER_START, KERNEL, HEX_DOWN = (
    "EARLIER_STEP",
    "FREE_PLACE",
    "REQUEST_LIMIT",
    "OTHER_START",
    "KERNEL",
    "HEX_DOWN",
)
WAITS = {
    EARLIER_STEP: phrase("an earlier step"),
    FREE_PLACE: phrase("an earlier run to end"),
    REQUEST_LIMIT: phrase("Hex's request limit"),
    OTHER_START: phrase("the answer to another start"),
    KERNEL: phrase("a free kernel"),
    HEX_DOWN: phrase("Hex to answer"),
}


@dataclass(eq=False)
class Job:
    """One run to be made, and what became of it. Times are ISO 8601.

    base_key: what its tries are named after; suffix: more of it, known when its turn comes. inputs: what to start,
    known then too. stands_for: what its key stands for, where that is not the inputs. promised: whether its key is the
    caller's, or stands for a try that is on record. found: an earlier call had started it. renewed: it is being run
    again in this one. waits: seconds that it waited to be started, by what for.
    """

    name: str
    base_key: str
    inputs: Callable[[], dict[str, Any]]
    stands_for: Any = None
    suffix: Callable[[], str] = str
    promised: bool = True
    run: Run = field(default_factory=Run)
    tries: int = 1
    started_at: str | None = None
    ended_at: str | None = None
    error: HexError | None = None
    skipped: bool = False
    found: bool = False
    renewed: bool = False
    fate: str | None = None
    waits: dict[str, float] = field(default_factory=dict)
    followed: Followed | None = None

    @property
    def key(self) -> str:
        """The idempotency key of its latest try."""
        return self.key_of_try(self.tries)

    def key_of_try(self, number: int) -> str:
        """Return the idempotency key of a try."""
        base = self.base_key + self.suffix()
        return base if number == 1 else f"{base}#try:{number}"

    @property
    def is_rerun(self) -> bool:
        """Whether its run is not the first one, because it or a step whose outcome it uses was run again."""
        return self.tries > 1 or bool(self.suffix())

    def begin_next_try(self) -> None:
        """Forget the run of an earlier call, which ended badly."""
        self.tries += 1
        self.run = {"projectId": self.run["projectId"]}
        self.started_at, self.found, self.fate, self.followed = None, False, None, None
        self.renewed = True

    @property
    def completed(self) -> bool:
        """Whether the run has ended well."""
        return self.run.get("status") == "COMPLETED" and self.error is None

    def outcome(self) -> dict[str, Any]:
        """Return what came of the run."""
        milliseconds = self.run.get("elapsedTime")
        seconds = milliseconds / 1000 if isinstance(milliseconds, int | float) else None
        names = ("projectId", "runId", "runUrl", "status", "startTime", "endTime")
        return {name: self.run.get(name) for name in names} | {"elapsedSeconds": seconds}

    def report(self, language: str | None = None) -> dict[str, Any]:
        """Return what became of the job."""
        outcome = self.outcome()
        status = "SKIPPED" if self.skipped else outcome["status"] or "NOT_STARTED"
        return {
            "name": self.name,
            **outcome,
            "status": status,
            "startedAt": self.started_at,
            "endedAt": self.ended_at,
            "waits": [{"for": name, "seconds": round(seconds, 3)} for name, seconds in self.waits.items()],
            "error": self.error.document(language) if self.error else None,
        }


def latest_try(call: ToolCall, job: Job) -> Start | None:
    """Find the last start of a job that is on record, and let the job go on with it."""
    # A key that was made just now stands for nothing yet.
    if job.renewed or not job.promised:
        return None
    latest, number = None, 1
    while start := recorded(call, job.key_of_try(number)):
        latest, number = start, number + 1
    job.tries = max(1, number - 1)
    return latest


class Waits:
    """What the next start waited for, from when to when. Seconds of the monotonic clock."""

    def __init__(self, began: float) -> None:
        self._seconds: dict[str, float] = {}
        self._since = began
        self.reason = ""

    def because(self, reason: str, now: float) -> None:
        """Take note of what the next start waits for from now on; empty where it need not wait."""
        self._seconds = self.until(now)
        self._since, self.reason = now, reason

    def until(self, now: float) -> dict[str, float]:
        """Return how long was waited until now, by what for."""
        waited = now - self._since
        if not self.reason or waited <= 0:
            return dict(self._seconds)
        return self._seconds | {self.reason: self._seconds.get(self.reason, 0.0) + waited}


def work_key(inputs: Mapping[str, Any], kind: str) -> str:
    """Return the key of a piece of work: the caller's, or a new one."""
    return str(inputs.get("idempotencyKey") or f"{kind}-{uuid.uuid4()}")


def moment(seconds: float) -> str:
    """Write a moment as Hex does: ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
