"""Validates spec files. Every error names the file, the key and the correction."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from hex_blocks.errors.classes import SpecError
from hex_blocks.tools.spec.block import Authentication, BlockSpec, Group
from hex_blocks.tools.spec.tool import Constraints, Example, Paging, Request, ToolSpec
from hex_blocks.tools.spec.values import Input, Output

Model = TypeVar("Model", bound=BaseModel)


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


def _read(model: type[Model], data: Any, file: Path | str) -> Model:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        lines = [f"{file}: {_explain(model, fault)}" for fault in error.errors(include_url=False)]
        raise SpecError("\n".join(dict.fromkeys(lines))) from None


def _explain(model: type[BaseModel], fault: Any) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"]).lstrip(".")
    match fault["type"]:
        case "extra_forbidden":
            known = sorted({field.alias or name for name, field in _all_fields(model).items()})
            guess = get_close_matches(str(fault["loc"][-1]), known, 1)
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


def _all_fields(model: type[BaseModel]) -> dict[str, Any]:
    """Return the fields of a model and of all nested ones, to suggest a key that is similar to an unknown one."""
    fields: dict[str, Any] = dict(model.model_fields)
    for part in (Input, Output, Request, Paging, Example, Constraints, Group, Authentication):
        fields |= part.model_fields
    return fields
