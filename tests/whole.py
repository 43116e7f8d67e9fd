"""Complete replies of Hex, so that a test only needs to set the fields that it is about."""

from __future__ import annotations

from functools import cache
from typing import Any

from hex_blocks import Registry
from hex_blocks.tools.spec.tool import ToolSpec
from hex_blocks.tools.spec.values import OutputField

SAMPLES = {
    "string": "text",
    "integer": 12,
    "number": 12,
    "boolean": True,
    "object": {},
    "array": [],
    "any": "anything",
}


def whole(tool_id: str, **given: Any) -> dict[str, Any]:
    """Return a reply for a tool: null for nullable fields, samples for others, and the given values."""
    return _with_nulls(declared(_registry()[tool_id].spec)) | given


def whole_entry(tool_id: str, **given: Any) -> dict[str, Any]:
    """Return an entry of the list that a tool reads, in the same way."""
    spec = _registry()[tool_id].spec
    assert spec.paging
    items = spec.outputs[spec.paging.items].items
    assert items
    return _with_nulls(items.fields or {}) | given


def declared(spec: ToolSpec) -> dict[str, OutputField]:
    """Return the outputs that come from the reply."""
    return {
        name: output
        for name, output in spec.outputs.items()
        if output.constant is None and output.from_input is None and output.count_of is None
    }


def filled(fields: dict[str, Any]) -> dict[str, Any]:
    """Return an object with samples for all declared fields, without null."""
    return _object(fields, nulls=False)


@cache
def _registry() -> Registry:
    return Registry.load(plugins=False)


def _with_nulls(fields: dict[str, Any]) -> dict[str, Any]:
    return _object(fields, nulls=True)


def _object(fields: dict[str, Any], *, nulls: bool) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, field in fields.items():
        if field.source == "$":
            made |= _object(field.fields or {}, nulls=nulls)
            continue
        *outer, last = (field.source or name).split(".")
        parent = made
        for step in outer:
            parent = parent.setdefault(step, {})
        parent.setdefault(last, _value(field, nulls=nulls))
    return made


def _value(field: OutputField, *, nulls: bool) -> Any:
    if nulls and (field.nullable or field.newer):
        return None
    if field.fields is not None:
        return _object(field.fields, nulls=nulls)
    if field.items is not None:
        return [] if nulls else [_value(field.items, nulls=nulls)] * 2
    return field.enum[0] if field.enum else SAMPLES[field.type]
