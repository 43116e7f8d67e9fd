"""What is wrong with an input, as a fault that can be said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic_core import PydanticCustomError

from hex_blocks.errors.classes import Fault, without_tokens
from hex_blocks.i18n.plurals import Plural
from hex_blocks.i18n.texts import Phrase, phrase
from hex_blocks.tools.inputs.bounds import LONGEST_LOOKED_AT


def refuse(key: str, value: Any, below: str = "", **values: Any) -> PydanticCustomError:
    """Make a fault. below: where in the input it is, if deeper than the checker goes by itself."""
    told = {"found": shown(value), **values}
    # pydantic takes no halves of characters, which a name in JSON may hold.
    whole = below.encode(errors="replace").decode()
    return PydanticCustomError("fault", "fault", {"key": key, "values": told, "below": whole})


HIDDEN = phrase("what was given")
_BOUNDS = {
    "greater_than_equal": ("too_small", "ge"),
    "less_than_equal": ("too_large", "le"),
}


def entries(count: int) -> Phrase:
    """Say how many entries a list may have."""
    return phrase(Plural("{count} entry", "{count} entries"), count=count)


def characters(count: int) -> Phrase:
    """Say how long text may be."""
    return phrase(Plural("{count} character", "{count} characters"), count=count)


def fault_of(found: Any, known: list[str], secrets: set[str]) -> Fault:
    """Return what pydantic found as a fault: where it is, and what is wrong, without any secret."""
    place = [part for part in found["loc"] if not (isinstance(part, str) and part.endswith(")") and "[" in part)]
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".") or "inputs"
    where = place_shown(name)
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
                where = place_shown(name + found["ctx"]["below"])
            if hidden:
                values["found"] = HIDDEN
            return Fault(where, found["ctx"]["key"], values)
        case bound if bound in _BOUNDS:
            key, limit = _BOUNDS[bound]
            value = found["ctx"][limit]
            whole = int(value) if value == int(value) else value
            return Fault(where, key, {"limit": whole, "found": HIDDEN if hidden else shown(found["input"])})
        case _:
            return Fault(where, "not_object", {"found": kind_word(found["input"])})


def kind_word(value: Any) -> str:
    """Return the JSON type of a value as a word."""
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


def place_shown(place: str) -> str:
    """Return the name of a place, fit to be shown."""
    return shown(place, 60).strip('"')


def shown(value: Any, longest: int = 40) -> str:
    """Show a value in an error, short and on one line."""
    if isinstance(value, Mapping | list | tuple | set):
        return kind_word(value if isinstance(value, dict | list) else list(value))
    if isinstance(value, int) and abs(value) >= 10**longest:
        return phrase("a number of so many digits")
    value = without_tokens(value[:LONGEST_LOOKED_AT])[: longest + 1] if isinstance(value, str) else value
    shown = json.dumps(value, ensure_ascii=False, default=str)
    shown = "".join(character if character.isprintable() else "?" for character in shown)
    return shown if len(shown) <= longest + 2 else f'{shown[:longest]}…"'
