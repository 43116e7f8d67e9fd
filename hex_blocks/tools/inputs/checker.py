"""Inputs as callers send them, made into what a spec declares; every fault found, each with its place.

Null, absent and blank text mean not given, and so do the words of NOTHING where an optional input cannot hold them,
and empty rows of a list. Text is trimmed where it is an ID. Numbers, booleans, objects and lists may come as text, as
form fields and models send them, when it is unambiguous what they are: also as JSON text of JSON text, read once more
where that gives the declared type; 0 and 1 for a boolean; a whole number for text. Python's own scalars (dates,
decimals, enums, UUIDs) are what JSON writes them as. IDs come bare, wrapped (WRAPPED), without dashes, or inside an
address of Hex (SIGNPOSTS, IN_QUERY).

The rules are tables and short functions of one value each, so that a checker in another language can mirror them.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from difflib import get_close_matches
from enum import Enum
from itertools import pairwise
from numbers import Integral, Real
from typing import Annotated, Any, NotRequired
from urllib.parse import parse_qsl, urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    WrapValidator,
)
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from hex_blocks.errors.classes import Fault, hex_error, without_tokens
from hex_blocks.i18n.texts import phrase
from hex_blocks.tools.spec.tool import InputField, ToolSpec, is_date_time

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
URI = re.compile(r"https?://[^\s]+")
INTEGER = re.compile(r"[+-]?\d{1,18}")
NUMBER = re.compile(r"[+-]?(\d{1,300}\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}
# What callers write for nothing. It is nothing only where an optional input cannot hold such a word.
NOTHING = frozenset({"null", "none", "nil", "undefined", "<null>", "<none>", "(null)", "(none)"})
# Text without a format that no such word can be either: IDs and places in a list, by the end of their name.
NEVER_WORDS = re.compile(r"(Id|\bid|cursor|after|before)(\[\])?$")
# What an ID is wrapped in where people copied it.
WRAPPED = "\"'`{}<>()[]\u201c\u201d\u2018\u2019\u00ab\u00bb"
UNDASHED = re.compile(r"[0-9a-fA-F]{32}")
ADDRESS = re.compile(r"(https?://\S+|[\w-]+(\.[\w-]+)+(:\d+)?/\S+)", re.IGNORECASE)
APP_SLUG = re.compile(r"(.*-)?[0-9A-Za-z]{22}")
# In an address of Hex, whose ID follows which part of the path; and which names in the query hold one.
SIGNPOSTS = {
    "hex": "project",
    "app": "project",
    "project": "project",
    "projects": "project",
    "signed": "project",
    "run": "run",
    "runs": "run",
    "thread": "thread",
    "threads": "thread",
    "connection": "data connection",
    "connections": "data connection",
    "data-connection": "data connection",
    "data-connections": "data connection",
    "collection": "collection",
    "collections": "collection",
    "group": "group",
    "groups": "group",
    "user": "user",
    "users": "user",
    "cell": "cell",
    "cells": "cell",
    "semantic-project": "semantic project",
    "semantic-projects": "semantic project",
}
IN_QUERY = {"runid": "run", "projectid": "project", "threadid": "thread", "cellid": "cell"}
# Whose ID an input is, by the end of its name; the first that fits.
KINDS = (
    ("semanticprojectid", "semantic project"),
    ("projectid", "project"),
    ("runid", "run"),
    ("threadid", "thread"),
    ("connectionid", "data connection"),
    ("collectionid", "collection"),
    ("groupid", "group"),
    ("userid", "user"),
    ("cellid", "cell"),
)
KIND_WORDS = {
    "project": phrase("a project"),
    "run": phrase("a run"),
    "thread": phrase("a thread"),
    "data connection": phrase("a data connection"),
    "collection": phrase("a collection"),
    "group": phrase("a group"),
    "user": phrase("a user"),
    "cell": phrase("a cell"),
    "semantic project": phrase("a semantic project"),
}
DEEPEST = 64
# Bounds on what is looked at more closely: no number or address is longer, no list of Hex's, no useful error.
LONGEST_NUMBER, LONGEST_ADDRESS, LARGEST_INTEGER = 400, 320, 2**63 - 1
MOST_ENTRIES, MOST_FAULTS = 10_000, 100
# Text is searched for tokens, before it is shown, as far as this.
LONGEST_LOOKED_AT = 1000

_CONFIG = ConfigDict(extra="forbid", hide_input_in_errors=True)


def checker(spec: ToolSpec) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Make the function that checks a tool's inputs.

    It returns what was given, clean, without what was not given, and raises an InputError (`bad_inputs`) that
    lists every fault.
    """
    adapter: TypeAdapter[dict[str, Any]] = TypeAdapter(_object_type(spec.id, spec.inputs, top=True))
    secrets = {name for name, field in spec.inputs.items() if _holds_secret(field)}
    constraints = spec.constraints
    cleared = _cleared(spec.inputs)
    not_given = {name: _not_given(name, field) for name, field in spec.inputs.items()}

    def check(inputs: Mapping[str, Any]) -> dict[str, Any]:
        if not isinstance(inputs, Mapping):
            faults = (Fault("inputs", "not_an_inputs_object", {"found": _kind(inputs)}),)
            raise hex_error("bad_inputs", tool=spec.id, faults=faults)
        faults = []
        given: dict[str, Any] = {}
        try:
            given = adapter.validate_python(dict(inputs))
        except ValidationError as error:
            found = error.errors(include_url=False)
            faults = [_fault(each, list(spec.inputs), inputs, secrets) for each in found]
        # A box that is not ticked says nothing.
        names = [
            name
            for name, value in inputs.items()
            if not not_given.get(name, _blank)(value) and given.get(name, value) is not False
        ]
        for group in constraints.at_most_one:
            if len(both := [name for name in group if name in names]) > 1:
                faults.append(Fault(", ".join(both), "not_together"))
        for group in constraints.at_least_one:
            if not any(name in names for name in group):
                faults.append(Fault(", ".join(group), "one_of"))
        for group in constraints.all_or_none:
            if 0 < sum(name in names for name in group) < len(group):
                faults.append(Fault(", ".join(group), "only_together"))
        if len(faults) > MOST_FAULTS:
            faults[MOST_FAULTS:] = [Fault("inputs", "more", {"count": len(faults) - MOST_FAULTS})]
        if faults:
            raise hex_error("bad_inputs", tool=spec.id, faults=tuple(faults))
        return {name: value for name, value in given.items() if value is not None or name in cleared}

    return check


