"""One watcher for any number of runs: a hundred per request, inside Hex's limits, fair between projects.

Whoever waits on a connection shares its watcher. No thread of its own runs: of those who wait, one at a time
does the looking for all, and hands over when its own wait is done. With a single caller that is an ordinary loop.
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
# A run is looked at again after this part of its age; or of what is left of its usual time, and of how long it is
# overdue: near the expected end it is worth looking often.
STRETCH = 1 / 60
STRETCH_BEFORE_END = 1 / 10
# The limit group that looking counts in; so much of it may be spent on looking, the rest is for those who start.
POLLING = "hex-api"
SHARE = 0.9
MOST_PER_SECOND = 1000.0
# So many looks may follow each other at once after a quiet time.
BURST = 2.0
PAGE = 100
# The list is read on through so many pages that show nothing of what is followed, or one for each ten runs missing.
EMPTY_PAGES = 2
# What lies deeper is read run by run, so many at one look; the others come next.
STRAYS = 10
POLL_PATIENCE = 20.0
TICK = 1.0
# A follower looks up this often whether it has to take over; real seconds, since no clock of ours drives it.
HAND_OVER = 0.2


@dataclass(eq=False)
class Followed:
    """A run that somebody waits for. `run` is Hex's last word on it; `last_error` what keeps us from hearing more."""

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
        """The last state known."""
        return str(self.run.get("status") or "PENDING")

    @property
    def ended(self) -> bool:
        """Whether nothing more will come: the run has ended, or it cannot be read."""
        return has_ended(self.run) or self.failed is not None

    def wanted_after(self, now: float) -> float:
        """Return in how many seconds the run should be looked at again."""
        elapsed = now - self.began
        overdue = elapsed - (self.usual or 0.0)
        stretched = overdue * STRETCH if overdue > 0 else -overdue * STRETCH_BEFORE_END
        return max(self.interval, min(LONGEST_INTERVAL, stretched))


@dataclass(eq=False)
class _Project:
    """The runs of one project that are followed, and when it is looked at next. Several may follow the same run."""

    id: str
    next_at: float
    runs: dict[str, list[Followed]] = field(default_factory=dict)
    # How many entries of the list had to be read to see all that is followed.
    depth: int = PAGE

    def going(self) -> set[str]:
        """Name the runs that have not ended."""
        return {run_id for run_id, followed in self.runs.items() if not all(each.ended for each in followed)}


def watcher_of(connection: Connection) -> Watcher:
    """Return the one watcher of a connection."""
    api = connection.api
    return api.shared.get(Watcher, lambda: Watcher(api.clock, api.budget.per_second(POLLING)))


