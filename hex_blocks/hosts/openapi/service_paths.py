"""The operations of the service that are not tools: the list of tools, jobs and hooks."""

from __future__ import annotations

from functools import partial
from typing import Any

from hex_blocks.hosts.openapi.parts import (
    CALL_STATUSES,
    HOOK_EVENTS,
    JOB_STATUSES,
    JSON,
    READ_STATUSES,
    WRITE_STATUSES,
    Schema,
    idempotency_key,
    job_response,
    job_schema,
    object_of,
    parameter,
    problem_references,
    response,
    string,
)
from hex_blocks.i18n.texts import text

JOBS, HOOKS, TOOLS = "Jobs", "Hooks", "Tools"
# The paths for following a job; the smallest forms of the document have these and the tools.
JOB_PATHS = ("/v1/jobs/{jobId}",)


def tags(language: str | None) -> list[dict[str, str]]:
    """Return the tags of these operations."""
    descriptions = {
        TOOLS: text("What can be called.", language),
        JOBS: text("Calls that take longer: how far they are, their results, and their end.", language),
        HOOKS: text("Events that are sent to an address of yours.", language),
    }
    return [{"name": name, "description": description} for name, description in descriptions.items()]


def service_paths(language: str | None) -> dict[str, Any]:
    """Return the paths of these operations."""
    return {**_tools(language), **_jobs(language), **_hooks(language)}


def _operation(
    operation_id: str, tag: str, summary: str, description: str, responses: dict[str, Any], **more: Any
) -> dict[str, Any]:
    return {
        "operationId": operation_id,
        "summary": summary,
        "description": description,
        "tags": [tag],
        **more,
        "responses": responses,
    }


def _body(schema: Schema) -> dict[str, Any]:
    return {"required": True, "content": {JSON: {"schema": schema}}}


def _tools(language: str | None) -> dict[str, Any]:
    say = partial(text, language=language)
    shown = object_of(
        {
            "id": string(say("ID of the tool.")),
            "title": string(say("Title of the tool.")),
            "description": string(say("What the tool does.")),
            "group": string(say("Key of its group.")),
            "operation": string(say("query reads, mutation writes."), enum=["query", "mutation"]),
            "destructive": {"type": "boolean", "description": say("Whether it changes or removes what is there.")},
            "url": string(say("Where it is called.")),
        },
        ("id", "title", "description", "group", "operation", "destructive", "url"),
        description=say("One tool."),
    )
    listed = object_of({"tools": {"type": "array", "description": say("The tools."), "items": shown}}, ("tools",))
    get = _operation(
        "list_tools",
        TOOLS,
        say("List tools"),
        say("List the tools that can be called, by group or by words."),
        {**response("200", say("The tools."), listed), **problem_references(READ_STATUSES)},
        parameters=[
            parameter("query", "group", say("Only the tools of this group."), {"type": "string"}),
            parameter("query", "q", say("Only the tools that fit these words, best first."), {"type": "string"}),
        ],
    )
    return {"/v1/tools": {"get": get}}


