"""Converts values from forms, models and programs to JSON values of the declared types."""

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

from hex_blocks.api.replies import reject_constant
from hex_blocks.api.secret import revealed
from hex_blocks.tools.inputs.bounds import MAX_DEPTH, MAX_NUMBER_LENGTH, MAX_SEARCHED
from hex_blocks.tools.inputs.faults import InvalidValueError, json_problem, refuse, shown

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
# Words that callers send for "not given". They are only read so in optional inputs that cannot have such a value.
NOTHING = frozenset({"null", "none", "nil", "undefined", "n/a", "<null>", "<none>", "(null)", "(none)"})
# Those of them that also mean "not given" for a list of texts, which could have an entry "None".
NOT_A_LIST = frozenset({"null", "undefined"})


def is_blank(value: Any) -> bool:
    """Return whether a value is None, or text of spaces only."""
    value = value if isinstance(value, str) else revealed(value)
    return value is None or (isinstance(value, str) and not value.strip())


def as_text(value: Any) -> Any:
    """Return an integer, date or similar value as text. Other values are returned unchanged."""
    value = _scalar(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**100:
        return str(value)
    return value


def check_characters(value: str, path: str = "") -> None:
    """Refuse text with a lone surrogate, which JSON can contain and which cannot be encoded."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise refuse("half_character", value, path) from None


def as_integer(value: Any) -> Any:
    """Return an integer, also from text."""
    value = _bare(value)
    if isinstance(value, str) and len(value) <= MAX_NUMBER_LENGTH and INTEGER.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise refuse("not_integer", value)
    return int(value)


def _bare(value: Any) -> Any:
    """Return a scalar as a JSON value, without quotes around it."""
    return unquoted(value.strip()) if isinstance(value, str) and len(value) < MAX_NUMBER_LENGTH else _scalar(value)


def as_number(value: Any) -> Any:
    """Return a number, also from text."""
    value = _bare(value)
    if isinstance(value, str) and len(value) <= MAX_NUMBER_LENGTH and NUMBER.fullmatch(value.strip()):
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
    """Return the value of JSON text. Other values are returned unchanged.

    Args:
        value: The text.
        wanted: If the JSON is itself text, and that text is JSON of this type, its value is returned.
    """
    read = read_json(value)
    if wanted is None or not isinstance(value, str) or not isinstance(read, str):
        return read
    try:
        again = read_json(read)
    except InvalidValueError:
        return read
    return again if isinstance(again, wanted) else read


def read_json(value: Any) -> Any:
    """Return the value of JSON text. Other values are returned unchanged.

    Raises:
        InvalidValueError: It is not valid JSON, or is nested too deeply.
    """
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value, parse_constant=reject_constant)
    except json.JSONDecodeError as error:
        raise refuse("bad_json", value, **json_problem(error)) from None
    except RecursionError:
        raise refuse("json_too_deep", value) from None
    except ValueError as error:
        raise refuse("bad_json", value, problem=str(error), line=1, column=1) from None


def as_object(value: Any) -> Any:
    """Return an object, also from JSON text."""
    was_text = isinstance(value, str)
    value = from_json(value, dict)
    if not isinstance(value, Mapping):
        check_depth(value)
        raise refuse("json_not_object" if was_text else "not_object", value)
    return as_plain(value)


def unwrapped_list(value: str) -> Any:
    """Return the list in JSON text that was encoded twice, or None if there is none."""
    try:
        read = from_json(value, list)
    except InvalidValueError:
        return None
    return read if isinstance(read, list) else None


def check_depth(value: Any) -> None:
    """Check that a value has at most MAX_DEPTH levels.

    Raises:
        InvalidValueError: It has more.
    """
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
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
    """Return a value of Python's types as a JSON value.

    Raises:
        InvalidValueError: It contains something that JSON cannot represent, or is nested too deeply.
    """
    check_depth(value)
    return _json_value(value, "")


def _json_value(value: Any, path: str) -> Any:
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                raise refuse("name_not_text", name, f"{path}.{shown(name)}")
            check_characters(name, f"{path}.{name}")
        return {str(name): _json_value(part, f"{path}.{name}") for name, part in value.items()}
    if isinstance(value, set | frozenset):
        # Sorted, because the inputs of a start with the same idempotency key have to be the same each time.
        value = sorted(value, key=repr)
    if isinstance(value, list | tuple):
        return [_json_value(part, f"{path}[{number}]") for number, part in enumerate(value)]
    plain = _scalar(value)
    if isinstance(plain, str):
        check_characters(plain, path)
    if isinstance(plain, float) and (plain != plain or plain in (float("inf"), float("-inf"))):
        raise refuse("not_number", plain, path)
    if plain is not None and not isinstance(plain, str | int | float):
        raise refuse("not_json", type(value).__name__, path)
    return plain


def _scalar(value: Any) -> Any:
    """Return a scalar of Python's types as a JSON value. Other values are returned unchanged."""
    if isinstance(value, Enum):
        value = value.value
    if value is None or type(value) in (str, int, float, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, datetime):
        iso = value.isoformat()
        return iso.removesuffix("+00:00") + "Z" if iso.endswith("+00:00") else iso
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
    """Return text without quotes if it is a JSON string, as it is if it was encoded twice."""
    if len(value) < 2 or len(value) > MAX_SEARCHED or value[0] != '"' or value[-1] != '"':
        return value
    try:
        read = json.loads(value)
    except ValueError:
        return value
    return read.strip() if isinstance(read, str) else value
