"""Builds a tool's request from checked inputs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from hex_blocks.errors.classes import Fault, hex_error
from hex_blocks.tools.spec.tool import ToolSpec
from hex_blocks.tools.spec.values import Input

_NOT_SENT = object()


class RequestParts(NamedTuple):
    """The parts of a request.

    Attributes:
        path: The path below the base URL, quoted.
        query: The query parameters.
        body: The JSON body, or None if the request has none.
    """

    path: str
    query: dict[str, Any]
    body: dict[str, Any] | None


def request_builder(spec: ToolSpec) -> Callable[[Mapping[str, Any]], RequestParts]:
    """Return a function that builds a tool's request from checked inputs.

    Raises:
        ValueError: The tool has no request.
    """
    request = spec.request
    if request is None:
        raise ValueError(f"{spec.id} has no request")
    in_path = [(field.wire or name, name) for name, field in spec.inputs.items() if field.place == "path"]
    in_query = [(name, field) for name, field in spec.inputs.items() if field.place == "query"]
    in_body = [(name, field) for name, field in spec.inputs.items() if field.place == "body"]
    template = request.path

    def build(inputs: Mapping[str, Any]) -> RequestParts:
        path = template
        for placeholder, name in in_path:
            path = path.replace(f"{{{placeholder}}}", _segment(spec, name, inputs[name]))
        query = {field.wire or name: _query_value(field, inputs[name]) for name, field in in_query if name in inputs}
        body: dict[str, Any] | None = {} if in_body else None
        spread: list[tuple[list[str], Any]] = []
        for name, field in in_body:
            if name not in inputs:
                continue
            value = _body_value(field, inputs[name])
            if value is _NOT_SENT:
                continue
            steps = (field.wire or name).split(".")
            if isinstance(value, list) or "[]" not in (field.wire or ""):
                _put(body, steps, value)
            else:
                spread.append((steps, value))
        # Single values that are repeated in every entry of a list come last, when the entries exist.
        for steps, value in spread:
            _put(body, steps, value)
        return RequestParts(path, query, body)

    return build


def _segment(spec: ToolSpec, name: str, value: Any) -> str:
    # IDs can also come from replies, which are not checked. "." and ".." cannot be quoted and would change the path.
    if not isinstance(value, str) or not value.strip("."):
        fault = Fault(name, "not_uuid", {"found": repr(value)[:40]})
        raise hex_error("bad_inputs", tool=spec.id, faults=(fault,))
    return quote(value, safe="")


def _body_value(field: Input, value: Any) -> Any:
    if field.true_sends:
        return {"null": None, "empty": ""}[field.true_sends] if value else _NOT_SENT
    return json.loads(value) if field.format == "json-object" else value


def _query_value(field: Input, value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and field.style == "comma":
        return ",".join(str(part) for part in value)
    return value


def _put(target: Any, steps: list[str], value: Any) -> None:
    step, rest = steps[0], steps[1:]
    if step.endswith("[]"):
        entries = target.setdefault(step[:-2], [])
        if isinstance(value, list):
            while len(entries) < len(value):
                entries.append({})
        for number, entry in enumerate(entries):
            _put(entry, rest, value[number] if isinstance(value, list) else value)
    elif rest:
        _put(target.setdefault(step, {}), rest, value)
    else:
        target[step] = value
