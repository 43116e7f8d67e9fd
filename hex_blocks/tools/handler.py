"""The decorator `handler`, with which a handler declares its errors and the tools whose requests it sends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from hex_blocks.errors.sentences import SENTENCES

Function = TypeVar("Function", bound=Callable[..., Any])

_ATTRIBUTE = "_hex_blocks_declaration"


@dataclass(frozen=True)
class Declaration:
    """The declaration of a handler.

    Attributes:
        errors: Keys of the errors that it raises, without those of every call and those of the tool's own request.
        reported: Keys of the errors that it returns in its outputs instead, such as that of one run of a batch.
        uses: IDs of the other tools whose requests it sends.
    """

    errors: frozenset[str] = frozenset()
    reported: frozenset[str] = frozenset()
    uses: tuple[str, ...] = ()


def handler(
    *, errors: Iterable[str] = (), reported: Iterable[str] = (), uses: Iterable[str] = ()
) -> Callable[[Function], Function]:
    """Return a decorator that adds a `Declaration` to a handler. The tools' documentation pages show it.

    Raises:
        ValueError: A key is not the key of an error.
    """
    declaration = Declaration(frozenset(errors), frozenset(reported), tuple(dict.fromkeys(uses)))
    if unknown := sorted((declaration.errors | declaration.reported) - SENTENCES.keys()):
        raise ValueError(f"not the key of an error: {', '.join(unknown)}")

    def declare(function: Function) -> Function:
        setattr(function, _ATTRIBUTE, declaration)
        return function

    return declare


def declaration_of(function: Callable[..., Any]) -> Declaration:
    """Return the declaration of a handler, which is empty if it has none."""
    declared = getattr(function, _ATTRIBUTE, None)
    return declared if isinstance(declared, Declaration) else Declaration()
