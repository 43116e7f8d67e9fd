"""Inputs as callers send them, made into what a spec declares; every fault found, each with its place.

Null, absent and blank text mean not given. Text is trimmed where it is an ID. Numbers, booleans, objects and
lists may come as text, as form fields and models send them, when it is unambiguous what they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, NotRequired

from pydantic import (
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

from hex_blocks.errors import Fault, hex_error, without_tokens
from hex_blocks.spec import InputField, ToolSpec, is_date_time
from hex_blocks.texts import phrase

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
        names = [name for name, value in inputs.items() if not _blank(value) and given.get(name, value) is not False]
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
            parts[key] = Annotated[type_ | None if nulls else type_, BeforeValidator(_demand(nulls=nulls))]
        else:
            parts[key] = NotRequired[Annotated[type_ | None, BeforeValidator(_blank_to_none)]]
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
            return Annotated[SecretStr, BeforeValidator(_string(field))]
        case "string":
            return Annotated[str, BeforeValidator(_string(field))]
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
            return Annotated[list[entry], BeforeValidator(_array(field.items)), *_lengths(field)]
        case _:
            return Annotated[Any, BeforeValidator(_shallow)]


def _bounds(field: InputField) -> list[Any]:
    bounds: dict[str, Any] = {"ge": field.minimum, "le": field.maximum}
    return [Field(**{name: bound for name, bound in bounds.items() if bound is not None}, allow_inf_nan=False)]


def _lengths(field: InputField) -> list[Any]:
    return [Field(min_length=field.min_length, max_length=field.max_length)]


def _blank(value: Any) -> bool:
    value = value.get_secret_value() if isinstance(value, SecretStr) else value
    return value is None or (isinstance(value, str) and not value.strip())


def _blank_to_none(value: Any) -> Any:
    return None if _blank(value) else value


def _demand(*, nulls: bool) -> Callable[[Any], Any]:
    def demand(value: Any) -> Any:
        if _blank(value) and not (nulls and value is None):
            raise PydanticCustomError("missing", "missing")
        return value

    return demand


def _refuse(key: str, value: Any, **values: Any) -> PydanticCustomError:
    return PydanticCustomError("fault", "fault", {"key": key, "values": {"found": _shown(value), **values}})


def _string(field: InputField) -> Callable[[Any], Any]:
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

    def string(value: Any) -> Any:
        if field.format == "json-object" and isinstance(value, dict):
            return json.dumps(_free_object(value))
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        if not isinstance(value, str) or not _is_unicode(value):
            raise _refuse("not_string", value)
        if trimmed:
            value = value.strip()
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
            _free_object(value)
        return value

    return string


def _is_unicode(value: str) -> bool:
    """Whether text can be sent: half of a surrogate pair, which JSON can hold, cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _integer(value: Any) -> Any:
    if isinstance(value, str) and len(value) <= LONGEST_NUMBER and INTEGER.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refuse("not_integer", value)
    if abs(value) > LARGEST_INTEGER:
        raise _refuse("too_large", value, limit=LARGEST_INTEGER)
    return value


def _number(value: Any) -> Any:
    if isinstance(value, str) and len(value) <= LONGEST_NUMBER and NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 1e308:
        raise _refuse("not_number", value)
    return value


def _boolean(value: Any) -> Any:
    word = WORDS.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(word, bool):
        raise _refuse("not_boolean", value)
    return word


def _from_json(value: Any) -> Any:
    """Read text that holds JSON; other values are taken as they are."""
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
        value = _from_json(value)
        if not isinstance(value, Mapping):
            raise _refuse("not_object", value)
        checked = check(dict(value))
        return {name: part for name, part in checked.items() if part is not None or name in cleared}

    return read


def _free_object(value: Any) -> Any:
    was_text = isinstance(value, str)
    value = _shallow(_from_json(value))
    if not isinstance(value, Mapping):
        raise _refuse("json_not_object" if was_text else "not_object", value)
    if not all(isinstance(name, str) for name in value):
        raise _refuse("not_object", value)
    return dict(value)


def _array(entry: InputField | None) -> Callable[[Any], Any]:
    # Only what cannot hold a comma itself may be listed with commas, as a form field would.
    separable = entry is not None and entry.type == "string" and bool(entry.enum or entry.format)

    def short(entries: list[Any]) -> list[Any]:
        if len(entries) > MOST_ENTRIES:
            raise _refuse("too_long", entries, limit=MOST_ENTRIES)
        return entries

    def array(value: Any) -> Any:
        if isinstance(value, str) and not value.lstrip().startswith("["):
            return short([part.strip() for part in value.split(",") if part.strip()] if separable else [value])
        value = _shallow(_from_json(value))
        if not isinstance(value, list | tuple):
            raise _refuse("not_array", value)
        return short(list(value))

    return array


def _shallow(value: Any) -> Any:
    """Refuse what is nested past reason, or holds what JSON cannot."""
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for part in level:
            if isinstance(part, Mapping):
                inner += part.values()
            elif isinstance(part, list | tuple):
                inner += part
            elif isinstance(part, float) and (part != part or part in (float("inf"), float("-inf"))):
                raise _refuse("not_number", part)
            elif part is not None and not isinstance(part, str | int | float):
                raise _refuse("not_object", part)
        if not inner:
            return value
        level = inner
    raise _refuse("json_too_deep", value)


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
