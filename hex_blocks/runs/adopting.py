"""Finding the runs of starts whose processes are gone, for whoever has to wait until it is known what became of them.

A start that was killed before its answer came keeps the others of its project waiting until no run of it can appear
any more. Where the list shows its run already, that is written down for it, and the wait is over.
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

# Hex limits how often its list may be read, and a batch would read it at each try.
LOOK_FOR = 15.0
MOST_AT_ONCE = 3
MOST_PROJECTS = 1000
READ_SECONDS = 10.0


class Looks:
    """When the lists of projects were last read for the starts of others. Safe under threads."""

    def __init__(self) -> None:
        self._looked_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def due_in(self, project_id: str, now: float) -> float:
        """Return in how many seconds a project's list may be read again."""
        looked_at = self._looked_at.get(project_id)
        return 0.0 if looked_at is None else max(0.0, looked_at + LOOK_FOR - now)

    def looked(self, project_id: str, now: float) -> None:
        """Keep that a project's list is read now; of very many projects the oldest is forgotten."""
        with self._lock:
            self._looked_at.pop(project_id, None)
            self._looked_at[project_id] = now
            while len(self._looked_at) > MOST_PROJECTS:
                del self._looked_at[next(iter(self._looked_at))]


def seconds_until_look(call: ToolCall, now: Start, others: Sequence[Start]) -> float:
    """Return in how many seconds a look may show what became of one of the others. now: with the times of now."""
    settled = min(SETTLE_SECONDS - max(0.0, seconds_apart(now, other)) for other in others)
    return max(0.0, settled, _looks_of(call).due_in(now.project_id, call.connection.clock.monotonic()))


def adopt_lost_runs(call: ToolCall, now: Start, others: Sequence[Start]) -> None:
    """Look for the runs of others, and write those down that are plainly theirs. Only under the project's turn.

    now: with the times of now. Raises RecordError.
    """
    _looks_of(call).looked(now.project_id, call.connection.clock.monotonic())
    settled = [other for other in others if seconds_apart(now, other) >= SETTLE_SECONDS]
    for other in sorted(settled, key=lambda each: each.intended_at)[:MOST_AT_ONCE]:
        _adopt(call, other)


def _adopt(call: ToolCall, other: Start) -> None:
    record, base_url = record_of(call.connection), call.connection.base_url
    with record.alone(base_url, other.key, lambda: True) as ours:
        # A call that is at work on it finds its run itself, and may still send it.
        if not ours:
            return
        still = record.find(base_url, other.key, give_up=call.stop.is_set)
        if still is None or still.run_id:
            return
        # Others wait for the turn meanwhile, so nothing is waited for here.
        quick = call.part(quiet=True, patience=0.0, read=min(READ_SECONDS, call.timing.read))
        try:
            find_lost_run(quick, Sent(still), pauses=())
        except HexError as error:
            log.info("what became of the start %s could not be told: %s", other.key, error.key)


def _looks_of(call: ToolCall) -> Looks:
    return call.connection.shared.get(Looks, Looks)
