"""Reads the bodies of Hex's error replies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hex_blocks.errors.classes import printable
from hex_blocks.i18n.texts import Phrase, join_sentences, phrase

# The codes of Hex's newer error bodies. JSON from a gateway has no code.
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
# Statuses below 500 that a gateway can reply with after Hex received the request.
GATEWAY_STATUSES = frozenset({408, 425, 429, 499})
# How many wrong parameters are reported.
MAX_PARAMETERS = 50
# Types of input cells whose value is one or several of a list.
CHOICES = ("DROPDOWN", "MULTISELECT")
# The fields that are read from an error body, and the JSON types that each may have.
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
    """The content of an error body: one of Hex's two JSON forms, a list of problems, or plain text.

    Attributes:
        reason: The message and its details; empty if there is none.
        trace_id: Hex's ID for the request.
        parameters: Wrong input parameters of a run: `details` (a sentence), `invalid` and `notFound`.
        from_hex: Whether Hex itself sent the error, not a gateway.
    """

    reason: str = ""
    trace_id: str | None = None
    parameters: dict[str, Any] | None = None
    from_hex: bool = False

    @classmethod
    def read(cls, body: Any) -> Refusal:
        """Return the refusal in the parsed body of an error reply."""
        if not isinstance(body, dict):
            return cls(reason=plain(body) if isinstance(body, str) else "")
        trace_id = body.get("traceId")
        parts = [body.get("reason") or body.get("message")]
        details = body.get("details")
        if isinstance(details, str):
            parts.append(details)
        for part in (details, body.get("issues"), body.get("problems")):
            if isinstance(part, list):
                parts += [_message(each) for each in part[:20]]
        invalid, not_found = body.get("invalid"), body.get("notFound")
        return cls(
            reason=plain("; ".join(dict.fromkeys(part for part in parts if isinstance(part, str) and part))),
            trace_id=plain(trace_id)[:100] if isinstance(trace_id, str) else None,
            parameters=_parameters(invalid, not_found),
            from_hex=is_from_hex(body),
        )


def is_from_hex(body: Mapping[str, Any]) -> bool:
    """Return whether Hex itself sent an error body: it has a reason, one of Hex's codes, or a list of parameters."""
    reason, message = body.get("reason"), body.get("message")
    older = isinstance(reason, str) and bool(reason)
    newer = isinstance(message, str) and isinstance(code := body.get("code"), str) and code in CODES
    return older or newer or isinstance(body.get("invalid"), list) or isinstance(body.get("notFound"), list)


def _message(problem: Any) -> str | None:
    if not isinstance(problem, dict):
        return problem if isinstance(problem, str) else None
    return problem.get("message") or ": ".join(str(problem[name]) for name in ("name", "reason") if problem.get(name))


def _parameters(invalid: Any, not_found: Any) -> dict[str, Any] | None:
    wrong = [
        {name: _plain_value(part.get(name)) for name in ("paramName", "paramValue", "dataType", "inputCellType")}
        for part in (invalid if isinstance(invalid, list) else [])[:MAX_PARAMETERS]
        if isinstance(part, dict)
    ]
    absent = [_plain_value(name) for name in (not_found if isinstance(not_found, list) else [])[:MAX_PARAMETERS]]
    if not wrong and not absent:
        return None
    sentences = [_wrong_value(part) for part in wrong] + [
        phrase("{name} is not an input of this project.", name=name) for name in absent
    ]
    details = Phrase(lambda language: plain(join_sentences(*(each.said(language) for each in sentences)), 2000))
    return {"details": details, "invalid": wrong, "notFound": absent}


def _wrong_value(part: Mapping[str, str | None]) -> Phrase:
    """Return the sentence that a value does not match the type or the choices of an input."""
    values = {"name": part["paramName"], "value": part["paramValue"], "type": part["dataType"]}
    if (part["inputCellType"] or "").upper() in CHOICES:
        return phrase("{name} does not take {value}: it takes the choices of the app, of type {type}.", **values)
    return phrase("{name} does not take {value}: it is of type {type}.", **values)


def _plain_value(value: Any) -> str | None:
    return None if value is None else plain(value if isinstance(value, str) else json.dumps(value), 200)


def plain(text: str, longest: int = 500) -> str:
    """Return untrusted text for one line of a terminal: printable, at most `longest` characters."""
    shown = printable(text[: longest * 2])
    return shown if len(shown) <= longest else shown[:longest] + "…"
