"""The model of a run: its fields, its states, and the errors of runs that do not complete."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypedDict

from hex_blocks.errors.classes import HexError, hex_error
from hex_blocks.tools.tool_call import ToolCall

RunStatus = Literal["PENDING", "RUNNING", "COMPLETED", "ERRORED", "KILLED", "UNABLE_TO_ALLOCATE_KERNEL"]
# The states of a run that has not ended, in their order. Lists of them are requested in this order, so that a run that
# changes from one to the other in between is found in both and never in neither.
ACTIVE: tuple[RunStatus, ...] = ("PENDING", "RUNNING")
# The states of an ended run, each with its error key. A state that is not known counts as active.
ENDS: dict[str, str | None] = {
    "COMPLETED": None,
    "ERRORED": "run_errored",
    "KILLED": "run_killed",
    "UNABLE_TO_ALLOCATE_KERNEL": "run_no_kernel",
}
# The fields of Hex's reply to a start. They are recorded, so that a repeated call returns the same.
STARTED = ("projectId", "runId", "runUrl", "runStatusUrl", "traceId", "projectVersion")


class Run(TypedDict, total=False):
    """A run, with Hex's field names. Fields that Hex did not send are missing or None.

    `status` is a RunStatus, or a state that Hex has added since. Times are ISO 8601, `elapsedTime` is in milliseconds.
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
    """Return whether a run has ended, successfully or not."""
    return run.get("status") in ENDS


def get_run(call: ToolCall, project_id: str, run_id: str) -> Run:
    """Request a run from Hex and return it."""
    # The requested IDs replace those of the reply, because further requests are sent with them.
    ids: Run = {"projectId": project_id, "runId": run_id}
    run: Run = call.request(ids, "hex_get_run_status")
    return run | ids


def percent(status: str | None, elapsed: float, usual: float | None) -> float | None:
    """Return an estimate of a run's progress: 0 while pending, at most 99 while running, 100 when completed.

    Args:
        status: The state of the run.
        elapsed: Seconds since it started.
        usual: Seconds that runs of its project usually take, if known.
    """
    if status == "PENDING":
        return 0.0
    if status == "COMPLETED":
        return 100.0
    if status in ENDS or usual is None:
        return None
    return round(min(99.0, 100 * elapsed / usual), 1)


def seconds_of(moment: str | None) -> float | None:
    """Return an ISO 8601 time in seconds since the Unix epoch, or None if it is not one."""
    try:
        return datetime.fromisoformat(moment or "").timestamp()
    except (TypeError, ValueError):
        return None


def seconds_since(moment: str | None, now: float) -> float:
    """Return the seconds from an ISO 8601 time until now; 0 if it is not one."""
    began = seconds_of(moment)
    return 0.0 if began is None else max(0.0, now - began)


def start_reply(run: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    """Return the fields of a reply to a start, from that reply or from the run in Hex's list."""
    url = f"{base_url}/projects/{run.get('projectId')}/runs/{run.get('runId')}"
    return {name: run.get(name) for name in STARTED} | {"runStatusUrl": run.get("runStatusUrl") or url}


def run_error(run: Mapping[str, Any], key: str, **values: Any) -> HexError:
    """Return the error of a run, with its IDs, URL and status among the values.

    Args:
        run: The run.
        key: The key of the error.
        values: Further values of the error's sentence.
    """
    # Named runStatus, because `status` is the HTTP status in every error.
    known = {name: run.get(name) for name in ("projectId", "runId", "runUrl")} | {"runStatus": run.get("status")}
    return hex_error(key, trace_id=run.get("traceId"), **(known | values))
