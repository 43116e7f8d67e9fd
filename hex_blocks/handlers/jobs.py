"""Several runs as one piece of work: what pipelines and batches share.

A job is one run to be made, with a key of its own: a piece of work that was killed and is called again with its
key finds the runs it had started and goes on with the rest.
"""

from __future__ import annotations

import math
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from hex_blocks.call import Call, Progress
from hex_blocks.errors import BusyError, HexError, hex_error
from hex_blocks.handlers.runs import ENDS, run_error
from hex_blocks.handlers.waiting import TIMEOUT, cancel, start_run
from hex_blocks.record import RecordError
from hex_blocks.watch import SHORTEST_INTERVAL, Followed, watcher_of

# How long to leave Hex alone after it had no kernel, unless one of our own runs ends before.
KERNEL_PAUSE = 20.0
START_PATIENCE = 2.0


@dataclass(eq=False)
class Job:
    """One run to be made, and what became of it. Times are ISO 8601."""

    name: str
    key: str
    inputs: Callable[[], dict[str, Any]]
    run: dict[str, Any] = field(default_factory=dict)
    started_at: str | None = None
    ended_at: str | None = None
    error: HexError | None = None
    skipped: bool = False
    followed: Followed | None = None

    @property
    def completed(self) -> bool:
        """Whether the run has ended well."""
        return self.run.get("status") == "COMPLETED" and self.error is None

    def report(self, language: str | None = None) -> dict[str, Any]:
        """Tell what became of the job."""
        milliseconds = self.run.get("elapsedTime")
        return {
            "name": self.name,
            "projectId": self.run.get("projectId"),
            "runId": self.run.get("runId"),
            "runUrl": self.run.get("runUrl"),
            "status": "SKIPPED" if self.skipped else self.run.get("status") or "NOT_STARTED",
            "startedAt": self.started_at,
            "startTime": self.run.get("startTime"),
            "endTime": self.run.get("endTime"),
            "endedAt": self.ended_at,
            "elapsedSeconds": milliseconds / 1000 if isinstance(milliseconds, int | float) else None,
            "error": self.error.document(language) if self.error else None,
        }


def work_key(inputs: Mapping[str, Any], kind: str) -> str:
    """Give the key of a piece of work: the caller's, or a new one."""
    return str(inputs.get("idempotencyKey") or f"{kind}-{uuid.uuid4()}")


