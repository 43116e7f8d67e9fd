"""Creates faults of inputs, from pydantic's errors and for the checks of this package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic_core import PydanticCustomError

from hex_blocks.errors.classes import Fault, without_tokens
from hex_blocks.i18n.plurals import Plural
from hex_blocks.i18n.texts import Phrase, phrase
from hex_blocks.tools.inputs.bounds import MAX_SEARCHED


def refuse(key: str, value: Any, below: str = "", **values: Any) -> PydanticCustomError:
    """Return the error of a fault, for pydantic.

    Args:
        key: A key of FAULTS.
        value: The value that is wrong.
        below: The path of the value inside the input, if pydantic does not know it.
        values: Further values of the fault's sentence.
    """
    # pydantic does not accept lone surrogates, which a name in JSON can contain.
    path = below.encode(errors="replace").decode()
    context = {"key": key, "values": {"found": shown(value), **values}, "below": path}
    return PydanticCustomError("fault", "fault", context)


HIDDEN = phrase("what was given")
_BOUNDS = {
    "greater_than_equal": ("too_small", "ge"),
    "less_than_equal": ("too_large", "le"),
}


def entries(count: int) -> Phrase:
    """Return a number of entries as a phrase."""
    return phrase(Plural("{count} entry", "{count} entries"), count=count)


def characters(count: int) -> Phrase:
    """Return a number of characters as a phrase."""
    return phrase(Plural("{count} character", "{count} characters"), count=count)


def fault_of(found: Any, known: list[str], secrets: set[str]) -> Fault:
    """Return the fault of one of pydantic's errors.

    Args:
        found: An entry of `ValidationError.errors()`.
        known: The names of all inputs, to suggest a similar one.
        secrets: The names of the inputs whose values are not shown.
    """
    place = [part for part in found["loc"] if not (isinstance(part, str) and part.endswith(")") and "[" in part)]
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".") or "inputs"
    where = printable_path(name)
    hidden = bool(place) and place[0] in secrets
    match found["type"]:
        case "missing":
            return Fault(where, "missing")
        case "extra_forbidden":
            guess = get_close_matches(str(place[-1])[:60], known, 1) if len(place) == 1 else []
            return Fault(where, "unknown_guess", {"guess": guess[0]}) if guess else Fault(where, "unknown")
        case "fault":
            values = dict(found["ctx"]["values"])
            if found["ctx"]["below"]:
                where = printable_path(name + found["ctx"]["below"])
            if hidden:
                values["found"] = HIDDEN
            return Fault(where, found["ctx"]["key"], values)
        case bound if bound in _BOUNDS:
            key, limit = _BOUNDS[bound]
            value = found["ctx"][limit]
            whole = int(value) if value == int(value) else value
            return Fault(where, key, {"limit": whole, "found": HIDDEN if hidden else shown(found["input"])})
        case _:
            return Fault(where, "not_object", {"found": json_type(found["input"])})


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
