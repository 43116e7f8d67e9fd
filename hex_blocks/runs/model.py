"""What a run is: its states, its ends, and what is known of its life."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypedDict

from hex_blocks.errors.classes import HexError, hex_error
from hex_blocks.tools.tool_call import ToolCall

RunStatus = Literal["PENDING", "RUNNING", "COMPLETED", "ERRORED", "KILLED", "UNABLE_TO_ALLOCATE_KERNEL"]
# The states of a run that has not ended, in the order that it goes through them: whoever lists one after the other
# finds a run that gets its kernel meanwhile in both, and in no case in neither.
ACTIVE: tuple[RunStatus, ...] = ("PENDING", "RUNNING")
# Ends of a run, and the error that each bad one is. A state that is not known yet counts as going on.
ENDS: dict[str, str | None] = {
    "COMPLETED": None,
    "ERRORED": "run_errored",
    "KILLED": "run_killed",
    "UNABLE_TO_ALLOCATE_KERNEL": "run_no_kernel",
}
# What Hex answers to a start, and what is kept of it so that a repeated call answers the same.
STARTED = ("projectId", "runId", "runUrl", "runStatusUrl", "traceId", "projectVersion")


class Run(TypedDict, total=False):
    """A run as far as it is known: what Hex said of it, under Hex's names. What Hex left out is missing or null.

    `status` is a RunStatus, or one that Hex has added since. Moments are ISO 8601, `elapsedTime` is in milliseconds.
    """

    projectId: str
    runId: str
    runUrl: str | None
    runStatusUrl: str | None
    status: str | None
    runTrigger: str | None
    projectVersion: int | None
    startTime: str | None
    endTime: str | None
    elapsedTime: float | None
    traceId: str | None


def has_ended(run: Run) -> bool:
    """Whether a run has ended, well or badly."""
    return run.get("status") in ENDS


def get_run(call: ToolCall, project_id: str, run_id: str) -> Run:
    """Ask Hex how a run is doing."""
    # Its IDs are those asked for, whatever else a reply may say: further requests are made with them.
    asked: Run = {"projectId": project_id, "runId": run_id}
    run: Run = call.request(asked, "hex_get_run_status")
    return run | asked


def percent(status: str | None, elapsed: float, usual: float | None) -> float | None:
    """Estimate how far a run is: 0 while pending, 100 when completed, at most 99 while it runs."""
    if status == "PENDING":
        return 0.0
    if status == "COMPLETED":
        return 100.0
    if status in ENDS or usual is None:
        return None
    return round(min(99.0, 100 * elapsed / usual), 1)


def seconds_of(moment: str | None) -> float | None:
    """Read an ISO 8601 moment, as seconds since the Unix epoch; None where it is none."""
    try:
        return datetime.fromisoformat(moment or "").timestamp()
    except (TypeError, ValueError):
        return None


def seconds_since(moment: str | None, now: float) -> float:
    """Seconds from an ISO 8601 moment until now; 0 where there is none."""
    began = seconds_of(moment)
    return 0.0 if began is None else max(0.0, now - began)


def start_reply(run: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    """Return what Hex answers to a start, from its answer or from the run as it is listed."""
    url = f"{base_url}/projects/{run.get('projectId')}/runs/{run.get('runId')}"
    return {name: run.get(name) for name in STARTED} | {"runStatusUrl": run.get("runStatusUrl") or url}


def run_error(run: Mapping[str, Any], key: str, **values: Any) -> HexError:
    """Make the error of a run, with what is needed to look at it."""
    # Not `status`: that is the one of HTTP in every error.
    known = {name: run.get(name) for name in ("projectId", "runId", "runUrl")} | {"runStatus": run.get("status")}
    return hex_error(key, trace_id=run.get("traceId"), **(known | values))
