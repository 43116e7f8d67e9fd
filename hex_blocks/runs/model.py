"""Runs: starting them, reading them, and what is known of their life."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from hex_blocks.errors.classes import HexError, hex_error
from hex_blocks.tools.tool_call import ToolCall

# Ends of a run, and the error that each bad one is. A state that is not known yet counts as going on.
ENDS: dict[str, str | None] = {
    "COMPLETED": None,
    "ERRORED": "run_errored",
    "KILLED": "run_killed",
    "UNABLE_TO_ALLOCATE_KERNEL": "run_no_kernel",
}
HISTORY = 20
# What Hex answers to a start, and what is kept of it so that a repeated call answers the same.
STARTED = ("projectId", "runId", "runUrl", "runStatusUrl", "traceId", "projectVersion")


def get_run(call: ToolCall, project_id: str, run_id: str) -> dict[str, Any]:
    """Ask Hex how a run is doing."""
    asked = {"projectId": project_id, "runId": run_id}
    # Its IDs are those asked for, whatever else a reply may say: further requests are made with them.
    run: dict[str, Any] = call.request(asked, "hex_get_run_status")
    return run | asked


def usual_seconds(runs: Iterable[Mapping[str, Any]]) -> float | None:
    """Return how long runs take: the median of the completed ones among them; None without any."""
    times = [run.get("elapsedTime") for run in runs if run.get("status") == "COMPLETED"]
    known = [float(time) / 1000 for time in times if isinstance(time, int | float) and time > 0]
    return statistics.median(known[:HISTORY]) if known else None


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
