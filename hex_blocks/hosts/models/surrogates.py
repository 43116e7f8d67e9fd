"""Replacing lone surrogates in text: JSON can hold half of a surrogate pair, but UTF-8 cannot."""

from __future__ import annotations

from typing import Any


def replace_surrogates(content: str) -> str:
    """Return a text with U+FFFD for each lone surrogate; two halves that form a pair are joined."""
    return content.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def replace_surrogates_in(value: Any) -> Any:
    """Return a JSON value with the lone surrogates in all its strings and names replaced."""
    if isinstance(value, str):
        return replace_surrogates(value)
    if isinstance(value, dict):
        return {replace_surrogates(name): replace_surrogates_in(part) for name, part in value.items()}
    if isinstance(value, list):
        return [replace_surrogates_in(part) for part in value]
    return value
