"""Cancelling a run, so that it is known afterwards whether it was cancelled.

To cancel a run twice does no harm, so a cancellation whose answer was lost is sent again, unless a look at the run
shows that it was done.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from hex_blocks.errors.classes import HexDownError, HexError, InputError, hex_error
from hex_blocks.runs.model import Run, get_run, has_ended, run_error
from hex_blocks.tools.handler import handler
from hex_blocks.tools.tool_call import ToolCall

# A host that ends us waits this long at the least before it does so by force.
LAST_SECONDS = 8.0
LOOK_SECONDS = 10.0
ATTEMPTS = 3
PAUSE = 1.0


@handler(errors=("run_ended_already",), uses=("hex_get_run_status",))
def cancel_run(call: ToolCall, inputs: dict[str, Any]) -> None:
    """Cancel a run that has not ended. Raises HexError (`run_ended_already`)."""
    cancel(call, {"projectId": inputs["projectId"], "runId": inputs["runId"]})


def cancel(call: ToolCall, run: Run) -> None:
    """Cancel a run, given with its projectId and runId. Raises HexError (`run_ended_already`)."""
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
            # The one before may have been the one that ended it.
            if lost and refresh_run(call, run).get("status") == "KILLED":
                return
            raise
        else:
            return


def stop_run(call: ToolCall, run: Run) -> tuple[Run, bool]:
    """Cancel a run of our own. Returns the run as it is then, and whether it was us who ended it.

    Raises HexError (`run_not_cancelled`) where it may go on.
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
    """Return a run as it is now, or as it was where Hex does not say."""
    quick = call.part(quiet=True, within=min(LOOK_SECONDS, call.timing.patience))
    try:
        return run | get_run(quick, run["projectId"], run["runId"])
    except HexError:
        return run


def detached(call: ToolCall, seconds: float = LAST_SECONDS) -> ToolCall:
    """Return a call that can still send requests when this one was stopped or is out of time."""
    stop = threading.Event()
    last = replace(call, on_progress=None, stop=stop)
    return replace(last, timing=replace(last.timing.within(seconds), stop=stop, on_wait=None))
