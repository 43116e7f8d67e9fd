"""What came of a call, as a page shows it: values, tables of lists, pictures, and the whole as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 500, 12, 300
_ADDRESS = re.compile(r"https://[^\s\"'<>]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+")
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


class Shown(NamedTuple):
    """A value as it is shown.

    kind: text, link, picture, table, list or nothing; value, columns and rows as the kind needs them.
    """

    kind: str
    value: Any = None
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Shown, ...], ...] = ()
    left_out: int = 0


def shown(value: Any) -> Shown:
    """Return how a value is shown."""
    if value is None or value in ("", [], {}):
        return Shown("nothing")
    if isinstance(value, dict):
        return _of_object(value)
    if isinstance(value, list):
        return _of_list(value)
    if isinstance(value, str) and _ADDRESS.fullmatch(value):
        return Shown("link", value)
    return Shown("text", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _of_object(value: Mapping[str, Any]) -> Shown:
    if set(value) == {"mimeType", "base64"} and value["mimeType"] in _PICTURES:
        content = value["base64"]
        if isinstance(content, str) and _BASE64.fullmatch(content):
            return Shown("picture", f"data:{value['mimeType']};base64,{''.join(content.split())}")
    return Shown("list", tuple((name, shown(part)) for name, part in value.items()))


def _of_list(value: list[Any]) -> Shown:
    if not all(isinstance(each, dict) for each in value):
        parts = tuple((str(number), shown(each)) for number, each in enumerate(value[:MOST_ROWS], 1))
        return Shown("list", parts, left_out=len(value) - len(parts))
    columns = tuple(dict.fromkeys(name for each in value[:MOST_ROWS] for name in each))[:MOST_COLUMNS]
    rows = tuple(tuple(_cell(each.get(name)) for name in columns) for each in value[:MOST_ROWS])
    return Shown("table", columns=columns, rows=rows, left_out=len(value) - len(rows))


def _cell(value: Any) -> Shown:
    if isinstance(value, dict) and "base64" in value:
        return shown(value)
    if isinstance(value, dict | list):
        return Shown("text", _cut(json.dumps(value, ensure_ascii=False))) if value else Shown("nothing")
    found = shown(value)
    return found._replace(value=_cut(found.value)) if found.kind == "text" else found


def _cut(words: str) -> str:
    return words if len(words) <= LONGEST_CELL else words[:LONGEST_CELL] + "…"


def as_json(value: Any) -> str:
    """Return a value as JSON to read and to copy, pictures cut short."""
    return json.dumps(_short(value), ensure_ascii=False, indent=2)


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: part[:60] + "…" if name == "base64" and isinstance(part, str) and len(part) > 60 else _short(part)
            for name, part in value.items()
        }
    return [_short(each) for each in value] if isinstance(value, list) else value
