"""Decides when the next run of a batch or pipeline may be started: rate limits, and pauses after refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hex_blocks.errors.classes import BusyError, HexDownError, HexError
from hex_blocks.runs.adopting import SEARCH_INTERVAL
from hex_blocks.runs.jobs.job import HEX_DOWN, KERNEL, OTHER_START, REQUEST_LIMIT

if TYPE_CHECKING:
    from hex_blocks.api.hex_api import HexApi

# How long a start may wait, in seconds: usually, and after a wait for the rate limit (longer than its window).
START_PATIENCE = 2.0
LIMITED_PATIENCE = 65.0
# The first pause after a refusal, in seconds, and the longest, to which it doubles.
KERNEL_PAUSES = (20.0, 300.0)
DOWN_PAUSES = (5.0, 60.0)
# The longest pause after other refusals, if Hex does not ask for more.
MAX_PAUSE = 300.0
MAX_DOUBLINGS = 16
# Errors of a start that has to wait for another start of the project or of the key, or for the record.
WAITS_FOR_A_START = ("key_busy", "project_busy", "record_busy", "start_pending")
# Errors of starts that were sent and are on record, so that a next try with the key finds their runs.
ON_RECORD = ("start_lost", "start_unknown")
# Errors that waiting does not help against.
PERMANENT = ("bad_certificate", "bad_certificates", "bad_proxy", "record_unusable", "bad_budget", "bad_record")


class Pacing:
    """Decides when the next start may be tried. All times are the clock's monotonic time.

    Args:
        api: The API client, for its clock and its budget.
        timeout: Seconds that a run may take.
        start_timeout: Seconds for which Hex may refuse starts before one counts as failed.
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
        """Return why the next start has to wait, and for how many seconds; an empty reason if it does not."""
        now = self._clock.monotonic()
        if now < self._until:
            return self._reason, self._until - now
        budget = self._api.budget
        # Before a start the list of runs is read, which counts in another limit group.
        wait = max(budget.wait_for("runs"), budget.wait_for("hex-api"))
        if wait <= 0 or (self._turn_at is not None and now >= self._turn_at):
            return "", 0.0
        self._turn_at = self._turn_at or now + wait
        return REQUEST_LIMIT, wait

    def patience(self) -> float:
        """Return how many seconds the start that is tried now may wait."""
        patience = START_PATIENCE if self._turn_at is None else LIMITED_PATIENCE
        self._turn_at = None
        return patience

    def started(self) -> None:
        """Note that Hex accepted a start."""
        self._pauses, self._down_since, self._refused_since = 0, None, None

    def run_ended(self) -> None:
        """Note that a run ended, which frees a kernel."""
        if self._reason == KERNEL:
            self._until, self._pauses = 0.0, 0

    def after_refusal(self, error: BusyError) -> bool:
        """Pause after a temporary refusal, and return whether to try again: not if starts are refused for too long."""
        if error.key == "budget_spent":
            # Other calls used the budget. `obstacle` returns how long to wait for it.
            return True
        now, seconds = self._clock.monotonic(), float(error.values.get("seconds", KERNEL_PAUSES[0]))
        self._refused_since = self._refused_since or now
        if now + seconds > self._refused_since + self._start_timeout:
            return False
        if error.key == "no_free_kernel":
            self._pause(KERNEL, *KERNEL_PAUSES)
        elif error.key in WAITS_FOR_A_START:
            # A search may find the other start's run before its time is over.
            seconds = min(seconds, SEARCH_INTERVAL) if error.key == "project_busy" else seconds
            self._pause(OTHER_START, seconds, seconds)
        else:
            self._pause(REQUEST_LIMIT, seconds, max(seconds, MAX_PAUSE))
        return True

    def after_failure(self, error: HexError) -> bool:
        """Pause after a failure, and return whether to try again: not if it is permanent or lasts for too long."""
        now = self._clock.monotonic()
        # A host that was never reached is more likely to be mistyped than down.
        unreached = error.key == "no_network" and self._api.server_time() is None
        if not isinstance(error, HexDownError) or error.key in PERMANENT or unreached:
            return False
        self._down_since = self._down_since or now
        if now - self._down_since >= self._down_timeout:
            return False
        self._pause(HEX_DOWN, *DOWN_PAUSES)
        return True

    def _pause(self, reason: str, seconds: float, most: float) -> None:
        self._reason = reason
        self._until = self._clock.monotonic() + min(seconds * 2 ** min(self._pauses, MAX_DOUBLINGS), most)
        self._pauses += 1
