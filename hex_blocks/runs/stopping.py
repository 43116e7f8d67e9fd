"""Cancels runs, and finds out whether they were cancelled.

Cancelling a run twice does no harm, so a cancellation whose reply was lost is sent again, unless the run's status shows
that it was carried out.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from hex_blocks.errors.classes import HexDownError, HexError, InputError, hex_error
from hex_blocks.runs.model import Run, get_run, has_ended, run_error
from hex_blocks.tools.handler import handler
from hex_blocks.tools.tool_call import ToolCall

# Seconds for the last requests of a call that is being stopped: hosts kill the process some seconds later.
LAST_SECONDS = 8.0
STATUS_SECONDS = 10.0
ATTEMPTS = 3
PAUSE = 1.0


@handler(errors=("run_ended_already",), uses=("hex_get_run_status",))
def cancel_run(call: ToolCall, inputs: dict[str, Any]) -> None:
    """Cancel a run.

    Raises:
        HexError: It has already ended (`run_ended_already`), or the request failed.
    """
    cancel(call, {"projectId": inputs["projectId"], "runId": inputs["runId"]})


def cancel(call: ToolCall, run: Run) -> None:
    """Cancel a run.

    Args:
        call: The call.
        run: The run, with projectId and runId.

    Raises:
        HexError: It has already ended (`run_ended_already`), or the request failed.
    """
    clock, lost = call.connection.clock, False
    until = clock.monotonic() + call.timing.patience
    for attempt in range(1, ATTEMPTS + 1):
        try:
            call.request(run, "hex_cancel_run")
        except HexDownError:
            seen = refresh_run(call, run)
            if seen.get("status") == "KILLED":
                return
            if has_ended(seen):
                raise hex_error("run_ended_already", reason=f"{seen['status']}.") from None
            if attempt == ATTEMPTS or clock.monotonic() > until or clock.wait(PAUSE * attempt, call.stop):
                raise
            lost = True
        except InputError:
            # The attempt before may have cancelled it.
            if lost and refresh_run(call, run).get("status") == "KILLED":
                return
            raise
        else:
            return


def stop_run(call: ToolCall, run: Run) -> tuple[Run, bool]:
    """Cancel a run that this call started.

    Returns:
        The run afterwards, and whether it was this cancellation that ended it.

    Raises:
        HexError: It may still be running (`run_not_cancelled`).
    """
    try:
        cancel(call, {"projectId": run["projectId"], "runId": run["runId"]})
    except HexError as error:
        seen = refresh_run(call, run)
        if has_ended(seen):
            return seen, False
        raise run_error(run, "run_not_cancelled", reason=error.message()) from error
    seen = refresh_run(call, run)
    return (seen if has_ended(seen) else run | {"status": "KILLED"}), True


def refresh_run(call: ToolCall, run: Run) -> Run:
    """Return the current state of a run, or the given one if it cannot be read."""
    quick = call.part(quiet=True, within=min(STATUS_SECONDS, call.timing.patience))
    try:
        return run | get_run(quick, run["projectId"], run["runId"])
    except HexError:
        return run


def detached(call: ToolCall, seconds: float = LAST_SECONDS) -> ToolCall:
    """Return a copy of a call that can send requests for some seconds after the call was stopped or timed out."""
    stop = threading.Event()
    last = replace(call, on_progress=None, stop=stop)
    return replace(last, timing=replace(last.timing.within(seconds), stop=stop, on_wait=None))
