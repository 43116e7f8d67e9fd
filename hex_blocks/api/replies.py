"""Reading of replies: objects of JSON, whole, of bounded depth."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

DEEPEST = 64
HALF_CHARACTERS = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Answer:
    """What a reply holds."""

    value: Any


def no_constant(name: str) -> Any:
    """Refuse NaN and Infinity, which JSON does not have."""
    raise ValueError(name)


def finite(number: str) -> float:
    """Read a number. Raises ValueError for one that is too large."""
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(number)
    return value


def decoded(content: bytes) -> str:
    """Read JSON's own encoding and no other, as json.loads would from bytes."""
    return content.removeprefix(b"\xef\xbb\xbf").decode()


def said_in(content: bytes) -> Any:
    """Read an error body: JSON, or text as it stands; nothing of a web page."""
    said = content.decode("utf-8", "replace").strip()
    try:
        value = json.loads(said)
        check_depth(value)
    except (ValueError, RecursionError):
        return "" if said.startswith("<") else said
    return value


def check_depth(value: Any) -> None:
    """Refuse what is nested deeper than anything of Hex's: whoever prints it would fail."""
    level = [value]
    for _ in range(DEEPEST):
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
