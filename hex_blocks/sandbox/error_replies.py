"""How Hex says no. Its older operations answer in one form and its newer ones in another."""

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
    # Hex publishes neither these statuses nor their codes for its newer operations: the sandbox's choice.
    405: "METHOD_NOT_SUPPORTED",
    413: "PAYLOAD_TOO_LARGE",
    429: "TOO_MANY_REQUESTS",
    500: "INTERNAL_SERVER_ERROR",
    503: "SERVICE_UNAVAILABLE",
}


class Refusal(Exception):  # noqa: N818 - an answer of the API, not a fault of the program
    """A request that is answered with an error.

    `problems` are the single faults of a request that does not fit. `details` takes the place of the text
    under that key. `extra` stands beside what every error says.
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
    """Return what an operation of `family` answers: an object, or the bare text of an older one's 401."""
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
