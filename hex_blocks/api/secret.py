"""Text that no log, traceback or representation shows: tokens."""

from __future__ import annotations

from typing import Any, Protocol


class HoldsSecret(Protocol):
    """An object that holds a text, such as a `Secret` or pydantic's SecretStr."""

    def get_secret_value(self) -> str:
        """Return the text."""


class Secret:
    """A text that is shown as asterisks. Two secrets with the same text are equal.

    It has the methods of pydantic's SecretStr, which callers may give as well. pydantic is not imported for it,
    because that takes longer than most calls of a tool.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        """Return the text."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __len__(self) -> int:
        return len(self._value)

    def __str__(self) -> str:
        return "**********" if self._value else ""

    def __repr__(self) -> str:
        return f"Secret({str(self)!r})"


def revealed(value: Any) -> Any:
    """Return the text of an object that holds a secret. Other values are returned unchanged."""
    reveal = getattr(value, "get_secret_value", None)
    return reveal() if callable(reveal) else value
