"""Reading requests and making responses: bodies of limited size, JSON, languages, and the headers of a call."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from hex_blocks.api.replies import reject_constant
from hex_blocks.errors.classes import without_tokens
from hex_blocks.hosts.openapi.parts import IDEMPOTENCY_KEY, JSON, PROBLEM
from hex_blocks.hosts.service.problems import ProblemError, problem_of
from hex_blocks.hosts.service.settings import MEGABYTE
from hex_blocks.i18n.texts import SOURCE_LANGUAGE, nearest, phrase
from hex_blocks.tools.inputs.faults import json_problem

MOST_LANGUAGES = 10
_PREFERENCE = re.compile(r"\s*(?P<name>[A-Za-z-]+)\s*(?:=\s*\"?(?P<value>[^\",;]*)\"?)?\s*(?:;[^,]*)?", re.ASCII)
_KEY = re.compile(IDEMPOTENCY_KEY)
NO_STORE = {"Cache-Control": "no-store"}
NO_SNIFF = {"X-Content-Type-Options": "nosniff"}


def language_of(request: Request, default: str | None = None) -> str:
    """Return the language of a request: from its query, its header Accept-Language, or the default."""
    in_query = request.query_params.get("language")
    wanted = [in_query] if in_query else _by_weight(request.headers.get("accept-language", ""))
    found: str | None = next(filter(None, (nearest(each) for each in wanted if each and each != "*")), None)
    return found or default or SOURCE_LANGUAGE


def _by_weight(header: str) -> list[str]:
    weighed = []
    for part in header.split(",")[:MOST_LANGUAGES]:
        name, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((float(weight or 1), name.strip()))
        except ValueError:
            continue
    return [name for weight, name in sorted(weighed, key=lambda each: -each[0]) if weight > 0]


@dataclass(frozen=True)
class WaitPreference:
    """How long a caller wants to wait for a call.

    Attributes:
        wait: The time to wait in seconds.
        applied: The value of the header Preference-Applied; None if the caller sent no preference.
    """

    wait: float
    applied: str | None = None


def wait_preference(request: Request, default: float, longest: float) -> WaitPreference:
    """Return how long a caller wants to wait, from the header Prefer.

    Args:
        request: The request.
        default: Seconds to wait without such a header.
        longest: The maximum in seconds.
    """
    wait = None
    for header in request.headers.getlist("prefer"):
        for part in header.split(","):
            found = _PREFERENCE.fullmatch(part)
            if found is None:
                continue
            if found["name"].lower() == "respond-async" and wait is None:
                wait = WaitPreference(0.0, "respond-async")
            elif found["name"].lower() == "wait" and (found["value"] or "").isdecimal():
                seconds = min(float(found["value"]), longest)
                wait = WaitPreference(seconds, f"wait={int(seconds)}")
    return wait or WaitPreference(default)


def idempotency_key(request: Request) -> str | None:
    """Return the header Idempotency-Key of a call; None if there is none.

    Raises:
        ProblemError: The key is not valid (`bad_key`).
    """
    given = request.headers.getlist("idempotency-key")
    if not given:
        return None
    key: str = given[0].strip()
    # The IETF draft defines a quoted string; most clients send the key without quotes.
    key = key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
    if len(given) > 1 or not _KEY.fullmatch(key):
        raise ProblemError("bad_key")
    return key


async def read_body(request: Request, most: int) -> bytes:
    """Return the body of a request.

    Args:
        request: The request.
        most: The maximum size in bytes.

    Raises:
        ProblemError: It is too large (`too_large`).
    """
    too_large = ProblemError("too_large", megabytes=round(most / MEGABYTE, 1))
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > most:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise too_large
    return bytes(body)


async def read_json_object(request: Request, most: int) -> dict[str, Any]:
    """Return the JSON object in the body of a request; empty if there is no body.

    Args:
        request: The request.
        most: The maximum size of the body in bytes.

    Raises:
        ProblemError: The body is too large or is not a JSON object.
    """
    body = await read_body(request, most)
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != JSON and not (kind.startswith("application/") and kind.endswith("+json")) and (body or kind):
        # A browser lets web pages of other origins send forms and plain text without a preflight request, but not JSON.
        raise ProblemError("wrong_type", type=without_tokens(kind[:80]) or "?")
    if not body.strip():
        return {}
    try:
        given = json.loads(body, parse_constant=reject_constant)
    except json.JSONDecodeError as error:
        reason = "{problem}, line {line}, column {column}".format_map(json_problem(error))
        raise ProblemError("not_json", reason=reason) from None
    except UnicodeDecodeError:
        raise ProblemError("not_json", reason=phrase("it is not in UTF-8")) from None
    except RecursionError:
        raise ProblemError("not_json", reason=phrase("it is nested too deeply")) from None
    except ValueError as error:
        raise ProblemError("not_json", reason=str(error)) from None
    if not isinstance(given, dict):
        raise ProblemError("not_an_object")
    return given


def as_json(value: Any) -> bytes:
    """Return a value as JSON in UTF-8. If it has lone surrogates, which UTF-8 cannot encode, all is escaped."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), default=str).encode()


def json_response(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None, language: str | None = None
) -> Response:
    """Return a response with a JSON body."""
    own_headers = {
        "Vary": "Accept-Language, Authorization",
        **({"Content-Language": _language_tag(language)} if language else {}),
    }
    return Response(as_json(value), status, {**NO_STORE, **NO_SNIFF, **own_headers, **(headers or {})}, JSON)


def problem_response(
    problem: Mapping[str, Any], request: Request, headers: Mapping[str, str] | None = None, language: str | None = None
) -> Response:
    """Return the response for a problem."""
    # Users put tokens into URLs by mistake, and share error messages with others.
    document = {**problem, "instance": quote(without_tokens(request.url.path))}
    response = json_response(document, int(problem["status"]), headers, language)
    response.headers["content-type"] = PROBLEM
    return response


def error_response(error: ProblemError, request: Request, language: str | None) -> Response:
    """Return the response for an error of the service."""
    return problem_response(problem_of(error, language), request, error.headers, language)


def _language_tag(language: str) -> str:
    return language.replace("_", "-")
