"""The handler of hex_cancel_active_runs: cancels the active runs of a project."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from hex_blocks.errors.classes import BusyError, HexDownError, HexError
from hex_blocks.handlers.one_request import read_list
from hex_blocks.runs.model import ACTIVE, ENDS, Run, get_run, run_error
from hex_blocks.tools.handler import handler
from hex_blocks.tools.progress import Progress
from hex_blocks.tools.tool_call import ToolCall

PAGE = 100
MAX_RUNS = 500


@dataclass
class Outcome:
    """The results of the cancellations.

    Attributes:
        cancelled: Cancelled runs, with the state that each was in.
        ended: Runs that ended before they could be cancelled.
        failed: Runs that could not be cancelled, with the error.
    """

    cancelled: list[Run] = field(default_factory=list)
    ended: list[Run] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)


@handler(
    errors=("not_found",),
    reported=("not_found", "run_ended_already", "cancel_interrupted"),
    uses=("hex_get_project_runs", "hex_cancel_run", "hex_get_run_status"),
)
def cancel_active_runs(call: ToolCall, inputs: dict[str, Any]) -> dict[str, Any]:
    """Cancel a project's pending and running runs, and return the result for each."""
    wanted = inputs.get("statuses") or ACTIVE
    outcome = cancel_active(call, inputs["projectId"], wanted, inputs.get("maxRuns", MAX_RUNS))
    return {"cancelled": outcome.cancelled, "alreadyEnded": outcome.ended, "failed": outcome.failed}


def cancel_active(call: ToolCall, project_id: str, statuses: Collection[str] = ACTIVE, most: int = MAX_RUNS) -> Outcome:
    """Cancel a project's active runs, and return the results. Errors of single runs are among them.

    Args:
        call: The call.
        project_id: The project.
        statuses: Cancel runs in these states only.
        most: Cancel at most so many runs.

    Raises:
        HexError: The runs cannot be listed.
    """
    outcome = Outcome()
    seen: set[str] = set()
    while True:
        listed = [run for run in _active_runs(call, project_id, statuses, most + 1) if run["runId"] not in seen]
        found = listed[: most - len(seen)]
        seen.update(run["runId"] for run in found)
        _cancel_each(call, project_id, found, outcome)
        if len(found) < len(listed):
            call.warn("runs_left", count=len(seen))
        # Entries move between pages while runs end, so a list of several pages is read again.
        if len(found) < PAGE or len(found) < len(listed) or outcome.failed:
            break
    if outcome.failed:
        call.warn("runs_not_cancelled", count=len(outcome.failed))
    return outcome


def _active_runs(call: ToolCall, project_id: str, statuses: Collection[str], most: int) -> list[Run]:
    # The warning of a list cut at `most` is replaced by one of this tool.
    listing = replace(call, tool=call.tools["hex_get_project_runs"], warnings=[])
    found: dict[str, Run] = {}
    for status in ACTIVE:
        if status in statuses:
            asked = {"projectId": project_id, "statusFilter": status, "fetchAll": True, "maxItems": most}
            found |= {run["runId"]: run for run in read_list(listing, asked)["runs"] if run.get("runId")}
    call.warnings += [warning for warning in listing.warnings if warning["warning"] != "list_cut"]
    return list(found.values())


def _cancel_each(call: ToolCall, project_id: str, runs: list[Run], outcome: Outcome) -> None:
    for number, run in enumerate(runs):
        message = call.say("Cancelling run {number} of {all}", number=number + 1, all=len(runs))
        call.report_progress(
            Progress(message, percent=round(100 * number / len(runs), 1), values={"runId": run["runId"]})
        )
        entry: Run = {"runId": run["runId"], "status": run.get("status"), "runUrl": run.get("runUrl")}
        try:
            if call.stop.is_set():
                raise run_error(run, "cancel_interrupted")
            call.request({"projectId": project_id, "runId": run["runId"]}, "hex_cancel_run")
        except HexError as error:
            if _settle(call, project_id, entry, error, outcome):
                continue
            # The same error would occur for all other runs.
            outcome.failed += [_failure(call, each, error) for each in runs[number:]]
            return
        outcome.cancelled.append(entry)


def _settle(call: ToolCall, project_id: str, entry: Run, error: HexError, outcome: Outcome) -> bool:
    """Add the result of a failed cancellation, and return False if cancelling other runs would fail as well."""
    if error.status == 401 or error.key == "cancel_interrupted" or isinstance(error, BusyError):
        return False
    status = None
    if error.key == "run_ended_already" or isinstance(error, HexDownError):
        try:
            status = get_run(call, project_id, entry["runId"]).get("status")
        except HexError as worse:
            if error.status is None or worse.status == 401:
                return False
    if status not in ENDS:
        outcome.failed.append(_failure(call, entry, error))
    elif status == "KILLED" and isinstance(error, HexDownError):
        # Hex cancelled it, and only the reply was lost.
        outcome.cancelled.append(entry)
    else:
        outcome.ended.append(entry | {"status": status})
    return True


def _failure(call: ToolCall, run: Run, error: HexError) -> dict[str, Any]:
    return {
        "runId": run["runId"],
        "runUrl": run.get("runUrl"),
        "error": error.key,
        "message": error.message(call.language),
    }