def _object_type(name: str, fields: Mapping[str, InputField], *, top: bool = False) -> Any:
    """Make a TypedDict of the fields; absent stays absent, and in nested objects null is left out."""
    parts: dict[str, Any] = {}
    for key, field in fields.items():
        # A connection's inputs may come from the connection itself, so their absence is for it to judge.
        required = field.required and getattr(field, "place", None) != "connection"
        type_ = _type(f"{name}.{key}", field)
        if required:
            nulls = field.null_means == "null"
            parts[key] = Annotated[type_ | None if nulls else type_, BeforeValidator(_demand(field, nulls=nulls))]
        else:
            parts[key] = NotRequired[Annotated[type_ | None, BeforeValidator(_nothing_to_none(key, field))]]
    make: Any = TypedDict
    typed: Any = make(name, parts)
    typed.__pydantic_config__ = _CONFIG
    return typed if top else Annotated[typed, WrapValidator(_object(_cleared(fields)))]


def _cleared(fields: Mapping[str, InputField]) -> set[str]:
    """Name the fields in which an explicit null is a value."""
    return {name for name, field in fields.items() if field.null_means == "null"}


def _holds_secret(field: InputField) -> bool:
    parts = [*(field.fields or {}).values(), *([field.items] if field.items else [])]
    return field.secret or any(_holds_secret(part) for part in parts)


