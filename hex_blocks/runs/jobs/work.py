"""Runs the jobs of a batch or pipeline.

Each job has its own idempotency key, derived from that of the work. Work that was killed and is called again with its
key finds the runs it had started and continues with the rest.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hex_blocks.errors.classes import BusyError, HexDownError, HexError, NotFoundError, TokenError, hex_error
from hex_blocks.runs.jobs.job import EARLIER_STEP, FREE_PLACE, OTHER_START, WAITS, Job, Waits, latest_try, moment
from hex_blocks.runs.jobs.pacing import ON_RECORD, PERMANENT, START_PATIENCE, Pacing
from hex_blocks.runs.model import ENDS, Run, has_ended, run_error
from hex_blocks.runs.recent import usual_of
from hex_blocks.runs.record.store import CANCELLED, LEFT, Start
from hex_blocks.runs.recording import record_end, record_fate
from hex_blocks.runs.stopping import detached, refresh_run, stop_run
from hex_blocks.runs.waiting import CANCEL_PATIENCE, TIMEOUT, start_run, unfollowed
from hex_blocks.runs.watcher import SHORTEST_INTERVAL, watcher_of
from hex_blocks.tools.progress import Progress
from hex_blocks.tools.tool_call import ToolCall

# Seconds for which Hex may refuse all starts before the work fails.
START_TIMEOUT = 7200.0


class Work:
    """Starts the runs of jobs in order, a limited number at a time, within Hex's rate limits, and waits for them.

    Args:
        call: The call.
        key: The idempotency key of the whole work.
        jobs: The jobs.
        options: The inputs of the tool: timeouts, intervals, and what to do at failures and interruptions.
        parallel: How many runs may be active at once.
        stop_at_failure: Whether a failure ends the work.
        in_order: Whether each job depends on the earlier ones.
    """

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
        self._active: list[Job] = []
        self._began = self.clock.monotonic()
        self._waits = Waits(self._began)
        self._pacing = Pacing(call.connection.api, timeout=self.timeout, start_timeout=self.start_timeout)
        self._next_start = math.inf
        self._over = False

    def run(self, report: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Run all jobs, and return the outputs: the report, and the times and the key of the work.

        Args:
            report: Returns the tool's own outputs from the current state of the jobs.

        Raises:
            HexError: The work was interrupted or cannot be done. After an interruption, `partial` has the outputs so
                far, and the values have the key to continue with.
        """
        try:
            self._resume()
            while self._waiting or self._active:
                if self.call.stop.is_set():
                    raise KeyboardInterrupt
                self._start_ready()
                self._wait()
        except KeyboardInterrupt:
            error = self._interrupted()
            error.partial = report() | self._times()
            raise error from None
        finally:
            for job in self._active:
                if job.followed:
                    self.watcher.leave(job.followed)
        return report() | self._times()

    def _times(self) -> dict[str, Any]:
        now = self.clock.monotonic()
        return {
            "startedAt": self._moment_of(self._began),
            "endedAt": self._moment_of(now),
            "elapsedSeconds": round(now - self._began, 3),
            "idempotencyKey": self.key,
        }

    # Runs that an earlier call started

    def _resume(self) -> None:
        """Resume the runs of an earlier call with the same key; in a pipeline, each when its turn comes."""
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
        """Resume a job's run of an earlier call, and return whether there is one. Waits for a locked record."""
        while True:
            try:
                earlier = latest_try(self.call, job)
                if earlier and earlier.run_id:
                    self._resume_run(job, earlier)
                return bool(earlier and earlier.run_id)
            except BusyError as error:
                if not self._pacing.after_refusal(error):
                    raise
                self._waits.set_reason(OTHER_START, self.clock.monotonic())
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
            self._waits.set_reason(reason, now)
            if reason:
                self._next_start = now + seconds
                return
            self._start(self._waiting.popleft())
        self._next_start = math.inf

    def _obstacle(self) -> tuple[str, float]:
        """Return why the next job has to wait, and for how many seconds; an empty reason if it does not."""
        if len(self._active) >= self.parallel:
            return (EARLIER_STEP if self.in_order else FREE_PLACE), math.inf
        reason, seconds = self._pacing.obstacle()
        if reason and self.in_order and self._is_known(self._waiting[0]):
            return "", 0.0
        return reason, seconds

    def _is_known(self, job: Job) -> bool:
        """Return whether the run of a job is on record, so that it is not started."""
        try:
            earlier = latest_try(self.call, job)
        except HexError:
            # The error occurs again, and is handled, when the job's turn has come.
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
        # After the start, because its reply may be the first one that has the time of Hex's clock.
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
        """Resume a job's run of an earlier call, and return whether the job need not be started now."""
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
                # The caller only knows the key of the whole work.
                error.values["used"] = self.key
            raise

    def _not_taken(self, job: Job, error: HexError) -> None:
        """Put a job back whose start was refused for now, unless starts are refused for too long."""
        if isinstance(error, BusyError) and self._pacing.after_refusal(error):
            self._put_back(job)
        else:
            self._not_started(job, error)

    def _not_started(self, job: Job, error: HexError) -> None:
        """Put a job back if its error may pass. End the work if all other jobs would fail with the same error."""
        if error.key in ON_RECORD:
            # The next try has to find the run of this one in the record.
            job.promised = True
        if self._pacing.after_failure(error):
            self._put_back(job)
            return
        permanent = error.key in PERMANENT or error.status == 401
        if error.key == "record_unusable" and not self.promised:
            # The other jobs do not need the record.
            self._end(job, error)
            return
        if not self.in_order:
            permanent |= (
                isinstance(error, TokenError | NotFoundError | HexDownError | BusyError) or error.key == "not_published"
            )
        if permanent and not any(job.run.get("runId") for job in self.jobs):
            raise error
        self._end(job, error, others_too=permanent)

    def _put_back(self, job: Job) -> None:
        job.started_at = None
        self._waiting.appendleft(job)

    # Following

    def _follow(self, job: Job, run: Run, *, at_once: bool = False) -> None:
        job.run = run
        usual = usual_of(self.call.connection.api, run["projectId"])
        job.followed = self.watcher.follow(run, self.interval, at_once=at_once, usual=usual)
        self._active.append(job)

    def _wait(self) -> None:
        followed = [job.followed for job in self._active if job.followed]
        until = min((each.began + self.timeout for each in followed), default=math.inf)
        until = min(until, self._next_start)
        if until == math.inf:
            return
        self.watcher.wait(self.call, followed, until, self._report)
        for job in list(self._active):
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
        """Record the end of a run, and end its job or run it again."""
        job.run = run
        if job.followed:
            record_end(self.call, job.key, run, promised=job.promised)
        self._pacing.run_ended()
        key = ENDS[str(run["status"])]
        if not key or not self._tries_again(job):
            self._end(job, run_error(run, key) if key else None)

    def _tries_again(self, job: Job) -> bool:
        """Put back a job whose run of an earlier call failed, if that call cancelled it or the caller wants a retry."""
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
        # By Hex's clock if known, because these times are shown together with Hex's.
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
        if job in self._active:
            self._active.remove(job)
        if job.followed:
            self.watcher.leave(job.followed)

    def _report(self) -> None:
        done = sum(job.ended_at is not None for job in self.jobs)
        values: dict[str, Any] = {"done": done, "all": len(self.jobs), "going": len(self._active)}
        message = self.call.say("{done} of {all} ended, {going} active", **values)
        if names := ", ".join(job.name for job in self._active[:3]):
            message = f"{message} ({names}{', …' if len(self._active) > 3 else ''})"
        if self._waiting and (reason := self._waits.reason):
            waiting_for = self.call.say(WAITS[reason])
            message = f"{message}; {self.call.say('the next one is waiting for {what}', what=waiting_for)}"
            values["waitingFor"] = reason
        values["running"] = [{"name": job.name, "status": job.followed and job.followed.status} for job in self._active]
        self.call.report_progress(
            Progress(message, percent=round(100 * done / max(1, len(self.jobs)), 1), values=values)
        )

    def _interrupted(self) -> HexError:
        """Cancel or leave the active runs, record that, and return the error."""
        active = {str(job.run["runId"]): job for job in self._active}
        cancelled: list[str] = []
        if self.options.get("cancelOnInterrupt"):
            last = detached(self.call)
            for run_id, job in active.items():
                try:
                    job.run, stopped = stop_run(last, job.run)
                except HexError:
                    continue
                record_end(self.call, job.key, job.run, promised=job.promised)
                if stopped:
                    cancelled.append(run_id)
                    record_fate(self.call, job.key, CANCELLED, promised=job.promised)
        left = [run_id for run_id, job in active.items() if not has_ended(job.run)]
        for run_id in left:
            record_fate(self.call, active[run_id].key, LEFT, promised=active[run_id].promised)
        key = "work_interrupted_and_cancelled" if cancelled else "work_interrupted_between"
        key = "start_interrupted" if self._has_unknown_start() else key
        key = "work_interrupted" if left else key
        runs = ", ".join(left or cancelled)
        return hex_error(key, used=self.key, runs=runs, going=left, cancelled=cancelled)

    def _has_unknown_start(self) -> bool:
        if any(job.error and job.error.key == "start_interrupted" for job in self.jobs):
            return True
        # Jobs are started in order, so only the next one can have been sent without a known run.
        try:
            start = latest_try(self.call, self._waiting[0]) if self._waiting else None
        except HexError:
            return True
        return start is not None and start.run_id is None
