"""Writes values and types as TypeScript in the style of Sim's repository."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hex_blocks.hosts.javascript.render import Code, literal
from hex_blocks.tools.spec.values import Input, InputField, OutputField

__all__ = ["Code", "expression", "input_type", "interface", "output_type"]

_TABS = re.compile(r"^\t+", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_SCALARS = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}


def expression(value: Any, depth: int = 0) -> str:
    """Return a value as an expression; all lines but the first are indented by `depth` levels."""
    return _TABS.sub(lambda found: "  " * len(found[0]), literal(value, depth))


def interface(name: str, fields: Mapping[str, str], extends: str = "") -> str:
    """Return an interface; names of optional fields end with a question mark."""
    lines = "".join(f"  {_key(key)}: {kind}\n" for key, kind in fields.items())
    return f"export interface {name}{f' extends {extends}' if extends else ''} {{\n{lines}}}\n"


def _key(name: str) -> str:
    bare = name.removesuffix("?")
    return name if _NAME.fullmatch(bare) else f"'{bare}'{name[len(bare) :]}"


def input_type(given: Input | InputField) -> str:
    """Return the type of an input; objects and lists may also be JSON text."""
    if given.type in _SCALARS:
        return _SCALARS[given.type]
    return "unknown[] | string" if given.type == "array" else "Record<string, unknown> | string"


def output_type(given: OutputField, depth: int = 1) -> str:
    """Return the type of an output, which may be null."""
    if given.type == "any":
        return "unknown"
    if given.fields:
        return _object(given.fields, depth) + " | null"
    if given.type == "array":
        inner = output_type(given.items, depth) if given.items else "unknown"
        return f"Array<{inner.removesuffix(' | null')}> | null"
    plain = _SCALARS.get(given.type, "Record<string, unknown>")
    return f"{plain}{' | string' if given.words else ''} | null"


def _object(fields: Mapping[str, OutputField], depth: int) -> str:
    inner = "  " * (depth + 1)
    lines = "".join(f"{inner}{_key(name)}: {output_type(field, depth + 1)}\n" for name, field in fields.items())
    return f"{{\n{lines}{'  ' * depth}}}"