def _type(name: str, field: InputField) -> Any:
    match field.type:
        case "string" if field.secret and getattr(field, "place", None) == "connection":
            return Annotated[SecretStr, BeforeValidator(_string(name, field))]
        case "string":
            return Annotated[str, BeforeValidator(_string(name, field))]
        case "integer":
            return Annotated[int, BeforeValidator(_integer), *_bounds(field)]
        case "number":
            return Annotated[float, BeforeValidator(_number), *_bounds(field)]
        case "boolean":
            return Annotated[bool, BeforeValidator(_boolean)]
        case "object" if field.fields is not None:
            return _object_type(name, field.fields)
        case "object":
            return Annotated[dict[str, Any], BeforeValidator(_free_object)]
        case "array":
            entry: Any = _type(f"{name}[]", field.items) if field.items else Any
            row = Annotated[entry | None, BeforeValidator(_row_to_none(field.items))]
            return Annotated[list[row], BeforeValidator(_array(field.items)), AfterValidator(_filled(field))]
        case _:
            return Annotated[Any, BeforeValidator(_plain)]


def _bounds(field: InputField) -> list[Any]:
    bounds: dict[str, Any] = {"ge": field.minimum, "le": field.maximum}
    return [Field(**{name: bound for name, bound in bounds.items() if bound is not None}, allow_inf_nan=False)]


def _filled(field: InputField) -> Callable[[list[Any]], list[Any]]:
    """Leave out a list's empty rows, which keep their place until every fault is told, and count the others."""
    nulls = field.items is None or field.items.type == "any" or field.items.null_means == "null"

    def filled(rows: list[Any]) -> list[Any]:
        kept = rows if nulls else [row for row in rows if row is not None]
        if field.min_length is not None and len(kept) < field.min_length:
            raise _refuse("too_short", kept, limit=field.min_length)
        if field.max_length is not None and len(kept) > field.max_length:
            raise _refuse("too_long", kept, limit=field.max_length)
        return kept

    return filled


def _row_to_none(entry: InputField | None) -> Callable[[Any], Any]:
    return lambda row: None if _empty_row(entry, row) else row


def _empty_row(entry: InputField | None, row: Any) -> bool:
    """Whether a row of a list says nothing: blank, or an object with declared fields that are all blank."""
    if entry is None or entry.type == "any":
        return False
    if entry.type == "object" and entry.fields is not None and isinstance(row, Mapping) and row:
        return all(name in entry.fields and _says_nothing(entry.fields[name], part) for name, part in row.items())
    return _says_nothing(entry, row)


def _says_nothing(field: InputField, value: Any) -> bool:
    """Whether a value is blank, or a list of nothing but empty rows."""
    if field.type == "array" and isinstance(value, list | tuple) and value:
        return all(_empty_row(field.items, row) for row in value)
    return _blank(value) and not (value is None and field.null_means == "null")


def _not_given(name: str, field: InputField) -> Callable[[Any], bool]:
    """Make the test of whether an input was not given."""
    allowed = {each.casefold() for each in field.enum or ()}
    plain = field.type == "string" and not (field.format or field.enum or NEVER_WORDS.search(name))
    rows = field.type == "array" and not (
        field.items and (field.items.type != "string" or field.items.format or field.items.enum)
    )
    words = not (field.required or field.secret or plain or rows or field.type == "any" or field.format == "path")

    def not_given(value: Any) -> bool:
        if words and isinstance(value, str) and len(value) <= LONGEST_NUMBER:
            word = value.strip().strip("\"'").casefold()
            if word in NOTHING and word not in allowed:
                return True
        return _says_nothing(field, value)

    return not_given


def _blank(value: Any) -> bool:
    value = value.get_secret_value() if isinstance(value, SecretStr) else value
    return value is None or (isinstance(value, str) and not value.strip())


def _nothing_to_none(name: str, field: InputField) -> Callable[[Any], Any]:
    not_given = _not_given(name, field)
    return lambda value: None if not_given(value) else value


def _demand(field: InputField, *, nulls: bool) -> Callable[[Any], Any]:
    def demand(value: Any) -> Any:
        if _says_nothing(field, value) and not (nulls and value is None):
            raise PydanticCustomError("missing", "missing")
        return value

    return demand


def _refuse(key: str, value: Any, below: str = "", **values: Any) -> PydanticCustomError:
    """Make a fault. below: where in the input it is, if deeper than the checker goes by itself."""
    told = {"found": _shown(value), **values}
    return PydanticCustomError("fault", "fault", {"key": key, "values": told, "below": below})


