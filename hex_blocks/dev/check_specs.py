"""Checks all specs, their examples and handlers, and the JSON Schemas for editors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hex_blocks.errors.classes import HexError, SpecError
from hex_blocks.run import handler_of
from hex_blocks.tools.registry import Registry
from hex_blocks.tools.schema import DIALECT
from hex_blocks.tools.spec.block import BlockSpec
from hex_blocks.tools.spec.part import Part
from hex_blocks.tools.spec.reading import json_schema
from hex_blocks.tools.spec.tool import ToolSpec
from hex_blocks.tools.tool import Tool

SCHEMAS: dict[str, type[Part]] = {"tool.schema.json": ToolSpec, "block.schema.json": BlockSpec}


def problems(registry: Registry) -> list[str]:
    """Return everything that is wrong, each with its file and the correction."""
    found = [f"plugin {problem.plugin}: {problem.message}" for problem in registry.problems]
    found += _block_problems(registry)
    for tool in registry.values():
        try:
            found += _tool_problems(tool, registry)
        except SpecError as error:
            found += str(error).splitlines()
    found += _schema_problems(registry.folder)
    return found


def write_schemas(folder: Path) -> None:
    """Write the JSON Schemas with which editors complete specs."""
    for name, model in SCHEMAS.items():
        (folder / name).write_text(_schema(model), encoding="utf-8")


def _schema(model: type[Part]) -> str:
    schema = {"$schema": DIALECT, **json_schema(model)}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _schema_problems(folder: Path) -> Iterator[str]:
    for name, model in SCHEMAS.items():
        file = folder / name
        if not file.is_file() or file.read_text(encoding="utf-8") != _schema(model):
            yield f"{file}: not what spec.py says; run hex-blocks check --fix"


def _block_problems(registry: Registry) -> Iterator[str]:
    file = registry.folder / "block.json"
    try:
        block = registry.validated_block()
    except SpecError as error:
        yield from str(error).splitlines()
        return
    if not (registry.folder / block.icon).is_file():
        yield f"{file}: icon is {block.icon}, which does not exist"
    used = {tool.group for tool in registry.values()}
    for name in block.groups:
        if name not in used:
            yield f"{file}: groups.{name} has no tool"


def _tool_problems(tool: Tool, registry: Registry) -> Iterator[str]:
    tool.validated()
    spec = tool.spec
    if spec.group not in registry.groups:
        yield f"{tool.file}: group is {spec.group!r}; use one of {', '.join(registry.groups)}"
    handler_of(tool)
    for number, example in enumerate(spec.examples):
        place = f"{tool.file}: examples[{number}]"
        try:
            given = tool.check(example.inputs)
        except HexError as error:
            yield f"{place}.inputs: {error.message()}"
            continue
        if spec.handler is None and example.reply is not None:
            kept = tool.select_outputs(tool.coerce_reply(example.reply).reply, given)
            yield from (
                f"{place}.outputs.{name} is {example.outputs.get(name)!r}; the reply gives {value!r}"
                for name, value in kept.items()
                if example.outputs.get(name) != value
            )
        yield from (
            f"{place}.outputs.{name} is {example.outputs.get(name)!r}, which is not of type {output.type}"
            for name, output in spec.outputs.items()
            if not _fits(example.outputs.get(name), output)
        )


def _fits(value: Any, output: Any) -> bool:
    from hex_blocks.tools.spec.values import fits

    return bool(output.nullable) if value is None else fits(value, output.type)
