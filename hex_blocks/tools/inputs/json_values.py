"""Values as forms, models and programs give them, read as the JSON that they mean."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from numbers import Integral, Real
from typing import Any

from pydantic import (
    SecretStr,
)
from pydantic_core import PydanticCustomError

from hex_blocks.tools.inputs.bounds import DEEPEST, LARGEST_INTEGER, LONGEST_LOOKED_AT, LONGEST_NUMBER
from hex_blocks.tools.inputs.faults import refuse, shown

INTEGER = re.compile(r"[+-]?\d{1,18}")
NUMBER = re.compile(r"[+-]?(\d{1,300}\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "y": True,
    "t": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "n": False,
    "f": False,
    "0": False,
}
# What callers write for nothing. It is nothing only where an optional input cannot hold such a word.
NOTHING = frozenset({"null", "none", "nil", "undefined", "n/a", "<null>", "<none>", "(null)", "(none)"})
# Those that are nothing in place of a list of texts too, which may have an entry called None.
NO_LIST = frozenset({"null", "undefined"})


def is_blank(value: Any) -> bool:
    """Whether a value is null, or text of nothing but spaces."""
    value = value.get_secret_value() if isinstance(value, SecretStr) else value
    return value is None or (isinstance(value, str) and not value.strip())


def as_text(value: Any) -> Any:
    """Write as text what has one exact way to be written; anything else is as it was."""
    value = _scalar(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**100:
        return str(value)
    return value


def check_characters(value: str, place: str = "") -> None:
    """Refuse text that cannot be sent, at a place: half of a surrogate pair, which JSON can hold, is no character."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise refuse("half_character", value, place) from None


def as_integer(value: Any) -> Any:
    """Return a whole number, also from text."""
    value = _bare(value)
    if isinstance(value, str) and len(value) <= LONGEST_NUMBER and INTEGER.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise refuse("not_integer", value)
    if abs(value) > LARGEST_INTEGER:
        raise refuse("too_large", value, limit=LARGEST_INTEGER)
    return value


def _bare(value: Any) -> Any:
    """Return a scalar as JSON has it, without quotes too many."""
    return unquoted(value.strip()) if isinstance(value, str) and len(value) < LONGEST_NUMBER else _scalar(value)


def as_number(value: Any) -> Any:
    """Return a number, also from text."""
    value = _bare(value)
    if isinstance(value, str) and len(value) <= LONGEST_NUMBER and NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 1e308:
        raise refuse("not_number", value)
    return value


def as_boolean(value: Any) -> Any:
    """Return a boolean, also from 0, 1 and words."""
    value = _bare(value)
    word = WORDS.get(value.strip().lower()) if isinstance(value, str) else value
    if isinstance(word, int | float) and word in (0, 1):
        word = bool(word)
    if not isinstance(word, bool):
        raise refuse("not_boolean", value)
    return word


def from_json(value: Any, wanted: type | None = None) -> Any:
    """Read text that holds JSON; other values are taken as they are.

    wanted: text in the text is read once more where it holds one of these.
    """
    read = read_json(value)
    if wanted is None or not isinstance(value, str) or not isinstance(read, str):
        return read
    try:
        again = read_json(read)
    except PydanticCustomError:
        return read
    return again if isinstance(again, wanted) else read


def read_json(value: Any) -> Any:
    """Return the value that JSON text holds; other values as they are."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise refuse("bad_json", value, problem=error.msg, line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise refuse("json_too_deep", value) from None
    except ValueError as error:
        raise refuse("bad_json", value, problem=str(error), line=1, column=1) from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def as_object(value: Any) -> Any:
    """Return an object, also from JSON text."""
    was_text = isinstance(value, str)
    value = from_json(value, dict)
    if not isinstance(value, Mapping):
        check_depth(value)
        raise refuse("json_not_object" if was_text else "not_object", value)
    return as_plain(value)


def unwrapped_list(value: str) -> Any:
    """Return the list that JSON text holds, or a list of the text."""
    try:
        read = from_json(value, list)
    except PydanticCustomError:
        return None
    return read if isinstance(read, list) else None


def check_depth(value: Any) -> None:
    """Refuse what is nested past reason."""
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for part in level:
            if isinstance(part, Mapping):
                inner += part.values()
            elif isinstance(part, list | tuple | set | frozenset):
                inner += part
        if not inner:
            return
        level = inner
    raise refuse("json_too_deep", value)


def as_plain(value: Any) -> Any:
    """Return any value as JSON has it. Raises a fault with the place of what JSON cannot hold, or holds too deep."""
    check_depth(value)
    return _plainly(value, "")


def _plainly(value: Any, place: str) -> Any:
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                raise refuse("name_not_text", name, f"{place}.{shown(name)}")
            check_characters(name, f"{place}.{name}")
        return {str(name): _plainly(part, f"{place}.{name}") for name, part in value.items()}
    if isinstance(value, set | frozenset):
        # In an order that is the same each time, as a key kept for a start demands.
        value = sorted(value, key=repr)
    if isinstance(value, list | tuple):
        return [_plainly(part, f"{place}[{number}]") for number, part in enumerate(value)]
    plain = _scalar(value)
    if isinstance(plain, str):
        check_characters(plain, place)
    if isinstance(plain, float) and (plain != plain or plain in (float("inf"), float("-inf"))):
        raise refuse("not_number", plain, place)
    if plain is not None and not isinstance(plain, str | int | float):
        raise refuse("not_json", type(value).__name__, place)
    return plain


def _scalar(value: Any) -> Any:
    """Return one of Python's own scalars as JSON has it; anything else is as it was."""
    if isinstance(value, Enum):
        value = value.value
    if value is None or type(value) in (str, int, float, bool):
        return value
    if isinstance(value, datetime):
        said = value.isoformat()
        return said.removesuffix("+00:00") + "Z" if said.endswith("+00:00") else said
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, Decimal):
        if not value.is_finite():
            return float("nan")
        return int(value) if value.adjusted() < 19 and value == value.to_integral_value() else float(value)
    if isinstance(value, Integral) and not isinstance(value, int):
        return int(value)
    if isinstance(value, Real) and not isinstance(value, int | float):
        return float(value)
    return value


def unquoted(value: str) -> str:
    """Take the quotes off text that was written as JSON once too often."""
    if len(value) < 2 or len(value) > LONGEST_LOOKED_AT or value[0] != '"' or value[-1] != '"':
        return value
    try:
        read = json.loads(value)
    except ValueError:
        return value
    return read.strip() if isinstance(read, str) else value