class Work:
    """Makes the runs of some jobs: so many at once, in order, inside Hex's limits."""

    def __init__(
        self, call: Call, jobs: Sequence[Job], options: Mapping[str, Any], *, parallel: int, stop_at_failure: bool
    ) -> None:
        self.call = call
        self.jobs = jobs
        self.options = options
        self.parallel = parallel
        self.stop_at_failure = stop_at_failure
        self.timeout = float(options.get("timeout", TIMEOUT))
        self.interval = float(options.get("pollInterval", SHORTEST_INTERVAL))
        self.clock = call.connection.clock
        self.watcher = watcher_of(call.connection)
        self._waiting = deque(job for job in jobs if not job.skipped)
        self._going: list[Job] = []
        self._no_start_before = 0.0

    def do(self, key: str) -> None:
        """Make the runs. An interruption is an error that names the key to go on with."""
        try:
            self._find_started()
            while self._waiting or self._going:
                self._start_what_may()
                self._wait()
                if self.call.stop.is_set():
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise self._interrupted(key) from None
        finally:
            for job in self._going:
                if job.followed:
                    self.watcher.leave(job.followed)

    def _find_started(self) -> None:
        """Take up the runs that an earlier call with the same key had started."""
        connection = self.call.connection
        for job in list(self._waiting):
            try:
                earlier = connection.record.find(connection.base_url, job.key)
            except RecordError as error:
                raise hex_error("record_unusable", reason=str(error)) from error
            if earlier and earlier.run_id:
                self._waiting.remove(job)
                job.started_at = moment(earlier.intended_at)
                self._follow(job, self._start_run(job))

    def _start_what_may(self) -> None:
        budget = self.call.connection.api.budget
        while self._waiting and len(self._going) < self.parallel:
            wait = max(budget.wait_for("runs"), self._no_start_before - self.clock.monotonic())
            if wait > 0:
                return
            job = self._waiting.popleft()
            job.started_at = moment(self.clock.time())
            try:
                self._follow(job, self._start_run(job))
            except BusyError as error:
                # Nothing was started: the job's turn comes again.
                self._waiting.appendleft(job)
                pause = (
                    KERNEL_PAUSE if error.key == "no_free_kernel" else float(error.values.get("seconds", KERNEL_PAUSE))
                )
                self._no_start_before = self.clock.monotonic() + pause
                return
            except HexError as error:
                self._end(job, error)

    def _start_run(self, job: Job) -> dict[str, Any]:
        quick = replace(self.call, on_progress=None)
        quick.timing = replace(self.call.timing, patience=START_PATIENCE, on_wait=None)
        return start_run(quick, job.inputs() | {"idempotencyKey": job.key})

    def _follow(self, job: Job, run: dict[str, Any]) -> None:
        job.run = run
        job.followed = self.watcher.follow(run, self.interval, at_once="startTime" not in run and bool(job.ended_at))
        self._going.append(job)

    def _wait(self) -> None:
        now = self.clock.monotonic()
        followed = [job.followed for job in self._going if job.followed]
        until = min((each.began + self.timeout for each in followed), default=now + math.inf)
        if self._waiting and len(self._going) < self.parallel:
            next_start = max(self.call.connection.api.budget.wait_for("runs"), self._no_start_before - now)
            until = min(until, now + next_start)
        if not followed and until == math.inf:
            return
        self.watcher.wait(self.call, followed, until, self._tell)
        for job in list(self._going):
            assert job.followed  # noqa: S101
            if job.followed.ended:
                self._finish(job, job.followed)
            elif self.clock.monotonic() >= job.followed.began + self.timeout:
                self._time_out(job)

    def _finish(self, job: Job, followed: Followed) -> None:
        job.run = followed.run
        # An end of ours frees a kernel.
        self._no_start_before = 0.0
        if followed.failed:
            self._end(job, run_error(job.run, "run_unfollowed", reason=followed.failed.message()))
            return
        key = ENDS[followed.status]
        self._end(job, run_error(job.run, key) if key else None)

    def _time_out(self, job: Job) -> None:
        key = "run_timeout"
        if self.options.get("cancelOnTimeout"):
            key = "run_cancelled_at_timeout"
            try:
                cancel(self.call, job.run)
            except HexError as error:
                self._end(job, error)
                return
        self._end(job, run_error(job.run, key, timeout=round(self.timeout)))

    def _end(self, job: Job, error: HexError | None) -> None:
        job.error = error
        job.ended_at = moment(self.clock.time())
        if job in self._going:
            self._going.remove(job)
        if job.followed:
            self.watcher.leave(job.followed)
        if error and self.stop_at_failure:
            for left in self._waiting:
                left.skipped = True
            self._waiting.clear()
        self._tell()

    def _tell(self) -> None:
        done = sum(job.ended_at is not None for job in self.jobs)
        going = ", ".join(job.name for job in self._going[:3])
        self.call.tell(
            Progress(
                self.call.say(
                    "{done} of {all} ended, {going} going on {names}",
                    done=done,
                    all=len(self.jobs),
                    going=len(self._going),
                    names=f"({going})" if going else "",
                ).strip(),
                percent=round(100 * done / max(1, len(self.jobs)), 1),
                values={"done": done, "all": len(self.jobs), "going": len(self._going)},
            )
        )

    def _interrupted(self, key: str) -> HexError:
        going = [job for job in self._going if job.run.get("runId")]
        runs = ", ".join(str(job.run["runId"]) for job in going) or "-"
        if not self.options.get("cancelOnInterrupt"):
            return hex_error("work_interrupted", used=key, runs=runs)
        # The work is over, but its last words to Hex have to get through.
        self.call.stop.clear()
        for job in going:
            cancel(self.call, job.run)
        return hex_error("work_interrupted_and_cancelled", used=key, runs=runs)


def moment(seconds: float) -> str:
    """Write a moment as Hex does: ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
