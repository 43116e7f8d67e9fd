"""Reading of Hex's replies as the spec declares them: values of the declared types, or null and said so.

Compiled once per tool into plain functions, so that a reply that is as declared costs little.
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
    """A reply as declared, and what was amiss in it, by the names of the outputs, each once however often it was.

    lacking: what the tool is for. missing: what Hex always sends. unread: what was of another type than declared.
    left_out: how many entries of a list were no objects, where only objects are of use.
    """

    reply: Any
    lacking: dict[str, None]
    missing: dict[str, None]
    unread: dict[str, None]
    left_out: dict[str, int]


def reply_coercer(spec: ToolSpec) -> Callable[[Any], CoercedReply]:
    """Make the function that makes a reply what the spec's outputs say of it, wherever it is something else.

    A number in text is read where that is exact. Any other value of another type than declared becomes null, and
    leaves a list of objects; numbers beyond all measure become null too. What is not declared stays as it is. A
    reply that is as declared is given back unchanged.
    """
    if spec.experimental:
        return lambda reply: CoercedReply(reply, {}, {}, {}, {})
    root = _Shape()
    for name, output in spec.outputs.items():
        if output.constant is None and output.from_input is None and output.count_of is None:
            listed = spec.paging is not None and spec.paging.items == name
            root.add(name, output.model_copy(update={"required": True}) if listed else output, name)
    if spec.paging is not None:
        root.reach(spec.paging.next.split(".")).always_there = True
    root.prepare()

    def coerce(reply: Any) -> CoercedReply:
        fitted = CoercedReply(reply, {}, {}, {}, {})
        if not root.parts:
            return fitted
        # A reply that is no object holds nothing of what is declared.
        whole = root.fit_object(reply if isinstance(reply, dict) else {}, fitted)
        return fitted._replace(reply=whole if isinstance(reply, dict) else None)

    return coerce


def _number_in(said: str) -> int | float | None:
    """Return the number that a text holds; None where it holds none, or none that can be kept exactly."""
    if WHOLE.fullmatch(said):
        return int(said)
    if FRACTION.fullmatch(said) and len(said.lstrip("-").replace(".", "")) <= 15:
        return float(said)
    return None


class _Shape:
    """What a part of a reply is declared to be: its types, its named parts, its entries."""

    def __init__(self, name: str = "", *, in_list: bool = False) -> None:
        self.name = name
        self.in_list = in_list
        # Whether it is an output, not only passed through on the way to one.
        self.declared = False
        self.nullable = self.required = False
        # Whether Hex always sends it, be it null.
        self.always_there = False
        # Whether something is amiss where it is null; and whether that makes the reply useless.
        self.expected = self.essential = False
        self.types: tuple[type, ...] = (object,)
        # What needs no closer look: a value of this type is as declared.
        self.plain: type | None = None
        self.words: tuple[str, ...] = ()
        self.parts: dict[str, _Shape] = {}
        self.entries: _Shape | None = None
        self.steps: tuple[tuple[str, _Shape], ...] = ()

    def reach(self, steps: list[str], shown: str = "") -> _Shape:
        """Return the part that some steps lead to, made where it is not there yet."""
        shape = self
        for step in steps:
            shape._take((dict,))
            shape = shape.parts.setdefault(step, _Shape(shown or ".".join(steps), in_list=self.in_list))
        return shape

    def add(self, name: str, field: OutputField, shown: str) -> None:
        """Add a field that stands in this part. shown: its name among the tool's outputs."""
        steps = [] if field.source == "$" else (field.source or name).split(".")
        self.reach(steps, shown)._declare(field, shown)

    def _declare(self, field: OutputField, shown: str) -> None:
        # Hex's document says integer where a number with a fraction would be no harm.
        self._take(PYTHON_TYPES["number" if field.type == "integer" else field.type])
        if not self.declared:
            self.name = shown
        self.declared = True
        self.words = self.words or field.words or ()
        # What older or newer servers do not send is no loss.
        self.nullable = self.nullable or field.nullable or field.newer
        self.required = self.required or field.required
        for part, nested in (field.fields or {}).items():
            self.add(part, nested, f"{shown}.{part}")
        if field.items is not None:
            self.entries = self.entries or _Shape(in_list=True)
            self.entries._declare(field.items, f"{shown}[]")

    def _take(self, types: tuple[type, ...]) -> None:
        self.types = types
        self.plain = types[0] if types in ((str,), (bool,)) else None

    def prepare(self) -> None:
        """Work out, once all is added, what is amiss where this part is null."""
        below = self.parts.values()
        for part in below:
            part.prepare()
        if self.entries is not None:
            self.entries.prepare()
        self.essential = self.required or (not self.nullable and any(part.essential for part in below))
        due = self.declared or any(part.expected or part.always_there for part in below)
        self.expected = self.essential or (not self.nullable and due)
        self.steps = tuple(self.parts.items())

    def fit(self, value: Any, found: CoercedReply) -> Any:
        """Return a value, which is not null, as declared; note in `found` what is amiss."""
        kind = type(value)
        if kind is self.plain:
            if value == "" and self.required:
                self._note_absent(found)
            return value
        if kind is dict and (self.parts or dict in self.types):
            return self.fit_object(value, found)
        if kind is list and list in self.types:
            return self._fit_list(value, found)
        if (read := self._read(value)) is None:
            self._note_unread(found)
        return read

    def _read(self, value: Any) -> Any:
        """Return a value as one of the declared types; None where it is of none."""
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

    def fit_object(self, value: dict[str, Any], found: CoercedReply) -> dict[str, Any]:
        """Return an object with its declared parts as declared."""
        changed: dict[str, Any] = {}
        for name, shape in self.steps:
            part = value.get(name)
            if part is None:
                if shape.expected or (shape.always_there and name not in value):
                    shape._note_absent(found)
            elif (fitted := shape.fit(part, found)) is not part:
                changed[name] = fitted
        return value | changed if changed else value

    def _fit_list(self, value: list[Any], found: CoercedReply) -> list[Any]:
        entry = self.entries
        if entry is None:
            return value
        if entry.types == (dict,):
            objects = [each for each in value if isinstance(each, dict)]
            if left_out := len(value) - len(objects):
                found.left_out[entry.name] = found.left_out.get(entry.name, 0) + left_out
                found.unread[entry.name] = None
            fitted = [entry.fit_object(each, found) for each in objects]
        else:
            fitted = [entry._fit_entry(each, found) for each in value]
        same = len(fitted) == len(value) and all(map(is_, fitted, value))
        return value if same else fitted

    def _fit_entry(self, value: Any, found: CoercedReply) -> Any:
        if value is not None:
            return self.fit(value, found)
        if not self.nullable:
            found.missing[self.name] = None
        return None

    def _note_absent(self, found: CoercedReply) -> None:
        """Note what is amiss where nothing stands here."""
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
