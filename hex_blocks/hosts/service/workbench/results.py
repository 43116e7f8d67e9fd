"""The result of a call as a page shows it: values, tables, pictures, and the whole document as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 500, 12, 300
_ADDRESS = re.compile(r"https://[^\s\"'<>]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+")
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


class Displayed(NamedTuple):
    """A value as a page shows it.

    Attributes:
        kind: text, link, picture, table, list or nothing.
        value: The content, for all kinds but tables.
        columns: The column names of a table.
        rows: The cells of a table.
        left_out: The number of rows or items that are not shown.
    """

    kind: str
    value: Any = None
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Displayed, ...], ...] = ()
    left_out: int = 0


def display(value: Any) -> Displayed:
    """Return a value in the form in which a page shows it."""
    if value is None or value in ("", [], {}):
        return Displayed("nothing")
    if isinstance(value, dict):
        return _display_object(value)
    if isinstance(value, list):
        return _display_list(value)
    if isinstance(value, str) and _ADDRESS.fullmatch(value):
        return Displayed("link", value)
    return Displayed("text", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _display_object(value: Mapping[str, Any]) -> Displayed:
    if set(value) == {"mimeType", "base64"} and value["mimeType"] in _PICTURES:
        content = value["base64"]
        if isinstance(content, str) and _BASE64.fullmatch(content):
            return Displayed("picture", f"data:{value['mimeType']};base64,{''.join(content.split())}")
    return Displayed("list", tuple((name, display(part)) for name, part in value.items()))


def _display_list(value: list[Any]) -> Displayed:
    if not all(isinstance(each, dict) for each in value):
        parts = tuple((str(number), display(each)) for number, each in enumerate(value[:MOST_ROWS], 1))
        return Displayed("list", parts, left_out=len(value) - len(parts))
    columns = tuple(dict.fromkeys(name for each in value[:MOST_ROWS] for name in each))[:MOST_COLUMNS]
    rows = tuple(tuple(_cell(each.get(name)) for name in columns) for each in value[:MOST_ROWS])
    return Displayed("table", columns=columns, rows=rows, left_out=len(value) - len(rows))


def _cell(value: Any) -> Displayed:
    if isinstance(value, dict) and "base64" in value:
        return display(value)
    if isinstance(value, dict | list):
        return Displayed("text", _cut(json.dumps(value, ensure_ascii=False))) if value else Displayed("nothing")
    found = display(value)
    return found._replace(value=_cut(found.value)) if found.kind == "text" else found


def _cut(content: str) -> str:
    return content if len(content) <= LONGEST_CELL else content[:LONGEST_CELL] + "…"


def as_json(value: Any) -> str:
    """Return a value as indented JSON, with pictures cut short."""
    return json.dumps(_shorten_pictures(value), ensure_ascii=False, indent=2)


def _shorten_pictures(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: part[:60] + "…"
            if name == "base64" and isinstance(part, str) and len(part) > 60
            else _shorten_pictures(part)
            for name, part in value.items()
        }
    return [_shorten_pictures(each) for each in value] if isinstance(value, list) else value
