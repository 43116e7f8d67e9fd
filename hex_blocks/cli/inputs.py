"""The inputs of a call on the command line: a JSON object, NAME=VALUE, NAME:=JSON, and files."""

from __future__ import annotations

import codecs
import json
import math
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import click

from hex_blocks.api.replies import reject_constant
from hex_blocks.cli.output import say, warn

# Longest first: the byte order mark of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
OPTION = "--input"


def read_inputs(document: str | None, values: tuple[str, ...], single: Collection[str] = ()) -> dict[str, Any]:
    """Read all inputs of a command line.

    Args:
        document: A JSON object, `@` and the path of a file, or `-` for stdin.
        values: Further inputs, as NAME=VALUE and NAME:=JSON. They take precedence over the document's.
        single: Inputs that take only one value; a second one is an error.

    Raises:
        click.UsageError: They cannot be read.
    """
    whole = _read_document(document)
    return _merged(whole, read_values(values, single))


def _merged(whole: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return inputs merged with others, which take precedence; parts of an object are merged into it."""
    merged = dict(whole)
    for name, value in given.items():
        inside = merged.get(name)
        merged[name] = inside | value if isinstance(inside, dict) and isinstance(value, dict) else value
    return merged


def read_values(values: tuple[str, ...], single: Collection[str] = ()) -> dict[str, Any]:
    """Return the inputs of NAME=VALUE and NAME:=JSON. A repeated name gives a list."""
    inputs: dict[str, Any] = {}
    for given in values:
        name, sign, value = given.partition("=")
        is_json = name.endswith(":")
        name = name[:-1] if is_json else name
        if not sign or not name:
            raise click.UsageError(say("{given} is not NAME=VALUE.", given=repr(given[:60])))
        read = _read_value(name, value, is_json=is_json)
        *parents, last = name.split(".")
        if not all((*parents, last)):
            raise click.UsageError(say("{name} has an empty part between its dots.", name=repr(name[:60])))
        target = inputs
        for parent in parents:
            target = target.setdefault(parent, {})
            if not isinstance(target, dict):
                raise click.UsageError(say("{name} is given as a value and as an object.", name=parent))
        if last == "idempotencyKey" and isinstance(read, str) and not read.strip():
            # Usually an unset shell variable.
            warn(say("Note: {name} is empty, so it counts as not given.", name=last))
        if last in target and not parents and last in single:
            raise click.UsageError(say("{name} is given twice.", name=last))
        if isinstance(target.get(last), dict) and not isinstance(read, dict):
            raise click.UsageError(say("{name} is given as a value and as an object.", name=name))
        target[last] = [*_as_list(target[last]), read] if last in target else read
    return inputs


def _read_value(name: str, value: str, *, is_json: bool) -> Any:
    """Return one value, read from a file if it begins with @. `@@` is a literal @."""
    if value.startswith("@@"):
        value = value[1:]
    elif value.startswith("@"):
        value = _read_file(value[1:], name)
    return _read_json(value, name) if is_json else value


def _read_json(text: str, name: str) -> Any:
    try:
        read = json.loads(text, parse_constant=reject_constant, parse_float=_read_float, object_pairs_hook=_each_once)
    except OverflowError:
        raise click.UsageError(say("{name} is a number that is too large.", name=name)) from None
    except json.JSONDecodeError as error:
        if name == OPTION:
            from hex_blocks.tools.inputs.faults import json_problem

            message = say("This is not JSON: {problem} at line {line}, column {column}.", **json_problem(error))
            raise click.BadParameter(message, param_hint=OPTION) from None
        shown = repr(text[:60])
        raise click.UsageError(say("The value of {name} is not JSON: {value}", name=name, value=shown)) from None
    except (ValueError, RecursionError):
        if name == OPTION:
            raise click.BadParameter(say("This is not JSON."), param_hint=OPTION) from None
        shown = repr(text[:60])
        raise click.UsageError(say("The value of {name} is not JSON: {value}", name=name, value=shown)) from None
    return read


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object made of pairs. Unlike json, refuse a name that occurs twice."""
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise click.UsageError(say("{name} is given twice.", name=name))
        made[name] = value
    return made


def _read_float(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise OverflowError
    return value


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _read_document(given: str | None) -> dict[str, Any]:
    if given is None:
        return {}
    if given == "-":
        given = _decoded(sys.stdin.buffer.read(), OPTION)
    elif given.startswith("@"):
        given = _read_file(given[1:], OPTION)
    read = _read_json(given, OPTION)
    if not isinstance(read, dict):
        raise click.BadParameter(say("Inputs are a JSON object of names and values."), param_hint=OPTION)
    return read


def _read_file(path: str, name: str) -> str:
    if not path:
        raise click.BadParameter(say("Give a file after @."), param_hint=name)
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise click.BadParameter(
            say("{file} cannot be read: {reason}", file=path, reason=reason), param_hint=name
        ) from None
    return _decoded(content, name)


def _decoded(content: bytes, name: str) -> str:
    """Return text decoded by its byte order mark. Default: UTF-8."""
    encoding = next((known for mark, known in _MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        message = say(
            "This is not {encoding}: write it as UTF-8, or with a byte order mark that tells the encoding.",
            encoding=error.encoding.upper(),
        )
        raise click.BadParameter(message, param_hint=name) from None
