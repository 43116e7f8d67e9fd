"""Starts a run and waits until it ends, or waits for a run that is already started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from hex_blocks.errors.classes import HexError, NotFoundError, hex_error
from hex_blocks.runs.declarations import CANCEL_ERRORS, FILE_OF_PROJECT, START_ERRORS, WAIT_ERRORS, WAIT_USES
from hex_blocks.runs.jobs.job import work_key
from hex_blocks.runs.model import ENDS, Run, get_run, has_ended, percent, run_error
from hex_blocks.runs.recent import usual_of
from hex_blocks.runs.record.store import CANCELLED, LEFT
from hex_blocks.runs.recording import record_end, record_fate, recorded
from hex_blocks.runs.starting import start
from hex_blocks.runs.stopping import detached, refresh_run, stop_run
from hex_blocks.runs.watcher import SHORTEST_INTERVAL, Followed, watcher_of
from hex_blocks.tools.handler import handler
from hex_blocks.tools.progress import Progress
from hex_blocks.tools.tool_call import ToolCall

TIMEOUT = 600.0
# The shortest timeout for the reply to a start, in seconds, also if the caller's is shorter: a lost reply is costly.
MIN_READ = 10.0
# How long a cancellation after a timeout may wait for its turn, in seconds.
CANCEL_PATIENCE = 30.0
# Inputs of waiting tools that are not inputs of a start.
WAIT_INPUTS = ("timeout", "pollInterval", "cancelOnTimeout", "cancelOnInterrupt", "cancelActiveRuns")


@handler(
    errors=(*START_ERRORS, *WAIT_ERRORS, *CANCEL_ERRORS, "interrupted", "interrupted_and_cancelled"),
    uses=("hex_run_project", "hex_cancel_run", FILE_OF_PROJECT, *WAIT_USES),
)
def run_and_wait(call: ToolCall, inputs: dict[str, Any]) -> dict[str, Any]:
    """Start a run, or find the one with the same key, wait until it ends, and return it."""
    asked = {name: value for name, value in inputs.items() if name not in WAIT_INPUTS}
    key = asked["idempotencyKey"] = work_key(inputs, "wait")
    promised = bool(inputs.get("idempotencyKey"))
    clock = call.connection.clock
    timeout = float(inputs.get("timeout", TIMEOUT))
    until = clock.monotonic() + timeout
    earlier = recorded(call, key) if promised else None
    if call.stop.is_set() and not (earlier and earlier.run_id):
        raise hex_error("interrupted_before")

    def cancel_others() -> None:
        if inputs.get("cancelActiveRuns"):
            call.use("hex_cancel_active_runs", {"projectId": inputs["projectId"]})

    patient = replace(call)
    patient.timing = replace(call.timing, patience=timeout, read=min(call.timing.read, max(MIN_READ, timeout)))
    run = start_run(patient, asked, before=cancel_others, promised=promised)
    if earlier and earlier.ended:
        return ended_well(run | earlier.ended, key)
    return follow_run(call, run, inputs, key, until=until, resumed=earlier is not None)


def follow_run(
    call: ToolCall, run: Mapping[str, Any], options: Mapping[str, Any], key: str, *, until: float, resumed: bool
) -> dict[str, Any]:
    """Wait until a started run ends, record its end, and return it.

    Args:
        call: The call that waits.
        run: The run, with projectId and runId.
        options: The inputs of the waiting tool. An idempotencyKey among them is the caller's.
        key: The key of the run on record.
        until: The end of the timeout, in the clock's monotonic time.
        resumed: Whether the run was started earlier, so that its status is requested at once.

    Raises:
        HexError: The run did not complete, the timeout is over, the wait was stopped, or the run cannot be read.
    """
    ended = _Wait(call, run, options, until, key, resumed=resumed).to_the_end()
    record_end(call, key, ended, promised=bool(options.get("idempotencyKey")))
    return ended_well(ended, key)


def ended_well(run: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return an ended run with its key, if it completed.

    Raises:
        HexError: It did not complete.
    """
    if error := ENDS[str(run["status"])]:
        raise run_error(run, error, idempotencyKey=key)
    return {**run, "idempotencyKey": key}


@handler(errors=("not_found", *WAIT_ERRORS, "following_interrupted"), uses=WAIT_USES)
def wait_for_run(call: ToolCall, inputs: dict[str, Any]) -> Run:
    """Wait until a run ends, whoever started it, and return it."""
    until = call.connection.clock.monotonic() + float(inputs.get("timeout", TIMEOUT))
    # This request also checks that the run exists.
    run = get_run(call, inputs["projectId"], inputs["runId"])
    if not has_ended(run):
        run = _Wait(call, run, inputs, until, None, resumed=True).to_the_end()
    if error := ENDS[str(run["status"])]:
        raise run_error(run, error)
    return run


