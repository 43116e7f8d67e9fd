"""Compares two trees and finds their differences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from hex_blocks.dev.drift.openapi import PLACES, Shape
from hex_blocks.dev.drift.specs import Claim, Node
from hex_blocks.i18n.formats import whole

FACTS = {
    "enum": "enum",
    "minimum": "minimum",
    "maximum": "maximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "format": "format",
}
NUMBERS = {"integer": "number", "number": "integer"}
# Newer documents of Hex do not have these formats, but the values are the same.
DROPPED_FORMATS = ("uuid", "date-time")
LENGTHS = ("min_length", "max_length")


@dataclass(frozen=True)
class Finding:
    """A difference: `hex` and `here` are the two sides; `wire` is the path in Hex's JSON."""

    kind: Literal["added", "gone", "changed"]
    tool: str | None
    operation: str
    field: str
    what: str
    hex: Any
    here: Any
    wire: str = ""


@dataclass(frozen=True)
class Walk:
    """Compares a tool with its operation."""

    tool: str
    operation: str
    incoming: bool = True

    def changed(self, name: str, what: str, hex_says: Any, here: Any, wire: str = "") -> Finding:
        """Return the finding of a change."""
        return Finding("changed", self.tool, self.operation, name, what, hex_says, here, wire)

    def requests(self, theirs: Shape, ours: Node) -> Iterator[Finding]:
        """Compare the inputs, place by place."""
        for place in PLACES:
            shape = theirs.fields.get(place, Shape.closed({}))
            yield from replace(self, incoming=True).compare(shape, ours.fields[place], "inputs", place, sure=True)

    def replies(self, theirs: Shape, ours: Node) -> Iterator[Finding]:
        """Compare the outputs."""
        shape = replace(theirs, required=True)
        yield from replace(self, incoming=False).compare(shape, ours, "outputs", "reply", sure=True)

    def compare(
        self, theirs: Shape, ours: Node, name: str, wire: str, *, sure: bool, in_entry: bool = False
    ) -> Iterator[Finding]:
        """Compare one place.

        Args:
            theirs: Hex's side.
            ours: The spec's side.
            name: The name in the tool.
            wire: The path in Hex's JSON.
            sure: Whether all objects around it are always present, as a body is.
            in_entry: The same, from an entry that several inputs fill together; false outside of one.
        """
        there = sure and theirs.required
        if ours.claims:
            name = ours.claims[0].name
            yield from self._claims(theirs, ours, wire, there)
            if ours.in_entry and not (in_entry and theirs.required) and there == ours.demanded:
                yield self.changed(name, "required", False, True, wire)
            sure = True
        elif wire not in PLACES:
            sure = there and (self.incoming or not theirs.nullable)
            if self.incoming:
                yield from self._passage(theirs, ours, name, wire, there)
        in_entry = (in_entry and theirs.required) or ours.is_entry
        yield from self._fields(theirs, ours, name, wire, sure, in_entry)
        yield from self._entries(theirs, ours, name, wire, sure)

    def _passage(self, theirs: Shape, ours: Node, name: str, wire: str, there: bool) -> Iterator[Finding]:
        """Compare an object that only contains other places: it is present if a call fills it, and never null."""
        if there != ours.demanded and not wire.endswith("[]"):
            yield self.changed(name, "required", there, ours.demanded, wire)
        if theirs.nullable:
            yield self.changed(name, "nullable", True, False, wire)
        if ours.spread:
            yield from self._facts(theirs, ours.spread, wire, LENGTHS)

    def _claims(self, theirs: Shape, ours: Node, wire: str, there: bool) -> Iterator[Finding]:
        claims = ours.claims
        types = sorted({claim.type for claim in claims})
        loose = "any" in types and len(theirs.types) == 1
        if (
            theirs.types
            and types != sorted(theirs.types)
            and ("any" not in types or loose)
            and not self._takes(theirs, ours)
        ):
            yield self.changed(claims[0].name, "type", " or ".join(sorted(theirs.types)), " or ".join(types), wire)
        if self.incoming and ours.demanded != there and not wire.endswith("[]"):
            yield self.changed(claims[0].name, "required", there, ours.demanded, wire)
        # A field that a reply lacks is null for callers of a tool.
        nullable = theirs.nullable or (not self.incoming and not there)
        # A field that not every version of Hex's API has is null if it is absent.
        if nullable != ours.nullable and (self.incoming or not all(claim.newer for claim in claims)):
            yield self.changed(claims[0].name, "nullable", nullable, ours.nullable, wire)
        for claim in claims:
            yield from self._facts(theirs, claim, wire, FACTS)
            default = theirs.types[claim.type].default if claim.type in theirs.types else None
            if None not in (default, claim.facts.default) and default != claim.facts.default:
                yield self.changed(claim.name, "default", default, claim.facts.default, wire)

    def _takes(self, theirs: Shape, ours: Node) -> bool:
        """Return whether both types are compatible: an integer is a number, and some numbers can be sent as text."""
        if self.incoming:
            return set(theirs.types) == {"number"} and all(claim.type == "integer" for claim in ours.claims)
        return theirs.types.keys() <= {"integer", "string"} and all(claim.words for claim in ours.claims)

    def _facts(self, theirs: Shape, claim: Claim, wire: str, names: Any) -> Iterator[Finding]:
        facts = theirs.types.get(claim.type) or theirs.types.get(NUMBERS.get(claim.type, ""))
        if facts is None:
            return
        for name in names:
            hex_says, here = getattr(facts, name), getattr(claim.facts, name)
            # For callers, an ID in a reply is text.
            shown_as_text = name == "format" and not self.incoming and (hex_says, here) == ("uuid", None)
            dropped = name == "format" and hex_says is None and here in DROPPED_FORMATS
            known = name == "enum" and hex_says and here and set(here) - set(hex_says) <= claim.newer_values
            known = known and set(hex_says) <= set(here)
            if hex_says != here and not shown_as_text and not dropped and not known:
                yield self.changed(claim.name, FACTS[name], _plain(hex_says), _plain(here), wire)

    def _fields(self, theirs: Shape, ours: Node, name: str, wire: str, sure: bool, in_entry: bool) -> Iterator[Finding]:
        facts = theirs.types.get("object")
        listed = facts.fields if facts else None
        free = (facts is not None and listed is None) or not theirs.types
        is_object = any(claim.type == "object" for claim in ours.claims)
        if free and ours.fields:
            yield self.changed(name, "fields", None, ", ".join(sorted(ours.fields)), wire)
            return
        if listed and is_object and not ours.fields:
            yield self.changed(name, "fields", ", ".join(sorted(listed)), None, wire)
            return
        if ours.claims and (facts is None or not is_object):
            return
        for key in [key for key in listed or {} if key not in ours.fields]:
            yield self._added(f"{name}.{key}", f"{wire}.{key}", _told((listed or {})[key], sure))
        # If the object is only sent with one of its fields, none of several can be required.
        any_one = self.incoming and not (sure or in_entry or ours.claims) and len(ours.fields) > 1
        for key, node in ours.fields.items():
            below, path = f"{name}.{key}", f"{wire}.{key}"
            if not listed or key not in listed:
                yield from self._gone(node, path)
                continue
            if any_one and listed[key].required:
                yield self.changed(node.claims[0].name if node.claims else below, "required", True, False, path)
            yield from self.compare(listed[key], node, below, path, sure=sure, in_entry=in_entry)

    def _entries(self, theirs: Shape, ours: Node, name: str, wire: str, sure: bool) -> Iterator[Finding]:
        facts = theirs.types.get("array")
        if facts and facts.items and ours.items:
            items = replace(facts.items, required=True)
            yield from self.compare(items, ours.items, f"{name}[]", f"{wire}[]", sure=sure)
        elif ours.items and not ours.claims:
            yield from self._gone(ours.items, f"{wire}[]")
        elif facts and facts.items and facts.items.types and any(claim.type == "array" for claim in ours.claims):
            yield self.changed(name, "items", _told(facts.items, sure), None, wire)

    def _added(self, name: str, wire: str, told: str) -> Finding:
        return Finding("added", self.tool, self.operation, name, "field", told, None, wire)

    def _gone(self, node: Node, wire: str) -> Iterator[Finding]:
        for claim in node.outermost():
            if not claim.newer:
                yield Finding("gone", self.tool, self.operation, claim.name, "field", None, claim.type, wire)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return ", ".join(value)
    return whole(value)


def _told(shape: Shape, sure: bool) -> str:
    """Return in a few words what Hex accepts or returns."""
    said = [" or ".join(sorted(shape.types)) or "anything"]
    said += [word for word, holds in (("required", shape.required and sure), ("nullable", shape.nullable)) if holds]
    return ", ".join(said)
