"""What the tests of the sandbox share: a sandbox with a clock of its own, callers, and Hex's reference."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from hex_blocks.clock import DrivenClock
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.documents import HEX_DOCUMENTS

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock(datetime(2026, 1, 15, 12, tzinfo=UTC))


@pytest.fixture
def sandbox(clock: DrivenClock) -> Iterator[Sandbox]:
    with Sandbox(clock=clock, limits=False) as running:
        yield running


@pytest.fixture
def limited(clock: DrivenClock) -> Iterator[Sandbox]:
    with Sandbox(clock=clock) as running:
        yield running


class Caller:
    """Sends requests to a sandbox with one token."""

    def __init__(self, sandbox: Sandbox, token: str | None) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.trust_env = False
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method: str, path: str, **parts: Any) -> requests.Response:
        return self.session.request(method, self.sandbox.base_url + path, timeout=10, **parts)

    def get(self, path: str, **query: Any) -> Any:
        return self("GET", path, params=query).json()

    def everything(self, path: str, key: str = "values", **query: Any) -> list[Any]:
        """Return all items of a list that is read by cursor."""
        items: list[Any] = []
        after: dict[str, str] = {}
        while True:
            reply = self.get(path, **query, **after)
            items += reply[key]
            if reply["pagination"]["after"] is None:
                return items
            after = {"after": reply["pagination"]["after"]}


@pytest.fixture
def callers(sandbox: Sandbox) -> Iterator[Callable[..., Caller]]:
    made = []

    def call_as(token: str | None, of: Sandbox = sandbox) -> Caller:
        made.append(Caller(of, token))
        return made[-1]

    yield call_as
    for caller in made:
        caller.session.close()


@pytest.fixture
def ada(callers: Callable[..., Caller]) -> Caller:
    """The admin."""
    return callers(TOKENS.personal)


@pytest.fixture
def eli(callers: Callable[..., Caller]) -> Caller:
    """An editor."""
    return callers(TOKENS.editor)


@dataclass(frozen=True)
class Reference:
    """Hex's own OpenAPI document."""

    document: dict[str, Any]
    closed: dict[str, Any]

    @property
    def operations(self) -> dict[str, tuple[str, str]]:
        """Method and path by operation id."""
        return {
            operation["operationId"]: (method, path)
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
        }

    def statuses(self, operation_id: str) -> set[int]:
        method, path = self.operations[operation_id]
        return {int(status) for status in self.document["paths"][path][method]["responses"]}

    def check(self, operation_id: str, reply: requests.Response) -> None:
        """Fail unless a reply is one that the document has; a success holds nothing more than that."""
        method, path = self.operations[operation_id]
        responses = self.document["paths"][path][method]["responses"]
        content = responses[str(reply.status_code)].get("content")
        if content is None:
            assert reply.content == b""
            return
        pointer = ["paths", path, method, "responses", str(reply.status_code), "content", "application/json"]
        parts = (quote(part.replace("~", "~0").replace("/", "~1")) for part in [*pointer, "schema"])
        document = self.closed if reply.ok else self.document
        resource = Resource.from_contents(document, default_specification=DRAFT4)
        registry: Registry[Any] = Registry().with_resource("urn:hex", resource)
        OAS30Validator({"$ref": f"urn:hex#/{'/'.join(parts)}"}, registry=registry).validate(reply.json())


@pytest.fixture(scope="session")
def reference() -> Reference:
    document = json.loads(HEX_DOCUMENTS["today"].read_bytes())
    # Closed, and extended in an allOf nevertheless: as it stands, nothing fits it.
    del document["components"]["schemas"]["HexSLTypes.PublicProblem"]["additionalProperties"]
    return Reference(document, _closed(document))


def _closed(schema: Any, inside_all_of: bool = False) -> Any:
    """Return a document whose objects are closed, and whose nullable references may be null.

    The document says nothing of further keys in most objects; the sandbox has none of its own. A nullable
    `allOf` is meant to take null, which validators, rightly, do not read from it.
    """
    if isinstance(schema, list):
        return [_closed(item, inside_all_of) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value, key == "allOf") for key, value in schema.items()}
    if closed.get("type") == "object" and closed.get("properties") and not inside_all_of:
        closed.setdefault("additionalProperties", False)
    if closed.get("nullable") and "allOf" in closed:
        return {"anyOf": [{"enum": [None]}, {"allOf": closed["allOf"]}]}
    return closed
