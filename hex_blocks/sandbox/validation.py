"""Types that describe the valid values of requests, and their parsing.

A body is an `Obj` of named types. A name that ends in `*` is required, and the value of one with `^` may be null, as in
`{"name*": Text(least=1), "status*^": Text()}`. The same types parse query parameters from text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")


def is_uuid(text: object) -> bool:
    """Return whether a value is a UUID in its usual form, of any version."""
    return isinstance(text, str) and UUID.fullmatch(text) is not None


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Any value; the base of all other types."""

    default: Any = None

    def problems(self, value: Any, where: str) -> Iterator[str]:
        """Yield a sentence for each fault of a value."""
        yield from ()

    def read(self, texts: Sequence[str]) -> Any:
        """Return the value of a query parameter.

        Raises:
            ValueError: Its texts are not valid.
        """
        if len(texts) != 1:
            raise ValueError("is given more than once")
        return texts[0]

    def unquoted(self, value: Any) -> Any:
        """Return a value of a body with booleans and numbers that were sent as text converted."""
        return value


@dataclass(frozen=True, kw_only=True)
class Text(Kind):
    """A text with a length, a list of choices, or the format of a UUID."""

    least: int = 0
    most: int | None = None
    choices: Sequence[str] = ()
    uuid: bool = False

    def problems(self, value: Any, where: str) -> Iterator[str]:
        """Yield a sentence for each fault of a value."""
        if not isinstance(value, str):
            yield f"{where} must be a string"
        elif self.choices and value not in self.choices:
            yield f"{where} must be one of {', '.join(self.choices)}"
        elif self.uuid and not is_uuid(value):
            yield f"{where} must be a UUID"
        elif len(value) < self.least:
            yield f"{where} must have at least {self.least} character(s)"
        elif self.most is not None and len(value) > self.most:
            yield f"{where} must have at most {self.most} characters"


@dataclass(frozen=True, kw_only=True)
class Cursor(Text):
    """A cursor. An empty one in a query counts as not given, because clients send the parameter without a value."""

    def read(self, texts: Sequence[str]) -> str | None:
        """Return the cursor."""
        text: str = super().read(texts)
        return text or None


@dataclass(frozen=True, kw_only=True)
class Number(Kind):
    """A number in a range. Booleans are not numbers."""

    least: float | None = None
    most: float | None = None
    whole: bool = False

    def problems(self, value: Any, where: str) -> Iterator[str]:
        """Yield a sentence for each fault of a value."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield f"{where} must be a number"
        elif self.whole and value % 1:
            yield f"{where} must be a whole number"
        elif self.least is not None and value < self.least:
            yield f"{where} must be at least {self.least:g}"
        elif self.most is not None and value > self.most:
            yield f"{where} must be at most {self.most:g}"

    def read(self, texts: Sequence[str]) -> int | float:
        """Return the number."""
        text = super().read(texts)
        if not re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", text, re.ASCII):
            raise ValueError("must be a number")
        return float(text) if "." in text else int(text)

    def unquoted(self, value: Any) -> Any:
        """Return the number in a text."""
        return _if_it_can(self, value)


@dataclass(frozen=True, kw_only=True)
class Flag(Kind):
    """A boolean; in a query `true` or `false` in any case, because Python's clients send `True`."""

    def problems(self, value: Any, where: str) -> Iterator[str]:
        """Yield a sentence for each fault of a value."""
        if not isinstance(value, bool):
            yield f"{where} must be a boolean"

    def read(self, texts: Sequence[str]) -> bool:
        """Return the boolean."""
        text = super().read(texts).lower()
        if text not in ("true", "false"):
            raise ValueError("must be true or false")
        return bool(text == "true")

    def unquoted(self, value: Any) -> Any:
        """Return the boolean in a text."""
        return _if_it_can(self, value)


def _if_it_can(kind: Kind, value: Any) -> Any:
    """Return the value of a text, or the given value unchanged if it is not such a text."""
    try:
        return kind.read([value]) if isinstance(value, str) else value
    except ValueError:
        return value


