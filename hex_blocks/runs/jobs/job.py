"""A job: one run of a batch or pipeline, and its result."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hex_blocks.errors.classes import HexError
from hex_blocks.i18n.texts import phrase
from hex_blocks.runs.model import Run
from hex_blocks.runs.record.store import Start
from hex_blocks.runs.recording import recorded
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
    """One run of a batch or pipeline, and its result. Times are ISO 8601.

    Attributes:
        name: The name of the set or step.
        base_key: The idempotency key of its first try, without the suffix.
        inputs: Returns the inputs of the start when the job's turn has come.
        stands_for: What its key identifies, if that is not the inputs.
        suffix: Returns the rest of its key when the job's turn has come.
        promised: Whether it may only be started if that can be recorded.
        run: The run, as far as it is known.
        tries: The number of its current try.
        started_at: When it was started.
        ended_at: When it ended.
        error: Why it failed.
        skipped: Whether it is not run.
        found: Whether an earlier call started its run.
        renewed: Whether this call runs it again after an earlier one.
        fate: LEFT or CANCELLED, if an earlier call was stopped while it ran.
        waits: Seconds that it waited before it was started, by reason.
        followed: Its run at the watcher, while it is active.
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
        """The idempotency key of its current try."""
        return self.key_of_try(self.tries)

    def key_of_try(self, number: int) -> str:
        """Return the idempotency key of a try."""
        base = self.base_key + self.suffix()
        return base if number == 1 else f"{base}#try:{number}"

    @property
    def is_rerun(self) -> bool:
        """Whether its run is not the first one, because it or a step whose result it uses was run again."""
        return self.tries > 1 or bool(self.suffix())

    def begin_next_try(self) -> None:
        """Reset the job for another run, after that of an earlier call failed."""
        self.tries += 1
        self.run = {"projectId": self.run["projectId"]}
        self.started_at, self.found, self.fate, self.followed = None, False, None, None
        self.renewed = True

    @property
    def completed(self) -> bool:
        """Whether the run has completed."""
        return self.run.get("status") == "COMPLETED" and self.error is None

    def outcome(self) -> dict[str, Any]:
        """Return the fields of the run that later steps can use."""
        milliseconds = self.run.get("elapsedTime")
        seconds = milliseconds / 1000 if isinstance(milliseconds, int | float) else None
        names = ("projectId", "runId", "runUrl", "status", "startTime", "endTime")
        return {name: self.run.get(name) for name in names} | {"elapsedSeconds": seconds}

    def report(self, language: str | None = None) -> dict[str, Any]:
        """Return the result of the job, as the outputs show it."""
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
    """Return the last start of a job on record, and set the job to its try; None if there is none."""
    # A generated key is new and not on record.
    if job.renewed or not job.promised:
        return None
    latest, number = None, 1
    while start := recorded(call, job.key_of_try(number)):
        latest, number = start, number + 1
    job.tries = max(1, number - 1)
    return latest


class Waits:
    """How long the next start has been waiting, by reason. Times are the clock's monotonic seconds."""

    def __init__(self, began: float) -> None:
        self._seconds: dict[str, float] = {}
        self._since = began
        self.reason = ""

    def set_reason(self, reason: str, now: float) -> None:
        """Set the reason of the wait from now on; empty if there is no wait."""
        self._seconds = self.until(now)
        self._since, self.reason = now, reason

    def until(self, now: float) -> dict[str, float]:
        """Return the seconds waited until now, by reason."""
        waited = now - self._since
        if not self.reason or waited <= 0:
            return dict(self._seconds)
        return self._seconds | {self.reason: self._seconds.get(self.reason, 0.0) + waited}


def work_key(inputs: Mapping[str, Any], kind: str) -> str:
    """Return the idempotency key of a call: the caller's, or a generated one that begins with `kind`."""
    return str(inputs.get("idempotencyKey") or f"{kind}-{uuid.uuid4()}")


def moment(seconds: float) -> str:
    """Return a Unix time in Hex's format: ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
