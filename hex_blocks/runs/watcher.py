"""The watcher: polls the status of any number of runs, a hundred per request, within Hex's rate limits.

All calls that wait on a connection share its watcher. It has no thread of its own: one of the waiting calls polls for
all of them, and another one takes over when its wait ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from hex_blocks.clock import Clock
from hex_blocks.errors.classes import BusyError, HexDownError, HexError, InputError, NotFoundError
from hex_blocks.runs.model import Run, get_run, has_ended
from hex_blocks.runs.recent import keep_recent, list_runs, usual_of
from hex_blocks.tools.tool_call import ToolCall

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection

SHORTEST_INTERVAL = 5.0
LONGEST_INTERVAL = 30.0
# The pause before a run's next poll: this part of the time since its expected end, or of the time until then. Polls
# are most frequent around the expected end.
STRETCH = 1 / 60
STRETCH_BEFORE_END = 1 / 10
# The limit group of polls, and the part of it that polls may use; the rest is for starts.
POLLING = "hex-api"
SHARE = 0.9
MAX_PER_SECOND = 1000.0
# How many polls may be sent without a pause after a quiet time.
BURST = 2.0
PAGE = 100
# After so many pages without a followed run, or one page per ten missing runs, the list is not read any further.
EMPTY_PAGES = 2
# How many runs that are not on these pages are requested one by one in a poll. The others follow in the next poll.
STRAYS = 10
POLL_PATIENCE = 20.0
TICK = 1.0
# How often a waiting call checks whether it has to take over the polling, in real seconds.
TAKE_OVER_SECONDS = 0.2


@dataclass(eq=False)
class Followed:
    """A run that a call waits for.

    Attributes:
        project_id: The ID of its project.
        run_id: Its ID.
        interval: The shortest time between two polls, in seconds.
        began: When it was followed first, in the clock's monotonic time.
        run: The run as last read.
        usual: Seconds that runs of its project usually take, if known.
        looked_at: When it was last read.
        last_error: Why the last poll failed; None if it did not.
        failed: The error because of which it is not polled any more.
    """

    project_id: str
    run_id: str
    interval: float
    began: float
    run: Run = field(default_factory=Run)
    usual: float | None = None
    looked_at: float = 0.0
    last_error: HexError | None = None
    failed: HexError | None = None

    @property
    def status(self) -> str:
        """The last known state."""
        return str(self.run.get("status") or "PENDING")

    @property
    def ended(self) -> bool:
        """Whether it is not polled any more: the run has ended, or it cannot be read."""
        return has_ended(self.run) or self.failed is not None

    def poll_interval(self, now: float) -> float:
        """Return the seconds until the run should be polled again."""
        elapsed = now - self.began
        overdue = elapsed - (self.usual or 0.0)
        stretched = overdue * STRETCH if overdue > 0 else -overdue * STRETCH_BEFORE_END
        return max(self.interval, min(LONGEST_INTERVAL, stretched))


@dataclass(eq=False)
class _Project:
    """The followed runs of one project, and when it is polled next. Several calls can follow the same run."""

    id: str
    next_at: float
    runs: dict[str, list[Followed]] = field(default_factory=dict)
    # How many entries of the list contain all followed runs.
    depth: int = PAGE

    def active(self) -> set[str]:
        """Return the IDs of the runs that have not ended."""
        return {run_id for run_id, followed in self.runs.items() if not all(each.ended for each in followed)}


def watcher_of(connection: Connection) -> Watcher:
    """Return the watcher of a connection."""
    api = connection.api
    return api.shared.get(Watcher, lambda: Watcher(api.clock, api.budget.per_second(POLLING)))


class Watcher:
    """Polls the followed runs of one connection. Thread-safe."""

    def __init__(self, clock: Clock, requests_per_second: float) -> None:
        self._clock = clock
        self._rate = min(requests_per_second, MAX_PER_SECOND) * SHARE
        self._projects: dict[str, _Project] = {}
        self._lock = threading.Lock()
        # Held by the call that polls for all.
        self._polling = threading.Lock()
        self._polled = threading.Condition(self._lock)
        self._polls_left = BURST
        self._counted_at = clock.monotonic()

    def follow(
        self,
        run: Mapping[str, Any],
        interval: float = SHORTEST_INTERVAL,
        *,
        at_once: bool = False,
        usual: float | None = None,
    ) -> Followed:
        """Follow a run, and return it for `wait` and `leave`.

        Args:
            run: The run, with projectId and runId.
            interval: The shortest time between two polls, in seconds.
            at_once: Whether to poll it now, not only after the first interval.
            usual: Seconds that runs of its project usually take, if known.
        """
        now = self._clock.monotonic()
        interval = max(SHORTEST_INTERVAL, interval)
        known = cast("Run", dict(run))
        followed = Followed(known["projectId"], known["runId"], interval, now, known, usual, looked_at=now)
        with self._lock:
            first = now if at_once else now + followed.poll_interval(now)
            project = self._projects.setdefault(followed.project_id, _Project(followed.project_id, first))
            project.runs.setdefault(followed.run_id, []).append(followed)
            project.next_at = min(project.next_at, first)
        return followed

    def leave(self, followed: Followed) -> None:
        """Stop following a run."""
        with self._lock:
            project = self._projects.get(followed.project_id)
            together = project.runs.get(followed.run_id, []) if project else []
            if project and followed in together:
                together.remove(followed)
                if not together:
                    del project.runs[followed.run_id]
                if not project.runs:
                    del self._projects[followed.project_id]

    def wait(
        self,
        call: ToolCall,
        mine: Collection[Followed],
        until: float,
        on_tick: Callable[[], None] | None = None,
    ) -> list[Followed]:
        """Wait until one of a call's runs has ended, and return those that have.

        Args:
            call: The call. Its stop event ends the wait.
            mine: The followed runs of the call.
            until: The end of the wait, in the clock's monotonic time.
            on_tick: Is called about every second, to report progress.
        """
        ticked = -TICK
        while True:
            ended = [followed for followed in mine if followed.ended]
            now = self._clock.monotonic()
            if ended or now >= until or call.stop.is_set():
                return ended
            if on_tick and now - ticked >= TICK:
                ticked = now
                on_tick()
            if self._polling.acquire(blocking=False):
                try:
                    self._poll(call, until)
                finally:
                    self._polling.release()
                    with self._polled:
                        self._polled.notify_all()
            else:
                with self._polled:
                    self._polled.wait(TAKE_OVER_SECONDS)

    def _poll(self, call: ToolCall, until: float) -> None:
        """Poll the project that has been due longest, or wait for a moment if none is due."""
        with self._lock:
            waiting = [project for project in self._projects.values() if project.active()]
            project = min(waiting, key=lambda each: each.next_at, default=None)
            now = self._clock.monotonic()
            due = max(project.next_at, now + self._pause(now)) if project else now + TICK
        if project is None or due > now:
            self._clock.wait(max(0.001, min(due - now, until - now, TICK)), call.stop)
            return
        patience = max(1.0, min(POLL_PATIENCE, until - now))
        quick = call.part(quiet=True, within=patience)
        try:
            self._read(quick, project)
        except (BusyError, HexDownError) as error:
            # Temporary: the project is polled again later, until the timeout of the wait is over.
            # An error caused by this call's short remaining time is not shown to the other calls.
            self._postpone(project, error, is_error=patience == POLL_PATIENCE and not call.stop.is_set())
        except HexError as error:
            self._fail(project, error, project.active())

    def _pause(self, now: float) -> float:
        """Return the seconds until the next poll is within the polls' share of the rate limit."""
        self._polls_left = min(BURST, self._polls_left + (now - self._counted_at) * self._rate)
        self._counted_at = now
        return 0.0 if self._polls_left >= 1 else (1 - self._polls_left) / self._rate

    def _count_poll(self) -> None:
        with self._lock:
            self._polls_left -= 1

    def _read(self, call: ToolCall, project: _Project) -> None:
        with self._lock:
            missing = project.active()
        # A page of the list costs one request, and so does a single run.
        if len(missing) > 1 + (project.depth - 1) // PAGE:
            missing = self._read_list(call, project, missing)
        for run_id in self._longest_unseen(project, missing):
            if call.stop.is_set():
                break
            self._read_stray(call, project, run_id)
        now = self._clock.monotonic()
        with self._lock:
            active = [each for run_id in project.active() for each in project.runs[run_id]]
            interval = min((each.poll_interval(now) for each in active), default=LONGEST_INTERVAL)
            project.next_at = now + (SHORTEST_INTERVAL if len(missing) > STRAYS else interval)

    def _longest_unseen(self, project: _Project, run_ids: set[str]) -> list[str]:
        with self._lock:
            seen = {
                run_id: min(each.looked_at for each in project.runs[run_id])
                for run_id in run_ids
                if run_id in project.runs
            }
        return sorted(seen, key=lambda run_id: (seen[run_id], run_id))[:STRAYS]

    def _read_list(self, call: ToolCall, project: _Project, missing: set[str]) -> set[str]:
        """Read the project's list, newest first, until all followed runs are found; return the IDs of the others."""
        offset = deepest = empty = 0
        while missing and empty < max(EMPTY_PAGES, len(missing) // 10) and not call.stop.is_set():
            limit = min(PAGE, project.depth - offset) if project.depth > offset else PAGE
            self._count_poll()
            runs = list_runs(call, project.id, limit, offset)
            if offset == 0 and (runs or not runs.sent):
                keep_recent(call.connection.api, project.id, runs)
            empty += 1
            for place, run in enumerate(runs, offset + 1):
                # A run without a state in the list is requested by itself.
                if not run.get("status"):
                    continue
                if run["runId"] in missing:
                    missing = missing - {run["runId"]}
                    deepest, empty = place, 0
                self._update(call, project, run)
            offset += limit
            if runs.sent < limit:
                break
        project.depth = max(PAGE if missing else 0, deepest + 10)
        return missing

    def _read_stray(self, call: ToolCall, project: _Project, run_id: str) -> None:
        self._count_poll()
        try:
            self._update(call, project, get_run(call, project.id, run_id) | {"runId": run_id})
        except (InputError, NotFoundError) as error:
            # Only this run is gone.
            self._fail(project, error, {run_id})
        except HexDownError as error:
            if error.key != "not_hex":
                raise
            # An unreadable reply for one run does not postpone the polls of the others.
            with self._lock:
                for followed in project.runs.get(run_id, []):
                    followed.last_error = error
                    followed.looked_at = self._clock.monotonic()

    def _update(self, call: ToolCall, project: _Project, run: Run) -> None:
        if run["runId"] not in project.runs:
            return
        usual = usual_of(call.connection.api, project.id)
        with self._lock:
            for followed in project.runs.get(run["runId"], []):
                followed.looked_at = self._clock.monotonic()
                if not followed.ended:
                    followed.run = followed.run | run
                    followed.usual = usual
                    followed.last_error = None

    def _postpone(self, project: _Project, error: HexError, *, is_error: bool) -> None:
        now = self._clock.monotonic()
        with self._lock:
            everybody = [each for followed in project.runs.values() for each in followed]
            for followed in everybody if is_error else []:
                followed.last_error = error
            shortest = min((each.interval for each in everybody), default=SHORTEST_INTERVAL)
            project.next_at = now + max(shortest, float(error.values.get("seconds", 0)))

    def _fail(self, project: _Project, error: HexError, run_ids: Collection[str]) -> None:
        with self._lock:
            for run_id in run_ids:
                for followed in project.runs.get(run_id, []):
                    if not followed.ended:
                        followed.failed = error
