"""Reads YAML 1.2 with the core schema, within bounds. `core/yaml.js` reads the same in JavaScript.

PyYAML itself reads YAML 1.1, where `no` is a boolean, `12:30` a number and `2026-06-01` a date.
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

MAX_CHARACTERS = 20_000_000
MAX_DEPTH = 100
MAX_ALIASES = 1_000
# How many nodes all aliases together may stand for, because nested aliases multiply.
MAX_REPEATED = 100_000
# The largest integer that every JSON parser reads exactly.
MAX_INTEGER = 2**53 - 1


class NotYamlError(ValueError):
    """The text is not YAML, or exceeds the bounds."""


_Base: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _CoreLoader(_Base):  # type: ignore[misc]
    """PyYAML's safe loader with the core schema of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


def _construct_number(loader: Any, node: Any) -> int | float | None:
    """Return a number, or None if JSON has no such number or not every JSON parser reads it exactly."""
    text = loader.construct_scalar(node).lower()
    base = {"0o": 8, "0x": 16}.get(text[:2])
    number = int(text, base) if base else float(text.replace(".inf", "inf").replace(".nan", "nan"))
    if not isinstance(number, int) and not number.is_integer():
        return number if math.isfinite(number) else None
    return int(number) if abs(number) <= MAX_INTEGER else None


def _set_up(loader: type[Any]) -> None:
    patterns = {
        "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
        "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
        "float": (
            r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
            list("-+.0123456789"),
        ),
    }
    for name, (pattern, first) in patterns.items():
        loader.add_implicit_resolver(f"tag:yaml.org,2002:{name}", re.compile(rf"(?:{pattern})\Z"), first)
    for name in ("int", "float"):
        loader.add_constructor(f"tag:yaml.org,2002:{name}", _construct_number)


_set_up(_CoreLoader)


def load_yaml(text: str) -> Any:
    """Return the value of a YAML 1.2 document.

    Raises:
        NotYamlError: It is not YAML, or exceeds the bounds of size, depth and aliases.
    """
    if len(text) > MAX_CHARACTERS:
        raise NotYamlError(f"more than {MAX_CHARACTERS} characters")
    # Line breaks in YAML 1.1, but not in 1.2.
    text = text.replace("\x85", " ").replace("\u2028", " ").replace("\u2029", " ")
    try:
        # Checked before loading, because the loader is recursive.
        _check_bounds(text)
        return yaml.load(text, Loader=_CoreLoader)  # noqa: S506 - derived from the safe loader
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, NotYamlError):
            raise
        # Without the error's text, which quotes the file.
        raise NotYamlError("it is not YAML") from None


def _check_bounds(text: str) -> None:
    """Check depth and aliases, and that there are no tags, which Hex does not write.

    Raises:
        NotYamlError: A bound is exceeded, or there is a tag or a wrong alias.
    """
    sizes: dict[str, int] = {}
    opened: list[tuple[str | None, int]] = []
    nodes = aliases = repeated = 0
    for event in yaml.parse(text, Loader=_Base):
        if getattr(event, "tag", None) is not None:
            raise NotYamlError("it is not YAML")
        if isinstance(event, yaml.AliasEvent):
            # Not complete yet: an alias inside its own anchor would be endless.
            if event.anchor not in sizes:
                raise NotYamlError("it is not YAML")
            size = sizes[event.anchor]
            aliases, repeated, nodes = aliases + 1, repeated + size, nodes + size
        elif isinstance(event, yaml.CollectionStartEvent):
            opened.append((event.anchor, nodes))
            nodes += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            if anchor is not None:
                sizes[anchor] = nodes - before
        elif isinstance(event, yaml.ScalarEvent):
            nodes += 1
            if event.anchor is not None:
                sizes[event.anchor] = 1
        if len(opened) > MAX_DEPTH or aliases > MAX_ALIASES or repeated > MAX_REPEATED:
            raise NotYamlError("it is nested too deep or refers to itself too often")
