"""Runs the calls of this process: those of requests, and jobs that it has claimed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from hex_blocks.clock import Clock
from hex_blocks.hosts.service.callers import Callers
from hex_blocks.hosts.service.jobs.store import FAILED, QUEUED, RUNNING, End, Job, JobStore
from hex_blocks.hosts.service.metrics import Metrics
from hex_blocks.hosts.service.polling import polling_thread
from hex_blocks.hosts.service.problems import ProblemError, problem_of
from hex_blocks.hosts.service.settings import Settings
from hex_blocks.hosts.service.work import Work, progress_document, without_secrets
from hex_blocks.hosts.service.workers import Workers
from hex_blocks.tools.progress import Progress
from hex_blocks.tools.registry import Registry

log = logging.getLogger(__name__)

# Seconds between two searches for jobs to claim.
POLL_SECONDS = 1.0
# A lease is renewed after this fraction (one third) of its time.
LEASE_FRACTION = 3.0
CLEANUP_SECONDS = 60.0
# Progress is stored at each change of status, and otherwise after a second and a fiftieth of the time so far.
REPORT_SECONDS, REPORT_PART = 1.0, 0.02
BUSY_SECONDS = 5


class Runner:
    """Runs calls, each in a thread of its own. Jobs are run under leases.

    Args:
        tools: The tools.
        store: The stored jobs.
        callers: The callers.
        settings: The settings.
        metrics: Counts the calls.
        clock: The clock of leases and times.
        owner: The ID of this process.
        notify: Called with the ID of a job that has changed.
    """

    def __init__(
        self,
        tools: Registry,
        store: JobStore,
        callers: Callers,
        settings: Settings,
        metrics: Metrics,
        clock: Clock,
        owner: str,
        notify: Callable[[str], None],
    ) -> None:
        self.tools = tools
        self.store = store
        self.callers = callers
        self.settings = settings
        self.metrics = metrics
        self.clock = clock
        self.owner = owner
        self.notify = notify
        self.draining = threading.Event()
        self._works: dict[str, Work] = {}
        self._workers = Workers()
        # Whether there may be more jobs than this process had capacity for.
        self._full = False
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._threads = [
            polling_thread(self._claim_jobs, POLL_SECONDS, self._closed, self._wake),
            polling_thread(self._renew_leases, settings.lease / LEASE_FRACTION, self._closed),
            polling_thread(self._remove_expired, CLEANUP_SECONDS, self._closed),
        ]

    def start_threads(self) -> None:
        """Start the threads that claim jobs, renew leases and remove expired jobs."""
        for thread in self._threads:
            thread.start()

    @property
    def busy(self) -> int:
        """The number of active calls."""
        return len(self._works)

    def start(self, work: Work) -> None:
        """Start a call in a thread.

        Raises:
            ProblemError: There are too many active calls, or the process is stopping.
        """
        if self.draining.is_set():
            raise ProblemError("stopping", headers={"Retry-After": "2"})
        with self._lock:
            if len(self._works) >= self.settings.most_calls:
                raise ProblemError("too_many_calls", seconds=BUSY_SECONDS, headers={"Retry-After": str(BUSY_SECONDS)})
            self._works[work.id] = work
        work.ended.set_running_or_notify_cancel()
        self._workers.submit(partial(self._run_call, work))

    def make_job(self, work: Work, *, key: str | None = None, fingerprint: str | None = None, answered: bool) -> bool:
        """Store an active call as a job, so that it outlives its request. Return False if it has already ended."""
        with work.lock:
            if work.ended.done():
                return False
            if work.fence:
                if answered:
                    self.store.mark_answered(work.id)
                return True
            self.store.add(self.job_of(work, key=key, fingerprint=fingerprint, answered=answered))
            work.fence = 1
            if work.progress:
                self.store.report(work.id, work.fence, work.progress)
        return True

    def job_of(
        self, work: Work, *, key: str | None, fingerprint: str | None, answered: bool, queued: bool = False
    ) -> Job:
        """Return the job of a call: running in this process, or queued for any process."""
        now = self.clock.time()
        return Job(
            id=work.id,
            caller=work.caller.id,
            tool=work.tool.id,
            inputs=without_secrets(work.tool, work.inputs),
            created_at=now,
            started_at=None if queued else now,
            expires_at=now + self.settings.kept,
            status=QUEUED if queued else RUNNING,
            language=work.language,
            key=key,
            fingerprint=fingerprint,
            answered=answered,
            owner=None if queued else self.owner,
            leased_until=None if queued else now + self.settings.lease,
            fence=0 if queued else 1,
            resumable=work.resumable,
            encrypted_token=self.callers.encrypted_token(work.caller),
        )

    def wake(self) -> None:
        """Search for jobs to claim at once."""
        self._wake.set()

    def cancel(self, job_id: str) -> None:
        """Cancel a call of this process; a call of another process is left alone."""
        if work := self._works.get(job_id):
            work.cancelled = True
            work.stop.set()

    def _run_call(self, work: Work) -> None:
        began = self.clock.monotonic()
        last_report = [began, None]

        def on_progress(progress: Progress) -> None:
            work.progress = progress_document(progress)
            self._report(work, progress, began, last_report)

        end: End | None = None
        try:
            end = work.execute(self.tools, on_progress)
            self.metrics.count_call_end(work.tool.id, end.status, work.error, self.clock.monotonic() - began)
        finally:
            self._finish(work, end)

    def _report(self, work: Work, progress: Progress, began: float, last_report: list[Any]) -> None:
        now = self.clock.monotonic()
        pause = max(REPORT_SECONDS, (now - began) * REPORT_PART)
        if work.fence and (progress.status != last_report[1] or now - last_report[0] >= pause):
            last_report[:] = [now, progress.status]
            try:
                self.store.report(work.id, work.fence, work.progress or {})
            except ProblemError:
                log.warning("the progress of job %s could not be stored", work.id, exc_info=True)
            self.notify(work.id)

    def _finish(self, work: Work, end: End | None) -> None:
        """Store the end of a call, or release its job if the call only ended because this process is stopping."""
        with work.lock:
            if not work.fence:
                work.ended.set_result(end)
        if work.fence:
            released = end is None or (
                self.draining.is_set() and work.stop.is_set() and not work.cancelled and end.result is None
            )
            self._store_end(work, None if released else end)
            work.ended.set_result(None if released else end)
        with self._lock:
            self._works.pop(work.id, None)
        self.notify(work.id)
        if self._full:
            self._wake.set()

    def _store_end(self, work: Work, end: End | None) -> None:
        """Store the end of a job, or release the job if `end` is None. Repeat until the database can be written."""
        while True:
            try:
                if end is None:
                    self.store.release(work.id, work.fence)
                else:
                    now = self.clock.time()
                    self.store.end(work.id, work.fence, end, now, now + self.settings.kept)
            except ProblemError:
                log.warning("the end of job %s could not be stored", work.id, exc_info=True)
            else:
                return
            if self._closed.wait(POLL_SECONDS):
                # The lease will expire, and another process will continue the job.
                return

    def _claim_jobs(self) -> None:
        if self.draining.is_set():
            return
        now = self.clock.time()
        room = self.settings.most_calls - self.busy
        claimed = self.store.claim(self.owner, self.callers.known(), now, now + self.settings.lease, room)
        self._full = len(claimed) >= room
        for job in claimed:
            try:
                self._start_claimed(job)
            except ProblemError:
                log.warning("job %s could not be started", job.id, exc_info=True)

    def _start_claimed(self, job: Job) -> None:
        if running := self._works.get(job.id):
            # The lease expired while this process was suspended, and the call is still running here.
            running.fence = job.fence
            return
        caller = self.callers.restore(job.caller, job.encrypted_token)
        if caller is None or job.tool not in self.tools:
            self.store.release(job.id, job.fence, begun=False)
            return
        work = Work(job.id, caller, self.tools[job.tool], job.inputs, job.language, fence=job.fence)
        work.cancelled = job.cancelled
        if job.fence > 1 and not job.resumable:
            problem = problem_of(ProblemError("job_outcome_unknown"), job.language)
            now = self.clock.time()
            self.store.end(job.id, job.fence, End(FAILED, problem=problem), now, now + self.settings.kept)
            self.notify(job.id)
            return
        if job.cancelled:
            work.stop.set()
        try:
            self.start(work)
        except ProblemError:
            self.store.release(job.id, job.fence, begun=False)
        self.notify(job.id)

    def _renew_leases(self) -> None:
        held = {work.id: work.fence for work in list(self._works.values()) if work.fence}
        if not held:
            return
        renewed = self.store.renew(self.owner, held, self.clock.time() + self.settings.lease)
        for job_id in held:
            work = self._works.get(job_id)
            if work is None:
                continue
            if renewed.get(job_id):
                self.cancel(job_id)
            elif job_id not in renewed and not work.ended.done():
                # Another process has claimed the job, so this one must not do the work a second time.
                work.stop.set()

    def _remove_expired(self) -> None:
        now = self.clock.time()
        end = End(FAILED, problem=problem_of(ProblemError("job_abandoned"), None))
        for job in self.store.remove_expired(now, end, now + self.settings.kept):
            self.notify(job.id)

    def drain(self) -> None:
        """Accept no more calls and claim no more jobs."""
        self.draining.set()

    def close(self) -> None:
        """Release the jobs that other processes can continue, and wait for the other calls to end."""
        self.drain()
        self._closed.set()
        self._wake.set()
        works = list(self._works.values())
        for work in works:
            if work.fence and work.can_stop_waiting:
                work.stop.set()
        until = self.clock.monotonic() + self.settings.grace
        for work in works:
            _wait(work.ended, until - self.clock.monotonic())
        for work in works:
            if work.fence and work.resumable and not work.ended.done():
                self.store.release(work.id, work.fence)


def _wait(ended: Future[Any], seconds: float) -> None:
    try:
        ended.result(max(0.0, seconds))
    except TimeoutError:
        log.info("a call has not ended in time")
