"""Validates spec files with pydantic. Every error names the file, the key and the correction."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import fields
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from hex_blocks.errors.classes import SpecError
from hex_blocks.tools.spec.block import Authentication, BlockSpec, Group
from hex_blocks.tools.spec.part import AnyPart, Part
from hex_blocks.tools.spec.tool import Constraints, Example, Paging, Request, ToolSpec
from hex_blocks.tools.spec.values import Input, Output

# mypy takes the hash of a class for that of its objects.
_adapter: Callable[[type[Part]], TypeAdapter[Any]] = cache(TypeAdapter)  # type: ignore[assignment]


def read_tool_spec(data: Any, file: Path | str) -> ToolSpec:
    """Return the validated spec of a tool.

    Raises:
        SpecError: The spec is wrong; the message lists all faults.
    """
    spec = _read(ToolSpec, data, file)
    if spec.id != (stem := Path(file).stem):
        raise SpecError(f"{file}: id is {spec.id!r} but the file is called {stem}; make them the same")
    return spec


def read_block_spec(data: Any, file: Path | str) -> BlockSpec:
    """Return the validated block file.

    Raises:
        SpecError: The file is wrong; the message lists all faults.
    """
    return _read(BlockSpec, data, file)


def read_groups(data: Any, file: Path | str) -> dict[str, Group]:
    """Return the validated groups that a plugin adds, by key.

    Raises:
        SpecError: A group is wrong.
    """
    if not isinstance(data, dict):
        raise SpecError(f"{file}: groups are an object of keys, each with title and description")
    return {name: _read(Group, group, f"{file}: {name}") for name, group in data.items()}


def spec_as_json(part: Part, without: Collection[str] = (), *, defaults: bool = False) -> dict[str, Any]:
    """Return a part of a spec as JSON.

    Args:
        part: The part.
        without: Names of attributes that are left out.
        defaults: Whether values that are the default are included.
    """
    written: dict[str, Any] = _adapter(type(part)).dump_python(
        part, mode="json", by_alias=True, exclude_defaults=not defaults, exclude=set(without)
    )
    return written


def json_schema(kind: type[Part]) -> dict[str, Any]:
    """Return the JSON Schema of a part of a spec."""
    return _adapter(kind).json_schema(by_alias=True)


def _read(kind: type[AnyPart], data: Any, file: Path | str) -> AnyPart:
    try:
        read: AnyPart = _adapter(kind).validate_python(data)
    except ValidationError as error:
        lines = [f"{file}: {_explain(kind, fault)}" for fault in error.errors(include_url=False)]
        raise SpecError("\n".join(dict.fromkeys(lines))) from None
    return read


def _explain(kind: type[Part], fault: Any) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"]).lstrip(".")
    match fault["type"]:
        case "unexpected_keyword_argument":
            guess = get_close_matches(str(fault["loc"][-1]), _known_keys(kind), 1)
            return f"{place} is not a known key" + (f'; did you mean "{guess[0]}"?' if guess else "")
        case "missing":
            return f"{place} is missing"
        case "literal_error":
            return f"{place} is {fault['input']!r}; use {fault['ctx']['expected']}"
        case "value_error":
            message = str(fault["ctx"]["error"])
            return f"{place}: {message}" if place else message
        case _:
            return f"{place} is {fault['input']!r}: {fault['msg']}"


def _known_keys(kind: type[Part]) -> list[str]:
    """Return the keys of a part and of all nested ones, to suggest one that is similar to an unknown one."""
    kinds = (kind, Input, Output, Request, Paging, Example, Constraints, Group, Authentication)
    return sorted({each.metadata.get("alias", each.name) for part in kinds for each in fields(part)})
