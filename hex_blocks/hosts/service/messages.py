"""Reading requests and writing answers: bodies within bounds, JSON, languages, what a caller prefers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from hex_blocks.errors.classes import without_tokens
from hex_blocks.hosts.openapi.parts import IDEMPOTENCY_KEY, JSON, PROBLEM
from hex_blocks.hosts.service.problems import ProblemError, problem_of
from hex_blocks.hosts.service.settings import MEGABYTE
from hex_blocks.i18n.texts import SOURCE_LANGUAGE, nearest

MOST_LANGUAGES = 10
_PREFERENCE = re.compile(r"\s*(?P<name>[A-Za-z-]+)\s*(?:=\s*\"?(?P<value>[^\",;]*)\"?)?\s*(?:;[^,]*)?", re.ASCII)
_KEY = re.compile(IDEMPOTENCY_KEY)
NO_STORE = {"Cache-Control": "no-store"}
AS_IT_IS = {"X-Content-Type-Options": "nosniff"}


def language_of(request: Request, default: str | None = None) -> str:
    """Return the language that a request asks for: in its address, else in its header."""
    asked = request.query_params.get("language")
    wanted = [asked] if asked else _by_weight(request.headers.get("accept-language", ""))
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
class Preferred:
    """How a caller wants to wait.

    Attributes:
        wait: Seconds to wait for the end.
        applied: What of the caller's wishes was heeded, as its header has it.
    """

    wait: float
    applied: str | None = None


def preferred(request: Request, default: float, longest: float) -> Preferred:
    """Return how a caller wants to wait, by the header Prefer."""
    wait = None
    for header in request.headers.getlist("prefer"):
        for part in header.split(","):
            found = _PREFERENCE.fullmatch(part)
            if found is None:
                continue
            if found["name"].lower() == "respond-async" and wait is None:
                wait = Preferred(0.0, "respond-async")
            elif found["name"].lower() == "wait" and (found["value"] or "").isdecimal():
                seconds = min(float(found["value"]), longest)
                wait = Preferred(seconds, f"wait={int(seconds)}")
    return wait or Preferred(default)


def idempotency_key(request: Request) -> str | None:
    """Return the caller's key for a call. Raises ProblemError (`bad_key`)."""
    given = request.headers.getlist("idempotency-key")
    if not given:
        return None
    key: str = given[0].strip()
    # The draft has it as a structured string, in quotes; most send it plain.
    key = key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
    if len(given) > 1 or not _KEY.fullmatch(key):
        raise ProblemError("bad_key")
    return key


async def body_of(request: Request, most: int) -> bytes:
    """Return the body. Raises ProblemError (`too_large`)."""
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


async def inputs_of(request: Request, most: int) -> dict[str, Any]:
    """Return the JSON object of a body; empty where there is no body.

    Raises:
        ProblemError: It is something else.
    """
    body = await body_of(request, most)
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != JSON and not (kind.startswith("application/") and kind.endswith("+json")) and (body or kind):
        # Pages of others may send plain forms and texts from a browser without asking; JSON they may not.
        raise ProblemError("wrong_type", type=without_tokens(kind[:80]) or "?")
    if not body.strip():
        return {}
    try:
        given = json.loads(body, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        reason = f"{error.msg}, line {error.lineno}, column {error.colno}"
        raise ProblemError("not_json", reason=reason) from None
    except (ValueError, RecursionError) as error:
        raise ProblemError("not_json", reason=type(error).__name__) from None
    if not isinstance(given, dict):
        raise ProblemError("not_an_object")
    return given


def _no_number(name: str) -> float:
    raise ValueError(name)


def as_json(value: Any) -> bytes:
    """Return a value as JSON in UTF-8; half of a surrogate pair, which UTF-8 has no bytes for, as its escape."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), default=str).encode()


def answer(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None, language: str | None = None
) -> Response:
    """Return an answer of JSON."""
    said = {"Vary": "Accept-Language, Authorization", **({"Content-Language": _tag(language)} if language else {})}
    return Response(as_json(value), status, {**NO_STORE, **AS_IT_IS, **said, **(headers or {})}, JSON)


def problem_answer(
    problem: Mapping[str, Any], request: Request, headers: Mapping[str, str] | None = None, language: str | None = None
) -> Response:
    """Return the answer of a problem."""
    # People put tokens into the wrong place, and this is what they show to others.
    told = {**problem, "instance": quote(without_tokens(request.url.path))}
    made = answer(told, int(problem["status"]), headers, language)
    made.headers["content-type"] = PROBLEM
    return made


def answer_to_error(error: ProblemError, request: Request, language: str | None) -> Response:
    """Return the answer of a problem of the service's own."""
    return problem_answer(problem_of(error, language), request, error.headers, language)


def _tag(language: str) -> str:
    return language.replace("_", "-")
