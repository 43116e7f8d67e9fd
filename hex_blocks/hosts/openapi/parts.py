"""The parts of operations in the document: schemas of problems and jobs, parameters and responses."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from hex_blocks.i18n.texts import phrase, text

Schema = dict[str, Any]

JSON, PROBLEM = "application/json", "application/problem+json"
JOB_STATUSES = ("queued", "running", "succeeded", "failed", "cancelled")
HOOK_EVENTS = ("run.completed", "run.errored", "run.killed", "run.no_kernel", "job.succeeded", "job.failed")
# The name of the component and the description of the response for each status of a problem.
PROBLEM_RESPONSES = {
    "400": ("NotReadable", phrase("The request cannot be read.")),
    "401": ("NotAuthorized", phrase("The bearer token is missing or was not accepted.")),
    "403": ("Forbidden", phrase("The caller may not do this.")),
    "404": ("NotFound", phrase("There is no such thing, or it is not visible to the caller.")),
    "409": ("Conflict", phrase("Something else is in the way at the moment.")),
    "413": ("TooLarge", phrase("The body is too large.")),
    "415": ("NotJson", phrase("The body is not of the type application/json.")),
    "422": ("NotValid", phrase("The inputs are not valid.")),
    "429": ("TooMany", phrase("Hex's rate limit is reached.")),
    "502": ("HexFailed", phrase("Hex failed, or the run did.")),
    "503": ("Unavailable", phrase("This is not available at the moment.")),
    "504": ("TimedOut", phrase("Hex, or the run, took too long.")),
}
CALL_STATUSES = tuple(PROBLEM_RESPONSES)
READ_STATUSES = ("400", "401", "403", "404", "503")
WRITE_STATUSES = ("400", "401", "403", "404", "409", "413", "415", "422", "503")


def string(description: str, **more: Any) -> Schema:
    """Return the schema of a string."""
    return {"type": "string", "description": description, **more}


def object_of(properties: dict[str, Schema], required: Iterable[str] = (), **more: Any) -> Schema:
    """Return the schema of an object."""
    needed = list(required)
    return {"type": "object", "properties": properties, **({"required": needed} if needed else {}), **more}


def problem_schema(language: str | None) -> Schema:
    """Return the schema of a problem: the members of RFC 9457 and those of this service."""
    say = partial(text, language=language)
    fault = object_of(
        {
            "pointer": string(say("Where it is, as a JSON Pointer in the body.")),
            "detail": string(say("What is wrong with it.")),
        },
        ("pointer", "detail"),
        description=say("One thing that is wrong."),
    )
    return object_of(
        {
            "type": string(say("Kind of the problem, as a URI."), format="uri-reference"),
            "title": string(say("What happened, in short.")),
            "status": {"type": "integer", "description": say("The HTTP status.")},
            "detail": string(say("What happened.")),
            "instance": string(say("The request that it happened in."), format="uri-reference"),
            "key": string(say("Key of the error; it never changes.")),
            "hint": string(say("What to do next.")),
            "values": {"type": "object", "description": say("What the message speaks of.")},
            "traceId": string(say("Hex's name for the failed request, for its support.")),
            "errors": {
                "type": "array",
                "description": say("Everything that is wrong with the inputs."),
                "items": fault,
            },
        },
        ("type", "title", "status", "key"),
    )


def job_schema(language: str | None) -> Schema:
    """Return the schema of a job."""
    say = partial(text, language=language)
    moment = {"format": "date-time"}
    progress = object_of(
        {
            "message": string(say("What the job is doing.")),
            "status": string(say("State of the run that is waited for.")),
            "elapsed": {"type": "number", "description": say("Seconds so far.")},
            "percent": {"type": "number", "description": say("An estimate from 0 to 100.")},
            "remaining": {"type": "number", "description": say("Seconds left, an estimate.")},
        },
        description=say("How far it is, where that is known."),
    )
    return object_of(
        {
            "jobId": string(say("ID of the job.")),
            "tool": string(say("The tool that it calls.")),
            "status": string(
                say("State of the job: queued or running until it ends, then succeeded, failed or cancelled."),
                enum=list(JOB_STATUSES),
            ),
            "statusUrl": string(say("Where the job is looked up.")),
            "createdAt": string(say("When it was asked for."), **moment),
            "startedAt": string(say("When work on it began."), **moment),
            "endedAt": string(say("When it ended."), **moment),
            "expiresAt": string(say("When it is forgotten, with its result."), **moment),
            "waitingForToken": {
                "type": "boolean",
                "description": say("Whether it continues as soon as its caller asks for it with the Hex token."),
            },
            "progress": progress,
            "inputs": {"type": "object", "description": say("What the tool was called with.")},
            "result": {"type": "object", "description": say("The tool's outputs, once it has succeeded.")},
            "problem": {"type": "object", "description": say("What went wrong, once it has failed.")},
        },
        ("jobId", "status", "statusUrl"),
    )


def job_response(language: str | None, status: str = "202") -> dict[str, Any]:
    """Return the response with a job."""
    location = {"description": text("Where the job is looked up.", language), "schema": {"type": "string"}}
    after = {"description": text("Seconds to wait before asking again.", language), "schema": {"type": "integer"}}
    description = text("It takes longer: follow the job.", language)
    return {
        status: {
            "description": description,
            "headers": {"Location": location, "Retry-After": after},
            "content": {JSON: {"schema": job_schema(language)}},
        }
    }


def response(status: str, description: str, schema: Schema | None = None) -> dict[str, Any]:
    """Return a response with a JSON body, or without a body if there is no schema."""
    return {status: {"description": description, **({"content": {JSON: {"schema": schema}}} if schema else {})}}


def problem_references(statuses: Iterable[str]) -> dict[str, Any]:
    """Return the responses with problems, as references to the components of the document."""
    return {status: {"$ref": f"#/components/responses/{PROBLEM_RESPONSES[status][0]}"} for status in statuses}


def problem_responses(language: str | None) -> dict[str, Any]:
    """Return the components that these references refer to."""
    schema = problem_schema(language)
    return {
        name: {"description": meaning.said(language), "content": {PROBLEM: {"schema": schema}}}
        for name, meaning in PROBLEM_RESPONSES.values()
    }


def parameter(place: str, name: str, description: str, schema: Schema, *, required: bool = False) -> dict[str, Any]:
    """Return a parameter."""
    return {"name": name, "in": place, "required": required, "description": description, "schema": schema}


def prefer(language: str | None) -> dict[str, Any]:
    """Return the parameter for the header Prefer, which sets how long to wait."""
    description = text("wait=SECONDS to wait so long for the end, or respond-async to get a job at once.", language)
    return parameter("header", "Prefer", description, {"type": "string", "examples": ["wait=10"]})


# Printable ASCII characters, without a space at the beginning or end.
IDEMPOTENCY_KEY = r"^[!-~]([ -~]{0,253}[!-~])?$"


def idempotency_key(language: str | None) -> dict[str, Any]:
    """Return the parameter for the header Idempotency-Key, with which a repeated request makes only one call."""
    description = text("A key of your own: a call that is sent again with it is made once.", language)
    return parameter(
        "header", "Idempotency-Key", description, {"type": "string", "maxLength": 255, "pattern": IDEMPOTENCY_KEY}
    )
