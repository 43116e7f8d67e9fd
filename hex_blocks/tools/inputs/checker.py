"""Checks inputs against a tool's spec, converts them to the declared types, and reports every fault with its path.

- Null, absent and blank mean not given. So do words such as "none" (NOTHING) for an optional input that cannot have
  such a value, and empty rows of a list.
- Forms and models send numbers, booleans, objects and lists as text. Text is converted where that is unambiguous:
  JSON text, also if it was encoded twice, 0 and 1 for a boolean, and a whole number for text.
- Python's dates, decimals, enums and UUIDs become their JSON form.
- IDs are accepted in quotes and brackets (WRAPPED), without dashes, and in an address of Hex (PATH_KINDS,
  QUERY_KINDS). Space around them is removed.

The rules are tables and short functions of one value, so that a checker in another language can mirror them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from hex_blocks.api.secret import Secret, revealed
from hex_blocks.errors.classes import Fault, hex_error
from hex_blocks.i18n.formats import whole
from hex_blocks.tools.inputs.bounds import MAX_EMAIL_LENGTH, MAX_INTEGER, MAX_NUMBER_LENGTH, MAX_SEARCHED
from hex_blocks.tools.inputs.faults import (
    InvalidValueError,
    Place,
    characters,
    entries,
    fault_of,
    json_type,
    refuse,
)
from hex_blocks.tools.inputs.ids import ADDRESS, UUID, id_in, id_kind
from hex_blocks.tools.inputs.json_values import (
    NOT_A_LIST,
    NOTHING,
    as_boolean,
    as_integer,
    as_number,
    as_object,
    as_plain,
    as_text,
    check_characters,
    check_depth,
    from_json,
    is_blank,
    read_json,
    unquoted,
    unwrapped_list,
)
from hex_blocks.tools.spec.tool import ToolSpec
from hex_blocks.tools.spec.values import InputField, is_date_time

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
URI = re.compile(r"https?://[^\s]+")
# Names of text inputs without a format that cannot have a value such as "none": IDs and cursors.
NEVER_WORDS = re.compile(r"(Id|\bid|cursor|after|before)(\[\])?$")
MAX_ENTRIES, MAX_FAULTS = 10_000, 100

Found = list[tuple[Place, InvalidValueError]]
# Returns a value converted to its declared type. Faults below the value are added to the list; if the value itself is
# wrong, an InvalidValueError is raised.
Check = Callable[[Any, Place, Found], Any]


def checker(spec: ToolSpec) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return a function that checks a tool's inputs.

    The function returns the inputs converted to their declared types, without those not given. It raises an
    InputError (`bad_inputs`) with all faults.
    """
    check_fields = _fields(spec.id, spec.inputs)
    secrets = {name for name, field in spec.inputs.items() if _holds_secret(field)}
    constraints = spec.constraints
    cleared = _cleared(spec.inputs)
    not_given = {name: _not_given(name, field) for name, field in spec.inputs.items()}

    def check(inputs: Mapping[str, Any]) -> dict[str, Any]:
        if not isinstance(inputs, Mapping):
            faults = (Fault("inputs", "not_an_inputs_object", {"found": json_type(inputs)}),)
            raise hex_error("bad_inputs", tool=spec.id, faults=faults)
        found: Found = []
        given = check_fields(inputs, (), found)
        faults = [fault_of(place, error, spec.inputs, secrets) for place, error in found]
        if faults:
            given = {}
        # For the constraints, a boolean that is false counts as not given.
        names = [
            name
            for name, value in inputs.items()
            if not not_given.get(name, is_blank)(value) and given.get(name, value) is not False
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
        if len(faults) > MAX_FAULTS:
            faults[MAX_FAULTS:] = [Fault("inputs", "more", {"count": len(faults) - MAX_FAULTS})]
        if faults:
            raise hex_error("bad_inputs", tool=spec.id, faults=tuple(faults))
        return {name: value for name, value in given.items() if value is not None or name in cleared}

    return check


def _fields(name: str, fields: Mapping[str, InputField]) -> Callable[[Mapping[str, Any], Place, Found], dict[str, Any]]:
    """Return a function that checks the fields of an object. Absent fields stay absent."""
    checks = [
        (key, _is_required(field), _not_given(key, field), _value(f"{name}.{key}", field))
        for key, field in fields.items()
    ]

    def check_fields(given: Mapping[str, Any], place: Place, found: Found) -> dict[str, Any]:
        checked: dict[str, Any] = {}
        for key, required, not_given, check in checks:
            if key not in given or not_given(given[key]):
                if required:
                    found.append(((*place, key), InvalidValueError("missing")))
                elif key in given:
                    checked[key] = None
            else:
                value = given[key]
                # A null that counts as given is a value.
                checked[key] = None if value is None else _checked(check, value, (*place, key), found)
        found.extend(((*place, str(key)), InvalidValueError("unknown")) for key in given if key not in fields)
        return checked

    return check_fields


def _checked(check: Check, value: Any, place: Place, found: Found) -> Any:
    """Return a value converted. If it is wrong, its fault is added to the list, and None is returned."""
    try:
        return check(value, place, found)
    except InvalidValueError as error:
        # Its frames hold the inputs, and the list.
        found.append((place, error.with_traceback(None)))
        return None


def _is_required(field: InputField) -> bool:
    # The connection can supply its inputs itself, so it checks whether they are missing.
    return field.required and getattr(field, "place", None) != "connection"


def _cleared(fields: Mapping[str, InputField]) -> set[str]:
    """Return the names of the fields in which an explicit null is a value."""
    return {name for name, field in fields.items() if field.null_means == "null"}


def _holds_secret(field: InputField) -> bool:
    parts = [*(field.fields or {}).values(), *([field.items] if field.items else [])]
    return field.secret or any(_holds_secret(part) for part in parts)


def _value(name: str, field: InputField) -> Check:
    """Return the function that checks a value of a field."""
    match field.type:
        case "object" if field.fields is not None:
            return _object(name, field.fields)
        case "array":
            return _array(name, field)
        case "string":
            convert = _string(name, field)
        case "integer":
            convert = _integer(field)
        case "number":
            convert = _number(field)
        case "boolean":
            convert = as_boolean
        case "object":
            convert = as_object
        case _:
            convert = as_plain
    return lambda value, _place, _found: convert(value)


def _integer(field: InputField) -> Callable[[Any], int]:
    least = -MAX_INTEGER if field.minimum is None else field.minimum
    most = MAX_INTEGER if field.maximum is None else field.maximum
    return lambda value: _bounded(as_integer(value), value, least, most)


def _number(field: InputField) -> Callable[[Any], float]:
    return lambda value: float(_bounded(as_number(value), value, field.minimum, field.maximum))


def _bounded(number: Any, given: Any, least: float | None, most: float | None) -> Any:
    if most is not None and number > most:
        raise refuse("too_large", given, limit=whole(most))
    if least is not None and number < least:
        raise refuse("too_small", given, limit=whole(least))
    return number


def _filled(field: InputField) -> Callable[[list[Any]], list[Any]]:
    """Return a function that removes a list's empty rows and checks its length.

    Rows are removed after all of them are checked, so that the paths of faults have the right numbers.
    """
    nulls = field.items is None or field.items.type == "any" or field.items.null_means == "null"

    def filled(rows: list[Any]) -> list[Any]:
        kept = rows if nulls else [row for row in rows if row is not None]
        if field.min_length is not None and len(kept) < field.min_length:
            raise refuse("too_short", kept, size=entries(field.min_length))
        if field.max_length is not None and len(kept) > field.max_length:
            raise refuse("too_long", kept, size=entries(field.max_length))
        return kept

    return filled


def _empty_row(entry: InputField | None, row: Any) -> bool:
    """Return whether a row of a list is empty: blank, or an object whose fields are declared and all blank."""
    if entry is None or entry.type == "any":
        return False
    if entry.type == "object" and entry.fields is not None and isinstance(row, Mapping) and row:
        return all(name in entry.fields and _is_empty(entry.fields[name], part) for name, part in row.items())
    return _is_empty(entry, row)


def _is_empty(field: InputField, value: Any) -> bool:
    """Return whether a value is blank, or a list of empty rows."""
    if field.type == "array" and isinstance(value, list | tuple) and value:
        return all(_empty_row(field.items, row) for row in value)
    return is_blank(value) and not (value is None and field.null_means == "null")


def _not_given(name: str, field: InputField) -> Callable[[Any], bool]:
    """Return a function that tells whether an input was not given."""
    allowed = {each.casefold() for each in field.enum or ()}
    plain = field.type == "string" and not (field.format or field.enum or NEVER_WORDS.search(name))
    rows = field.type == "array" and not (
        field.items and (field.items.type != "string" or field.items.format or field.items.enum)
    )
    nothing = NOT_A_LIST if rows else NOTHING - allowed
    words = not (field.required or field.secret or plain or field.type == "any" or field.format == "path")

    def not_given(value: Any) -> bool:
        is_word = words and isinstance(value, str) and len(value) <= MAX_NUMBER_LENGTH
        return (is_word and value.strip().strip("\"'").casefold() in nothing) or _is_empty(field, value)

    return not_given


def _string(name: str, field: InputField) -> Callable[[Any], Any]:
    formats: dict[str, tuple[str, Callable[[str], Any] | None]] = {
        "uuid": ("not_uuid", UUID.fullmatch),
        "email": ("not_email", lambda value: len(value) <= MAX_EMAIL_LENGTH and EMAIL.fullmatch(value)),
        "date-time": ("not_date_time", is_date_time),
        "uri": ("not_uri", URI.fullmatch),
    }
    key, matches = formats.get(field.format or "", ("", None))
    trimmed = field.format is not None or field.secret or field.enum is not None
    allowed = {each.casefold(): each for each in field.enum or ()}
    shortest, longest = field.min_length, field.max_length
    kind = id_kind(name)

    def string(value: Any) -> Any:
        if field.format == "json-object" and isinstance(value, dict):
            return json.dumps(as_object(value))
        value = as_text(revealed(value))
        if not isinstance(value, str):
            raise refuse("not_string", value)
        check_characters(value)
        if trimmed:
            value = value.strip()
            value = value if field.secret else unquoted(value)
        if field.format == "uuid":
            value = id_in(kind, value)
        elif kind and not field.format and ADDRESS.fullmatch(value[:MAX_SEARCHED].strip()):
            value = id_in(kind, value.strip())
        if matches is not None and not matches(value):
            raise refuse(key, value)
        if allowed:
            if value.casefold() not in allowed:
                raise refuse("not_allowed", value, allowed=", ".join(allowed.values()))
            value = allowed[value.casefold()]
        if shortest is not None and len(value) < shortest:
            raise refuse("too_short", value, size=characters(shortest))
        if longest is not None and len(value) > longest:
            raise refuse("too_long", value, size=characters(longest))
        if field.format == "json-object":
            parsed = as_object(value)
            return value if isinstance(read_json(value), Mapping) else json.dumps(parsed)
        return value

    if field.secret and getattr(field, "place", None) == "connection":
        return lambda value: Secret(string(value))
    return string


def _object(name: str, fields: Mapping[str, InputField]) -> Check:
    check_fields = _fields(name, fields)
    cleared = _cleared(fields)

    def check(value: Any, place: Place, found: Found) -> dict[str, Any]:
        value = from_json(value, dict)
        if not isinstance(value, Mapping):
            raise refuse("not_object", value)
        checked = check_fields(value, place, found)
        return {name: part for name, part in checked.items() if part is not None or name in cleared}

    return check


def _array(name: str, field: InputField) -> Check:
    entry = field.items
    check_entry = _value(f"{name}[]", entry) if entry is not None else lambda row, _place, _found: row
    rows_of, filled = _rows(entry), _filled(field)

    def check(value: Any, place: Place, found: Found) -> list[Any]:
        before = len(found)
        rows = [
            None if _empty_row(entry, row) else _checked(check_entry, row, (*place, number), found)
            for number, row in enumerate(rows_of(value))
        ]
        return rows if len(found) > before else filled(rows)

    return check


def _rows(entry: InputField | None) -> Callable[[Any], list[Any]]:
    """Return a function that returns the entries of a list: a list, JSON text, or text with commas."""
    # Text with commas is a list only if the entries cannot contain commas themselves.
    separable = entry is not None and entry.type == "string" and bool(entry.enum or entry.format)

    def limited(given: list[Any]) -> list[Any]:
        if len(given) > MAX_ENTRIES:
            raise refuse("too_long", given, size=entries(MAX_ENTRIES))
        return given

    def rows_of(value: Any) -> list[Any]:
        if isinstance(value, str) and len(value) > 1 and value.lstrip().startswith('"['):
            inner = unwrapped_list(value)
            value = value if inner is None else inner
        if isinstance(value, str) and not value.lstrip().startswith("["):
            return limited([part.strip() for part in value.split(",") if part.strip()] if separable else [value])
        value = from_json(value)
        value = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
        check_depth(value)
        if not isinstance(value, list | tuple):
            raise refuse("not_array", value)
        return limited(list(value))

    return rows_of