class Watcher:
    """Follows runs on one connection. Safe under threads."""

    def __init__(self, clock: Clock, requests_per_second: float) -> None:
        self._clock = clock
        self._rate = min(requests_per_second, MOST_PER_SECOND) * SHARE
        self._projects: dict[str, _Project] = {}
        self._lock = threading.Lock()
        self._lead = threading.Lock()
        self._heard = threading.Condition(self._lock)
        self._looks_left = BURST
        self._counted_at = clock.monotonic()

    def follow(
        self,
        run: Mapping[str, Any],
        interval: float = SHORTEST_INTERVAL,
        *,
        at_once: bool = False,
        usual: float | None = None,
    ) -> Followed:
        """Follow a run, given with its projectId and runId. at_once: look now, not after a first interval."""
        now = self._clock.monotonic()
        interval = max(SHORTEST_INTERVAL, interval)
        known = cast("Run", dict(run))
        followed = Followed(known["projectId"], known["runId"], interval, now, known, usual, looked_at=now)
        with self._lock:
            first = now if at_once else now + followed.wanted_after(now)
            project = self._projects.setdefault(followed.project_id, _Project(followed.project_id, first))
            project.runs.setdefault(followed.run_id, []).append(followed)
            project.next_at = min(project.next_at, first)
        return followed

    def leave(self, followed: Followed) -> None:
        """Follow a run no longer."""
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
        """Wait until one of mine has ended, or until a moment of the monotonic clock. Gives those that have ended.

        on_tick: called about every second, to show progress.
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
            if self._lead.acquire(blocking=False):
                try:
                    self._look(call, until)
                finally:
                    self._lead.release()
                    with self._heard:
                        self._heard.notify_all()
            else:
                with self._heard:
                    self._heard.wait(HAND_OVER)

    def _look(self, call: ToolCall, until: float) -> None:
        """Look at the project that is due longest, or let a moment pass if none is."""
        with self._lock:
            waiting = [project for project in self._projects.values() if project.going()]
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
            # It passes, or the waiter's own deadline ends it. The run keeps running meanwhile.
            # An error that only comes from this waiter's short time is not shown to the others.
            self._postpone(project, error, is_error=patience == POLL_PATIENCE and not call.stop.is_set())
        except HexError as error:
            self._fail(project, error, project.going())

    def _pause(self, now: float) -> float:
        """Return how long the looking has to rest, so that it takes no more than its share of Hex's limits."""
        self._looks_left = min(BURST, self._looks_left + (now - self._counted_at) * self._rate)
        self._counted_at = now
        return 0.0 if self._looks_left >= 1 else (1 - self._looks_left) / self._rate

    def _count_look(self) -> None:
        with self._lock:
            self._looks_left -= 1

    def _read(self, call: ToolCall, project: _Project) -> None:
        with self._lock:
            missing = project.going()
        # A list costs a request for each page, and a run by itself costs one.
        if len(missing) > 1 + (project.depth - 1) // PAGE:
            missing = self._read_list(call, project, missing)
        for run_id in self._longest_unseen(project, missing):
            if call.stop.is_set():
                break
            self._read_stray(call, project, run_id)
        now = self._clock.monotonic()
        with self._lock:
            going = [each for run_id in project.going() for each in project.runs[run_id]]
            wanted = min((each.wanted_after(now) for each in going), default=LONGEST_INTERVAL)
            project.next_at = now + (SHORTEST_INTERVAL if len(missing) > STRAYS else wanted)

    def _longest_unseen(self, project: _Project, run_ids: set[str]) -> list[str]:
        with self._lock:
            seen = {
                run_id: min(each.looked_at for each in project.runs[run_id])
                for run_id in run_ids
                if run_id in project.runs
            }
        return sorted(seen, key=lambda run_id: (seen[run_id], run_id))[:STRAYS]

    def _read_list(self, call: ToolCall, project: _Project, missing: set[str]) -> set[str]:
        """Read the project's list, newest first, until all that is followed was seen; return what was not."""
        offset = deepest = empty = 0
        while missing and empty < max(EMPTY_PAGES, len(missing) // 10) and not call.stop.is_set():
            limit = min(PAGE, project.depth - offset) if project.depth > offset else PAGE
            self._count_look()
            runs = list_runs(call, project.id, limit, offset)
            if offset == 0 and (runs or not runs.sent):
                keep_recent(call.connection.api, project.id, runs)
            empty += 1
            for place, run in enumerate(runs, offset + 1):
                # A run whose state the list does not tell is asked for by itself.
                if not run.get("status"):
                    continue
                if run["runId"] in missing:
                    missing = missing - {run["runId"]}
                    deepest, empty = place, 0
                self._hear(call, project, run)
            offset += limit
            if runs.sent < limit:
                break
        project.depth = max(PAGE if missing else 0, deepest + 10)
        return missing

    def _read_stray(self, call: ToolCall, project: _Project, run_id: str) -> None:
        self._count_look()
        try:
            self._hear(call, project, get_run(call, project.id, run_id) | {"runId": run_id})
        except (InputError, NotFoundError) as error:
            # This one run is gone; the others may be there.
            self._fail(project, error, {run_id})
        except HexDownError as error:
            if error.key != "not_hex":
                raise
            # What cannot be read of one run is no reason to look at the others less.
            with self._lock:
                for followed in project.runs.get(run_id, []):
                    followed.last_error = error
                    followed.looked_at = self._clock.monotonic()

    def _hear(self, call: ToolCall, project: _Project, run: Run) -> None:
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
