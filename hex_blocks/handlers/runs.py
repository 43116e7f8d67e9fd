"""Starting runs, and what is known of a run's life: its states, its errors, how long such runs take."""

from __future__ import annotations

import json
import sqlite3
import statistics
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hex_blocks.call import Call
from hex_blocks.errors import HexError, hex_error

# Ends of a run, and the error that each bad one is. A state that is not known yet counts as going on.
ENDS: dict[str, str | None] = {
    "COMPLETED": None,
    "ERRORED": "run_errored",
    "KILLED": "run_killed",
    "UNABLE_TO_ALLOCATE_KERNEL": "run_no_kernel",
}
HISTORY = 20
PARAMETERS = ("inputParams", "inputParamsJson")


def run_project(call: Call, inputs: dict[str, Any]) -> Any:
    """Start a project; serves hex_run_project and hex_run_notebook."""
    return start(call, inputs)


def start(call: Call, inputs: Mapping[str, Any], tool_id: str | None = None) -> dict[str, Any]:
    """Start a project and record the run. Gives Hex's reply; a dry run is not recorded."""
    # No parameters is what an empty object means to a person; Hex reads it as parameters given.
    asked = {name: value for name, value in inputs.items() if name not in PARAMETERS or _holds_any(value)}
    if "updateCache" in asked:
        update = asked.pop("updateCache")
        asked.setdefault("updatePublishedResults", update)
        asked.setdefault("useCachedSqlResults", not update)
        call.warn("update_cache_deprecated")
    if asked.get("updatePublishedResults") and any(name in asked for name in PARAMETERS):
        call.warn("inputs_ignored")
    created: dict[str, Any] = call.ask(asked, tool_id) or {}
    if asked.get("dryRun"):
        call.warn("nothing_ran")
    elif run_id := created.get("runId"):
        remember(call, asked["projectId"], run_id)
    return created


def _holds_any(parameters: Any) -> bool:
    return bool(json.loads(parameters) if isinstance(parameters, str) else parameters)


def remember(call: Call, project_id: str, run_id: str) -> None:
    """Write a run into the record. A record that cannot be written costs a warning, not the run."""
    connection = call.connection
    try:
        connection.record.started(connection.base_url, project_id, run_id, connection.clock.time())
    except (sqlite3.Error, OSError):
        call.warn("run_not_recorded")


def get_run(call: Call, project_id: str, run_id: str) -> dict[str, Any]:
    """Ask Hex how a run is doing."""
    run: dict[str, Any] = call.ask({"projectId": project_id, "runId": run_id}, "hex_get_run_status") or {}
    return run


def usual_seconds(call: Call, project_id: str) -> float | None:
    """Tell how long the project's runs take: the median of its last completed ones; None without any."""
    try:
        listed = call.ask(
            {"projectId": project_id, "statusFilter": "COMPLETED", "limit": HISTORY}, "hex_get_project_runs"
        )
    except HexError:
        # An estimate is a kindness: what cannot be estimated is shown without.
        return None
    times = [run.get("elapsedTime") for run in (listed or {}).get("runs") or [] if isinstance(run, dict)]
    known = [float(time) / 1000 for time in times if isinstance(time, int | float) and time > 0]
    return statistics.median(known) if known else None


def percent(status: str | None, elapsed: float, usual: float | None) -> float | None:
    """Estimate how far a run is: 0 while pending, 100 when completed, at most 99 while it runs."""
    if status == "PENDING":
        return 0.0
    if status == "COMPLETED":
        return 100.0
    if status in ENDS or usual is None:
        return None
    return round(min(99.0, 100 * elapsed / usual), 1)


def seconds_since(moment: str | None, now: float) -> float:
    """Seconds from an ISO 8601 moment until now; 0 where there is none."""
    if not moment:
        return 0.0
    try:
        return max(0.0, now - datetime.fromisoformat(moment).timestamp())
    except (TypeError, ValueError):
        return 0.0


def run_error(run: Mapping[str, Any], key: str, **values: Any) -> HexError:
    """Make the error of a run, with what is needed to look at it."""
    known = {name: run.get(name) for name in ("projectId", "runId", "runUrl", "status")}
    return hex_error(key, trace_id=run.get("traceId"), **(known | values))
