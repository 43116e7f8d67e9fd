"""Finding the run that a start became whose answer was lost.

A run is ours if it appeared in Hex's list after the start was meant, was started through the API, and belongs to no
other start on record. What came before is told by the runs that were the newest then, so that no two clocks have to
agree; where nobody looked, by Hex's own clock. Where it cannot be told, that is said: a second run is never started
on a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from hex_blocks.api.hex_api import NOT_SENT
from hex_blocks.errors.classes import HexDownError, HexError, hex_error
from hex_blocks.runs.model import Run, seconds_of, start_reply
from hex_blocks.runs.recent import list_runs
from hex_blocks.runs.record.configured import record_of
from hex_blocks.runs.record.store import GiveUp, Start
from hex_blocks.tools.tool_call import ToolCall

# A run is listed this soon after its start.
SETTLE_SECONDS = 5.0
# Hex tells its time to the second, and a machine that never heard it may be wrong by more.
CLOCKS_DIFFER = 10.0
# A request lasts no longer than this, and most runs get their kernel in this time.
SOON_SECONDS = 90.0
# After this, whatever the clocks say, a run that appears is no longer that of a start sent before.
CLEAR_SECONDS = SOON_SECONDS + CLOCKS_DIFFER
# A run that begins later than this was not waiting for its kernel since.
LATE_SECONDS = 900.0
# No run waits for its kernel for longer than this.
LONGEST_PENDING = 86_400.0
PAGE = 100
PAGES = 20
PAUSES = (5.0, 10.0, 20.0, 30.0)


@dataclass(frozen=True)
class Sent:
    """A start that was sent: `at` by the monotonic clock of this process; None where another process sent it."""

    start: Start
    at: float | None = None


def find_lost_run(call: ToolCall, sent: Sent, *, pauses: Sequence[float] = PAUSES) -> Run | None:
    """Find the run of a start and write it down as its own; None where there is none.

    pauses: how long to leave others that are just starting a run too, before each further look.

    Raises HexError: `start_uncertain` where several runs could be it, or one could be another start's as well.
    """
    record, base_url, start = record_of(call.connection), call.connection.base_url, sent.start
    _settle(call, sent)
    for pause in (*pauses, None):
        newer, bounded = _newer_runs(call, sent)
        candidates = _could_be_ours(call, sent, newer, bounded)
        if not candidates and not bounded and len(newer) > (PAGES - 1) * PAGE:
            # What lies deeper was not looked at.
            candidates = newer
            break
        if not candidates:
            return None
        soon = _soon(call, sent, candidates)
        equal, different = _others_without_a_run(call, start)
        only_ours = [run for run in soon if not any(_could_be_of(other, run, newer) for other in different)]
        # Starts that ask for the same may have each other's runs.
        if only_ours and len(only_ours) <= 1 + len(equal):
            found = only_ours[-1]
            reply = start_reply(found, base_url)
            if record.started(base_url, start.key, found["runId"], reply, give_up=call.stop.is_set):
                return found
            continue
        # The others may be just about to hear of theirs.
        if only_ours or not different or pause is None or call.connection.clock.wait(pause, call.stop):
            break
    runs = ", ".join(run["runId"] for run in candidates[:10])
    raise hex_error("start_uncertain", used=start.key, projectId=start.project_id, runs=runs)


def may_have_started(error: HexError) -> bool:
    """Return whether Hex may have started a run though its start came to this error.

    So it is where no answer came, and where somebody between us and Hex refused, who may have asked Hex first.
    """
    if isinstance(error, HexDownError):
        return error.key not in NOT_SENT
    return not error.by_hex and error.status != HTTPStatus.UNAUTHORIZED


def starts_in_the_way(call: ToolCall, start: Start, give_up: GiveUp) -> list[Start]:
    """Return the starts that ask for something else and may still become a run that ours could be taken for.

    start: with the times of now.
    """
    _, different = _others_without_a_run(call, start, CLEAR_SECONDS, give_up)
    return [other for other in different if seconds_until_clear(start, [other]) > 0]


def seconds_until_clear(start: Start, others: Sequence[Start]) -> float:
    """Return for how long a run of the others may still appear. start: with the times of now."""
    return max((CLEAR_SECONDS - max(0.0, seconds_apart(start, other)) for other in others), default=0.0)


def may_be_listed(call: ToolCall, start: Start, give_up: GiveUp) -> bool:
    """Return whether the list may show a run of another start that nobody has found yet.

    start: with the times of now.
    """
    equal, different = _others_without_a_run(call, start, LONGEST_PENDING, give_up)
    return bool(equal or different)


def seconds_until_lost(earlier: Start, now: Start) -> float:
    """Return for how long a start that was sent, and has no run yet, may still become one.

    now: with the times of now.
    """
    return CLEAR_SECONDS - max(0.0, seconds_apart(now, earlier))


def _settle(call: ToolCall, sent: Sent) -> None:
    """Return a run the time to be listed, if it has not had it yet."""
    clock = call.connection.clock
    passed = clock.time() - sent.start.intended_at if sent.at is None else clock.monotonic() - sent.at
    # Also for a call that is being stopped: what became of its start is worth these seconds.
    clock.wait(SETTLE_SECONDS - min(SETTLE_SECONDS, max(0.0, passed)))


def _others_without_a_run(
    call: ToolCall, start: Start, within: float = SOON_SECONDS, give_up: GiveUp | None = None
) -> tuple[list[Start], list[Start]]:
    """Return the other starts on record that were sent about the same time and have no run either.

    First those that ask for the same, then those that ask for something else.
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
    """Return how much later one start was meant than another: by Hex's clock where it was known to both."""
    if one.at_hex is not None and other.at_hex is not None:
        return one.at_hex - other.at_hex
    return one.intended_at - other.intended_at


