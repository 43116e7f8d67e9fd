"""Finds the run of a start to which Hex's reply was lost.

The run is the one that appeared in Hex's list after the start was sent, was started through the API, and belongs to no
other start on record. Runs from before are recognized by the newest runs at that time, so that clocks need not agree,
or else by Hex's clock. If several runs are possible, that is an error: a second run is never started on a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from hex_blocks.api.retrying import NOT_SENT
from hex_blocks.errors.classes import HexDownError, HexError, hex_error
from hex_blocks.runs.model import Run, seconds_of, start_reply
from hex_blocks.runs.recent import list_runs
from hex_blocks.runs.record.configured import record_of
from hex_blocks.runs.record.store import GiveUp, Start
from hex_blocks.tools.tool_call import ToolCall

# All in seconds. A run is listed at most this long after its start.
SETTLE_SECONDS = 5.0
# The tolerance when times are compared: Hex's Date header has whole seconds, and a machine's clock can be wrong.
CLOCKS_DIFFER = 10.0
# The longest time that a request takes, and in which most runs get their kernel.
SOON_SECONDS = 90.0
# A run that appears later than this does not belong to the start.
CLEAR_SECONDS = SOON_SECONDS + CLOCKS_DIFFER
# A run whose start time is later than this does not belong to the start.
LATE_SECONDS = 900.0
# The longest time that a run waits for its kernel.
MAX_PENDING = 86_400.0
PAGE = 100
PAGES = 20
PAUSES = (5.0, 10.0, 20.0, 30.0)


@dataclass(frozen=True)
class Sent:
    """A start that was sent.

    Attributes:
        start: The start.
        at: When, in this process's monotonic time; None if another process sent it.
    """

    start: Start
    at: float | None = None


def find_lost_run(call: ToolCall, sent: Sent, *, pauses: Sequence[float] = PAUSES) -> Run | None:
    """Find the run of a start, record it and return it; None if there is no such run.

    Args:
        call: The call.
        sent: The start.
        pauses: Seconds before each further search, in which other starts can get their replies.

    Raises:
        HexError: Several runs are possible, or the run could belong to another start (`start_uncertain`); or the list
            cannot be read.
        RecordError: The record cannot be read or written.
    """
    record, base_url, start = record_of(call.connection), call.connection.base_url, sent.start
    _settle(call, sent)
    for pause in (*pauses, None):
        newer, bounded = _newer_runs(call, sent)
        candidates = _could_be_ours(call, sent, newer, bounded)
        if not candidates and not bounded and len(newer) > (PAGES - 1) * PAGE:
            # Older runs were not read, so the run could be among them.
            candidates = newer
            break
        if not candidates:
            return None
        soon = _soon(call, sent, candidates)
        equal, different = _others_without_a_run(call, start)
        only_ours = [run for run in soon if not any(_could_be_of(other, run, newer) for other in different)]
        # Runs of starts with equal requests are interchangeable.
        if only_ours and len(only_ours) <= 1 + len(equal):
            found = only_ours[-1]
            reply = start_reply(found, base_url)
            if record.started(base_url, start.key, found["runId"], reply, give_up=call.stop.is_set):
                return found
            continue
        # Other starts may get their replies during a pause.
        if only_ours or not different or pause is None or call.connection.clock.wait(pause, call.stop):
            break
    runs = ", ".join(run["runId"] for run in candidates[:10])
    raise hex_error("start_uncertain", used=start.key, projectId=start.project_id, runs=runs)


def may_have_started(error: HexError) -> bool:
    """Return whether Hex may have started a run although its start ended with this error.

    That is so if there was no reply, or if a gateway refused the request, which may have passed it on before.
    """
    if isinstance(error, HexDownError):
        return error.key not in NOT_SENT
    return not error.by_hex and error.status != HTTPStatus.UNAUTHORIZED


def blocking_starts(call: ToolCall, start: Start, give_up: GiveUp) -> list[Start]:
    """Return the starts with other requests whose runs may still appear and could be confused with that of `start`.

    Args:
        call: The call.
        start: Its start, with the current time.
        give_up: Returns whether to stop waiting for the record.
    """
    _, different = _others_without_a_run(call, start, CLEAR_SECONDS, give_up)
    return [other for other in different if seconds_until_clear(start, [other]) > 0]


def seconds_until_clear(start: Start, others: Sequence[Start]) -> float:
    """Return the seconds in which a run of the other starts may still appear. `start` has the current time."""
    return max((CLEAR_SECONDS - max(0.0, seconds_apart(start, other)) for other in others), default=0.0)


def may_be_listed(call: ToolCall, start: Start, give_up: GiveUp) -> bool:
    """Return whether Hex's list may contain an unknown run of another start. `start` has the current time."""
    equal, different = _others_without_a_run(call, start, MAX_PENDING, give_up)
    return bool(equal or different)


def seconds_until_lost(earlier: Start, now: Start) -> float:
    """Return the seconds in which the run of an earlier start may still appear. `now` has the current time."""
    return CLEAR_SECONDS - max(0.0, seconds_apart(now, earlier))


