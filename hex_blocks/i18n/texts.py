"""The text of an English sentence in a language; English where there is no translation.

Translations are gettext catalogues, `<folder>/<language>.mo`, compiled when the package is built. Plugins add
folders of their own with `add_folder`; a sentence is looked up in ours first, then in theirs.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hex_blocks.i18n.plurals import MANY, Plural, counted, in_form

if TYPE_CHECKING:
    from gettext import GNUTranslations

PACKAGE = Path(__file__).parents[1]
SOURCE_LANGUAGE = "en"
FULL_WIDTH_ENDS = ("。", "！", "？", "：")
# What a language is called where its name says neither its script nor its country.
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
# Every form that any language has comes up among the numbers below this one.
_ALL_FORMS = 1000

_folders: list[Path] = []
_chosen: str | None = None


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
    """Return the language that LANGUAGE, LC_ALL, LC_MESSAGES or LANG ask for, in that order."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if wanted := os.environ.get(variable, "").strip(":"):
            return next(filter(None, map(nearest, wanted.split(":"))), SOURCE_LANGUAGE)
    return SOURCE_LANGUAGE


def set_language(language: str | None) -> None:
    """Let this process speak a language from now on; None leaves it to the environment.

    For command lines, which speak to one user. A host that serves many gives a language with each call.
    """
    global _chosen
    _chosen = language


def current_language() -> str:
    """Return the language that was chosen, or else the environment's."""
    return _chosen or language_of_environment()


@cache
def nearest(wanted: str) -> str | None:
    """Find the language we have that is nearest to `wanted` (de_AT.UTF-8 → de, zh-CN → zh_Hans, zh-HK → zh_Hant)."""
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
            # Simplified Chinese is nothing that a reader of the traditional script asked for.
            return None
    return None


@cache
def _catalogues(language: str) -> tuple[GNUTranslations, ...]:
    found = []
    for folder in (beside_package("locales"), *_folders):
        path = folder / f"{language}.mo"
        if path.is_file():
            # gettext takes 10 ms to import and an English listing never needs it.
            import struct
            from gettext import GNUTranslations

            # A broken catalogue costs its language, and nothing else.
            with contextlib.suppress(OSError, ValueError, struct.error), path.open("rb") as file:
                found.append(GNUTranslations(file))
    return tuple(found)


def text(english: str, language: str | None = None, count: float = MANY) -> str:
    """Return `english` in `language`, or as it is where there is no translation.

    count: the number that a Plural speaks of.
    """
    if isinstance(english, Plural):
        return _in_number(english, language, count)
    if not english or language is None or language == SOURCE_LANGUAGE:
        return english
    for catalogue in _catalogues(language):
        if (translated := catalogue.gettext(english)) != english:
            return translated
    return english


def _in_number(english: Plural, language: str | None, count: float) -> str:
    for catalogue in () if language in (None, SOURCE_LANGUAGE) else _catalogues(language or ""):
        said = in_form(partial(catalogue.ngettext, english.one, english), count)
        if said not in (english.one, english):
            return said
    return english.english(count)


def plural_forms(english: Plural, language: str) -> list[str]:
    """Return the forms of a text in a language, in the order of the language's formula; none if untranslated."""
    from gettext import c2py

    number_of_form = c2py(plural_formula(language))
    forms: dict[int, str] = {}
    for count in range(_ALL_FORMS):
        forms.setdefault(number_of_form(count), text(english, language, count))
    said = [forms[number] for number in sorted(forms)]
    return [] if {*said} <= {english.one, str(english)} else said


def plural_formula(language: str) -> str:
    """Return gettext's formula, in C, of which plural form a number `n` takes in a language."""
    for catalogue in () if language == SOURCE_LANGUAGE else _catalogues(language):
        if found := _FORMULA.search(catalogue.info().get("plural-forms", "")):
            return found[1]
    return "n != 1"


class Phrase(str):
    """Words that are English as text, and can still be said in another language.

    What happened is often known long before anybody knows in which language it will be told.
    """

    __slots__ = ("_say",)
    _say: Callable[[str | None], str]

    def __new__(cls, say: Callable[[str | None], str]) -> Self:
        """Make a phrase of what gives it in a language, None being English."""
        made = super().__new__(cls, say(None))
        made._say = say
        return made

    def said(self, language: str | None) -> str:
        """Say it in a language."""
        return self._say(language)

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """Go to another process as the English words."""
        return str, (str(self),)


def phrase(english: str, **values: Any) -> Phrase:
    """Make a phrase of an English sentence and what fills its places."""
    return Phrase(lambda language: sentence(english, language, **values))


def sentence(english: str, language: str | None = None, /, **values: Any) -> str:
    """Say a sentence in a language, its places filled with values; phrases among them are said in it too."""
    said = {name: value.said(language) if isinstance(value, Phrase) else value for name, value in values.items()}
    count = counted(values, english.by) if isinstance(english, Plural) else MANY
    return text(english, language, count).format(**said)


def one_after_the_other(*sentences: str) -> str:
    """Join sentences as their language does: with a blank, but with none after a full-width full stop."""
    joined = ""
    for said in filter(None, sentences):
        joined += ("" if not joined or joined.endswith(FULL_WIDTH_ENDS) else " ") + said
    return joined
