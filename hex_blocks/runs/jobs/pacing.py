"""When the next run of a pipeline or batch may be started: the turn in Hex's limits, and pauses after refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hex_blocks.errors.classes import BusyError, HexDownError, HexError
from hex_blocks.runs.adopting import LOOK_FOR
from hex_blocks.runs.jobs.job import HEX_DOWN, KERNEL, OTHER_START, REQUEST_LIMIT

if TYPE_CHECKING:
    from hex_blocks.api.hex_api import HexApi

# A start is given so long to be taken: little where nothing is in its way, and a window of Hex's limits where its
# turn was waited for.
START_PATIENCE = 2.0
LINE_PATIENCE = 65.0
# After a refusal the pause begins with the first and doubles up to the second.
KERNEL_PAUSES = (20.0, 300.0)
DOWN_PAUSES = (5.0, 60.0)
# Without a word of Hex no pause is longer.
LONGEST_PAUSE = 300.0
MOST_DOUBLINGS = 16
# Refusals of ours, since another start of the project, or of the key, is not known yet, or not to be read.
WAITS_FOR_A_START = ("key_busy", "project_busy", "record_busy", "start_pending")
# Errors of starts that were sent and are on record: what became of them is found by their keys.
ON_RECORD = ("start_lost", "start_unknown")
# What waiting does not change.
HOPELESS = ("bad_certificate", "bad_certificates", "bad_proxy", "record_unusable", "bad_budget", "bad_record")


class Pacing:
    """Decides when the next start may be tried. All moments are of the clock's monotonic time.

    Args:
        api: The adapter, whose clock and limits count.
        timeout: Seconds that a run may take.
        start_timeout: Seconds that Hex may refuse starts, before one counts as failed.
    """

    def __init__(self, api: HexApi, *, timeout: float, start_timeout: float) -> None:
        self._api = api
        self._clock = api.clock
        self._down_timeout = min(timeout, start_timeout)
        self._start_timeout = start_timeout
        self._reason = ""
        self._until = 0.0
        self._pauses = 0
        self._down_since: float | None = None
        self._refused_since: float | None = None
        self._turn_at: float | None = None

    def obstacle(self) -> tuple[str, float]:
        """Return what keeps the next start from being tried, and for how many seconds; an empty word for nothing."""
        now = self._clock.monotonic()
        if now < self._until:
            return self._reason, self._until - now
        budget = self._api.budget
        # Before a start the list of runs is read, which counts in a group of its own.
        wait = max(budget.wait_for("runs"), budget.wait_for("hex-api"))
        if wait <= 0 or (self._turn_at is not None and now >= self._turn_at):
            return "", 0.0
        self._turn_at = self._turn_at or now + wait
        return REQUEST_LIMIT, wait

    def patience(self) -> float:
        """Return for how many seconds the start that is tried now may wait."""
        patience = START_PATIENCE if self._turn_at is None else LINE_PATIENCE
        self._turn_at = None
        return patience

    def started(self) -> None:
        """Take note that Hex took a start."""
        self._pauses, self._down_since, self._refused_since = 0, None, None

    def run_ended(self) -> None:
        """Take note of a run's end: it frees a kernel."""
        if self._reason == KERNEL:
            self._until, self._pauses = 0.0, 0

    def after_refusal(self, error: BusyError) -> bool:
        """Pause after a refusal for now. Return False where Hex has been taking no start for too long."""
        if error.key == "budget_spent":
            # Another caller used the budget first; `obstacle` returns how long to wait for it.
            return True
        now, seconds = self._clock.monotonic(), float(error.values.get("seconds", KERNEL_PAUSES[0]))
        self._refused_since = self._refused_since or now
        if now + seconds > self._refused_since + self._start_timeout:
            return False
        if error.key == "no_free_kernel":
            self._pause(KERNEL, *KERNEL_PAUSES)
        elif error.key in WAITS_FOR_A_START:
            # What became of the other may be found sooner than it is clear by itself.
            seconds = min(seconds, LOOK_FOR) if error.key == "project_busy" else seconds
            self._pause(OTHER_START, seconds, seconds)
        else:
            self._pause(REQUEST_LIMIT, seconds, max(seconds, LONGEST_PAUSE))
        return True

    def after_failure(self, error: HexError) -> bool:
        """Pause after a failure that may pass. Return False where it will not, or has lasted for too long."""
        now = self._clock.monotonic()
        # What has never been reached is mistyped rather than down.
        unreached = error.key == "no_network" and self._api.server_time() is None
        if not isinstance(error, HexDownError) or error.key in HOPELESS or unreached:
            return False
        self._down_since = self._down_since or now
        if now - self._down_since >= self._down_timeout:
            return False
        self._pause(HEX_DOWN, *DOWN_PAUSES)
        return True

    def _pause(self, reason: str, seconds: float, most: float) -> None:
        self._reason = reason
        self._until = self._clock.monotonic() + min(seconds * 2 ** min(self._pauses, MOST_DOUBLINGS), most)
        self._pauses += 1
