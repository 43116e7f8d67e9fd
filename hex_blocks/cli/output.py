"""Output: JSON on stdout for programs, tables for people, messages on stderr."""

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

# The key of the registry in a command's context.
_REGISTRY = "hex_blocks.registry"
# Characters that JSON does not escape and terminals interpret: C1 controls and bidirectional controls.
_STEERING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def warn(message: str) -> None:
    """Print a message to stderr. A closed or full stderr is ignored."""
    with suppress(OSError):
        click.echo(message, err=True)


def wants_json(as_json: bool) -> bool:
    """Return whether to print JSON: if requested, or if stdout is not a terminal."""
    return as_json or not sys.stdout.isatty()


def can_ask() -> bool:
    """Return whether the user can be asked: stdin and stderr are terminals."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def print_json(document: Any) -> None:
    """Print a JSON document."""
    click.echo(as_json_text(document, indent=2))


def as_json_text(document: Any, indent: int | None = None) -> str:
    """Return a document as JSON that stdout can encode, without characters that a terminal interprets."""
    written = _STEERING.sub(
        lambda found: json.dumps(found[0])[1:-1], json.dumps(document, ensure_ascii=False, indent=indent)
    )
    return written if can_be_shown(written) else json.dumps(document, indent=indent)


def can_be_shown(written: str) -> bool:
    """Return whether stdout can encode a text."""
    try:
        written.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def plain(value: str) -> str:
    """Return text without control characters."""
    return "".join(character if character.isprintable() else " " for character in value)


def load_registry() -> Registry:
    """Return the registry, loaded once in a command, and warn about broken plugins."""
    from hex_blocks.tools.registry import Registry

    context = click.get_current_context(silent=True)
    kept: dict[str, Any] = context.meta if context else {}
    if (loaded := kept.get(_REGISTRY)) is not None:
        return loaded  # type: ignore[no-any-return]
    registry = kept[_REGISTRY] = Registry.load()
    for problem in registry.problems:
        warn(say("Plugin {name} is broken: {problem}", name=problem.plugin, problem=problem.message))
    return registry