def _could_be_of(start: Start, run: Run, newer: list[Run]) -> bool:
    """Return whether a run could be another start's. newer: the part of the list that the run was found in."""
    began = _began(run)
    if began is not None and start.at_hex is not None and began < start.at_hex - CLOCKS_DIFFER:
        return False
    # What stands at or below a run that was there before that start was there before it as well.
    places = {each["runId"]: place for place, each in enumerate(newer)}
    there_before = [places[run_id] for run_id in start.after or () if run_id in places]
    return not there_before or places[run["runId"]] < min(there_before)


@dataclass(frozen=True)
class _Times:
    """When a start was sent and what time it is now, by Hex's clock. sure: not reckoned from another clock."""

    sent_at: float
    now: float
    sure: bool

    @classmethod
    def of(cls, call: ToolCall, sent: Sent) -> _Times:
        """Return the times from what the record has and what Hex just said."""
        clock, start = call.connection.clock, sent.start
        now = call.connection.api.server_time()
        if now is not None and sent.at is not None:
            # What Hex has just said counts more than what was reckoned before: the machine may have slept meanwhile.
            return cls(now - (clock.monotonic() - sent.at), now, sure=True)
        if start.at_hex is not None:
            return cls(start.at_hex, start.at_hex if now is None else now, sure=True)
        if now is None:
            return cls(start.intended_at, clock.time(), sure=False)
        return cls(now - (clock.time() - start.intended_at), now, sure=False)

    def is_before(self, run: Run) -> bool:
        """Whether a run began before the start was sent."""
        began = _began(run)
        return began is not None and began < self.sent_at - CLOCKS_DIFFER

    def is_within(self, run: Run, seconds: float) -> bool:
        """Whether a run began so soon after the start was sent, or can still do so."""
        began = _began(run)
        return (self.now if began is None else began) <= self.sent_at + seconds


def _could_be_ours(call: ToolCall, sent: Sent, newer: list[Run], bounded: bool) -> list[Run]:
    """Return the API runs that appeared after a start was sent, and belong to no other start on record.

    newer, bounded: the list down to what was there before, and whether that was found.
    """
    times = _Times.of(call, sent)
    candidates = [run for run in newer if run.get("runTrigger") == "API"]
    if times.sure or not bounded:
        # One that still waits for its kernel may do so for long, and can always be ours.
        candidates = [
            run
            for run in candidates
            if not times.is_before(run) and (_began(run) is None or times.is_within(run, LATE_SECONDS))
        ]
    record, run_ids = record_of(call.connection), [run["runId"] for run in candidates]
    claimed = record.claimed(call.connection.base_url, run_ids, give_up=call.stop.is_set)
    return [run for run in candidates if run["runId"] not in claimed]


def _newer_runs(call: ToolCall, sent: Sent) -> tuple[list[Run], bool]:
    """Read a project's list down to the runs that were there before; tell whether these were found."""
    after = sent.start.after
    # A run that arrives meanwhile pushes the last one of a page onto the next.
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
    """Choose the runs that began as soon after the start as most do, where the times are known."""
    times = _Times.of(call, sent)
    return [run for run in candidates if times.is_within(run, SOON_SECONDS)] if times.sure else candidates


def _began(run: Run) -> float | None:
    """Return when a run began; for one that never did, when it ended; None for one that waits for its kernel."""
    for name in ("startTime", "endTime"):
        if run.get(name):
            return seconds_of(run[name])
    return None
