"""Converts Hex's replies to the types that a tool's spec declares, and reports what does not match.

The declarations are compiled once per tool, so that a reply that matches them is checked quickly.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import is_
from typing import Any, NamedTuple

from hex_blocks.tools.spec.tool import ToolSpec
from hex_blocks.tools.spec.values import PYTHON_TYPES, OutputField

LARGEST = 2**63
WHOLE = re.compile(r"-?\d{1,19}", re.ASCII)
FRACTION = re.compile(r"-?\d{1,15}\.\d{1,15}", re.ASCII)


class CoercedReply(NamedTuple):
    """A converted reply, and the names of the outputs that did not match. Sets of names are dicts, to keep their order.

    Attributes:
        reply: The converted reply.
        lacking: Required outputs that are absent, without which the reply is an error.
        missing: Other outputs that are absent though Hex always sends them.
        unread: Outputs whose values are of another type than declared.
        left_out: How many entries of a list were left out because they are not objects, by list.
    """

    reply: Any
    lacking: dict[str, None]
    missing: dict[str, None]
    unread: dict[str, None]
    left_out: dict[str, int]


def reply_coercer(spec: ToolSpec) -> Callable[[Any], CoercedReply]:
    """Return a function that converts a reply to the types of the spec's outputs.

    A number written as text is converted if that is exact. Any other value of another type becomes None, or is left
    out of a list of objects; numbers of 2**63 and more become None too. Fields that are not declared stay unchanged. A
    reply that matches the declarations is returned as it is.
    """
    if spec.experimental:
        return lambda reply: CoercedReply(reply, {}, {}, {}, {})
    root = _Shape()
    for name, output in spec.outputs.items():
        if output.constant is None and output.from_input is None and output.count_of is None:
            listed = spec.paging is not None and spec.paging.items == name
            root.add(name, output.replaced(required=True) if listed else output, name)
    if spec.paging is not None:
        root.reach(spec.paging.next.split(".")).always_there = True
    root.prepare()

    def coerce(reply: Any) -> CoercedReply:
        coerced = CoercedReply(reply, {}, {}, {}, {})
        if not root.parts:
            return coerced
        # In a reply that is not an object, all outputs are absent.
        whole = root.coerce_object(reply if isinstance(reply, dict) else {}, coerced)
        return coerced._replace(reply=whole if isinstance(reply, dict) else None)

    return coerce


def _number_in(text: str) -> int | float | None:
    """Return the number in a text, or None if it is not a number or cannot be represented exactly."""
    if WHOLE.fullmatch(text):
        return int(text)
    if FRACTION.fullmatch(text) and len(text.lstrip("-").replace(".", "")) <= 15:
        return float(text)
    return None


class _Shape:
    """The declaration of a part of a reply: its types, the fields of an object, and the entries of a list."""

    def __init__(self, name: str = "", *, in_list: bool = False) -> None:
        self.name = name
        self.in_list = in_list
        # Whether it is an output itself, not only an object that contains one.
        self.declared = False
        self.nullable = self.required = False
        # Whether Hex always sends it, possibly as null.
        self.always_there = False
        # Whether null is reported, and whether null makes the whole reply an error.
        self.expected = self.essential = False
        self.types: tuple[type, ...] = (object,)
        # A value of exactly this type needs no further check.
        self.plain: type | None = None
        self.words: tuple[str, ...] = ()
        self.parts: dict[str, _Shape] = {}
        self.entries: _Shape | None = None
        self.steps: tuple[tuple[str, _Shape], ...] = ()

    def reach(self, steps: list[str], shown: str = "") -> _Shape:
        """Return the part at a path, and create it if needed."""
        shape = self
        for step in steps:
            shape._set_types((dict,))
            shape = shape.parts.setdefault(step, _Shape(shown or ".".join(steps), in_list=self.in_list))
        return shape

    def add(self, name: str, field: OutputField, shown: str) -> None:
        """Add a field of this part. `shown` is its full name among the tool's outputs."""
        steps = [] if field.source == "$" else (field.source or name).split(".")
        self.reach(steps, shown)._declare(field, shown)

    def _declare(self, field: OutputField, shown: str) -> None:
        # Fractions are accepted where Hex's API document declares an integer: they do no harm.
        self._set_types(PYTHON_TYPES["number" if field.type == "integer" else field.type])
        if not self.declared:
            self.name = shown
        self.declared = True
        self.words = self.words or field.words or ()
        # Fields that only some versions of Hex's API have may be absent.
        self.nullable = self.nullable or field.nullable or field.newer
        self.required = self.required or field.required
        for part, nested in (field.fields or {}).items():
            self.add(part, nested, f"{shown}.{part}")
        if field.items is not None:
            self.entries = self.entries or _Shape(in_list=True)
            self.entries._declare(field.items, f"{shown}[]")

    def _set_types(self, types: tuple[type, ...]) -> None:
        self.types = types
        self.plain = types[0] if types in ((str,), (bool,)) else None

    def prepare(self) -> None:
        """Compute `expected`, `essential` and `steps` after all fields are added."""
        below = self.parts.values()
        for part in below:
            part.prepare()
        if self.entries is not None:
            self.entries.prepare()
        self.essential = self.required or (not self.nullable and any(part.essential for part in below))
        due = self.declared or any(part.expected or part.always_there for part in below)
        self.expected = self.essential or (not self.nullable and due)
        self.steps = tuple(self.parts.items())

    def coerce(self, value: Any, found: CoercedReply) -> Any:
        """Return a value other than None converted to the declared type, and note in `found` what does not match."""
        kind = type(value)
        if kind is self.plain:
            if value == "" and self.required:
                self._note_absent(found)
            return value
        if kind is dict and (self.parts or dict in self.types):
            return self.coerce_object(value, found)
        if kind is list and list in self.types:
            return self._coerce_list(value, found)
        if (read := self._read(value)) is None:
            self._note_unread(found)
        return read

    def _read(self, value: Any) -> Any:
        """Return a value as one of the declared types, or None if it is of another type."""
        if isinstance(value, str) and int in self.types and value not in self.words:
            value = _number_in(value)
        elif isinstance(value, str) and value in self.words:
            return value
        if isinstance(value, bool):
            return value if bool in self.types or object in self.types else None
        if not isinstance(value, self.types):
            return None
        if isinstance(value, int | float):
            return value if -LARGEST <= value <= LARGEST else None
        return value

    def coerce_object(self, value: dict[str, Any], found: CoercedReply) -> dict[str, Any]:
        """Return an object with its declared fields converted."""
        changed: dict[str, Any] = {}
        for name, shape in self.steps:
            part = value.get(name)
            if part is None:
                if shape.expected or (shape.always_there and name not in value):
                    shape._note_absent(found)
            elif (coerced := shape.coerce(part, found)) is not part:
                changed[name] = coerced
        return value | changed if changed else value

    def _coerce_list(self, value: list[Any], found: CoercedReply) -> list[Any]:
        entry = self.entries
        if entry is None:
            return value
        if entry.types == (dict,):
            objects = [each for each in value if isinstance(each, dict)]
            if left_out := len(value) - len(objects):
                found.left_out[entry.name] = found.left_out.get(entry.name, 0) + left_out
                found.unread[entry.name] = None
            coerced = [entry.coerce_object(each, found) for each in objects]
        else:
            coerced = [entry._coerce_entry(each, found) for each in value]
        same = len(coerced) == len(value) and all(map(is_, coerced, value))
        return value if same else coerced

    def _coerce_entry(self, value: Any, found: CoercedReply) -> Any:
        if value is not None:
            return self.coerce(value, found)
        if not self.nullable:
            found.missing[self.name] = None
        return None

    def _note_absent(self, found: CoercedReply) -> None:
        """Note the outputs that are absent because this part is."""
        if self.required:
            (found.missing if self.in_list else found.lacking)[self.name] = None
        elif (self.declared and not self.essential) or self.always_there:
            found.missing[self.name] = None
        else:
            for _, part in self.steps:
                if part.expected or part.always_there:
                    part._note_absent(found)

    def _note_unread(self, found: CoercedReply) -> None:
        if self.essential and not self.in_list:
            self._note_absent(found)
        elif self.declared or not self.steps:
            found.unread[self.name] = None
        else:
            for _, part in self.steps:
                found.unread[part.name] = None
