"""Waiting for one run to end."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from hex_blocks.call import Call, Progress
from hex_blocks.errors import HexError
from hex_blocks.handlers.runs import ENDS, percent, run_error
from hex_blocks.handlers.starting import start
from hex_blocks.watch import SHORTEST_INTERVAL, Followed, watcher_of

TIMEOUT = 600.0
# What a waiting tool takes beside the inputs of a start.
OWN = ("timeout", "pollInterval", "cancelOnTimeout", "cancelOnInterrupt", "cancelActiveRuns")


def run_and_wait(call: Call, inputs: dict[str, Any]) -> dict[str, Any]:
    """Start a run and follow it to its end; a run that was started with the same key is followed instead."""
    if inputs.get("cancelActiveRuns"):
        call.use("hex_cancel_active_runs", {"projectId": inputs["projectId"]})
    asked = {name: value for name, value in inputs.items() if name not in OWN}
    asked.setdefault("idempotencyKey", f"wait-{uuid.uuid4()}")
    run = start_run(call, asked)
    return wait_for_end(call, run, inputs) | {"idempotencyKey": asked["idempotencyKey"]}


def start_run(call: Call, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Start a project and give the run as it begins."""
    return {"status": "PENDING"} | start(call, asked, "hex_run_project") | {"projectId": asked["projectId"]}


def wait_for_end(call: Call, run: dict[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Follow a started run to its end. A bad end, a timeout and an interruption are errors.

    options: timeout and pollInterval in seconds; cancelOnTimeout, cancelOnInterrupt.
    """
    clock, watcher = call.connection.clock, watcher_of(call.connection)
    timeout = float(options.get("timeout", TIMEOUT))
    began = clock.monotonic()
    followed = watcher.follow(run, float(options.get("pollInterval", SHORTEST_INTERVAL)), at_once=True)
    try:
        watcher.wait(call, [followed], began + timeout, lambda: tell(call, followed))
    except KeyboardInterrupt:
        raise _interrupted(call, followed, options) from None
    finally:
        watcher.leave(followed)
    if followed.failed:
        raise run_error(followed.run, "run_unfollowed", reason=followed.failed.message()) from followed.failed
    if not followed.ended:
        if call.stop.is_set():
            raise _interrupted(call, followed, options)
        raise _timed_out(call, followed, timeout, options)
    tell(call, followed)
    if key := ENDS[followed.status]:
        raise run_error(followed.run, key)
    return followed.run


def tell(call: Call, followed: Followed) -> None:
    """Report how far a run is."""
    elapsed = call.connection.clock.monotonic() - followed.began
    remaining = None if followed.usual is None else max(0.0, followed.usual - elapsed)
    message = call.say("Run {runId}", runId=followed.run_id)
    if followed.trouble:
        message = followed.trouble.message(call.language)
    call.tell(
        Progress(
            message,
            status=followed.status,
            elapsed=elapsed,
            percent=percent(followed.status, elapsed, followed.usual),
            remaining=remaining,
            values={name: followed.run.get(name) for name in ("projectId", "runId", "runUrl")},
        )
    )


def cancel(call: Call, run: Mapping[str, Any]) -> None:
    """Cancel a run that this call started. Raises `run_not_cancelled` where that fails."""
    try:
        call.ask({"projectId": run["projectId"], "runId": run["runId"]}, "hex_cancel_run")
    except HexError as error:
        raise run_error(run, "run_not_cancelled", reason=error.message()) from error


def _timed_out(call: Call, followed: Followed, timeout: float, options: Mapping[str, Any]) -> HexError:
    if not options.get("cancelOnTimeout"):
        return run_error(followed.run, "run_timeout", timeout=round(timeout))
    cancel(call, followed.run)
    return run_error(followed.run, "run_cancelled_at_timeout", timeout=round(timeout))


def _interrupted(call: Call, followed: Followed, options: Mapping[str, Any]) -> HexError:
    if not options.get("cancelOnInterrupt"):
        return run_error(followed.run, "interrupted")
    # The wait is over, but its last word to Hex has to get through.
    call.stop.clear()
    cancel(call, followed.run)
    return run_error(followed.run, "interrupted_and_cancelled")
