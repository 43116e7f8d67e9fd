"""What is known of a project's newest runs: read once, shared by all who ask, kept current by who reads the list.

A start notes which runs came before it, and a wait how long runs take; together they cost one request.
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
MOST_PROJECTS = 1000
# So many of the newest runs that have completed tell how long one takes.
HISTORY = 20
# Who waits for another thread's reading looks up this often whether anybody still wants it; real seconds.
LOOK_UP = 0.2


@dataclass(frozen=True)
class Recent:
    """newest: IDs of the newest runs, newest first. usual: seconds that a run takes; None without history."""

    newest: tuple[str, ...] = ()
    usual: float | None = None
    read_at: float = 0.0


class RecentRuns:
    """What is known on one connection of the newest runs of its projects. Safe under threads."""

    def __init__(self) -> None:
        self._known: dict[str, Recent] = {}
        self._reading: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def reading(self, project_id: str) -> threading.Lock:
        """Return the lock of whoever reads a project's list, so that others wait for what is read."""
        with self._lock:
            return self._reading.setdefault(project_id, threading.Lock())

    def get(self, project_id: str) -> Recent | None:
        """Return what is known of a project; None for nothing."""
        with self._lock:
            return self._known.get(project_id)

    def put(self, project_id: str, recent: Recent) -> None:
        """Keep what is known of a project; of very many projects the oldest is forgotten."""
        with self._lock:
            self._known.pop(project_id, None)
            self._known[project_id] = recent
            while len(self._known) > MOST_PROJECTS:
                oldest = next(iter(self._known))
                del self._known[oldest]
                self._reading.pop(oldest, None)


def _recent_of(api: HexApi) -> RecentRuns:
    return api.shared.get(RecentRuns, RecentRuns)


def recent_runs(call: ToolCall, project_id: str, *, anew: bool = False) -> Recent:
    """Return what is known of a project's newest runs, at most ten seconds old, or read anew. Raises HexError."""
    known_runs, clock = _recent_of(call.connection.api), call.connection.clock
    with _taken(known_runs.reading(project_id), call.stop):
        known = known_runs.get(project_id)
        if known is None or anew or clock.monotonic() - known.read_at > FRESH_SECONDS:
            listed = list_runs(call, project_id, PAGE, 0)
            if listed.sent and not listed:
                # Taken for a project without runs, it would make old runs look as if they had just begun.
                raise call.reply_lacks("runs[].runId")
            known = keep_recent(call.connection.api, project_id, listed)
    return known


@contextmanager
def _taken(lock: threading.Lock, stop: threading.Event) -> Iterator[None]:
    """Hold a lock. Whoever has it may be waiting for Hex's limits, so the wait for it ends when `stop` is set.

    Raises:
        HexError: `interrupted_before`, since nothing was sent.
    """
    while not lock.acquire(timeout=LOOK_UP):
        if stop.is_set():
            raise hex_error("interrupted_before")
    try:
        yield
    finally:
        lock.release()


def usual_seconds(runs: Iterable[Run]) -> float | None:
    """Return how long runs take: the median of the completed ones among them; None without any."""
    times = [run.get("elapsedTime") for run in runs if run.get("status") == "COMPLETED"]
    known = [float(time) / 1000 for time in times if isinstance(time, int | float) and time > 0]
    return statistics.median(known[:HISTORY]) if known else None


def usual_of(api: HexApi, project_id: str) -> float | None:
    """Return how long a project's runs take, as far as that is known already."""
    known = _recent_of(api).get(project_id)
    return known.usual if known else None


def keep_started(api: HexApi, project_id: str, run_id: str) -> None:
    """Keep that a run was just started: it is the newest of its project that is known."""
    known_runs = _recent_of(api)
    if known := known_runs.get(project_id):
        known_runs.put(project_id, replace(known, newest=(run_id, *known.newest)[:LANDMARKS]))


def keep_recent(api: HexApi, project_id: str, runs: Sequence[Run]) -> Recent:
    """Keep what the first page of a project's list tells."""
    known_runs = _recent_of(api)
    before = known_runs.get(project_id) or Recent()
    usual = usual_seconds(runs) if len(runs) >= PAGE or before.usual is None else before.usual
    recent = Recent(tuple(run["runId"] for run in runs[:LANDMARKS]), usual, api.clock.monotonic())
    known_runs.put(project_id, recent)
    return recent


class Page(list[Run]):
    """The entries of a page that name their run. sent: how many entries Hex sent, which tells a last page."""

    sent = 0


def list_runs(
    call: ToolCall, project_id: str, limit: int, offset: int, status: str | None = None, *, whole: bool = False
) -> Page:
    """Read a part of a project's list of runs, newest first; what has no ID is left out.

    whole: an entry without an ID is an error, since it could be any run.
    """
    asked: dict[str, Any] = {"projectId": project_id, "limit": limit, "offset": offset}
    if status:
        asked["statusFilter"] = status
    answer = call.request_closely(asked, "hex_get_project_runs")
    runs = answer.reply["runs"]
    page = Page(run for run in runs if run.get("runId"))
    page.sent = len(runs) + answer.left_out.get("runs[]", 0)
    if whole and len(page) < page.sent:
        raise call.reply_lacks("runs[].runId")
    return page
