"""Selects a tool's declared outputs from Hex's reply and the inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hex_blocks.tools.spec.tool import ToolSpec
from hex_blocks.tools.spec.values import Output, OutputField


def output_selector(spec: ToolSpec) -> Callable[[Any, Mapping[str, Any]], dict[str, Any]]:
    """Return a function that takes a reply and the inputs, and returns the declared outputs in declared order.

    Outputs that the reply lacks are None; fields that are not declared are left out.
    """
    parts = [(name, _getter(name, output)) for name, output in spec.outputs.items()]
    counts = [(name, output.count_of) for name, output in spec.outputs.items() if output.count_of]

    def select(reply: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
        source = reply if isinstance(reply, Mapping) else {}
        outputs = {name: get(source, inputs) for name, get in parts}
        for name, counted in counts:
            outputs[name] = len(outputs[counted] or ())
        return outputs

    return select


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


def value_at(reply: Any, path: str) -> Any:
    """Return the value at a dotted path of a reply, or None if there is none."""
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
