"""Reading of refusals: the bodies of both families of Hex's errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hex_blocks.errors.classes import printable
from hex_blocks.i18n.texts import Phrase, phrase

# The codes of Hex's newer error bodies. A gateway's JSON has a message at most.
CODES = frozenset(
    {
        "BAD_REQUEST",
        "UNAUTHORIZED",
        "FORBIDDEN",
        "NOT_FOUND",
        "INTERNAL_SERVER_ERROR",
        "UNPROCESSABLE_CONTENT",
        "SERVICE_UNAVAILABLE",
    }
)
# Statuses below 500 with which a gateway may answer after Hex took the request.
GATEWAY_STATUSES = frozenset({408, 425, 429, 499})
MOST_NAMED = 50
# Cells whose inputs take one or several of a list.
CHOICES = ("DROPDOWN", "MULTISELECT")
# What is read of an error body, and the types that it is read from.
FIELDS = {
    "reason": {"string"},
    "message": {"string"},
    "code": {"string"},
    "traceId": {"string"},
    "details": {"string", "array"},
    "issues": {"array"},
    "problems": {"array"},
    "invalid": {"array"},
    "notFound": {"array"},
}


@dataclass(frozen=True)
class Refusal:
    """What Hex says in an error body, in any of its forms: two JSON families, lists of faults, or bare text.

    is_hexs: whether it is Hex itself that says it.
    """

    reason: str = ""
    trace_id: str | None = None
    parameters: dict[str, Any] | None = None
    is_hexs: bool = False

    @classmethod
    def read(cls, body: Any) -> Refusal:
        """Read a refusal from the body of a reply, whatever it is."""
        if not isinstance(body, dict):
            return cls(reason=plain(body) if isinstance(body, str) else "")
        trace_id = body.get("traceId")
        parts = [body.get("reason") or body.get("message")]
        details = body.get("details")
        if isinstance(details, str):
            parts.append(details)
        for part in (details, body.get("issues"), body.get("problems")):
            if isinstance(part, list):
                parts += [_entry(each) for each in part[:20]]
        invalid, not_found = body.get("invalid"), body.get("notFound")
        return cls(
            reason=plain("; ".join(dict.fromkeys(part for part in parts if isinstance(part, str) and part))),
            trace_id=plain(trace_id)[:100] if isinstance(trace_id, str) else None,
            parameters=_parameters(invalid, not_found),
            is_hexs=is_hexs(body),
        )


def is_hexs(body: Mapping[str, Any]) -> bool:
    """Whether a body is one of Hex's own errors: with a reason, or with a message and a code of Hex's."""
    reason, message = body.get("reason"), body.get("message")
    older = isinstance(reason, str) and bool(reason)
    newer = isinstance(message, str) and isinstance(code := body.get("code"), str) and code in CODES
    return older or newer or isinstance(body.get("invalid"), list) or isinstance(body.get("notFound"), list)


def _entry(problem: Any) -> str | None:
    if not isinstance(problem, dict):
        return problem if isinstance(problem, str) else None
    return problem.get("message") or ": ".join(str(problem[name]) for name in ("name", "reason") if problem.get(name))


def _parameters(invalid: Any, not_found: Any) -> dict[str, Any] | None:
    wrong = [
        {name: _plain_value(part.get(name)) for name in ("paramName", "paramValue", "dataType", "inputCellType")}
        for part in (invalid if isinstance(invalid, list) else [])[:MOST_NAMED]
        if isinstance(part, dict)
    ]
    absent = [_plain_value(name) for name in (not_found if isinstance(not_found, list) else [])[:MOST_NAMED]]
    if not wrong and not absent:
        return None
    said = [_misfit(part) for part in wrong] + [
        phrase("{name} is not an input of this project.", name=name) for name in absent
    ]
    details = Phrase(lambda language: plain(" ".join(each.said(language) for each in said), 2000))
    return {"details": details, "invalid": wrong, "notFound": absent}


def _misfit(part: Mapping[str, str | None]) -> Phrase:
    """Say that a value does not fit an input, and that the input is a choice where Hex says so."""
    values = {"name": part["paramName"], "value": part["paramValue"], "type": part["dataType"]}
    if (part["inputCellType"] or "").upper() in CHOICES:
        return phrase("{name} does not take {value}: it takes the choices of the app, of type {type}.", **values)
    return phrase("{name} does not take {value}: it is of type {type}.", **values)


def _plain_value(value: Any) -> str | None:
    return None if value is None else plain(value if isinstance(value, str) else json.dumps(value), 200)


def plain(said: str, longest: int = 500) -> str:
    """Make text from outside fit for one line of a terminal."""
    shown = printable(said[: longest * 2])
    return shown if len(shown) <= longest else shown[:longest] + "…"
