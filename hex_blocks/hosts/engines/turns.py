"""The turn of a start that Hex does not take for now: it is tried again as long as the engine's user allows."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hex_blocks.errors.classes import BusyError, HexError
from hex_blocks.runs.jobs.pacing import DOWN_PAUSES, KERNEL_PAUSES, LIMITED_PATIENCE, MAX_DOUBLINGS, ON_RECORD
from hex_blocks.tools.progress import Progress

if TYPE_CHECKING:
    from hex_blocks.hosts.engines.work import Run, Work
    from hex_blocks.tools.progress import ProgressCallback

# With these it is certain that no run was started, so nobody has to stay to find out.
NOTHING_STARTED = ("budget_spent", "no_free_kernel", "project_busy", "rate_limited")
LEAST_PAUSE = 1.0


@dataclass
class Turn:
    """When a start is tried next, and until when. Moments are in seconds since the Unix epoch.

    Attributes:
        until: The last moment at which it may be tried.
        refusals: How often it was not taken so far.
        at: The next moment to try it.
    """

    until: float
    refusals: int = 0
    at: float = 0.0

    def missed(self, error: HexError, now: float) -> bool:
        """Take note that the start was not taken. Return False where it is not to be tried again."""
        pause = self._pause(error)
        if pause is None or now + pause > self.until:
            return False
        self.at = now + pause
        self.refusals += 1
        return True

    def _pause(self, error: HexError) -> float | None:
        if error.key == "no_free_kernel":
            return self._grown(KERNEL_PAUSES)
        if error.key in ON_RECORD:
            return self._grown(DOWN_PAUSES)
        if isinstance(error, BusyError):
            return max(LEAST_PAUSE, float(error.values.get("seconds", LEAST_PAUSE)))
        return None

    def _grown(self, pauses: tuple[float, float]) -> float:
        first, most = pauses
        return min(first * 2.0 ** min(self.refusals, MAX_DOUBLINGS), most)


def start_in_turn(
    work: Work,
    inputs: Mapping[str, Any],
    turn: Turn,
    *,
    leave: bool = False,
    progress: ProgressCallback | None = None,
    stop: threading.Event | None = None,
) -> Run | None:
    """Return the run of a piece of work as its `start` does, however often Hex does not take the start for now.

    Args:
        work: The work.
        inputs: Of hex_run_project, at the top also in snake case.
        turn: Until when it is tried.
        leave: Whether to leave a longer wait to somebody else: None is returned, and the turn says when to come back.
        progress: Is told what is waited for.
        stop: Ends waits early.

    Raises:
        HexError: Hex did not take the start, or what became of it is not known.
    """
    clock = work.hex.connection.clock
    while True:
        try:
            patience = max(0.0, min(LIMITED_PATIENCE, turn.until - clock.time()))
            return work.start(inputs, progress=progress, stop=stop, patience=patience)
        except HexError as error:
            if (stop and stop.is_set()) or not turn.missed(error, clock.time()):
                raise
            if leave and error.key in NOTHING_STARTED:
                return None
            if progress:
                progress(Progress(error.message(work.hex.language)))
            if clock.wait(turn.at - clock.time(), stop):
                raise
