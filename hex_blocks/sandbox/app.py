"""Handles requests: finds the operation, identifies the caller, applies the limits, validates, runs the operation."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, unquote

from hex_blocks.clock import Clock
from hex_blocks.i18n.texts import current_language, nearest, phrase, text
from hex_blocks.sandbox.error_replies import Refusal, error_body
from hex_blocks.sandbox.model import ROLES, Token, User
from hex_blocks.sandbox.request import Operation, OperationCall
from hex_blocks.sandbox.request_limits import RateLimiter
from hex_blocks.sandbox.routes import Route, find_route
from hex_blocks.sandbox.validation import Obj, is_uuid, read_query
from hex_blocks.sandbox.web_pages import web_page
from hex_blocks.sandbox.workspace import World

# Names the instance of the sandbox; sent with its web pages only, never by the API.
INSTANCE_HEADER = "X-Hex-Sandbox"
PREFIX = "/api/v1"
OPEN_TO_ALL = "Me"
MOST_RECORDED = 100_000

Answer = tuple[int, Mapping[str, str], bytes]


@dataclass(frozen=True)
class Received:
    """A received request and the status of its reply. The token is not kept."""

    method: str
    path: str
    query: dict[str, list[str]]
    json: Any
    operation_id: str | None
    status: int
    at: float
    token_kind: str


@dataclass(frozen=True)
class Caller:
    """The sender of a request. `key` is what Hex counts limits by: the user, or the workspace token itself."""

    token: Token
    user: User | None
    key: str


# Appended to the log of a request.
OLD_PATH = phrase("an old path, which Hex's reference no longer has")


class App:
    """The API of one workspace."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        limits: RateLimiter,
        origin: str,
        requests: list[Received],
        log: Callable[[str], object] | None = None,
        *,
        strict: bool = False,
        instance: str = "",
    ) -> None:
        self.world = world
        self.clock = clock
        self.limits = limits
        self.origin = origin
        self.requests = requests
        self.log = log
        self.strict = strict
        self.instance = instance

    def answer(self, method: str, target: str, headers: Message, body: bytes | None) -> Answer:
        """Return the reply to a request. A `body` of None was longer than the sandbox accepts."""
        path, _, query = target.partition("?")
        if not path.startswith(f"{PREFIX}/"):
            page = web_page(self.world, method, path, parse_qs(query), self.clock.time(), _language(headers))
            if page is not None:
                shown = {"Content-Type": "text/html; charset=utf-8", INSTANCE_HEADER: self.instance}
                return 200, shown, page.encode(errors="replace")
        exchange = _Exchange(self, method, path, query, headers, body)
        status, given, content = exchange.answer()
        exchange.record(status)
        if self.log:
            note = f" ({text(OLD_PATH, current_language())})" if exchange.old_path else ""
            self.log(f"{method} {path} {status}{note}")
        # The Date header has the sandbox's clock, as Hex's has Hex's.
        return status, {**given, "Date": formatdate(exchange.now, usegmt=True)}, content