def _string(name: str, field: InputField) -> Callable[[Any], Any]:
    formats: dict[str, tuple[str, Callable[[str], Any] | None]] = {
        "uuid": ("not_uuid", UUID.fullmatch),
        "email": ("not_email", lambda value: len(value) <= LONGEST_ADDRESS and EMAIL.fullmatch(value)),
        "date-time": ("not_date_time", is_date_time),
        "uri": ("not_uri", URI.fullmatch),
    }
    key, good = formats.get(field.format or "", ("", None))
    trimmed = field.format is not None or field.secret or field.enum is not None
    allowed = {each.casefold(): each for each in field.enum or ()}
    shortest, longest = field.min_length, field.max_length
    kind = _kind_of(name)

    def string(value: Any) -> Any:
        if field.format == "json-object" and isinstance(value, dict):
            return json.dumps(_free_object(value))
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        value = _as_text(value)
        if not isinstance(value, str) or not _is_unicode(value):
            raise _refuse("not_string", value)
        if trimmed:
            value = value.strip()
            value = value if field.secret else _unquoted(value)
        if field.format == "uuid":
            value = _id(kind, value)
        elif kind and not field.format and ADDRESS.fullmatch(value[:LONGEST_LOOKED_AT].strip()):
            value = _id(kind, value.strip())
        if good is not None and not good(value):
            raise _refuse(key, value)
        if allowed:
            if value.casefold() not in allowed:
                raise _refuse("not_allowed", value, allowed=", ".join(allowed.values()))
            value = allowed[value.casefold()]
        if shortest is not None and len(value) < shortest:
            raise _refuse("too_short", value, limit=shortest)
        if longest is not None and len(value) > longest:
            raise _refuse("too_long", value, limit=longest)
        if field.format == "json-object":
            held = _free_object(value)
            return value if isinstance(_read_json(value), Mapping) else json.dumps(held)
        return value

    return string


def _kind_of(name: str) -> str:
    """Say of what an input is the ID, by its name; empty where that is not known."""
    last = name.rpartition(".")[2].lower()
    last = last[:-3] if last.endswith("s[]") else last.removesuffix("[]")
    return next((kind for end, kind in KINDS if last.endswith(end)), "")