def start_run(call: ToolCall, asked: Mapping[str, Any], **options: Any) -> Run:
    """Start a run and return it, with the state PENDING. `options` are keyword arguments of `start`."""
    pending: Run = {"status": "PENDING"}
    started = start(call, asked, "hex_run_project", **options)
    return pending | cast("Run", started) | cast("Run", {"projectId": asked["projectId"]})


class _Wait:
    """The wait for one run. `key` is that of its start, or None for a run that was started elsewhere: not recorded."""

    def __init__(
        self,
        call: ToolCall,
        run: Mapping[str, Any],
        options: Mapping[str, Any],
        until: float,
        key: str | None,
        *,
        resumed: bool,
    ) -> None:
        self.call = call
        self.options = options
        self.until = until
        self.key = key
        self.promised = bool(options.get("idempotencyKey"))
        self.watcher = watcher_of(call.connection)
        self.followed = self.watcher.follow(
            run,
            float(options.get("pollInterval", SHORTEST_INTERVAL)),
            at_once=resumed,
            usual=usual_of(call.connection.api, run["projectId"]),
        )

    def to_the_end(self) -> Run:
        """Wait until the run ends and return it.

        Raises:
            HexError: The timeout is over, the wait was stopped, or the run cannot be read.
        """
        followed = self.followed
        try:
            self.watcher.wait(self.call, [followed], self.until, lambda: report_run(self.call, followed))
            interrupted = self.call.stop.is_set()
        except KeyboardInterrupt:
            interrupted = True
        finally:
            self.watcher.leave(followed)
        if not followed.ended:
            return self._interrupted() if interrupted else self._timed_out()
        if followed.failed:
            raise unfollowed(followed, **self._named()) from followed.failed
        report_run(self.call, followed)
        return followed.run

    def _timed_out(self) -> Run:
        last = detached(self.call, CANCEL_PATIENCE)
        run = refresh_run(last, self.followed.run)
        if has_ended(run):
            return run
        timeout = round(float(self.options.get("timeout", TIMEOUT)))
        if not self.options.get("cancelOnTimeout"):
            raise self._error(run, "run_timeout", timeout=timeout)
        run, stopped = stop_run(last, run)
        if not stopped:
            return run
        self._note_end(run)
        raise self._error(run, "run_cancelled_at_timeout", timeout=timeout)

    def _interrupted(self) -> Run:
        run = self.followed.run
        if not self.options.get("cancelOnInterrupt"):
            self._note_fate(LEFT)
            raise self._error(run, "interrupted" if self.key else "following_interrupted")
        run, stopped = stop_run(detached(self.call), run)
        if not stopped:
            return run
        self._note_fate(CANCELLED)
        self._note_end(run)
        raise self._error(run, "interrupted_and_cancelled")

    def _note_fate(self, fate: str) -> None:
        if self.key:
            record_fate(self.call, self.key, fate, promised=self.promised)

    def _note_end(self, run: Run) -> None:
        if self.key:
            record_end(self.call, self.key, run, promised=self.promised)

    def _named(self) -> dict[str, str]:
        return {"idempotencyKey": self.key} if self.key else {}

    def _error(self, run: Run, key: str, **values: Any) -> HexError:
        return run_error(run, key, **self._named(), **values)


def unfollowed(followed: Followed, **values: Any) -> HexError:
    """Return the error of a run that cannot be followed any longer (`run_unfollowed`), or no longer exists."""
    reason = followed.failed.message() if followed.failed else ""
    key = "run_gone" if isinstance(followed.failed, NotFoundError) else "run_unfollowed"
    return run_error(followed.run, key, reason=reason, **values)


def report_run(call: ToolCall, followed: Followed) -> None:
    """Report the progress of a run."""
    elapsed = call.connection.clock.monotonic() - followed.began
    remaining = None if followed.usual is None else max(0.0, followed.usual - elapsed)
    message = call.say("Run {runId}", runId=followed.run_id)
    if followed.last_error:
        message = followed.last_error.message(call.language)
    call.report_progress(
        Progress(
            message,
            status=followed.status,
            elapsed=elapsed,
            percent=percent(followed.status, elapsed, followed.usual),
            remaining=remaining,
            values={name: followed.run.get(name) for name in ("projectId", "runId", "runUrl")},
        )
    )