def _jobs(language: str | None) -> dict[str, Any]:
    say = partial(text, language=language)
    job_id = parameter("path", "jobId", say("ID of the job."), {"type": "string"}, required=True)
    request = object_of(
        {
            "tool": string(say("ID of the tool.")),
            "inputs": {"type": "object", "description": say("Inputs of the tool, by name.")},
        },
        ("tool",),
    )
    jobs = object_of(
        {"jobs": {"type": "array", "description": say("Jobs, newest first."), "items": job_schema(language)}}, ("jobs",)
    )
    create = _operation(
        "create_job",
        JOBS,
        say("Start a job"),
        say("Call a tool without waiting for its end."),
        {**job_response(language), **problem_references(CALL_STATUSES)},
        parameters=[idempotency_key(language)],
        requestBody=_body(request),
    )
    listed = _operation(
        "list_jobs",
        JOBS,
        say("List jobs"),
        say("List your jobs that are not forgotten yet, newest first."),
        {**response("200", say("Your jobs."), jobs), **problem_references(READ_STATUSES)},
        parameters=[
            parameter("query", "limit", say("The most to list."), {"type": "integer", "minimum": 1, "maximum": 200}),
            parameter("query", "status", say("Only those in this state."), {"type": "string", "enum": [*JOB_STATUSES]}),
        ],
    )
    get = _operation(
        "get_job",
        JOBS,
        say("Get a job"),
        say("Return how far a job is, and its result or problem once it has ended."),
        {**response("200", say("The job."), job_schema(language)), **problem_references(READ_STATUSES)},
        parameters=[job_id],
    )
    cancel = _operation(
        "cancel_job",
        JOBS,
        say("Cancel a job"),
        say("Stop a job. What it has started in Hex keeps running, unless the tool was told to cancel it."),
        {**job_response(language), **problem_references(READ_STATUSES)},
        parameters=[job_id],
    )
    stream = {
        "200": {
            "description": say("Server-sent events: progress, result, problem and ping."),
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    }
    events = _operation(
        "follow_job",
        JOBS,
        say("Follow a job"),
        say("Send the job's events as they come, from the beginning or after the last one that was seen."),
        {**stream, **problem_references(READ_STATUSES)},
        parameters=[
            job_id,
            parameter("header", "Last-Event-ID", say("Number of the last event that was seen."), {"type": "string"}),
        ],
    )
    return {
        "/v1/jobs": {"post": create, "get": listed},
        "/v1/jobs/{jobId}": {"get": get, "delete": cancel},
        "/v1/jobs/{jobId}/events": {"get": events},
    }


def _hook_schemas(language: str | None) -> tuple[Schema, Schema, Schema]:
    say = partial(text, language=language)
    events: Schema = {
        "type": "array",
        "minItems": 1,
        "description": say("Which events are sent."),
        "items": {"type": "string", "enum": list(HOOK_EVENTS)},
    }
    projects: Schema = {
        "type": "array",
        "description": say("The projects whose runs are reported; at least one for events of runs."),
        "items": {"type": "string"},
    }
    filter_ = object_of({"projectIds": projects}, description=say("What is told."))
    request = object_of(
        {
            "targetUrl": string(say("The https address that events are sent to."), format="uri"),
            "url": string(say("The same as targetUrl, for hosts that call it so."), format="uri"),
            "events": events,
            "filter": filter_,
        },
        ("events",),
    )
    hook = object_of(
        {
            "id": string(say("ID of the hook.")),
            "targetUrl": string(say("The address that events are sent to.")),
            "events": events,
            "filter": filter_,
            "status": string(say("active, or disabled after days of failure."), enum=["active", "disabled"]),
            "reason": string(say("Why it is disabled.")),
            "createdAt": string(say("When it was made."), format="date-time"),
            "secret": string(say("What deliveries are signed with; returned once, when the hook is created.")),
        },
        ("id", "targetUrl", "events", "status", "createdAt"),
    )
    delivery = object_of(
        {
            "id": string(say("ID of the message, the same at each attempt: the header webhook-id.")),
            "event": string(say("The event.")),
            "status": string(say("State of the delivery."), enum=["pending", "delivered", "failed"]),
            "attempts": {"type": "integer", "description": say("How often it was tried.")},
            "createdAt": string(say("When the event was seen."), format="date-time"),
            "nextAttemptAt": string(say("When it is tried next."), format="date-time"),
            "lastStatus": {"type": "integer", "description": say("The HTTP status of the last attempt.")},
            "lastError": string(say("What was wrong with the last attempt.")),
        },
        ("id", "event", "status", "attempts", "createdAt"),
    )
    return request, hook, delivery


def _hooks(language: str | None) -> dict[str, Any]:
    say = partial(text, language=language)
    request, hook, delivery = _hook_schemas(language)
    hook_id = parameter("path", "hookId", say("ID of the hook."), {"type": "string"}, required=True)
    delivery_id = parameter("path", "deliveryId", say("ID of the message."), {"type": "string"}, required=True)
    hooks = object_of({"hooks": {"type": "array", "description": say("Your hooks."), "items": hook}}, ("hooks",))
    deliveries = object_of(
        {"deliveries": {"type": "array", "description": say("Deliveries, newest first."), "items": delivery}},
        ("deliveries",),
    )
    sample = object_of(
        {
            "type": string(say("The event.")),
            "timestamp": string(say("When it was seen."), format="date-time"),
            "data": {"type": "object", "description": say("What happened.")},
        },
        ("type", "timestamp", "data"),
        description=say("A message as it is sent."),
    )
    event = parameter(
        "query", "event", say("The event."), {"type": "string", "enum": list(HOOK_EVENTS)}, required=False
    )
    create = _operation(
        "create_hook",
        HOOKS,
        say("Subscribe"),
        say("Have events sent to an address of yours, signed as Standard Webhooks has it."),
        {**response("201", say("The hook, with its secret."), hook), **problem_references(WRITE_STATUSES)},
        requestBody=_body(request),
    )
    listed = _operation(
        "list_hooks",
        HOOKS,
        say("List hooks"),
        say("List your hooks."),
        {**response("200", say("Your hooks."), hooks), **problem_references(READ_STATUSES)},
    )
    get = _operation(
        "get_hook",
        HOOKS,
        say("Get a hook"),
        say("Return a hook, without its secret."),
        {**response("200", say("The hook."), hook), **problem_references(READ_STATUSES)},
        parameters=[hook_id],
    )
    delete = _operation(
        "delete_hook",
        HOOKS,
        say("Unsubscribe"),
        say("End a hook; nothing more is sent."),
        {**response("204", say("It has ended.")), **problem_references(READ_STATUSES)},
        parameters=[hook_id],
    )
    samples = _operation(
        "list_hook_samples",
        HOOKS,
        say("List samples"),
        say("Return messages as a hook would get them, for setting up what receives them."),
        {
            **response("200", say("Samples."), {"type": "array", "items": sample, "description": say("Samples.")}),
            **problem_references(READ_STATUSES),
        },
        parameters=[event],
    )
    deliveries_of_hook = _operation(
        "list_deliveries",
        HOOKS,
        say("List deliveries"),
        say("List what was sent for a hook and how it was answered, newest first."),
        {**response("200", say("Deliveries."), deliveries), **problem_references(READ_STATUSES)},
        parameters=[hook_id],
    )
    replay = _operation(
        "replay_delivery",
        HOOKS,
        say("Send again"),
        say("Send a message of a hook again, with the same ID."),
        {**response("202", say("It is sent again."), delivery), **problem_references(READ_STATUSES)},
        parameters=[hook_id, delivery_id],
    )
    return {
        "/v1/hooks": {"post": create, "get": listed},
        "/v1/hooks/samples": {"get": samples},
        "/v1/hooks/{hookId}": {"get": get, "delete": delete},
        "/v1/hooks/{hookId}/deliveries": {"get": deliveries_of_hook},
        "/v1/hooks/{hookId}/deliveries/{deliveryId}/replay": {"post": replay},
    }
