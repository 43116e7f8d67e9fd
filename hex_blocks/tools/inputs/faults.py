"""Creates the faults of inputs."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

from hex_blocks.errors.classes import Fault, without_tokens
from hex_blocks.i18n.plurals import Plural
from hex_blocks.i18n.texts import Phrase, phrase
from hex_blocks.tools.inputs.bounds import MAX_SEARCHED

# The names and numbers that lead to a value.
Place = tuple[str | int, ...]

HIDDEN = phrase("what was given")


class InvalidValueError(Exception):
    """A value is not one that its input can have.

    Attributes:
        key: A key of FAULTS.
        values: The values of the fault's sentence.
        below: The path of the value inside the value that is checked.
    """

    def __init__(self, key: str, values: Mapping[str, Any] | None = None, below: str = "") -> None:
        super().__init__(key)
        self.key = key
        self.values = values or {}
        self.below = below


def refuse(key: str, value: Any, below: str = "", **values: Any) -> InvalidValueError:
    """Return the error of a value.

    Args:
        key: A key of FAULTS.
        value: The value that is wrong.
        below: The path of the value inside the value that is checked.
        values: Further values of the fault's sentence.
    """
    return InvalidValueError(key, {"found": shown(value), **values}, below)


def entries(count: int) -> Phrase:
    """Return a number of entries as a phrase."""
    return phrase(Plural("{count} entry", "{count} entries"), count=count)


def characters(count: int) -> Phrase:
    """Return a number of characters as a phrase."""
    return phrase(Plural("{count} character", "{count} characters"), count=count)


def fault_of(place: Place, error: InvalidValueError, known: Collection[str], secrets: Collection[str]) -> Fault:
    """Return the fault of a value.

    Args:
        place: The names and numbers that lead to the value.
        error: What is wrong with it.
        known: The names of all inputs, to suggest a similar one.
        secrets: The names of the inputs whose values are not shown.
    """
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".") or "inputs"
    where = printable_path(name + error.below)
    if error.key == "missing":
        return Fault(where, "missing")
    if error.key == "unknown":
        guess = get_close_matches(str(place[0])[:60], known, 1) if len(place) == 1 else []
        return Fault(where, "unknown_guess", {"guess": guess[0]}) if guess else Fault(where, "unknown")
    hidden = {"found": HIDDEN} if place and place[0] in secrets else {}
    return Fault(where, error.key, {**error.values, **hidden})


def json_problem(error: json.JSONDecodeError) -> dict[str, Any]:
    """Return the values of a sentence on text that is not JSON: problem, line and column."""
    # Some of Python's messages end where the sentence goes on with the place.
    return {"problem": error.msg.removesuffix(" at"), "line": error.lineno, "column": error.colno}


def json_type(value: Any) -> str:
    """Return the JSON type of a value as a phrase."""
    match value:
        case None:
            return "null"
        case dict():
            return phrase("an object")
        case list():
            return phrase("a list")
        case str():
            return phrase("text")
        case _:
            return type(value).__name__


def printable_path(path: str) -> str:
    """Return the path of an input for an error message: printable, and at most 60 characters."""
    return shown(path, 60).strip('"')


def shown(value: Any, longest: int = 40) -> str:
    """Return a value for an error message: without tokens, on one line, at most `longest` characters."""
    if isinstance(value, Mapping | list | tuple | set):
        return json_type(value if isinstance(value, dict | list) else list(value))
    if isinstance(value, int) and abs(value) >= 10**longest:
        return phrase("a number of so many digits")
    value = without_tokens(value[:MAX_SEARCHED])[: longest + 1] if isinstance(value, str) else value
    shown = json.dumps(value, ensure_ascii=False, default=str)
    shown = "".join(character if character.isprintable() else "?" for character in shown)
    return shown if len(shown) <= longest + 2 else f'{shown[:longest]}…"'
