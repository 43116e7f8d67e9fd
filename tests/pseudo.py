"""A language that marks every text that goes through the catalogues, so that what does not is seen.

It is made of the template, in a folder of its own, and never shipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from hex_blocks.dev.catalogues import compile_catalogues, is_worded, written
from hex_blocks.i18n import texts
from tests.conftest import REPOSITORY

# Quechua, which nothing here is translated into: the name has to be one that Babel knows.
LANGUAGE = "qu"
BEGIN, END = "⟦", "⟧"
_INNERMOST = re.compile(rf"{BEGIN}[^{BEGIN}{END}]*{END}")
_CODE = re.compile(r"```.*?```|`[^`]*`|<code>.*?</code>|https?://[^\s⟦⟧]+", re.DOTALL)


def marked(english: str) -> str:
    """Mark a text, leaving the blanks around it."""
    bare = english.strip()
    return english.replace(bare, f"{BEGIN}{bare}{END}", 1)


def package_in(folder: Path) -> Path:
    """Make a package whose one language is the marking one, with our specs and pages; give its folder."""
    (folder / "locales").mkdir(parents=True)
    with (REPOSITORY / "locales" / "hex_blocks.pot").open("rb") as file:
        catalogue = read_po(file, locale=LANGUAGE)
    for message in catalogue:
        if message.id:
            english = message.id
            message.string = marked(english) if isinstance(english, str) else tuple(marked(form) for form in english)
    (folder / "locales" / f"{LANGUAGE}.po").write_bytes(written(catalogue))
    for part in ("tool_specs", "docs"):
        (folder / part).symlink_to(REPOSITORY / part)
    compile_catalogues(folder / "locales")
    return folder


def without_marked(said: str) -> str:
    """Take out all that is marked, code and addresses."""
    left = _CODE.sub(" ", said)
    while (fewer := _INNERMOST.sub(" ", left)) != left:
        left = fewer
    return left


def unmarked(said: str) -> str:
    """Return what is left of words when all that is marked, code and addresses are taken out; empty if none are."""
    left = without_marked(said)
    return " ".join(left.split()) if is_worded(left) else ""


WORDED = ("title", "description", "tagline", "summary")
NAMED = ("inputs", "outputs", "fields", "properties", "groups", "connection", "$defs", "parameters", "schemas")


def worded(value: Any, place: str = "", *, are_names: bool = False) -> Iterator[tuple[str, str]]:
    """Return the titles and descriptions in JSON, each with where it stands."""
    if isinstance(value, list):
        for number, part in enumerate(value):
            yield from worded(part, f"{place}[{number}]")
    elif isinstance(value, dict):
        for name, part in value.items():
            inner = f"{place}.{name}"
            if are_names or not isinstance(part, str):
                if are_names or name not in ("default", "example", "examples", "enum", "const"):
                    yield from worded(part, inner, are_names=not are_names and name in NAMED)
            elif name in WORDED:
                yield inner, part


def left_of(value: Any) -> dict[str, str]:
    """Return what titles and descriptions in JSON say past the catalogues, by where they stand."""
    return {place: left for place, said in worded(value) if (left := unmarked(said))}


@contextmanager
def speaking(folder: Path) -> Iterator[Path]:
    """Let our package speak the marking language, and no other."""
    made = package_in(folder / "package")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "PACKAGE", made)
        patch.setattr(texts, "_chosen", None)
        for cached in (texts.nearest, texts._catalogues):
            cached.cache_clear()
        yield made
    for cached in (texts.nearest, texts._catalogues):
        cached.cache_clear()
