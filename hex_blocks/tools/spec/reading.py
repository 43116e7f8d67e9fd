"""Reading of spec files: every error names file, key and remedy."""

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
    """Check one tool spec. Raises SpecError naming file, key and remedy for all that is wrong."""
    spec = _read(ToolSpec, data, file)
    if spec.id != (stem := Path(file).stem):
        raise SpecError(f"{file}: id is {spec.id!r} but the file is called {stem}; make them the same")
    return spec


def read_block_spec(data: Any, file: Path | str) -> BlockSpec:
    """Check the block file. Raises SpecError naming file, key and remedy for all that is wrong."""
    return _read(BlockSpec, data, file)


def read_groups(data: Any, file: Path | str) -> dict[str, Group]:
    """Check the groups that a plugin adds. Raises SpecError naming file, key and remedy."""
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
            known = sorted({field.alias or name for name, field in _models_fields(model).items()})
            guess = get_close_matches(str(fault["loc"][-1]), known, 1)
            return f"{place} is not a known key" + (f'; did you mean "{guess[0]}"?' if guess else "")
        case "missing":
            return f"{place} is missing"
        case "literal_error":
            return f"{place} is {fault['input']!r}; use {fault['ctx']['expected']}"
        case "value_error":
            said = str(fault["ctx"]["error"])
            return f"{place}: {said}" if place else said
        case _:
            return f"{place} is {fault['input']!r}: {fault['msg']}"


def _models_fields(model: type[BaseModel]) -> dict[str, Any]:
    every: dict[str, Any] = dict(model.model_fields)
    for part in (Input, Output, Request, Paging, Example, Constraints, Group, Authentication):
        every |= part.model_fields
    return every
