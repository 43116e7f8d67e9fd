"""A cache of projects' newest runs and of how long their runs usually take.

A start needs the newest runs before it, and a wait needs the usual duration. One request gives both, and all calls
share its result.
"""

from __future__ import annotations

import statistics
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hex_blocks.errors.classes import hex_error
from hex_blocks.runs.model import Run
from hex_blocks.tools.tool_call import ToolCall

if TYPE_CHECKING:
    from hex_blocks.api.hex_api import HexApi

FRESH_SECONDS = 10.0
PAGE = 25
LANDMARKS = 5
MAX_PROJECTS = 1000
# How many of the newest completed runs the usual duration is computed from.
HISTORY = 20
# How often a wait for another thread's request checks the stop event, in real seconds.
STOP_CHECK_SECONDS = 0.2


@dataclass(frozen=True)
class Recent:
    """What is cached of a project.

    Attributes:
        newest: IDs of the newest runs, newest first.
        usual: Seconds that a run usually takes; None without completed runs.
        read_at: When the list was read, in the clock's monotonic time.
    """

    newest: tuple[str, ...] = ()
    usual: float | None = None
    read_at: float = 0.0


class RecentRuns:
    """The cache of one connection. Thread-safe."""

    def __init__(self) -> None:
        self._known: dict[str, Recent] = {}
        self._reading: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def reading(self, project_id: str) -> threading.Lock:
        """Return the lock that a thread holds while it reads a project's list, so that others wait for the result."""
        with self._lock:
            return self._reading.setdefault(project_id, threading.Lock())

    def get(self, project_id: str) -> Recent | None:
        """Return what is cached of a project, or None if nothing is."""
        with self._lock:
            return self._known.get(project_id)

    def put(self, project_id: str, recent: Recent) -> None:
        """Cache what is known of a project. Only the last MAX_PROJECTS projects are kept."""
        with self._lock:
            self._known.pop(project_id, None)
            self._known[project_id] = recent
            while len(self._known) > MAX_PROJECTS:
                oldest = next(iter(self._known))
                del self._known[oldest]
                self._reading.pop(oldest, None)


def _recent_of(api: HexApi) -> RecentRuns:
    return api.shared.get(RecentRuns, RecentRuns)


def recent_runs(call: ToolCall, project_id: str, *, anew: bool = False) -> Recent:
    """Return a project's newest runs from the cache, or from Hex if they are older than ten seconds.

    Args:
        call: The call.
        project_id: The project.
        anew: Whether to request them in any case.

    Raises:
        HexError: The list cannot be read.
    """
    known_runs, clock = _recent_of(call.connection.api), call.connection.clock
    with _locked(known_runs.reading(project_id), call.stop):
        known = known_runs.get(project_id)
        if known is None or anew or clock.monotonic() - known.read_at > FRESH_SECONDS:
            listed = list_runs(call, project_id, PAGE, 0)
            if listed.sent and not listed:
                # Entries without IDs must not count as a project without runs: old runs would look like new ones.
                raise call.reply_lacks("runs[].runId")
            known = keep_recent(call.connection.api, project_id, listed)
    return known


@contextmanager
def _locked(lock: threading.Lock, stop: threading.Event) -> Iterator[None]:
    """Hold a lock. The thread that has it may wait for Hex's rate limits, so this wait ends when `stop` is set.

    Raises:
        HexError: The wait was stopped before anything was sent (`interrupted_before`).
    """
    while not lock.acquire(timeout=STOP_CHECK_SECONDS):
        if stop.is_set():
            raise hex_error("interrupted_before")
    try:
        yield
    finally:
        lock.release()


def usual_seconds(runs: Iterable[Run]) -> float | None:
    """Return the median duration of the completed runs, in seconds, or None if there are none."""
    times = [run.get("elapsedTime") for run in runs if run.get("status") == "COMPLETED"]
    known = [float(time) / 1000 for time in times if isinstance(time, int | float) and time > 0]
    return statistics.median(known[:HISTORY]) if known else None


def usual_of(api: HexApi, project_id: str) -> float | None:
    """Return how long a project's runs usually take, in seconds, or None if that is not cached."""
    known = _recent_of(api).get(project_id)
    return known.usual if known else None


def keep_started(api: HexApi, project_id: str, run_id: str) -> None:
    """Add a run that was just started to the cache, as the newest of its project."""
    known_runs = _recent_of(api)
    if known := known_runs.get(project_id):
        known_runs.put(project_id, replace(known, newest=(run_id, *known.newest)[:LANDMARKS]))


def keep_recent(api: HexApi, project_id: str, runs: Sequence[Run]) -> Recent:
    """Cache what the first page of a project's list shows, and return it."""
    known_runs = _recent_of(api)
    before = known_runs.get(project_id) or Recent()
    usual = usual_seconds(runs) if len(runs) >= PAGE or before.usual is None else before.usual
    recent = Recent(tuple(run["runId"] for run in runs[:LANDMARKS]), usual, api.clock.monotonic())
    known_runs.put(project_id, recent)
    return recent


class Page(list[Run]):
    """The entries of a page that have a run ID.

    Attributes:
        sent: How many entries Hex sent; fewer than requested on the last page.
    """

    sent = 0


def list_runs(
    call: ToolCall, project_id: str, limit: int, offset: int, status: str | None = None, *, whole: bool = False
) -> Page:
    """Return a page of a project's list of runs, newest first, without entries that have no ID.

    Args:
        call: The call.
        project_id: The project.
        limit: The most entries of the page.
        offset: How many entries to skip.
        status: The state of the runs. Default: any.
        whole: Whether an entry without an ID is an error, as it could be any run.

    Raises:
        HexError: The list cannot be read, or `whole` is true and an entry has no ID (`not_hex`).
    """
    inputs: dict[str, Any] = {"projectId": project_id, "limit": limit, "offset": offset}
    if status:
        inputs["statusFilter"] = status
    coerced = call.request_with_details(inputs, "hex_get_project_runs")
    runs = coerced.reply["runs"]
    page = Page(run for run in runs if run.get("runId"))
    page.sent = len(runs) + coerced.left_out.get("runs[]", 0)
    if whole and len(page) < page.sent:
        raise call.reply_lacks("runs[].runId")
    return page
