"""Between a tool's flat inputs and outputs and Hex's nested JSON, as the spec declares it.

Both directions are compiled once per tool into plain functions, so that a call only does the moving.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from hex_blocks.errors.classes import Fault, hex_error
from hex_blocks.tools.spec.tool import PYTHON_TYPES, Input, Output, OutputField, ToolSpec

_NOTHING = object()
LARGEST = 2**63
WHOLE = re.compile(r"-?\d{1,19}", re.ASCII)
FRACTION = re.compile(r"-?\d{1,15}\.\d{1,15}", re.ASCII)


class Sending(NamedTuple):
    """What goes to Hex: the path below the base URL, quoted; the query; the body, None where there is none."""

    path: str
    query: dict[str, Any]
    body: dict[str, Any] | None


def sender(spec: ToolSpec) -> Callable[[Mapping[str, Any]], Sending]:
    """Make the function that lays checked inputs out as a tool's request."""
    request = spec.request
    if request is None:
        raise ValueError(f"{spec.id} has no request")
    in_path = [(field.wire or name, name) for name, field in spec.inputs.items() if field.place == "path"]
    in_query = [(name, field) for name, field in spec.inputs.items() if field.place == "query"]
    in_body = [(name, field) for name, field in spec.inputs.items() if field.place == "body"]
    template = request.path

    def send(inputs: Mapping[str, Any]) -> Sending:
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
            if value is _NOTHING:
                continue
            steps = (field.wire or name).split(".")
            if isinstance(value, list) or "[]" not in (field.wire or ""):
                _put(body, steps, value)
            else:
                spread.append((steps, value))
        # A single value that is repeated in every entry waits until the entries are there.
        for steps, value in spread:
            _put(body, steps, value)
        return Sending(path, query, body)

    return send


def _segment(spec: ToolSpec, name: str, value: Any) -> str:
    # Ids are also taken from replies. Dots cannot be quoted, and would lead to another place.
    if not isinstance(value, str) or not value.strip("."):
        fault = Fault(name, "not_uuid", {"found": repr(value)[:40]})
        raise hex_error("bad_inputs", tool=spec.id, faults=(fault,))
    return quote(value, safe="")


def _body_value(field: Input, value: Any) -> Any:
    if field.true_sends:
        return {"null": None, "empty": ""}[field.true_sends] if value else _NOTHING
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


def conformer(spec: ToolSpec) -> Callable[[Any], Any]:
    """Make the function that makes a reply what the spec's outputs say of it, wherever it is something else.

    A value of another type than declared becomes null, and leaves a list of objects; numbers beyond all measure
    become null too. What is not declared stays as it is. A reply that is as declared is given back unchanged.
    """
    root = _Shape()
    for name, output in spec.outputs.items():
        if output.constant is None and output.from_input is None and output.count_of is None:
            root.add(name, output)
    return root.fit


def _number_in(said: str) -> int | float | None:
    """Return the number that a text holds; None where it holds none, or none that can be kept exactly."""
    if WHOLE.fullmatch(said):
        return int(said)
    if FRACTION.fullmatch(said) and len(said.lstrip("-").replace(".", "")) <= 15:
        return float(said)
    return None


class _Shape:
    """What a part of a reply is declared to be: its types, its named parts, its entries."""

    def __init__(self) -> None:
        self.types: tuple[type, ...] = (object,)
        self.words: tuple[str, ...] = ()
        self.parts: dict[str, _Shape] = {}
        self.entries: _Shape | None = None

    def add(self, name: str, field: OutputField) -> None:
        """Add a field that stands in this part."""
        shape = self
        for step in [] if field.source == "$" else (field.source or name).split("."):
            shape.types = (dict,)
            shape = shape.parts.setdefault(step, _Shape())
        # Hex's document says integer where a number with a fraction would be no harm.
        shape.types = PYTHON_TYPES["number" if field.type == "integer" else field.type]
        shape.words = field.words or ()
        for part, nested in (field.fields or {}).items():
            shape.add(part, nested)
        if field.items is not None:
            shape.entries = _Shape()
            shape.entries.add("$", field.items.model_copy(update={"source": "$"}))

    def fit(self, value: Any) -> Any:
        """Return the value as declared; a number in text is read where that is exact."""
        if isinstance(value, str) and self.types == PYTHON_TYPES["number"]:
            value = value if value in self.words else _number_in(value)
            if isinstance(value, str):
                return value
        if value is None or not isinstance(value, self.types):
            return None
        if isinstance(value, bool):
            return value if bool in self.types or object in self.types else None
        if isinstance(value, int | float):
            return value if -LARGEST <= value <= LARGEST else None
        if self.parts and isinstance(value, dict):
            fitted = {name: shape.fit(value[name]) for name, shape in self.parts.items() if name in value}
            same = all(fitted[name] is value[name] for name in fitted)
            return value if same else value | fitted
        if self.entries is not None and isinstance(value, list):
            objects = self.entries.types == (dict,)
            entries = [self.entries.fit(each) for each in value]
            return [each for each in entries if each is not None] if objects else entries
        return value


def keeper(spec: ToolSpec) -> Callable[[Any, Mapping[str, Any]], dict[str, Any]]:
    """Make the function that keeps a tool's declared outputs, in declared order, of a reply and its inputs.

    What the reply lacks is null; what is not declared is left out.
    """
    parts = [(name, _getter(name, output)) for name, output in spec.outputs.items()]
    counts = [(name, output.count_of) for name, output in spec.outputs.items() if output.count_of]

    def keep(reply: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
        source = reply if isinstance(reply, Mapping) else {}
        kept = {name: get(source, inputs) for name, get in parts}
        for name, counted in counts:
            kept[name] = len(kept[counted] or ())
        return kept

    return keep


def _getter(name: str, output: Output) -> Callable[[Mapping[str, Any], Mapping[str, Any]], Any]:
    if output.constant is not None:
        return lambda _reply, _inputs: output.constant
    if (repeated := output.from_input) is not None:
        return lambda _reply, inputs: inputs.get(repeated)
    if output.count_of is not None:
        return lambda _reply, _inputs: None
    read = _reader(name, output)
    return lambda reply, _inputs: read(reply)


def _reader(name: str, field: OutputField) -> Callable[[Mapping[str, Any]], Any]:
    shape = _shaper(field)
    if field.source == "$":
        return shape
    steps = (field.source or name).split(".")
    if len(steps) == 1:
        key = steps[0]
        return lambda reply: shape(reply.get(key))

    return lambda reply: shape(_walk(reply, steps))


def at(reply: Any, path: str) -> Any:
    """Give what stands at a dotted path of a reply; None where there is nothing."""
    return _walk(reply, path.split("."))


def _walk(value: Any, steps: list[str]) -> Any:
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _shaper(field: OutputField) -> Callable[[Any], Any]:
    if field.scale is not None:
        scale = field.scale
        return lambda value: round(value * scale, 6) if _is_number(value) else None
    if field.fields is not None:
        readers = [(name, _reader(name, part)) for name, part in field.fields.items()]
        return lambda value: {name: read(value) for name, read in readers} if isinstance(value, Mapping) else None
    if field.items is not None and (field.items.fields is not None or field.items.items is not None):
        entry = _shaper(field.items)
        return lambda value: [entry(part) for part in value] if isinstance(value, list) else None
    return lambda value: value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