class _Exchange:
    """A request and what is known about it while it is handled."""

    def __init__(self, app: App, method: str, path: str, query: str, headers: Message, body: bytes | None) -> None:
        self.app = app
        self.method = method
        self.path = path.removeprefix(PREFIX)
        self.in_api = path.startswith(f"{PREFIX}/")
        self.query = parse_qs(query, keep_blank_values=True)
        self.headers = headers
        self.body = body
        self.json, self.json_fits = _parsed(body)
        self.now = app.clock.time()
        self.trace_id = str(uuid.uuid4())
        self.operation: Operation | None = None
        self.old_path = False
        self.token_kind = "none"  # noqa: S105 - a kind, not a token
        self.limit_headers: Mapping[str, str] = {}

    def answer(self) -> Answer:
        """Return status, headers and body."""
        try:
            return self._work()
        except Refusal as refusal:
            return self._refused(refusal)
        except Exception as error:
            logging.getLogger(__name__).exception("the sandbox failed at %s %s", self.method, self.path)
            return self._refused(Refusal(500, f"The sandbox failed: {type(error).__name__}"))

    def _refused(self, refusal: Refusal) -> Answer:
        family = self.operation.family if self.operation else "A"
        body = error_body(refusal, family, self.trace_id)
        traced = {"x-trace-id": self.trace_id}
        return _written(refusal.status, {**traced, **self.limit_headers, **refusal.headers}, body)

    def record(self, status: int) -> None:
        """Add the request to `Sandbox.requests`."""
        requests = self.app.requests
        operation_id = self.operation.id if self.operation else None
        requests.append(
            Received(
                self.method,
                self.path,
                self.query,
                self.json,
                operation_id,
                status,
                self.now,
                self.token_kind,
            )
        )
        if len(requests) > MOST_RECORDED:
            del requests[: MOST_RECORDED // 10]

    def _work(self) -> Answer:
        route = self._route()
        self.operation = operation = route.operation
        self.old_path = route.old
        caller = self._caller()
        self.limit_headers = self.app.limits.take(caller.key, operation.limits)
        self._permit(operation, caller)
        call = self._call(route, caller)
        with self.app.world.lock:
            # Encoded while the lock is held, because a reply can share objects with the workspace.
            return _written(operation.success, self.limit_headers, operation.run(call))

    def _route(self) -> Route:
        # Split before decoding, so that an encoded slash stays inside its segment.
        segments = [unquote(segment) for segment in self.path.split("/")[1:]]
        routes = find_route(segments) if self.in_api else []
        if not routes:
            raise Refusal(404, f"There is nothing at {self.path}")
        for route in routes:
            if route.operation.method == self.method:
                return route
        allowed = sorted({route.operation.method for route in routes})
        raise Refusal(405, f"{self.method} is not allowed here", headers={"Allow": ", ".join(allowed)})

    def _caller(self) -> Caller:
        world = self.app.world
        scheme, _, secret = self.headers.get("Authorization", "").partition(" ")
        refusal = Refusal(401, "Authorization not provided")
        if scheme.lower() != "bearer" or not secret.strip():
            raise refusal
        secret = secret.strip()
        token = world.tokens.get(secret)
        self.token_kind = token.kind if token else "unknown"
        refusal = Refusal(401, "The token is not valid")
        if token is None or (token.expires_at is not None and token.expires_at <= self.now):
            raise refusal
        if token.user_id is None:
            return Caller(token, None, secret)
        user = world.get(User, token.user_id)
        if user is None or not user.active:
            raise refusal
        return Caller(token, user, user.id)

    @staticmethod
    def _permit(operation: Operation, caller: Caller) -> None:
        if caller.token.powerless and operation.id != OPEN_TO_ALL:
            raise Refusal(403, "Insufficient access: the token lacks the scope for this")
        role = "ADMIN" if caller.user is None else caller.user.role
        if ROLES.index(role) < ROLES.index(operation.role):
            raise Refusal(403, f"Insufficient access: this needs the role {operation.role}")

    def _call(self, route: Route, caller: Caller) -> OperationCall:
        operation = route.operation
        if self.body is None:
            raise Refusal(413, "The body is longer than 10 MB")
        problems = []
        if operation.family == "A":
            # Hex's older operations declare IDs as UUIDs; the newer ones accept any text and look it up.
            problems = [f"path.{name} must be a UUID" for name, value in route.path.items() if not is_uuid(value)]
        query, query_problems = read_query(operation.query, self.query)
        problems += query_problems
        body: Any = {}
        if operation.body is not None and (self.body or operation.body_required):
            body, body_problems = self._read_body(operation.body, route.old)
            problems += body_problems
        if problems:
            told = [] if operation.lists_faults else problems
            raise Refusal(operation.invalid, f"Validation failed: {problems[0]}", problems=told)
        return OperationCall(
            world=self.app.world,
            operation=operation,
            token=caller.token,
            user=caller.user,
            caller=caller.key,
            path=route.path,
            query=query,
            body=body,
            raw=self.body,
            headers=self.headers,
            now=self.now,
            trace_id=self.trace_id,
            origin=self.app.origin,
        )

    def _read_body(self, kind: Obj, old_path: bool) -> tuple[Any, list[str]]:
        if not self.body:
            return {}, ["body is missing"]
        if not self.json_fits:
            raise Refusal(400, "The body is not valid JSON")
        # Hex's samples for the old paths send booleans as text, so these paths accept them even in strict mode.
        body = self.json if self.app.strict and not old_path else kind.unquoted(self.json)
        return body, list(kind.problems(body, "body"))


def _written(status: int, headers: Mapping[str, str], body: Mapping[str, Any] | str | None) -> Answer:
    """Return a reply whose body is JSON, plain text, or empty."""
    if body is None:
        return status, headers, b""
    if isinstance(body, str):
        return status, {"Content-Type": "text/plain; charset=utf-8", **headers}, body.encode()
    text = json.dumps(body, separators=(",", ":"))
    return status, {"Content-Type": "application/json; charset=utf-8", **headers}, text.encode()


def _parsed(body: bytes | None) -> tuple[Any, bool]:
    """Return the value of a body, and whether it is JSON."""
    try:
        return (json.loads(body, parse_constant=_no_constant) if body else None), True
    except (ValueError, RecursionError):
        return None, False


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _language(headers: Message) -> str | None:
    """Return the first of a browser's languages that is available."""
    wanted = [entry.split(";")[0].strip() for entry in str(headers.get("Accept-Language", "")).split(",")]
    return next((found for entry in wanted if entry and (found := nearest(entry))), None)