def _settle(call: ToolCall, sent: Sent) -> None:
    """Wait until a run of the start would be listed."""
    clock = call.connection.clock
    passed = clock.time() - sent.start.intended_at if sent.at is None else clock.monotonic() - sent.at
    # Also if the call is being stopped: it has to be known whether a run was started.
    clock.wait(SETTLE_SECONDS - min(SETTLE_SECONDS, max(0.0, passed)))


def _others_without_a_run(
    call: ToolCall, start: Start, within: float = SOON_SECONDS, give_up: GiveUp | None = None
) -> tuple[list[Start], list[Start]]:
    """Return the other starts on record that were sent within some seconds of this one and have no known run.

    Returns:
        Those with an equal request, and those with another one.
    """
    record, base_url = record_of(call.connection), call.connection.base_url
    others = [
        other
        for other in record.unanswered(base_url, start.project_id, give_up=give_up or call.stop.is_set)
        if other.key != start.key and abs(seconds_apart(other, start)) <= within
    ]
    equal = [other for other in others if other.fingerprint == start.fingerprint]
    return equal, [other for other in others if other not in equal]


def seconds_apart(one: Start, other: Start) -> float:
    """Return the seconds by which one start is later than another, by Hex's clock if that is known for both."""
    if one.at_hex is not None and other.at_hex is not None:
        return one.at_hex - other.at_hex
    return one.intended_at - other.intended_at


def _could_be_of(start: Start, run: Run, newer: list[Run]) -> bool:
    """Return whether a run could belong to another start. `newer` is the part of the list that contains the run."""
    began = _began(run)
    if began is not None and start.at_hex is not None and began < start.at_hex - CLOCKS_DIFFER:
        return False
    # The list is newest first: a run at or after one that was listed before the start is older than the start.
    places = {each["runId"]: place for place, each in enumerate(newer)}
    older = [places[run_id] for run_id in start.after or () if run_id in places]
    return not older or places[run["runId"]] < min(older)


@dataclass(frozen=True)
class _Times:
    """The time of a start and the current time, by Hex's clock. `sure` is false if they are from another clock."""

    sent_at: float
    now: float
    sure: bool

    @classmethod
    def of(cls, call: ToolCall, sent: Sent) -> _Times:
        """Return the times from the record and from Hex's last reply."""
        clock, start = call.connection.clock, sent.start
        now = call.connection.api.server_time()
        if now is not None and sent.at is not None:
            # Preferred to the recorded time, because the machine may have been suspended in between.
            return cls(now - (clock.monotonic() - sent.at), now, sure=True)
        if start.at_hex is not None:
            return cls(start.at_hex, start.at_hex if now is None else now, sure=True)
        if now is None:
            return cls(start.intended_at, clock.time(), sure=False)
        return cls(now - (clock.time() - start.intended_at), now, sure=False)

    def is_before(self, run: Run) -> bool:
        """Return whether a run began before the start was sent."""
        began = _began(run)
        return began is not None and began < self.sent_at - CLOCKS_DIFFER

    def is_within(self, run: Run, seconds: float) -> bool:
        """Return whether a run began within some seconds after the start was sent, or can still do so."""
        began = _began(run)
        return (self.now if began is None else began) <= self.sent_at + seconds


def _could_be_ours(call: ToolCall, sent: Sent, newer: list[Run], bounded: bool) -> list[Run]:
    """Return the API runs that appeared after a start was sent and belong to no other start on record.

    `newer` and `bounded` are the results of `_newer_runs`.
    """
    times = _Times.of(call, sent)
    candidates = [run for run in newer if run.get("runTrigger") == "API"]
    if times.sure or not bounded:
        # A run that still waits for its kernel has no start time and is always possible.
        candidates = [
            run
            for run in candidates
            if not times.is_before(run) and (_began(run) is None or times.is_within(run, LATE_SECONDS))
        ]
    record, run_ids = record_of(call.connection), [run["runId"] for run in candidates]
    claimed = record.claimed(call.connection.base_url, run_ids, give_up=call.stop.is_set)
    return [run for run in candidates if run["runId"] not in claimed]


def _newer_runs(call: ToolCall, sent: Sent) -> tuple[list[Run], bool]:
    """Return the runs listed before those that existed when the start was sent, and whether the latter were found."""
    after = sent.start.after
    # By ID, because a run that appears in between moves the last entry of a page to the next page.
    newer: dict[str, Run] = {}
    for page in range(PAGES):
        listed = list_runs(call, sent.start.project_id, PAGE, page * PAGE, whole=True)
        for run in listed:
            if run["runId"] in (after or ()):
                return list(newer.values()), True
            newer.setdefault(run["runId"], run)
        if len(listed) < PAGE:
            return list(newer.values()), after == ()
        times = _Times.of(call, sent)
        if after is None and any(times.is_before(run) for run in listed):
            break
    return list(newer.values()), False


def _soon(call: ToolCall, sent: Sent, candidates: list[Run]) -> list[Run]:
    """Return the runs that began within SOON_SECONDS of the start; all of them if the times are not certain."""
    times = _Times.of(call, sent)
    return [run for run in candidates if times.is_within(run, SOON_SECONDS)] if times.sure else candidates


def _began(run: Run) -> float | None:
    """Return when a run began, or ended if it never began; None if it waits for its kernel."""
    for name in ("startTime", "endTime"):
        if run.get(name):
            return seconds_of(run[name])
    return None
