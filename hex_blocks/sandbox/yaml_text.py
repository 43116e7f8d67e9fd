"""Plain values as YAML that every reader understands alike.

YAML 1.1 and 1.2 disagree about what a text without quotes is: `no`, `12:30` and `2026-06-01` are texts to one and
something else to the other. So only a text that is one to both goes without quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

INDENT = "  "
# A letter first: what begins so is never a number or a date. Ids are neither, though they may begin with a digit.
PLAIN = re.compile(r"[^\W\d_](?:[\w ./()+-]*[\w./()+-])?")
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Words that are no texts to some reader, in capitals or not.
WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf"})
# What YAML wants escaped, or takes for the end of a line.
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def yaml_text(value: Mapping[str, Any]) -> str:
    """Return a document of texts, numbers, booleans, nulls, lists and objects."""
    return "".join(f"{line}\n" for line in _object(value, ""))


def _object(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, item in value.items():
        yield from _entry(f"{indent}{_quoted(name)}:", item, indent)


def _list(value: Sequence[Any], indent: str) -> Iterator[str]:
    for item in value:
        if isinstance(item, Mapping) and item:
            first, *rest = _object(item, indent + INDENT)
            yield f"{indent}- {first.removeprefix(indent + INDENT)}"
            yield from rest
        elif isinstance(item, list | tuple) and item:
            yield f"{indent}-"
            yield from _list(item, indent + INDENT)
        else:
            yield from _entry(f"{indent}-", item, indent)


def _entry(head: str, item: Any, indent: str) -> Iterator[str]:
    """Yield what follows a name or a dash: on its line, or on lines of its own."""
    if isinstance(item, Mapping) and item:
        yield head
        yield from _object(item, indent + INDENT)
    elif isinstance(item, list | tuple) and item:
        yield head
        yield from _list(item, indent + INDENT)
    elif isinstance(item, str) and _fits_a_block(item):
        yield f"{head} {'|' if item.endswith(chr(10)) else '|-'}"
        yield from (indent + INDENT + line if line else "" for line in item.removesuffix("\n").split("\n"))
    else:
        yield f"{head} {_scalar(item)}"


def _fits_a_block(text: str) -> bool:
    """Whether a text of several lines can stand as it is: its first line sets the indent, its end how it ends."""
    lines = text.removesuffix("\n").split("\n")
    if len(lines) == 1 or not lines[0] or not lines[-1] or lines[0][0].isspace():
        return False
    return not any(UNSEEN.search(line.replace("\t", " ")) or (line and not line.strip()) for line in lines)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _decimal(value)
    if isinstance(value, int):
        return str(value)
    return "[]" if isinstance(value, list | tuple) else "{}"


def _decimal(value: float) -> str:
    written = repr(value)
    if written.lstrip("-") in ("inf", "nan"):
        return written.replace("inf", ".inf").replace("nan", ".nan")
    # YAML 1.1 knows a number with an exponent by its point.
    mantissa, sign, exponent = written.partition("e")
    return f"{mantissa}.0e{exponent}" if sign and "." not in mantissa else written


def _quoted(text: str) -> str:
    plain = PLAIN.fullmatch(text) and text.lower() not in WORDS
    if (plain or ID.fullmatch(text)) and not UNSEEN.search(text):
        return text
    escaped = json.dumps(text, ensure_ascii=False)
    # JSON leaves these as they are, and YAML knows them by the same number.
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped)
