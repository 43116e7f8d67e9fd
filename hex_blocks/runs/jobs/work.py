"""Several runs as one piece of work: what pipelines and batches share.

A job is one run to be made, with a key of its own: a piece of work that was killed and is called again with its
key finds the runs it had started and goes on with the rest.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hex_blocks.errors.classes import BusyError, HexDownError, HexError, NotFoundError, TokenError, hex_error
from hex_blocks.runs.jobs.job import EARLIER_STEP, FREE_PLACE, OTHER_START, WAITS, Job, Waits, latest_try, moment
from hex_blocks.runs.jobs.pacing import HOPELESS, ON_RECORD, START_PATIENCE, Pacing
from hex_blocks.runs.keeping import record_end, record_fate
from hex_blocks.runs.model import ENDS, Run, has_ended, run_error
from hex_blocks.runs.recent import usual_of
from hex_blocks.runs.record.store import CANCELLED, LEFT, Start
from hex_blocks.runs.stopping import detached, refresh_run, stop_run
from hex_blocks.runs.waiting import CANCEL_PATIENCE, TIMEOUT, start_run, unfollowed
from hex_blocks.runs.watcher import SHORTEST_INTERVAL, watcher_of
from hex_blocks.tools.progress import Progress
from hex_blocks.tools.tool_call import ToolCall

# Seconds for which Hex may take no start at all before the work is given up.
START_TIMEOUT = 7200.0


class Work:
    """Makes the runs of some jobs: so many at once, in order, inside Hex's limits."""

    def __init__(
        self,
        call: ToolCall,
        key: str,
        jobs: Sequence[Job],
        options: Mapping[str, Any],
        *,
        parallel: int,
        stop_at_failure: bool,
        in_order: bool = False,
    ) -> None:
        self.call = call
        self.key = key
        self.jobs = jobs
        self.options = options
        self.parallel = parallel
        self.stop_at_failure = stop_at_failure
        self.in_order = in_order
        self.promised = any(job.promised for job in jobs)
        self.timeout = float(options.get("timeout", TIMEOUT))
        self.start_timeout = float(options.get("startTimeout", START_TIMEOUT))
        self.interval = float(options.get("pollInterval", SHORTEST_INTERVAL))
        self.clock = call.connection.clock
        self.watcher = watcher_of(call.connection)
        self._waiting = deque(job for job in jobs if not job.skipped)
        self._going: list[Job] = []
        self._began = self.clock.monotonic()
        self._waits = Waits(self._began)
        self._pacing = Pacing(call.connection.api, timeout=self.timeout, start_timeout=self.start_timeout)
        self._next_start = math.inf
        self._over = False

    def run(self, told: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Make the runs, and return what is told of them, with the times and the key of the work.

        An interruption is an error that names the key to go on with; it holds what is told by then.
        """
        try:
            self._resume()
            while self._waiting or self._going:
                if self.call.stop.is_set():
                    raise KeyboardInterrupt
                self._start_ready()
                self._wait()
        except KeyboardInterrupt:
            error = self._interrupted()
            error.partial = told() | self._times()
            raise error from None
        finally:
            for job in self._going:
                if job.followed:
                    self.watcher.leave(job.followed)
        return told() | self._times()

    def _times(self) -> dict[str, Any]:
        now = self.clock.monotonic()
        return {
            "startedAt": self._moment_of(self._began),
            "endedAt": self._moment_of(now),
            "elapsedSeconds": round(now - self._began, 3),
            "idempotencyKey": self.key,
        }

    # Runs that an earlier call had started

    def _resume(self) -> None:
        """Resume the runs of an earlier call with the same key; where order matters, each when its turn comes."""
        if self.in_order:
            return
        waiting, self._waiting = list(self._waiting), deque()
        for job in waiting:
            if self._is_resumed(job):
                continue
            if self._over:
                job.skipped = True
            else:
                self._waiting.append(job)

    def _is_resumed(self, job: Job) -> bool:
        """Resume the run of an earlier call, if there is one; where the record is kept by others, once it is free."""
        while True:
            try:
                earlier = latest_try(self.call, job)
                if earlier and earlier.run_id:
                    self._resume_run(job, earlier)
                return bool(earlier and earlier.run_id)
            except BusyError as error:
                if not self._pacing.after_refusal(error):
                    raise
                self._waits.because(OTHER_START, self.clock.monotonic())
                self._put_back(job)
                self._report()
                if self.clock.wait(float(error.values["seconds"]), self.call.stop):
                    raise KeyboardInterrupt from None
                self._waiting.popleft()

    def _resume_run(self, job: Job, earlier: Start) -> None:
        job.found, job.fate = True, earlier.fate
        job.started_at = moment(earlier.at_hex or earlier.intended_at)
        run = self._start_run(job)
        if earlier.ended:
            self._finish(job, run | earlier.ended)
            if job.ended_at:
                job.ended_at = job.run.get("endTime") or job.ended_at
        else:
            self._follow(job, run, at_once=True)

    # Starting

    def _start_ready(self) -> None:
        while self._waiting and not self.call.stop.is_set():
            reason, seconds = self._obstacle()
            now = self.clock.monotonic()
            self._waits.because(reason, now)
            if reason:
                self._next_start = now + seconds
                return
            self._start(self._waiting.popleft())
        self._next_start = math.inf

    def _obstacle(self) -> tuple[str, float]:
        """Return what keeps the next job from being started, and for how long; nothing does where that is empty."""
        if len(self._going) >= self.parallel:
            return (EARLIER_STEP if self.in_order else FREE_PLACE), math.inf
        reason, seconds = self._pacing.obstacle()
        if reason and self.in_order and self._is_known(self._waiting[0]):
            return "", 0.0
        return reason, seconds

    def _is_known(self, job: Job) -> bool:
        """Whether a job need not be started, since its run is on record."""
        try:
            earlier = latest_try(self.call, job)
        except HexError:
            # When its turn has come, it meets the same, and waits for it or ends.
            return False
        return bool(earlier and earlier.run_id)

    def _start(self, job: Job) -> None:
        if self.in_order and self._resumed(job):
            return
        patience = self._pacing.patience()
        asked_at = self.clock.monotonic()
        job.waits = self._waits.until(asked_at)
        run: Run | HexError
        try:
            run = self._start_run(job, patience)
        except HexError as error:
            run = error
        # By Hex's clock, which may have been heard for the first time just now.
        job.started_at = self._moment_of(asked_at)
        if not isinstance(run, HexError):
            self._pacing.started()
            self._follow(job, run)
        elif run.key == "start_interrupted":
            job.error = run
            raise KeyboardInterrupt
        else:
            self._not_taken(job, run)

    def _resumed(self, job: Job) -> bool:
        """Resume the run that an earlier call started for a job. True also where that failed and ended its turn."""
        try:
            earlier = latest_try(self.call, job)
            if earlier is None or earlier.run_id is None:
                return False
            self._resume_run(job, earlier)
        except HexError as error:
            if error.key == "key_reused":
                raise
            self._not_taken(job, error)
        return True

    def _start_run(self, job: Job, patience: float = START_PATIENCE) -> Run:
        quick = replace(self.call.part(patience=patience, on_wait=None), on_progress=None)
        try:
            asked = job.inputs() | {"idempotencyKey": job.key}
            return start_run(quick, asked, stands_for=job.stands_for, promised=job.promised)
        except HexError as error:
            if error.values.get("used") == job.key:
                # The caller knows the key of the whole.
                error.values["used"] = self.key
            raise

    def _not_taken(self, job: Job, error: HexError) -> None:
        """Let the job's turn come again where nothing was started, unless Hex takes no start for too long."""
        if isinstance(error, BusyError) and self._pacing.after_refusal(error):
            self._put_back(job)
        else:
            self._not_started(job, error)

    def _not_started(self, job: Job, error: HexError) -> None:
        """Try again later what may pass; what would be the same for all the others ends the work."""
        if error.key in ON_RECORD:
            # The next try finds what became of this one, and must not be made without the record.
            job.promised = True
        if self._pacing.after_failure(error):
            self._put_back(job)
            return
        hopeless = error.key in HOPELESS or error.status == 401
        if error.key == "record_unusable" and not self.promised:
            # The others go without the record.
            self._end(job, error)
            return
        if not self.in_order:
            hopeless |= (
                isinstance(error, TokenError | NotFoundError | HexDownError | BusyError) or error.key == "not_published"
            )
        if hopeless and not any(job.run.get("runId") for job in self.jobs):
            raise error
        self._end(job, error, others_too=hopeless)

    def _put_back(self, job: Job) -> None:
        job.started_at = None
        self._waiting.appendleft(job)

    # Following

    def _follow(self, job: Job, run: Run, *, at_once: bool = False) -> None:
        job.run = run
        usual = usual_of(self.call.connection.api, run["projectId"])
        job.followed = self.watcher.follow(run, self.interval, at_once=at_once, usual=usual)
        self._going.append(job)

    def _wait(self) -> None:
        followed = [job.followed for job in self._going if job.followed]
        until = min((each.began + self.timeout for each in followed), default=math.inf)
        until = min(until, self._next_start)
        if until == math.inf:
            return
        self.watcher.wait(self.call, followed, until, self._report)
        for job in list(self._going):
            assert job.followed  # noqa: S101
            if job.followed.failed:
                error = unfollowed(job.followed)
                if error.key != "run_gone" or not self._tries_again(job):
                    self._end(job, error)
            elif job.followed.ended:
                self._finish(job, job.followed.run)
            elif self.clock.monotonic() >= job.followed.began + self.timeout:
                self._time_out(job)

    def _finish(self, job: Job, run: Run) -> None:
        """Take note of a run that has ended."""
        job.run = run
        if job.followed:
            record_end(self.call, job.key, run, promised=job.promised)
        self._pacing.run_ended()
        key = ENDS[str(run["status"])]
        if not key or not self._tries_again(job):
            self._end(job, run_error(run, key) if key else None)

    def _tries_again(self, job: Job) -> bool:
        """Let the run of an earlier call be made again, where it was cancelled by that or the caller wants it."""
        if not job.found or self._over or not (self.options.get("retryFailed") or job.fate == CANCELLED):
            return False
        self._leave(job)
        job.begin_next_try()
        self._put_back(job)
        return True

    def _time_out(self, job: Job) -> None:
        last = detached(self.call, CANCEL_PATIENCE)
        run = refresh_run(last, job.run)
        stopped, key = False, "run_timeout"
        if not has_ended(run) and self.options.get("cancelOnTimeout"):
            try:
                run, stopped = stop_run(last, run)
            except HexError as error:
                self._end(job, error)
                return
            key = "run_cancelled_at_timeout"
        if has_ended(run) and not stopped:
            self._finish(job, run)
            return
        job.run = run
        if stopped:
            record_end(self.call, job.key, run, promised=job.promised)
        self._end(job, run_error(run, key, timeout=round(self.timeout)))

    def _moment_of(self, monotonic: float) -> str:
        # Its own times and Hex's are shown beside each other, so Hex's clock is the one that counts.
        now = self.call.connection.api.server_time() or self.clock.time()
        return moment(now - (self.clock.monotonic() - monotonic))

    def _end(self, job: Job, error: HexError | None, *, others_too: bool = False) -> None:
        job.error = error
        job.ended_at = self._moment_of(self.clock.monotonic())
        self._leave(job)
        if error and (self.stop_at_failure or others_too):
            self._over = True
            for left in self._waiting:
                left.skipped = True
            self._waiting.clear()
        self._report()

    def _leave(self, job: Job) -> None:
        if job in self._going:
            self._going.remove(job)
        if job.followed:
            self.watcher.leave(job.followed)

    def _report(self) -> None:
        done = sum(job.ended_at is not None for job in self.jobs)
        values: dict[str, Any] = {"done": done, "all": len(self.jobs), "going": len(self._going)}
        message = self.call.say("{done} of {all} ended, {going} active", **values)
        if names := ", ".join(job.name for job in self._going[:3]):
            message = f"{message} ({names}{', …' if len(self._going) > 3 else ''})"
        if self._waiting and (reason := self._waits.reason):
            waiting_for = self.call.say(WAITS[reason])
            message = f"{message}; {self.call.say('the next one is waiting for {what}', what=waiting_for)}"
            values["waitingFor"] = reason
        values["running"] = [{"name": job.name, "status": job.followed and job.followed.status} for job in self._going]
        self.call.report_progress(
            Progress(message, percent=round(100 * done / max(1, len(self.jobs)), 1), values=values)
        )

    def _interrupted(self) -> HexError:
        """Decide the fate of the runs that are going on, and say it."""
        going = {str(job.run["runId"]): job for job in self._going}
        cancelled: list[str] = []
        if self.options.get("cancelOnInterrupt"):
            last = detached(self.call)
            for run_id, job in going.items():
                try:
                    job.run, stopped = stop_run(last, job.run)
                except HexError:
                    continue
                record_end(self.call, job.key, job.run, promised=job.promised)
                if stopped:
                    cancelled.append(run_id)
                    record_fate(self.call, job.key, CANCELLED, promised=job.promised)
        left = [run_id for run_id, job in going.items() if not has_ended(job.run)]
        for run_id in left:
            record_fate(self.call, going[run_id].key, LEFT, promised=going[run_id].promised)
        key = "work_interrupted_and_cancelled" if cancelled else "work_interrupted_between"
        key = "start_interrupted" if self._has_unknown_start() else key
        key = "work_interrupted" if left else key
        runs = ", ".join(left or cancelled)
        return hex_error(key, used=self.key, runs=runs, going=left, cancelled=cancelled)

    def _has_unknown_start(self) -> bool:
        if any(job.error and job.error.key == "start_interrupted" for job in self.jobs):
            return True
        # Jobs are started in order: only the next one can have been sent without being known.
        try:
            start = latest_try(self.call, self._waiting[0]) if self._waiting else None
        except HexError:
            return True
        return start is not None and start.run_id is None
