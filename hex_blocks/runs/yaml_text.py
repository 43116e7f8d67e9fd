"""YAML 1.2 as programs write it, in the core schema and within bounds; `core/yaml.js` reads the same.

PyYAML reads 1.1, where `no` is a boolean, `12:30` a number and `2026-06-01` a date.
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

MOST_CHARACTERS = 20_000_000
DEEPEST = 100
MOST_ALIASES = 1_000
# So many nodes aliases may stand for in all: they could multiply.
MOST_REPEATED = 100_000
# Beyond this, not every reader of JSON holds a whole number exactly.
LARGEST_INTEGER = 2**53 - 1


class NotYamlError(ValueError):
    """The text is not YAML, or beyond the bounds."""


_Base: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _CoreLoader(_Base):  # type: ignore[misc]
    """PyYAML's safe loader with the core schema of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


def _construct_number(loader: Any, node: Any) -> int | float | None:
    """Return a number; null where JSON has none such, or not every reader of JSON holds it exactly."""
    text = loader.construct_scalar(node).lower()
    base = {"0o": 8, "0x": 16}.get(text[:2])
    number = int(text, base) if base else float(text.replace(".inf", "inf").replace(".nan", "nan"))
    if not isinstance(number, int) and not number.is_integer():
        return number if math.isfinite(number) else None
    return int(number) if abs(number) <= LARGEST_INTEGER else None


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
    """Read YAML 1.2 text of one document, bounded in size, depth and aliases.

    Raises:
        NotYamlError: It is not YAML, or beyond the bounds.
    """
    if len(text) > MOST_CHARACTERS:
        raise NotYamlError(f"more than {MOST_CHARACTERS} characters")
    # YAML 1.1 breaks lines at these.
    text = text.replace("\x85", " ").replace("\u2028", " ").replace("\u2029", " ")
    try:
        # The loader recurses, so what is too deep has to be found before it begins.
        _check_bounds(text)
        return yaml.load(text, Loader=_CoreLoader)  # noqa: S506 (it is a safe one)
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, NotYamlError):
            raise
        # The error's own text quotes the file.
        raise NotYamlError("it is not YAML") from None


def _check_bounds(text: str) -> None:
    """Check the depth, what aliases stand for, and that nothing is tagged: no program that writes such files does."""
    sizes: dict[str, int] = {}
    opened: list[tuple[str | None, int]] = []
    nodes = aliases = repeated = 0
    for event in yaml.parse(text, Loader=_Base):
        if getattr(event, "tag", None) is not None:
            raise NotYamlError("it is not YAML")
        if isinstance(event, yaml.AliasEvent):
            # One that stands inside what it stands for would have no end.
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
        if len(opened) > DEEPEST or aliases > MOST_ALIASES or repeated > MOST_REPEATED:
            raise NotYamlError("it is nested too deep or refers to itself too often")