def _as_text(value: Any) -> Any:
    """Write as text what has one exact way to be written; anything else is as it was."""
    value = _scalar(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**100:
        return str(value)
    return value


def _unquoted(value: str) -> str:
    """Take the quotes off text that was written as JSON once too often."""
    if len(value) < 2 or len(value) > LONGEST_LOOKED_AT or value[0] != '"' or value[-1] != '"':
        return value
    try:
        read = json.loads(value)
    except ValueError:
        return value
    return read.strip() if isinstance(read, str) else value


def _id(kind: str, value: str) -> str:
    """Give the bare ID of what was copied: wrapped, without dashes, or an address. Other text is as it was."""
    if len(value) > LONGEST_LOOKED_AT * 4 or UUID.fullmatch(value):
        return value
    bare = value.strip(WRAPPED + " ")
    bare = re.sub(r"^urn:uuid:", "", bare, flags=re.IGNORECASE).strip(WRAPPED + " ")
    if UNDASHED.fullmatch(bare):
        bare = "-".join((bare[:8], bare[8:12], bare[12:16], bare[16:20], bare[20:]))
    if UUID.fullmatch(bare):
        return bare
    if not ADDRESS.fullmatch(bare):
        return value
    found, is_app = _ids_in(bare)
    if kind in found:
        return found[kind]
    if found:
        # The last part says what it is of: a run's address begins with its project.
        raise _refuse("address_of_other", bare, other=KIND_WORDS[list(found)[-1]])
    if is_app:
        raise _refuse("address_of_app", bare)
    return value


def _ids_in(address: str) -> tuple[dict[str, str], bool]:
    """Find the IDs in an address, by whose they are; and tell whether it ends in the name of a published app."""
    try:
        split = urlsplit(address if "://" in address else f"https://{address}")
    except ValueError:
        return {}, False
    parts = [part for part in split.path.split("/") if part]
    found: dict[str, str] = {}
    is_app = False
    for before, part in pairwise(parts):
        kind = SIGNPOSTS.get(before.lower())
        if kind and UUID.fullmatch(part):
            found[kind] = part
        is_app = is_app or (kind == "project" and bool(APP_SLUG.fullmatch(part)))
    for name, part in parse_qsl(split.query):
        if name.lower() in IN_QUERY and UUID.fullmatch(part):
            found[IN_QUERY[name.lower()]] = part
    return found, is_app


def _is_unicode(value: str) -> bool:
    """Whether text can be sent: half of a surrogate pair, which JSON can hold, cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _integer(value: Any) -> Any:
    value = _bare(value)
    if isinstance(value, str) and len(value) <= LONGEST_NUMBER and INTEGER.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refuse("not_integer", value)
    if abs(value) > LARGEST_INTEGER:
        raise _refuse("too_large", value, limit=LARGEST_INTEGER)
    return value


def _bare(value: Any) -> Any:
    """Give a scalar as JSON has it, without quotes too many."""
    return _unquoted(value.strip()) if isinstance(value, str) and len(value) < LONGEST_NUMBER else _scalar(value)


def _number(value: Any) -> Any:
    value = _bare(value)
    if isinstance(value, str) and len(value) <= LONGEST_NUMBER and NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 1e308:
        raise _refuse("not_number", value)
    return value


def _boolean(value: Any) -> Any:
    value = _bare(value)
    word = WORDS.get(value.strip().lower()) if isinstance(value, str) else value
    if isinstance(word, int | float) and word in (0, 1):
        word = bool(word)
    if not isinstance(word, bool):
        raise _refuse("not_boolean", value)
    return word


def _from_json(value: Any, wanted: type | None = None) -> Any:
    """Read text that holds JSON; other values are taken as they are.

    wanted: text in the text is read once more where it holds one of these.
    """
    read = _read_json(value)
    if wanted is None or not isinstance(value, str) or not isinstance(read, str):
        return read
    try:
        again = _read_json(read)
    except PydanticCustomError:
        return read
    return again if isinstance(again, wanted) else read


def _read_json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _refuse("bad_json", value, problem=error.msg, line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise _refuse("json_too_deep", value) from None
    except ValueError as error:
        raise _refuse("bad_json", value, problem=str(error), line=1, column=1) from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _object(cleared: set[str]) -> Callable[[Any, Callable[[Any], Any]], Any]:
    def read(value: Any, check: Callable[[Any], Any]) -> Any:
        value = _from_json(value, dict)
        if not isinstance(value, Mapping):
            raise _refuse("not_object", value)
        checked = check(dict(value))
        return {name: part for name, part in checked.items() if part is not None or name in cleared}

    return read


def _free_object(value: Any) -> Any:
    was_text = isinstance(value, str)
    value = _from_json(value, dict)
    if not isinstance(value, Mapping):
        _shallow(value)
        raise _refuse("json_not_object" if was_text else "not_object", value)
    return _plain(value)


def _array(entry: InputField | None) -> Callable[[Any], Any]:
    # Only what cannot hold a comma itself may be listed with commas, as a form field would.
    separable = entry is not None and entry.type == "string" and bool(entry.enum or entry.format)

    def short(entries: list[Any]) -> list[Any]:
        if len(entries) > MOST_ENTRIES:
            raise _refuse("too_long", entries, limit=MOST_ENTRIES)
        return entries

    def array(value: Any) -> Any:
        if isinstance(value, str) and len(value) > 1 and value.lstrip().startswith('"['):
            inner = _unwrapped_list(value)
            value = value if inner is None else inner
        if isinstance(value, str) and not value.lstrip().startswith("["):
            return short([part.strip() for part in value.split(",") if part.strip()] if separable else [value])
        value = _from_json(value)
        value = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
        _shallow(value)
        if not isinstance(value, list | tuple):
            raise _refuse("not_array", value)
        return short(list(value))

    return array


def _unwrapped_list(value: str) -> Any:
    try:
        read = _from_json(value, list)
    except PydanticCustomError:
        return None
    return read if isinstance(read, list) else None


def _shallow(value: Any) -> None:
    """Refuse what is nested past reason."""
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for part in level:
            if isinstance(part, Mapping):
                inner += part.values()
            elif isinstance(part, list | tuple | set | frozenset):
                inner += part
        if not inner:
            return
        level = inner
    raise _refuse("json_too_deep", value)


def _plain(value: Any) -> Any:
    """Give any value as JSON has it. Raises a fault with the place of what JSON cannot hold, or holds too deep."""
    _shallow(value)
    return _plainly(value, "")


def _plainly(value: Any, place: str) -> Any:
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                raise _refuse("name_not_text", name, f"{place}.{_shown(name)}")
        return {str(name): _plainly(part, f"{place}.{name}") for name, part in value.items()}
    if isinstance(value, set | frozenset):
        # In an order that is the same each time, as a key kept for a start demands.
        value = sorted(value, key=repr)
    if isinstance(value, list | tuple):
        return [_plainly(part, f"{place}[{number}]") for number, part in enumerate(value)]
    plain = _scalar(value)
    if isinstance(plain, float) and (plain != plain or plain in (float("inf"), float("-inf"))):
        raise _refuse("not_number", plain, place)
    if plain is not None and not isinstance(plain, str | int | float):
        raise _refuse("not_json", type(value).__name__, place)
    return plain


def _scalar(value: Any) -> Any:
    """Give one of Python's own scalars as JSON has it; anything else is as it was."""
    if isinstance(value, Enum):
        value = value.value
    if value is None or type(value) in (str, int, float, bool):
        return value
    if isinstance(value, datetime):
        said = value.isoformat()
        return said.removesuffix("+00:00") + "Z" if said.endswith("+00:00") else said
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, Decimal):
        if not value.is_finite():
            return float("nan")
        return int(value) if value.adjusted() < 19 and value == value.to_integral_value() else float(value)
    if isinstance(value, Integral) and not isinstance(value, int):
        return int(value)
    if isinstance(value, Real) and not isinstance(value, int | float):
        return float(value)
    return value


