"""The bodies of error replies. Hex's older and newer operations have different ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

Family = Literal["A", "B"]

CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    422: "UNPROCESSABLE_CONTENT",
    # Hex documents neither these statuses nor their codes for its newer operations: the sandbox's choice.
    405: "METHOD_NOT_SUPPORTED",
    413: "PAYLOAD_TOO_LARGE",
    429: "TOO_MANY_REQUESTS",
    500: "INTERNAL_SERVER_ERROR",
    503: "SERVICE_UNAVAILABLE",
}


class Refusal(Exception):  # noqa: N818 - an answer of the API, not a fault of the program
    """A request that is refused.

    Attributes:
        problems: The faults of a request that is not valid.
        details: Replaces the text under that key.
        extra: Further keys of the body.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        *,
        problems: Sequence[str] = (),
        details: Sequence[Mapping[str, Any]] | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.problems = problems
        self.details = details
        self.extra = extra or {}
        self.headers = headers or {}


def error_body(refusal: Refusal, family: Family, trace_id: str) -> Mapping[str, Any] | str:
    """Return the body of an error of an operation family: an object, or plain text for a 401 of an older operation."""
    if family == "B":
        issues = [{"message": problem} for problem in refusal.problems]
        body: dict[str, Any] = {"message": refusal.reason, "code": CODES.get(refusal.status, "BAD_REQUEST")}
        return body | ({"issues": issues} if issues else {}) | dict(refusal.extra)
    if refusal.status == 401:
        return "Unauthorized"
    body = {"reason": refusal.reason, "traceId": trace_id, **refusal.extra}
    if refusal.details is not None:
        body["details"] = list(refusal.details)
    elif refusal.problems:
        body["details"] = "; ".join(refusal.problems)
    return body
