"""Errors as problem details (RFC 9457), in the caller's language, and their HTTP statuses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from hex_blocks.errors.classes import HexError
from hex_blocks.hosts.openapi.parts import PROBLEM_RESPONSES
from hex_blocks.i18n.plurals import Plural
from hex_blocks.i18n.texts import Phrase, phrase, sentence

TYPE = "urn:hex-blocks:problem:"
_PART = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


class ProblemText(NamedTuple):
    """The HTTP status and the texts of an error of the service."""

    status: int
    detail: str
    hint: str = ""


SERVICE_PROBLEMS = {
    "bearer_missing": ProblemText(
        401,
        "The request has no bearer token.",
        "Send Authorization: Bearer with your Hex API token, or with the secret of this server.",
    ),
    "bearer_refused": ProblemText(
        401,
        "The bearer token is neither a Hex API token nor the secret of this server.",
        "Send Authorization: Bearer with one of the two.",
    ),
    "server_without_token": ProblemText(
        401,
        "This server has no Hex token of its own.",
        "Send Authorization: Bearer with your Hex API token.",
    ),
    "not_json": ProblemText(400, "The body is not JSON: {reason}.", "Send a JSON object."),
    "not_an_object": ProblemText(400, "The body is not a JSON object.", "Send the inputs by their names."),
    "wrong_type": ProblemText(415, "The body is {type}, not JSON.", "Send it with Content-Type: application/json."),
    "too_large": ProblemText(413, "The body has more than {megabytes} MB.", "Send less."),
    "bad_query": ProblemText(400, "{name} is not valid: {reason}.", "Correct the address."),
    "bad_key": ProblemText(400, "Idempotency-Key is not valid.", "Give up to 255 printable characters of ASCII."),
    "key_of_other_call": ProblemText(
        422,
        "The Idempotency-Key was used for another call.",
        "Use a new key for a new call.",
    ),
    "key_in_use": ProblemText(
        409,
        "The first call with this Idempotency-Key has not been answered yet.",
        "Follow its job, or try again later.",
    ),
    "no_such_page": ProblemText(404, "There is nothing at this address."),
    "no_such_job": ProblemText(
        404, "There is no such job, or it is forgotten already.", "Start it again if it is needed."
    ),
    "no_such_hook": ProblemText(404, "There is no such hook."),
    "no_such_delivery": ProblemText(404, "There is no such delivery."),
    "no_such_method": ProblemText(405, "This address does not take {method}."),
    "bad_hook": ProblemText(422, "The hook is not valid."),
    "hook_needs_key": ProblemText(
        403,
        "Events of runs need your Hex token for as long as the hook exists, and this server keeps none.",
        "Whoever runs the server sets {variable}; or use the server's own token.",
    ),
    "stale_form": ProblemText(403, "The form is not of this session.", "Reload the page and fill it in again."),
    "stopping": ProblemText(503, "The server is stopping.", "Try again in a few seconds."),
    "too_many_calls": ProblemText(
        503,
        "The server works on as many calls as it can.",
        Plural("Try again in {seconds} second.", "Try again in {seconds} seconds.", "seconds"),
    ),
    "store_unusable": ProblemText(503, "The server cannot read or write its jobs and hooks.", "See the server's log."),
    "job_cancelled": ProblemText(409, "The job was cancelled."),
    "job_abandoned": ProblemText(
        504,
        "The job was waiting for its caller's token until it was given up.",
        "Start it again, and ask for it now and then.",
    ),
    "job_outcome_unknown": ProblemText(
        502,
        "The server stopped in the middle of this call, and doing it again could do it twice.",
        "Look in Hex whether it was done before you call it again.",
    ),
    "failed": ProblemText(500, "The server failed unexpectedly.", "See the server's log."),
}
# Errors whose status differs from the status of their kind.
STATUS_BY_KEY = {
    "unknown_tool": 404,
    "only_reading": 403,
    "record_unusable": 503,
    "no_permission": 403,
    "not_enabled": 403,
    "export_refused": 403,
    "rate_limited": 429,
    "budget_spent": 429,
    "key_busy": 409,
    "project_busy": 409,
    "thread_busy": 409,
    "start_pending": 409,
    "timeout": 504,
    "run_timeout": 504,
    "run_cancelled_at_timeout": 504,
    "answer_timeout": 504,
    "call_stopped": 503,
    "tool_failed": 500,
    "tool_broken": 500,
}
STATUS_BY_KIND = {"input": 422, "token": 401, "not_found": 404, "busy": 503, "down": 502, "run": 502}
# If the server's own token is refused, the error is the server's, not the caller's.
STATUS_FOR_SERVER_TOKEN = {401: 503}


class ProblemError(Exception):
    """An error of the service itself, as opposed to one of a tool.

    Attributes:
        key: A key of SERVICE_PROBLEMS.
        values: The values for the placeholders in its texts.
        faults: For each faulty input, its JSON Pointer and a sentence.
        headers: Headers of the response.
        more: Additional members of the problem document.
    """

    def __init__(
        self,
        key: str,
        *,
        faults: tuple[tuple[str, Phrase], ...] = (),
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
        **values: Any,
    ) -> None:
        super().__init__(key)
        self.key = key
        self.values = values
        self.faults = faults
        self.headers = dict(headers or {})
        self.more = dict(more or {})

    @property
    def status(self) -> int:
        """The HTTP status."""
        return SERVICE_PROBLEMS[self.key].status


def title_of(status: int, language: str | None) -> str:
    """Return the title of an HTTP status."""
    own = {
        405: phrase("The address does not take this method."),
        500: phrase("The server failed."),
    }
    title = own.get(status) or PROBLEM_RESPONSES[str(status)][1]
    return title.said(language)


def problem_of(error: ProblemError, language: str | None) -> dict[str, Any]:
    """Return the problem document of an error of the service."""
    texts = SERVICE_PROBLEMS[error.key]
    faults = [{"pointer": pointer, "detail": detail.said(language)} for pointer, detail in error.faults]
    made: dict[str, Any] = {
        "type": TYPE + error.key,
        "title": title_of(texts.status, language),
        "status": texts.status,
        "detail": sentence(texts.detail, language, **error.values),
        "key": error.key,
        "hint": sentence(texts.hint, language, **error.values) if texts.hint else None,
        "values": error.values or None,
        "errors": faults or None,
        **error.more,
    }
    return {name: value for name, value in made.items() if value is not None}


def problem_of_call(error: HexError, language: str | None, *, own_token: bool = True) -> dict[str, Any]:
    """Return the problem document of a failed call.

    Args:
        error: The error of the tool.
        language: The language of its sentences.
        own_token: Whether the call used the caller's own Hex token.
    """
    status = status_of(error, own_token=own_token)
    faults = [
        {"pointer": pointer_of(fault.input), "detail": fault.message(language), "key": fault.key}
        for fault in error.faults
    ]
    made: dict[str, Any] = {
        "type": TYPE + error.key,
        "title": title_of(status, language),
        "status": status,
        "detail": error.message(language),
        "key": error.key,
        "kind": error.kind,
        "hint": error.hint(language) or None,
        "values": error.values or None,
        "traceId": error.trace_id,
        "hexStatus": error.status,
        "partial": error.partial,
        "errors": faults or None,
    }
    return {name: value for name, value in made.items() if value is not None}


def status_of(error: HexError, *, own_token: bool = True) -> int:
    """Return the HTTP status of a failed call."""
    status = STATUS_BY_KEY.get(error.key, STATUS_BY_KIND[error.kind])
    return status if own_token or error.kind != "token" else STATUS_FOR_SERVER_TOKEN.get(status, status)


def retry_after(problem: Mapping[str, Any]) -> str | None:
    """Return the value of the header Retry-After, in whole seconds; None if the problem does not say it."""
    seconds = problem.get("values", {}).get("seconds")
    return str(max(1, int(seconds + 0.999))) if isinstance(seconds, int | float) else None


def pointer_of(place: str) -> str:
    """Return the path of an input, such as `runs[2].projectId`, as a JSON Pointer."""
    if "," in place:
        # The fault concerns several inputs, so the pointer is that of the whole body.
        return ""
    parts = [number or name for number, name in _PART.findall(place)]
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
