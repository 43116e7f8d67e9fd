"""Writing values as TypeScript and JavaScript expressions."""

from __future__ import annotations

import json
import re
from typing import Any

_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_INDENT = "\t"


class Code(str):
    """Source code that is written as it is instead of quoted as a string."""

    __slots__ = ()


def literal(value: Any, depth: int = 0) -> str:
    """Return a value as an expression; all lines but the first are indented by `depth` levels."""
    match value:
        case Code():
            return str(value)
        case str():
            return _quoted(value)
        case dict():
            return _lines(
                "{", [f"{_key(key)}: {literal(entry, depth + 1)}" for key, entry in value.items()], "}", depth
            )
        case list() | tuple():
            if all(isinstance(entry, str | int | float | bool) for entry in value):
                line = ", ".join(literal(entry) for entry in value)
                if len(line) < 80:
                    return f"[{line}]"
            return _lines("[", [literal(entry, depth + 1) for entry in value], "]", depth)
        case _:
            return json.dumps(value)


def _lines(opening: str, entries: list[str], closing: str, depth: int) -> str:
    if not entries:
        return opening + closing
    inner = "\n".join(f"{_INDENT * (depth + 1)}{entry}," for entry in entries)
    return f"{opening}\n{inner}\n{_INDENT * depth}{closing}"


def _key(name: str) -> str:
    return name if _NAME.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    plain = json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    if "'" in text and '"' not in text:
        return plain
    return "'" + plain[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"