HIDDEN = phrase("what was given")
_BOUNDS = {
    "greater_than_equal": ("too_small", "ge"),
    "less_than_equal": ("too_large", "le"),
    "too_short": ("too_short", "min_length"),
    "too_long": ("too_long", "max_length"),
}


def _fault(found: Any, known: list[str], inputs: Mapping[str, Any], secrets: set[str]) -> Fault:
    place = [part for part in found["loc"] if not (isinstance(part, str) and part.endswith(")") and "[" in part)]
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".") or "inputs"
    shown = _shown(name, 60).strip('"')
    hidden = bool(place) and place[0] in secrets
    match found["type"]:
        case "missing":
            return Fault(shown, "missing")
        case "extra_forbidden":
            guess = get_close_matches(str(place[-1])[:60], known, 1) if len(place) == 1 else []
            return Fault(shown, "unknown_guess", {"guess": guess[0]}) if guess else Fault(shown, "unknown")
        case "fault":
            values = dict(found["ctx"]["values"])
            shown = _shown(name + found["ctx"]["below"], 60).strip('"') if found["ctx"]["below"] else shown
            if hidden:
                values["found"] = HIDDEN
            return Fault(shown, found["ctx"]["key"], values)
        case bound if bound in _BOUNDS:
            key, limit = _BOUNDS[bound]
            value = found["ctx"][limit]
            whole = int(value) if value == int(value) else value
            return Fault(shown, key, {"limit": whole, "found": HIDDEN if hidden else _shown(_at(inputs, place))})
        case _:
            return Fault(shown, "not_object", {"found": _kind(_at(inputs, place))})


def _at(value: Any, place: list[Any]) -> Any:
    for part in place:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _kind(value: Any) -> str:
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


def _shown(value: Any, longest: int = 40) -> str:
    """Show a value in an error, short and on one line."""
    if isinstance(value, Mapping | list | tuple | set):
        return _kind(value if isinstance(value, dict | list) else list(value))
    if isinstance(value, int) and abs(value) >= 10**longest:
        return phrase("a number of so many digits")
    value = without_tokens(value[:LONGEST_LOOKED_AT])[: longest + 1] if isinstance(value, str) else value
    shown = json.dumps(value, ensure_ascii=False, default=str)
    shown = "".join(character if character.isprintable() else "?" for character in shown)
    return shown if len(shown) <= longest + 2 else f'{shown[:longest]}…"'
