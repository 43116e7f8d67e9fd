"""What a handler declares about itself: which errors it can end with, and whose requests it sends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from hex_blocks.errors.sentences import SENTENCES

Function = TypeVar("Function", bound=Callable[..., Any])

_ATTRIBUTE = "_hex_blocks_declaration"


@dataclass(frozen=True)
class Declaration:
    """What a handler declares.

    Attributes:
        errors: Keys of the errors that it raises, beside those that every call can meet and those of the tool's own
            request.
        reported: Keys of the errors that it does not raise but reports in its outputs, such as those of one run of
            a batch.
        uses: Ids of the other tools whose requests it sends.
    """

    errors: frozenset[str] = frozenset()
    reported: frozenset[str] = frozenset()
    uses: tuple[str, ...] = ()


def handler(
    *, errors: Iterable[str] = (), reported: Iterable[str] = (), uses: Iterable[str] = ()
) -> Callable[[Function], Function]:
    """Declare what a handler can end with and what it uses, for the pages; see `Declaration`.

    Raises:
        ValueError: One of the keys is not the key of an error.
    """
    declaration = Declaration(frozenset(errors), frozenset(reported), tuple(dict.fromkeys(uses)))
    if unknown := sorted((declaration.errors | declaration.reported) - SENTENCES.keys()):
        raise ValueError(f"not the key of an error: {', '.join(unknown)}")

    def declare(function: Function) -> Function:
        setattr(function, _ATTRIBUTE, declaration)
        return function

    return declare


def declaration_of(function: Callable[..., Any]) -> Declaration:
    """Return what a handler declares; nothing where it is not decorated."""
    declared = getattr(function, _ATTRIBUTE, None)
    return declared if isinstance(declared, Declaration) else Declaration()
