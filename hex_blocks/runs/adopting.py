"""Finds the runs of starts whose process died before Hex replied, so that other starts need not wait for them.

Such a start blocks the other starts of its project until its run can no longer appear in Hex's list. If the run is
already listed, it is written to the record, and the other starts can go on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from hex_blocks.errors.classes import HexError
from hex_blocks.runs.record.configured import record_of
from hex_blocks.runs.record.store import Start
from hex_blocks.runs.recovering import SETTLE_SECONDS, Sent, find_lost_run, seconds_apart
from hex_blocks.tools.tool_call import ToolCall

log = logging.getLogger(__name__)

# Seconds between two searches in the list of a project, which Hex's rate limits bound.
SEARCH_INTERVAL = 15.0
MAX_STARTS_PER_SEARCH = 3
MAX_PROJECTS = 1000
READ_SECONDS = 10.0


class SearchTimes:
    """When the list of each project was last searched for runs of other starts. Thread-safe."""

    def __init__(self) -> None:
        self._searched_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def seconds_until_next(self, project_id: str, now: float) -> float:
        """Return the seconds until a project's list may be searched again."""
        searched_at = self._searched_at.get(project_id)
        return 0.0 if searched_at is None else max(0.0, searched_at + SEARCH_INTERVAL - now)

    def set(self, project_id: str, now: float) -> None:
        """Note that a project's list is searched now. Only the last MAX_PROJECTS projects are kept."""
        with self._lock:
            self._searched_at.pop(project_id, None)
            self._searched_at[project_id] = now
            while len(self._searched_at) > MAX_PROJECTS:
                del self._searched_at[next(iter(self._searched_at))]


def seconds_until_search(call: ToolCall, now: Start, others: Sequence[Start]) -> float:
    """Return the seconds until a search can find the run of one of the other starts.

    Args:
        call: The call that waits for them.
        now: Its own start, with the current time.
        others: The other starts.
    """
    settled = min(SETTLE_SECONDS - max(0.0, seconds_apart(now, other)) for other in others)
    clock = call.connection.clock
    return max(0.0, settled, _search_times(call).seconds_until_next(now.project_id, clock.monotonic()))


def adopt_lost_runs(call: ToolCall, now: Start, others: Sequence[Start]) -> None:
    """Search for the runs of other starts, and record those that can only be theirs.

    The caller has to hold the project's lock.

    Args:
        call: The call that waits for them.
        now: Its own start, with the current time.
        others: The other starts.

    Raises:
        RecordError: The record cannot be read or written.
    """
    _search_times(call).set(now.project_id, call.connection.clock.monotonic())
    settled = [other for other in others if seconds_apart(now, other) >= SETTLE_SECONDS]
    for other in sorted(settled, key=lambda each: each.intended_at)[:MAX_STARTS_PER_SEARCH]:
        _adopt(call, other)


def _adopt(call: ToolCall, other: Start) -> None:
    record, base_url = record_of(call.connection), call.connection.base_url
    with record.lock_key(base_url, other.key, lambda: True) as locked:
        # Another call holds the key: it finds the run itself, and may still send the start.
        if not locked:
            return
        current = record.find(base_url, other.key, give_up=call.stop.is_set)
        if current is None or current.run_id:
            return
        # No waits here, because other calls wait for the project's lock.
        quick = call.part(quiet=True, patience=0.0, read=min(READ_SECONDS, call.timing.read))
        try:
            find_lost_run(quick, Sent(current), pauses=())
        except HexError as error:
            log.info("the run of the start %s could not be determined: %s", other.key, error.key)


def _search_times(call: ToolCall) -> SearchTimes:
    return call.connection.shared.get(SearchTimes, SearchTimes)
