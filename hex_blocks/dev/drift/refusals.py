"""Compares Hex's error bodies with what the API client reads of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from hex_blocks.api.refusals import CODES, FIELDS
from hex_blocks.dev.drift.openapi import Operation, Shape
from hex_blocks.dev.drift.walk import Finding

# An error body is only recognized as Hex's if it has one of these fields.
REASONS = ("reason", "message")


def of_refusals(operation: Operation) -> Iterator[Finding]:
    """Return the fields of an operation's error bodies that are not read, each once."""
    seen: set[tuple[str, object, object]] = set()
    for status, shape in operation.refusals.items():
        for name, what, hex_says, here in _differences(shape):
            if (name, hex_says, here) not in seen:
                seen.add((name, hex_says, here))
                yield Finding(_kind(hex_says, here), None, operation.id, f"errors.{name}", what, hex_says, here, status)


def _kind(hex_says: str | None, here: str | None) -> Literal["added", "gone", "changed"]:
    if here is None:
        return "added"
    return "gone" if hex_says is None else "changed"


def _differences(shape: Shape) -> Iterator[tuple[str, str, str | None, str | None]]:
    """Yield the name, what differs, Hex's side and ours, for each field of an error body."""
    if not shape.types:
        return
    if not any(name in shape.fields for name in REASONS):
        yield "reason", "field", None, "string"
    for name, field in shape.fields.items():
        told = " or ".join(sorted(field.types))
        if name not in FIELDS:
            yield name, "field", told or "anything", None
        elif not field.types.keys() <= FIELDS[name]:
            yield name, "type", told, " or ".join(sorted(FIELDS[name]))
    codes = getattr(shape.fields.get("code", Shape()).types.get("string"), "enum", None) or ()
    if not CODES.issuperset(codes):
        yield "code", "enum", ", ".join(sorted(codes)), ", ".join(sorted(CODES))
