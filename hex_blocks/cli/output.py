"""What the command line prints: JSON on stdout for programs, tables for people, words on stderr."""

from __future__ import annotations

import json
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.base import say

if TYPE_CHECKING:
    from hex_blocks.tools.registry import Registry

__all__ = [
    "as_json_text",
    "can_ask",
    "can_be_shown",
    "load_registry",
    "plain",
    "print_json",
    "say",
    "wants_json",
    "warn",
]

# Where a command's context keeps the registry.
_REGISTRY = "hex_blocks.registry"
# Characters that JSON may hold as they are and that a terminal obeys: further controls, and those of direction.
_STEERING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def warn(message: str) -> None:
    """Tell people something on stderr, out of the way of what is piped. Where nobody can be told, nothing fails."""
    with suppress(OSError):
        click.echo(message, err=True)


def wants_json(as_json: bool) -> bool:
    """Whether to print JSON: asked for, or nobody is looking."""
    return as_json or not sys.stdout.isatty()


def can_ask() -> bool:
    """Whether somebody is there to be asked: a terminal to read from, and one to show the question on."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def print_json(document: Any) -> None:
    """Print one JSON document."""
    click.echo(as_json_text(document, indent=2))


def as_json_text(document: Any, indent: int | None = None) -> str:
    """Write a document as JSON that stdout can show and that no terminal obeys."""
    written = _STEERING.sub(
        lambda found: json.dumps(found[0])[1:-1], json.dumps(document, ensure_ascii=False, indent=indent)
    )
    return written if can_be_shown(written) else json.dumps(document, indent=indent)


def can_be_shown(written: str) -> bool:
    """Whether the encoding of stdout has every character of a text."""
    try:
        written.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def plain(value: str) -> str:
    """Make text from outside safe for a terminal: no control characters."""
    return "".join(character if character.isprintable() else " " for character in value)


def load_registry() -> Registry:
    """Load the registry, once in a command, and say which plugins are broken."""
    from hex_blocks.tools.registry import Registry

    context = click.get_current_context(silent=True)
    kept: dict[str, Any] = context.meta if context else {}
    if (loaded := kept.get(_REGISTRY)) is not None:
        return loaded  # type: ignore[no-any-return]
    registry = kept[_REGISTRY] = Registry.load()
    for problem in registry.problems:
        warn(say("Plugin {name} is broken: {problem}", name=problem.plugin, problem=problem.message))
    return registry
