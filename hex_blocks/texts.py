"""The text of an English sentence in a language; English where there is no translation.

Translations are gettext catalogues, `<folder>/<language>.mo`, compiled when the package is built. Plugins add
folders of their own with `add_folder`; a sentence is looked up in ours first, then in theirs.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gettext import GNUTranslations

PACKAGE = Path(__file__).parent
SOURCE_LANGUAGE = "en"

_folders: list[Path] = []


def beside_package(name: str) -> Path:
    """Find a folder of the project: inside the package when installed, beside it in a checkout."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def add_folder(folder: Path) -> None:
    """Let a plugin bring translations."""
    if folder not in _folders:
        _folders.append(folder)
        _catalogues.cache_clear()


def languages() -> list[str]:
    """Languages that can be asked for: English, and every one with a compiled catalogue."""
    return [SOURCE_LANGUAGE, *sorted(path.stem for path in beside_package("locales").glob("*.mo"))]


def language_of_environment() -> str:
    """Give the language that LANGUAGE, LC_ALL, LC_MESSAGES or LANG ask for, in that order."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        for wanted in os.environ.get(variable, "").split(":"):
            if wanted:
                return nearest(wanted) or SOURCE_LANGUAGE
    return SOURCE_LANGUAGE


@cache
def nearest(wanted: str) -> str | None:
    """Find the language we have that is nearest to `wanted` (de_AT.UTF-8 → de, zh-CN → zh_Hans)."""
    plain = wanted.split(".")[0].split("@")[0].replace("-", "_")
    if plain in ("C", "POSIX"):
        return SOURCE_LANGUAGE
    simplified = {"zh": "zh_Hans", "zh_CN": "zh_Hans", "zh_SG": "zh_Hans", "pt": "pt_BR"}
    have = {language.lower(): language for language in languages()}
    for candidate in (plain, simplified.get(plain), plain.split("_")[0]):
        if candidate and candidate.lower() in have:
            return have[candidate.lower()]
    return None


@cache
def _catalogues(language: str) -> tuple[GNUTranslations, ...]:
    found = []
    for folder in (beside_package("locales"), *_folders):
        path = folder / f"{language}.mo"
        if path.is_file():
            # gettext takes 10 ms to import and an English listing never needs it.
            from gettext import GNUTranslations

            with path.open("rb") as file:
                found.append(GNUTranslations(file))
    return tuple(found)


def text(english: str, language: str | None = None) -> str:
    """Give `english` in `language`, or as it is where there is no translation."""
    if not english or language is None or language == SOURCE_LANGUAGE:
        return english
    for catalogue in _catalogues(language):
        if (translated := catalogue.gettext(english)) != english:
            return translated
    return english
