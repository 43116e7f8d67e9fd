"""Text that can be written as UTF-8: JSON can hold half of a surrogate pair, and no client can be sent one."""

from __future__ import annotations

from typing import Any


def writable(words: str) -> str:
    """Return a text with U+FFFD for each half of a surrogate pair; two halves that belong together are joined."""
    return words.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def writable_value(value: Any) -> Any:
    """Return a value of JSON with every text in it, names too, made writable."""
    if isinstance(value, str):
        return writable(value)
    if isinstance(value, dict):
        return {writable(name): writable_value(part) for name, part in value.items()}
    if isinstance(value, list):
        return [writable_value(part) for part in value]
    return value
