"""The calls of this process: those of requests, and jobs that it has taken on."""

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
from hex_blocks.hosts.service.looking import looking
from hex_blocks.hosts.service.metrics import Metrics
from hex_blocks.hosts.service.problems import ProblemError, problem_of
from hex_blocks.hosts.service.settings import Settings
from hex_blocks.hosts.service.work import Work, progress_document, without_secrets
from hex_blocks.hosts.service.workers import Workers
from hex_blocks.tools.progress import Progress
from hex_blocks.tools.registry import Registry

log = logging.getLogger(__name__)

# Seconds between two looks for jobs that another process left, and what part of a lease passes before it is renewed.
LOOK_SECONDS = 1.0
RENEWED_AFTER = 3.0
CLEANED_SECONDS = 60.0
# Progress is written down so often: at each change of state, and else after a second and a fiftieth of the time so far.
REPORT_SECONDS, REPORT_PART = 1.0, 0.02
BUSY_SECONDS = 5


class Runner:
    """Works on calls, each in a thread of its own, and on jobs under leases.

    Args:
        notify: Is told the ID of a job to which something has happened.
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
        # Whether more jobs may wait than this process had room for.
        self._full = False
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._over = threading.Event()
        self._loops = [
            looking(self._take, LOOK_SECONDS, self._over, self._wake),
            looking(self._renew, settings.lease / RENEWED_AFTER, self._over),
            looking(self._clean, CLEANED_SECONDS, self._over),
        ]

    def begin(self) -> None:
        """Begin to take on jobs."""
        for loop in self._loops:
            loop.start()

    @property
    def busy(self) -> int:
        """How many calls are being worked on."""
        return len(self._works)

    def start(self, work: Work) -> None:
        """Begin a call.

        Raises:
            ProblemError: There are too many, or the process is stopping.
        """
        if self.draining.is_set():
            raise ProblemError("stopping", headers={"Retry-After": "2"})
        with self._lock:
            if len(self._works) >= self.settings.most_calls:
                raise ProblemError("too_many_calls", seconds=BUSY_SECONDS, headers={"Retry-After": str(BUSY_SECONDS)})
            self._works[work.id] = work
        work.ended.set_running_or_notify_cancel()
        self._workers.do(partial(self._do, work))

    def keep(self, work: Work, *, key: str | None = None, fingerprint: str | None = None, answered: bool) -> bool:
        """Make a call a job, so that it outlives its request; False where it has ended meanwhile."""
        with work.lock:
            if work.ended.done():
                return False
            if work.fence:
                if answered:
                    self.store.answer(work.id)
                return True
            self.store.add(self.job_of(work, key=key, fingerprint=fingerprint, answered=answered))
            work.fence = 1
            if work.progress:
                self.store.report(work.id, work.fence, work.progress)
        return True

    def job_of(
        self, work: Work, *, key: str | None, fingerprint: str | None, answered: bool, queued: bool = False
    ) -> Job:
        """Return the job of a call: one that is worked on here, or one that waits for its turn."""
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
            sealed=self.callers.sealed(work.caller),
        )

    def wake(self) -> None:
        """Look for jobs at once."""
        self._wake.set()

    def cancel(self, job_id: str) -> None:
        """End a call of this process."""
        if work := self._works.get(job_id):
            work.cancelled = True
            work.stop.set()

    def _do(self, work: Work) -> None:
        began = self.clock.monotonic()
        told = [began, None]

        def on_progress(progress: Progress) -> None:
            work.progress = progress_document(progress)
            self._report(work, progress, began, told)

        end: End | None = None
        try:
            end = work.done(self.tools, on_progress)
            self.metrics.ended(work.tool.id, end.status, work.error, self.clock.monotonic() - began)
        finally:
            self._settle(work, end)

    def _report(self, work: Work, progress: Progress, began: float, told: list[Any]) -> None:
        now = self.clock.monotonic()
        pause = max(REPORT_SECONDS, (now - began) * REPORT_PART)
        if work.fence and (progress.status != told[1] or now - told[0] >= pause):
            told[:] = [now, progress.status]
            try:
                self.store.report(work.id, work.fence, work.progress or {})
            except ProblemError:
                log.warning("the progress of job %s could not be written down", work.id, exc_info=True)
            self.notify(work.id)

    def _settle(self, work: Work, end: End | None) -> None:
        """Write down how a call ended, or give its job back where it ended only because the process does."""
        with work.lock:
            if not work.fence:
                work.ended.set_result(end)
        if work.fence:
            given_back = end is None or (
                self.draining.is_set() and work.stop.is_set() and not work.cancelled and end.result is None
            )
            self._write_end(work, None if given_back else end)
            work.ended.set_result(None if given_back else end)
        with self._lock:
            self._works.pop(work.id, None)
        self.notify(work.id)
        if self._full:
            self._wake.set()

    def _write_end(self, work: Work, end: End | None) -> None:
        """Write down how a job ended, or give it back; as soon as that can be written."""
        while True:
            try:
                if end is None:
                    self.store.release(work.id, work.fence)
                else:
                    now = self.clock.time()
                    self.store.end(work.id, work.fence, end, now, now + self.settings.kept)
            except ProblemError:
                log.warning("the end of job %s could not be written down", work.id, exc_info=True)
            else:
                return
            if self._over.wait(LOOK_SECONDS):
                # The lease runs out, and another process goes on with it.
                return

    def _take(self) -> None:
        if self.draining.is_set():
            return
        now = self.clock.time()
        room = self.settings.most_calls - self.busy
        taken = self.store.claim(self.owner, self.callers.known(), now, now + self.settings.lease, room)
        self._full = len(taken) >= room
        for job in taken:
            try:
                self._go_on(job)
            except ProblemError:
                log.warning("job %s cannot be gone on with", job.id, exc_info=True)

    def _go_on(self, job: Job) -> None:
        if mine := self._works.get(job.id):
            # The lease ran out while this process slept: it is still at it.
            mine.fence = job.fence
            return
        caller = self.callers.recall(job.caller, job.sealed)
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

    def _renew(self) -> None:
        held = {work.id: work.fence for work in list(self._works.values()) if work.fence}
        if not held:
            return
        ours = self.store.renew(self.owner, held, self.clock.time() + self.settings.lease)
        for job_id in held:
            work = self._works.get(job_id)
            if work is None:
                continue
            if ours.get(job_id):
                self.cancel(job_id)
            elif job_id not in ours and not work.ended.done():
                # Another process has it: what is done here would be done twice.
                work.stop.set()

    def _clean(self) -> None:
        now = self.clock.time()
        end = End(FAILED, problem=problem_of(ProblemError("job_abandoned"), None))
        for job in self.store.give_up(now, end, now + self.settings.kept):
            self.notify(job.id)

    def drain(self) -> None:
        """Take on nothing more."""
        self.draining.set()

    def close(self) -> None:
        """Give back the jobs that others can go on with, and wait for the calls that nobody else can."""
        self.drain()
        self._over.set()
        self._wake.set()
        works = list(self._works.values())
        for work in works:
            if work.fence and work.may_be_stopped:
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
