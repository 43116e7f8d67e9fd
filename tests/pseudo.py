"""A pseudo language in which every translated text is marked, so that untranslated texts are found.

It is generated from the template in a temporary folder and is never shipped.
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

# Quechua, because Babel must know the language, and there is no translation into it.
LANGUAGE = "qu"
BEGIN, END = "⟦", "⟧"
_INNERMOST = re.compile(rf"{BEGIN}[^{BEGIN}{END}]*{END}")
_CODE = re.compile(r"```.*?```|`[^`]*`|<code>.*?</code>|https?://[^\s⟦⟧]+", re.DOTALL)


def marked(english: str) -> str:
    """Return a text with marks, inside its leading and trailing spaces."""
    bare = english.strip()
    return english.replace(bare, f"{BEGIN}{bare}{END}", 1)


def package_in(folder: Path) -> Path:
    """Create a package with the pseudo language as its only one, with our specs and pages, and return its folder."""
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
    """Return a text without marked parts, code and URLs."""
    left = _CODE.sub(" ", said)
    while (fewer := _INNERMOST.sub(" ", left)) != left:
        left = fewer
    return left


def unmarked(said: str) -> str:
    """Return the words of a text outside of marked parts, code and URLs; empty if there are none."""
    left = without_marked(said)
    return " ".join(left.split()) if is_worded(left) else ""


WORDED = ("title", "description", "tagline", "summary")
NAMED = ("inputs", "outputs", "fields", "properties", "groups", "connection", "$defs", "parameters", "schemas")


def worded(value: Any, place: str = "", *, are_names: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the titles and descriptions in a JSON value, each with its path."""
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
    """Return the untranslated words of titles and descriptions in a JSON value, by path."""
    return {place: left for place, said in worded(value) if (left := unmarked(said))}


@contextmanager
def speaking(folder: Path) -> Iterator[Path]:
    """Make the pseudo language the only language of hex_blocks while the context is open."""
    made = package_in(folder / "package")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "PACKAGE", made)
        patch.setattr(texts, "_language", None)
        for cached in (texts.nearest, texts._catalogues):
            cached.cache_clear()
        yield made
    for cached in (texts.nearest, texts._catalogues):
        cached.cache_clear()
