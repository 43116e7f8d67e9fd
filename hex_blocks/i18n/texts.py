"""Translates English sentences. A sentence without a translation stays English.

Translations are gettext catalogues, `<folder>/<language>.mo`, compiled when the package is built. Plugins add their
folders with `add_folder`; a sentence is looked up in this package's catalogues first.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hex_blocks.i18n.plurals import MANY, Plural, count_in, plural_form

if TYPE_CHECKING:
    from gettext import GNUTranslations

PACKAGE = Path(__file__).parents[1]
SOURCE_LANGUAGE = "en"
FULL_WIDTH_ENDS = ("。", "！", "？", "：")
# Language names without the script or country of the catalogue that they stand for.
OTHER_NAMES = {
    "pt": "pt_BR",
    "zh": "zh_Hans",
    "zh_cn": "zh_Hans",
    "zh_hant": "zh_Hant",
    "zh_hk": "zh_Hant",
    "zh_mo": "zh_Hant",
    "zh_my": "zh_Hans",
    "zh_sg": "zh_Hans",
    "zh_tw": "zh_Hant",
}
_FORMULA = re.compile(r"plural\s*=\s*([^;]+)")
# The numbers below this one use every plural form of every language.
_ALL_FORMS = 1000

_folders: list[Path] = []
_language: str | None = None


def data_folder(name: str) -> Path:
    """Return a data folder of the project: inside the package if installed, beside it in a checkout."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def add_folder(folder: Path) -> None:
    """Add a plugin's folder of catalogues."""
    if folder not in _folders:
        _folders.append(folder)
        _catalogues.cache_clear()


def languages() -> list[str]:
    """Return the available languages: English, and every one with a compiled catalogue."""
    return [SOURCE_LANGUAGE, *sorted(path.stem for path in data_folder("locales").glob("*.mo"))]


def language_of_environment() -> str:
    """Return the available language for LANGUAGE, LC_ALL, LC_MESSAGES or LANG, the first of them that is set."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if wanted := os.environ.get(variable, "").strip(":"):
            return next(filter(None, map(nearest, wanted.split(":"))), SOURCE_LANGUAGE)
    return SOURCE_LANGUAGE


def set_language(language: str | None) -> None:
    """Set the language of this process, or None for that of the environment.

    For the command line, which has one user. A host with many users gives a language with each call.
    """
    global _language
    _language = language


def current_language() -> str:
    """Return the language of this process, or else the environment's."""
    return _language or language_of_environment()


@cache
def nearest(wanted: str) -> str | None:
    """Return the available language for a locale (de_AT.UTF-8 → de, zh-CN → zh_Hans), or None if there is none."""
    plain = wanted.split(".")[0].split("@")[0].replace("-", "_")
    if plain in ("C", "POSIX"):
        return SOURCE_LANGUAGE
    parts = plain.lower().split("_")
    have = {language.lower(): language for language in languages()}
    for count in range(len(parts), 0, -1):
        shorter = "_".join(parts[:count])
        if found := have.get(shorter) or have.get(OTHER_NAMES.get(shorter, "").lower()):
            return found
        if shorter in OTHER_NAMES:
            # A shorter name would give Simplified Chinese to readers of Traditional Chinese.
            return None
    return None


@cache
def _catalogues(language: str) -> tuple[GNUTranslations, ...]:
    found = []
    for folder in (data_folder("locales"), *_folders):
        path = folder / f"{language}.mo"
        if path.is_file():
            # Imported here because it takes 10 ms, and English output does not need it.
            import struct
            from gettext import GNUTranslations

            # A broken catalogue is ignored: its texts stay English.
            with contextlib.suppress(OSError, ValueError, struct.error), path.open("rb") as file:
                found.append(GNUTranslations(file))
    return tuple(found)


def text(english: str, language: str | None = None, count: float = MANY) -> str:
    """Return the translation of a text, or the text itself if there is none.

    Args:
        english: The text.
        language: The language; None for English.
        count: The number that selects the form of a Plural.
    """
    if isinstance(english, Plural):
        return _plural_text(english, language, count)
    if not english or language is None or language == SOURCE_LANGUAGE:
        return english
    for catalogue in _catalogues(language):
        if (translated := catalogue.gettext(english)) != english:
            return translated
    return english


def _plural_text(english: Plural, language: str | None, count: float) -> str:
    for catalogue in () if language in (None, SOURCE_LANGUAGE) else _catalogues(language or ""):
        translated = plural_form(partial(catalogue.ngettext, english.one, english), count)
        if translated not in (english.one, english):
            return translated
    return english.english(count)


def plural_forms(english: Plural, language: str) -> list[str]:
    """Return all forms of a text in a language, in the order of the language's formula; none if untranslated."""
    from gettext import c2py

    number_of_form = c2py(plural_formula(language))
    forms: dict[int, str] = {}
    for count in range(_ALL_FORMS):
        forms.setdefault(number_of_form(count), text(english, language, count))
    translated = [forms[number] for number in sorted(forms)]
    return [] if {*translated} <= {english.one, str(english)} else translated


def plural_formula(language: str) -> str:
    """Return gettext's formula, in C, for the index of the plural form of a number `n` in a language."""
    for catalogue in () if language == SOURCE_LANGUAGE else _catalogues(language):
        if found := _FORMULA.search(catalogue.info().get("plural-forms", "")):
            return found[1]
    return "n != 1"


class Phrase(str):
    """A text that can be translated later. The string itself is English.

    For texts that are created before the language of their reader is known, such as the reason of an error.
    """

    __slots__ = ("_translate",)
    _translate: Callable[[str | None], str]

    def __new__(cls, translate: Callable[[str | None], str]) -> Self:
        """Create a phrase from a function that returns it in a language, None being English."""
        created = super().__new__(cls, translate(None))
        created._translate = translate
        return created

    def said(self, language: str | None) -> str:
        """Return the text in a language."""
        return self._translate(language)

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """Pickle the English text, because functions cannot be pickled."""
        return str, (str(self),)


def phrase(english: str, **values: Any) -> Phrase:
    """Return a Phrase of an English sentence and the values of its placeholders."""
    return Phrase(lambda language: sentence(english, language, **values))


def sentence(english: str, language: str | None = None, /, **values: Any) -> str:
    """Return a sentence in a language, with its placeholders filled. Phrases among the values are translated too."""
    filled = {name: value.said(language) if isinstance(value, Phrase) else value for name, value in values.items()}
    count = count_in(values, english.by) if isinstance(english, Plural) else MANY
    return text(english, language, count).format(**filled)


def join_sentences(*sentences: str) -> str:
    """Return sentences joined by spaces, but without a space after a full-width full stop."""
    joined = ""
    for each in filter(None, sentences):
        joined += ("" if not joined or joined.endswith(FULL_WIDTH_ENDS) else " ") + each
    return joined
