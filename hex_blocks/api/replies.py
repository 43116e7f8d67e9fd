"""Parses the bodies of replies as strict JSON of limited depth."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 64
LONE_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Answer:
    """The parsed JSON of a successful reply; None if it has no content."""

    value: Any


def reject_constant(name: str) -> Any:
    """Raise a ValueError: NaN and Infinity are not JSON. For `json.loads(parse_constant=…)`."""
    raise ValueError(f"{name} is not JSON")


def parse_finite(number: str) -> float:
    """Return a number of a JSON text. For `json.loads(parse_float=…)`.

    Raises:
        ValueError: It is too large for a float.
    """
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(number)
    return value


def decode_json_text(content: bytes) -> str:
    """Return content as text. Only UTF-8 is accepted; `json.loads` would guess other encodings from bytes."""
    return content.removeprefix(b"\xef\xbb\xbf").decode()


def parse_error_body(content: bytes) -> Any:
    """Return the JSON of an error body; else its text; else "" if it is a web page."""
    text = content.decode("utf-8", "replace").strip()
    try:
        value = json.loads(text)
        check_depth(value)
    except (ValueError, RecursionError):
        return "" if text.startswith("<") else text
    return value


def check_depth(value: Any) -> None:
    """Check that a JSON value is not nested too deeply for callers to print or serialize it.

    Raises:
        ValueError: It has more than MAX_DEPTH levels.
    """
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            part
            for each in level
            if isinstance(each, dict | list)
            for part in (each.values() if isinstance(each, dict) else each)
            if isinstance(part, dict | list)
        ]
        if not level:
            return
    raise ValueError("nested too deeply")