@dataclass(frozen=True)
class ListOf(Kind):
    """A list of one type. In a query: a repeated key, `key[]=`, or one text with commas."""

    item: Kind
    most: int | None = field(default=None, kw_only=True)

    def problems(self, value: Any, where: str) -> Iterator[str]:
        """Yield a sentence for each fault of a value."""
        if not isinstance(value, list):
            yield f"{where} must be an array"
            return
        if self.most is not None and len(value) > self.most:
            yield f"{where} must have at most {self.most} items"
        for at, item in enumerate(value):
            yield from self.item.problems(item, f"{where}[{at}]")

    def read(self, texts: Sequence[str]) -> list[Any]:
        """Return the items."""
        parts = (part.strip() for text in texts for part in text.split(","))
        return [self.item.read([part]) for part in parts if part]

    def unquoted(self, value: Any) -> Any:
        """Return the list with its booleans and numbers converted."""
        return [self.item.unquoted(item) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class MapOf(Kind):
    """An object with any keys and values of one type."""

    value: Kind

    def problems(self, value: Any, where: str) -> Iterator[str]:
        """Yield a sentence for each fault of a value."""
        if not isinstance(value, dict):
            yield f"{where} must be an object"
            return
        for name, item in value.items():
            yield from self.value.problems(item, f"{where}.{name}")

    def unquoted(self, value: Any) -> Any:
        """Return the object with its booleans and numbers converted."""
        if not isinstance(value, dict):
            return value
        return {name: self.value.unquoted(item) for name, item in value.items()}


@dataclass(frozen=True)
class Obj(Kind):
    """An object with named keys. A closed one refuses other keys."""

    fields: Mapping[str, Kind]
    closed: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        bare = {name.rstrip("*^"): (name, kind) for name, kind in self.fields.items()}
        object.__setattr__(self, "_fields", bare)

    def problems(self, value: Any, where: str) -> Iterator[str]:
        """Yield a sentence for each fault of a value."""
        if not isinstance(value, dict):
            yield f"{where} must be an object"
            return
        fields: Mapping[str, tuple[str, Kind]] = self._fields  # type: ignore[attr-defined]
        for name, (marked, kind) in fields.items():
            if name not in value:
                if "*" in marked:
                    yield f"{where}.{name} is missing"
            elif value[name] is not None or "^" not in marked:
                yield from kind.problems(value[name], f"{where}.{name}")
        if self.closed:
            yield from (f"{where}.{name} is not a known key" for name in value if name not in fields)

    def unquoted(self, value: Any) -> Any:
        """Return the object with booleans and numbers converted under the named keys; other keys are unchanged."""
        if not isinstance(value, dict):
            return value
        fields: Mapping[str, tuple[str, Kind]] = self._fields  # type: ignore[attr-defined]
        return {name: fields[name][1].unquoted(item) if name in fields else item for name, item in value.items()}


@dataclass(frozen=True)
class Variants(Kind):
    """An object with exactly one of several keys, each with an object."""

    fields: Mapping[str, Obj]

    def problems(self, value: Any, where: str) -> Iterator[str]:
        """Yield a sentence for each fault of a value."""
        named = [name for name in self.fields if name in value] if isinstance(value, dict) else []
        if len(named) == 1:
            yield from self.fields[named[0]].problems(value[named[0]], f"{where}.{named[0]}")
        else:
            yield f"{where} must be an object with exactly one of {', '.join(self.fields)}"

    def unquoted(self, value: Any) -> Any:
        """Return the object with booleans and numbers in its variants converted."""
        return Obj(self.fields).unquoted(value)


def read_query(fields: Mapping[str, Kind], query: Mapping[str, list[str]]) -> tuple[dict[str, Any], list[str]]:
    """Return the values of an operation's query parameters, and their faults.

    Unknown parameters are ignored, as Hex evidently does: clients that page a cursor list by offset get its first page
    again.
    """
    values: dict[str, Any] = {}
    problems: list[str] = []
    for marked, kind in fields.items():
        name = marked.rstrip("*")
        values[name] = kind.default
        texts = query.get(name, []) + (query.get(f"{name}[]", []) if isinstance(kind, ListOf) else [])
        if not texts:
            problems += [f"query.{name} is missing"] if name != marked else []
            continue
        try:
            values[name] = kind.read(texts)
        except ValueError as error:
            problems.append(f"query.{name} {error}")
            continue
        if values[name] is not None:
            problems.extend(kind.problems(values[name], f"query.{name}"))
    return values, problems
