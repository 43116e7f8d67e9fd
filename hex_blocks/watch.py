"""One watcher for any number of runs: a hundred per request, inside Hex's limits, fair between projects.

Whoever waits on a connection shares its watcher. No thread of its own runs: of those who wait, one at a time
does the looking for all, and hands over when its own wait is done. With a single caller that is an ordinary loop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from hex_blocks.call import Call
from hex_blocks.clock import Clock
from hex_blocks.errors import BusyError, HexDownError, HexError
from hex_blocks.handlers.runs import ENDS, get_run, usual_seconds

if TYPE_CHECKING:
    from hex_blocks.connection import Connection
    from hex_blocks.hex_api import HexApi

SHORTEST_INTERVAL = 5.0
LONGEST_INTERVAL = 30.0
# A run is looked at again after this part of its age, or of what is left of its usual time.
STRETCH = 1 / 40
# Of all requests that Hex allows, so many may be spent on looking; the rest is for those who start and read.
SHARE = 0.5
PAGE = 100
PAGES = 5
POLL_PATIENCE = 20.0
TICK = 1.0
# A follower looks up this often whether it has to take over; real seconds, since no clock of ours drives it.
HAND_OVER = 0.2


@dataclass(eq=False)
class Followed:
    """A run that somebody waits for. `run` is Hex's last word on it; `trouble` what keeps us from hearing more."""

    project_id: str
    run_id: str
    interval: float
    began: float
    run: dict[str, Any] = field(default_factory=dict)
    usual: float | None = None
    trouble: HexError | None = None
    failed: HexError | None = None
    news: int = 0

    @property
    def status(self) -> str:
        """The last state known."""
        return str(self.run.get("status") or "PENDING")

    @property
    def ended(self) -> bool:
        """Whether nothing more will come: the run has ended, or it cannot be read."""
        return self.status in ENDS or self.failed is not None


@dataclass
class _Project:
    """The runs of one project that are followed, and when it is looked at next."""

    id: str
    next_at: float
    runs: dict[str, Followed] = field(default_factory=dict)
    usual: float | None = None
    seen_history: bool = False
    depth: int = PAGE


_watchers: WeakKeyDictionary[HexApi, Watcher] = WeakKeyDictionary()
_watchers_lock = threading.Lock()


def watcher_of(connection: Connection) -> Watcher:
    """Give the one watcher of a connection."""
    api = connection.api
    with _watchers_lock:
        return _watchers.setdefault(api, Watcher(api.clock, api.budget.per_second()))


