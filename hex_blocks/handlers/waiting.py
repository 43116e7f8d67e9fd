"""Waiting for runs to end."""

from __future__ import annotations

from typing import Any

from hex_blocks.call import Call, Progress
from hex_blocks.errors import BusyError, HexDownError, HexError
from hex_blocks.handlers.runs import ENDS, get_run, percent, run_error, start, usual_seconds

# Progress is told this often, so that a display moves between two looks at the run.
TICK_SECONDS = 1.0


def run_and_wait(call: Call, inputs: dict[str, Any]) -> dict[str, Any]:
    """Start a run and follow it to its end."""
    own = ("timeout", "pollInterval", "cancelOnTimeout")
    started = start(call, {name: value for name, value in inputs.items() if name not in own}, "hex_run_project")
    run = {"projectId": inputs["projectId"], "status": "PENDING", **started}
    try:
        return _follow(call, run, inputs.get("timeout", 600), inputs.get("pollInterval", 5))
    except HexError as error:
        if error.key == "run_timeout" and inputs.get("cancelOnTimeout"):
            _cancel(call, run)
            raise run_error(run, "run_cancelled_at_timeout", timeout=inputs.get("timeout", 600)) from None
        raise
    except KeyboardInterrupt:
        raise run_error(run, "interrupted") from None


def _follow(call: Call, run: dict[str, Any], timeout: float, interval: float) -> dict[str, Any]:
    """Look at a run until it has ended. Faults of the network and of Hex are sat out until the timeout."""
    clock = call.connection.clock
    began = clock.monotonic()
    usual = usual_seconds(call, run["projectId"])
    while True:
        try:
            run = run | get_run(call, run["projectId"], run["runId"])
        except (BusyError, HexDownError) as error:
            call.tell(Progress(error.message(call.language), values={"error": error.key, "runId": run["runId"]}))
        except HexError as error:
            raise run_error(run, "run_unfollowed", reason=error.message()) from error
        status = str(run.get("status"))
        if status in ENDS:
            _tell(call, run, clock.monotonic() - began, usual)
            if key := ENDS[status]:
                raise run_error(run, key)
            return run
        _pause(call, run, interval, began, timeout, usual)


def _pause(call: Call, run: dict[str, Any], interval: float, began: float, timeout: float, usual: float | None) -> None:
    clock = call.connection.clock
    resumes_at = clock.monotonic() + interval
    while (left := resumes_at - clock.monotonic()) > 0:
        elapsed = clock.monotonic() - began
        if elapsed >= timeout:
            raise run_error(run, "run_timeout", timeout=round(timeout))
        _tell(call, run, elapsed, usual)
        if clock.wait(min(TICK_SECONDS, left, timeout - elapsed), call.stop):
            raise run_error(run, "interrupted")


def _tell(call: Call, run: dict[str, Any], elapsed: float, usual: float | None) -> None:
    status = run.get("status")
    call.tell(
        Progress(
            call.say("Run {runId}", runId=run["runId"]),
            status=status,
            elapsed=elapsed,
            percent=percent(status, elapsed, usual),
            remaining=max(0.0, usual - elapsed) if usual is not None else None,
            values={name: run.get(name) for name in ("projectId", "runId", "runUrl")},
        )
    )


def _cancel(call: Call, run: dict[str, Any]) -> None:
    try:
        call.ask({"projectId": run["projectId"], "runId": run["runId"]}, "hex_cancel_run")
    except HexError as error:
        raise run_error(run, "run_not_cancelled", reason=error.message()) from error
