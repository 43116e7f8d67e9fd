"""The handler of hex_get_notebook_run_status: the status of a run by its run ID alone."""

from __future__ import annotations

from typing import Any

from hex_blocks.errors.classes import Fault, HexError, InputError, NotFoundError, TokenError, hex_error
from hex_blocks.runs.model import ENDS, Run, get_run, percent, run_error, seconds_since
from hex_blocks.runs.recent import HISTORY, usual_seconds
from hex_blocks.runs.record.configured import record_of
from hex_blocks.runs.record.store import RecordError
from hex_blocks.tools.handler import handler
from hex_blocks.tools.inputs.ids import UUID
from hex_blocks.tools.progress import Progress
from hex_blocks.tools.tool_call import ToolCall

# Each searched project costs one of Hex's sixty requests per minute.
PROJECTS_SEARCHED = 20


@handler(
    errors=("not_found", "run_project_unknown"),
    uses=("hex_get_run_status", "hex_list_projects", "hex_get_project_runs"),
)
def get_run_status(call: ToolCall, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the status of a run, with the outputs of the notebook block."""
    run_id = inputs["runId"].strip().removeprefix("run_")
    if not UUID.fullmatch(run_id):
        fault = Fault("runId", "not_uuid", {"found": repr(inputs["runId"][:40])})
        raise hex_error("bad_inputs", tool=call.tool.id, faults=(fault,))
    run = _find(call, run_id, inputs.get("projectId"))
    status = run.get("status")
    elapsed = seconds_since(run.get("startTime"), call.connection.clock.time())
    usual = _usual_seconds(call, run["projectId"]) if status == "RUNNING" else None
    return {
        "runId": run_id,
        "status": status,
        "result": _result(run) if status == "COMPLETED" else None,
        "error": _error(call, run),
        "progress": percent(status, elapsed, usual),
        "startTime": run.get("startTime"),
        "endTime": run.get("endTime"),
    }


def _usual_seconds(call: ToolCall, project_id: str) -> float | None:
    asked = {"projectId": project_id, "statusFilter": "COMPLETED", "limit": HISTORY}
    try:
        return usual_seconds(call.request(asked, "hex_get_project_runs")["runs"])
    except HexError:
        # Without an estimate of the progress, the status is still useful.
        return None


def _result(run: Run) -> dict[str, Any]:
    milliseconds = run.get("elapsedTime")
    return {
        "runUrl": run.get("runUrl"),
        "projectVersion": run.get("projectVersion"),
        "elapsedTime": milliseconds,
        "elapsedSeconds": milliseconds / 1000 if isinstance(milliseconds, int | float) else None,
    }


def _error(call: ToolCall, run: Run) -> str | None:
    key = ENDS.get(str(run.get("status")))
    if key is None:
        return None
    error = run_error(run, key)
    message = f"{error.message(call.language)} {error.hint(call.language)}"
    return call.say(
        "{sentence} (trace ID {traceId}, {runUrl})",
        sentence=message,
        traceId=run.get("traceId"),
        runUrl=run.get("runUrl"),
    )


def _find(call: ToolCall, run_id: str, project_id: str | None) -> Run:
    """Return a run: of the given project, of the project on record, or of the projects published last."""
    project_id = project_id or _on_record(call, run_id)
    if project_id:
        return get_run(call, project_id, run_id)
    listed = call.request({"limit": 100, "sortBy": "LAST_PUBLISHED_AT", "sortDirection": "DESC"}, "hex_list_projects")
    projects = [project["id"] for project in listed["values"] if project.get("lastPublishedAt") and project.get("id")][
        :PROJECTS_SEARCHED
    ]
    for number, candidate in enumerate(projects, 1):
        call.report_progress(
            Progress(
                call.say("Looking for the run in project {number} of {all}", number=number, all=len(projects)),
                percent=round(100 * (number - 1) / len(projects), 1),
            )
        )
        try:
            run = get_run(call, candidate, run_id)
        except (NotFoundError, InputError, TokenError) as error:
            # A refused token says nothing about where the run is.
            if error.status == 401:
                raise
        else:
            _remember(call, candidate, run_id)
            return run
    raise hex_error("run_project_unknown", runId=run_id, searched=len(projects))


def _remember(call: ToolCall, project_id: str, run_id: str) -> None:
    connection = call.connection
    try:
        record_of(connection).remember(
            connection.base_url, project_id, run_id, connection.clock.time(), give_up=call.stop.is_set
        )
    except RecordError as error:
        call.warn("run_not_recorded", reason=str(error))


def _on_record(call: ToolCall, run_id: str) -> str | None:
    connection = call.connection
    try:
        return record_of(connection).project_of(connection.base_url, run_id, give_up=call.stop.is_set)
    except RecordError as error:
        call.warn("record_unread", reason=str(error))
        return None
