"""Runs of published projects: start, get, list, cancel."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from hex_blocks.sandbox.error_replies import Refusal
from hex_blocks.sandbox.model import RUN_STATUSES, RUN_TRIGGERS, Group, Project, Run, User
from hex_blocks.sandbox.operation_table import operation
from hex_blocks.sandbox.replies import run_shape, run_url
from hex_blocks.sandbox.request import Json, OperationCall
from hex_blocks.sandbox.run_inputs import checked_inputs
from hex_blocks.sandbox.validation import Flag, Kind, ListOf, Number, Obj, Text
from hex_blocks.sandbox.workspace import KERNELS_PER_USER

NOTIFICATION = Obj(
    {
        "type*": Text(choices=("SUCCESS", "FAILURE", "ALL")),
        "includeSuccessScreenshot*": Flag(),
        "screenshotFormat": Text(choices=("png", "pdf")),
        "slackChannelIds": ListOf(Text()),
        "userIds": ListOf(Text()),
        "groupIds": ListOf(Text()),
        "subject": Text(),
        "body": Text(),
    },
    closed=True,
)

ECHOED = ("type", "subject", "body", "includeSuccessScreenshot")

RUN_BODY = Obj(
    {
        "inputParams": Obj({}),
        "dryRun": Flag(),
        "updateCache": Flag(),
        "notifications": ListOf(NOTIFICATION),
        "updatePublishedResults": Flag(),
        "useCachedSqlResults": Flag(),
        "viewId": Text(),
    },
    closed=True,
)

RUNS_QUERY: dict[str, Kind] = {
    "limit": Number(least=1, most=100, whole=True, default=25),
    "offset": Number(least=0, whole=True, default=0),
    "statusFilter": Text(choices=RUN_STATUSES),
    "runTriggerFilter": Text(choices=(*RUN_TRIGGERS, "ALL"), default="ALL"),
}


@operation(
    "RunProject",
    "POST",
    "/projects/{projectId}/runs",
    success=201,
    body=RUN_BODY,
    body_required=False,
    invalid=422,
    limits=("hex-run-kernel",),
    family="B",
)
def run_project(call: OperationCall) -> Json:
    """Start a run of the latest published version."""
    project = call.project()
    body = call.body
    _check_runnable(call, project)
    if "viewId" in body and "inputParams" in body:
        raise call.refusal("viewId and inputParams cannot be given together")
    if "viewId" in body and body["viewId"] not in project.saved_views:
        raise call.refusal("The project has no view with this viewId")
    inputs = checked_inputs(call, project)
    updates = bool(body.get("updatePublishedResults") or body.get("updateCache"))
    if updates:
        call.project(need="CAN_EDIT")
    notifications = [recipient for wanted in body.get("notifications", []) for recipient in _recipients(call, wanted)]
    run = Run(
        id=call.world.new_id(),
        project_id=project.id,
        caller=call.caller,
        version=project.version,
        created_at=call.now,
        plan=project.plan,
        # Published results are those of the default inputs, so a run that updates them has no other inputs.
        inputs={} if updates else inputs,
        notifications=notifications,
        updates_published_results=updates,
        flag_config=call.headers.get("flag-config-override"),
    )
    if not body.get("dryRun"):
        if call.world.kernels_in_use(call.caller, call.now) >= KERNELS_PER_USER:
            raise Refusal(503, f"No kernel is free: {KERNELS_PER_USER} of yours are running")
        call.world.add(run)
    reply: dict[str, Any] = {
        "projectId": project.id,
        "runId": run.id,
        "runUrl": run_url(call, run.id, project.id),
        "runStatusUrl": f"{call.origin}/api/v1/projects/{project.id}/runs/{run.id}",
        "traceId": call.trace_id,
        "projectVersion": project.version,
    }
    return reply | ({"notifications": notifications} if notifications else {})


def _check_runnable(call: OperationCall, project: Project) -> None:
    if project.last_published_at is None:
        raise call.refusal("The project has never been published")
    # Hex does not document runs of such projects: the sandbox's choice.
    if project.archived_at is not None or project.trashed_at is not None:
        raise call.refusal("The project is archived or in the trash")


def _recipients(call: OperationCall, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a notification as the API returns it: one entry per recipient."""
    found: list[tuple[str, dict[str, Any]]] = []
    for channel_id in wanted.get("slackChannelIds", []):
        name, private = call.world.slack_channels.get(channel_id, (channel_id, False))
        found.append(("SLACK_CHANNEL", {"id": channel_id, "name": name, "isPrivate": private}))
    for kind, recipient_type, key in ((User, "USER", "userIds"), (Group, "GROUP", "groupIds")):
        for id_ in wanted.get(key, []):
            thing = call.world.get(kind, id_)
            if not isinstance(thing, User | Group):
                raise call.refusal(f"notifications: {key} holds {id_}, which is unknown")
            found.append((recipient_type, {"id": thing.id, "name": thing.name}))
    echoed: dict[str, Any] = {key: wanted[key] for key in ECHOED if key in wanted}
    if "screenshotFormat" in wanted:
        echoed["screenshotFormat"] = [wanted["screenshotFormat"]]
    return [{**echoed, "recipientType": kind, "recipient": recipient} for kind, recipient in found]


@operation(
    "GetProjectRuns",
    "GET",
    "/projects/{projectId}/runs",
    query=RUNS_QUERY,
    invalid=422,
    family="B",
    limits=("hex-api",),
)
def get_project_runs(call: OperationCall) -> Json:
    """List a project's runs, newest first."""
    project = call.project()
    query = call.query
    trigger, status = query["runTriggerFilter"], query["statusFilter"]
    runs = [
        run
        for run in call.world.runs(project.id)
        if trigger in ("ALL", run.trigger) and (status is None or status == run.state(call.now).status)
    ]
    limit, offset = int(query["limit"]), int(query["offset"])

    def url(start: int) -> str:
        given = {key: value for key, value in query.items() if value is not None} | {"offset": start}
        return f"{call.origin}/api/v1/projects/{project.id}/runs?{urlencode(given)}"

    return {
        "runs": [run_shape(call, run) for run in runs[offset : offset + limit]],
        "nextPage": url(offset + limit) if offset + limit < len(runs) else None,
        "previousPage": url(max(0, offset - limit)) if offset > 0 else None,
        "traceId": call.trace_id,
    }


@operation("GetRunStatus", "GET", "/projects/{projectId}/runs/{runId}", invalid=422, family="B", limits=("hex-api",))
def get_run_status(call: OperationCall) -> Json:
    """Return a run in its current state."""
    _, run = call.project_run()
    # Hex documents the header but not its effect; that it adds the events is the sandbox's choice.
    return run_shape(call, run, expanded="enable-expanded-stats" in call.headers)


@operation("CancelRun", "DELETE", "/projects/{projectId}/runs/{runId}", success=204, invalid=422)
def cancel_run(call: OperationCall) -> Json:
    """Cancel an active run, which frees its kernel."""
    _, run = call.project_run()
    state = run.state(call.now)
    if not state.active:
        raise call.refusal(f"The run has ended already: it is {state.status}")
    run.cancelled_at = call.now
    return None