class Watcher:
    """Follows runs on one connection. Safe under threads."""

    def __init__(self, clock: Clock, requests_per_second: float) -> None:
        self._clock = clock
        self._rate = requests_per_second * SHARE
        self._projects: dict[str, _Project] = {}
        self._lock = threading.Lock()
        self._lead = threading.Lock()
        self._heard = threading.Condition(self._lock)

    def follow(self, run: dict[str, Any], interval: float = SHORTEST_INTERVAL, *, at_once: bool = False) -> Followed:
        """Follow a run, given with its projectId and runId. at_once: look now, not after a first interval."""
        now = self._clock.monotonic()
        followed = Followed(run["projectId"], run["runId"], max(SHORTEST_INTERVAL, interval), now, run)
        with self._lock:
            first = now if at_once else now + followed.interval
            project = self._projects.setdefault(followed.project_id, _Project(followed.project_id, first))
            project.runs[followed.run_id] = followed
            project.next_at = min(project.next_at, first)
            followed.usual = project.usual
        return followed

    def leave(self, followed: Followed) -> None:
        """Follow a run no longer."""
        with self._lock:
            project = self._projects.get(followed.project_id)
            if project and project.runs.get(followed.run_id) is followed:
                del project.runs[followed.run_id]
                if not project.runs:
                    del self._projects[followed.project_id]

    def wait(
        self,
        call: Call,
        mine: Collection[Followed],
        until: float,
        on_tick: Callable[[], None] | None = None,
    ) -> list[Followed]:
        """Wait until one of mine has ended, or until a moment of the monotonic clock. Gives those that have ended.

        on_tick: called about every second, to show progress.
        """
        while True:
            ended = [followed for followed in mine if followed.ended]
            if ended or self._clock.monotonic() >= until or call.stop.is_set():
                return ended
            if on_tick:
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

    def _look(self, call: Call, until: float) -> None:
        """Look at the project that is due longest, or let a moment pass if none is."""
        with self._lock:
            waiting = [
                project for project in self._projects.values() if any(not run.ended for run in project.runs.values())
            ]
            project = min(waiting, key=lambda each: each.next_at, default=None)
            now = self._clock.monotonic()
        due = project.next_at if project else now + TICK
        if project is None or due > now:
            self._clock.wait(max(0.001, min(due - now, until - now, TICK)), call.stop)
            return
        quick = replace(call, warnings=[], on_progress=None)
        quick.timing = replace(call.timing, patience=max(1.0, min(POLL_PATIENCE, until - now)), on_wait=None)
        try:
            self._read(quick, project)
        except (BusyError, HexDownError) as error:
            # It passes, or the waiter's own deadline ends it. The run goes on meanwhile.
            self._trouble(project, error)
        except HexError as error:
            self._fail(project, error)

    def _read(self, call: Call, project: _Project) -> None:
        with self._lock:
            open_runs = {run_id: run for run_id, run in project.runs.items() if not run.ended}
        missing = set(open_runs)
        if len(missing) > 1 or not project.seen_history:
            missing = self._read_list(call, project, missing)
        for run_id in missing:
            self._hear(project, get_run(call, project.id, run_id))
        self._plan(project, len(self._projects))

    def _read_list(self, call: Call, project: _Project, missing: set[str]) -> set[str]:
        """Read the project's list, newest first, until all that is followed was seen; give what was not."""
        offset = 0
        for _ in range(PAGES):
            limit = min(PAGE, project.depth)
            asked = {"projectId": project.id, "limit": limit, "offset": offset}
            runs = [
                run
                for run in (call.ask(asked, "hex_get_project_runs") or {}).get("runs") or []
                if isinstance(run, dict)
            ]
            if not project.seen_history:
                project.usual, project.seen_history = usual_seconds(runs), True
            for place, run in enumerate(runs, offset + 1):
                if run.get("runId") in missing:
                    missing = missing - {run["runId"]}
                    deepest = place
                    project.depth = min(PAGE, max(10, deepest + 10))
                self._hear(project, run)
            offset += len(runs)
            if not missing or len(runs) < limit:
                break
        if missing:
            project.depth = PAGE
        return missing

    def _hear(self, project: _Project, run: dict[str, Any]) -> None:
        with self._lock:
            followed = project.runs.get(str(run.get("runId")))
            if followed and not followed.ended:
                followed.run = followed.run | run
                followed.usual = project.usual
                followed.trouble = None
                followed.news += 1

    def _plan(self, project: _Project, projects: int) -> None:
        """Decide when to look again: by the age of the youngest run, the usual end, and what Hex allows."""
        now = self._clock.monotonic()
        with self._lock:
            wanted = [self._interval(run, now) for run in project.runs.values() if not run.ended]
            project.next_at = now + max(min(wanted, default=LONGEST_INTERVAL), projects / self._rate)

    @staticmethod
    def _interval(followed: Followed, now: float) -> float:
        elapsed = now - followed.began
        stretched = min(LONGEST_INTERVAL, elapsed * STRETCH)
        if followed.usual is not None:
            # Near the expected end it is worth looking often, and again less so the longer it is overdue.
            stretched = min(LONGEST_INTERVAL, abs(followed.usual - elapsed) * STRETCH * 4)
        return max(followed.interval, stretched)

    def _trouble(self, project: _Project, error: HexError) -> None:
        now = self._clock.monotonic()
        with self._lock:
            for followed in project.runs.values():
                followed.trouble = error
            shortest = min((run.interval for run in project.runs.values()), default=SHORTEST_INTERVAL)
            project.next_at = now + max(shortest, float(error.values.get("seconds", 0)))

    def _fail(self, project: _Project, error: HexError) -> None:
        with self._lock:
            for followed in project.runs.values():
                if not followed.ended:
                    followed.failed = error
