"""Checks the catalogues of translations for missing, broken and duplicate entries.

Words that are the same as in English are listed in `locales/<language>.same.txt`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel.messages import Catalog
from babel.messages.pofile import PoFileError, denormalize

from hex_blocks.dev.catalogues import (
    TEMPLATE,
    Source,
    english_of,
    every_text,
    forms_of,
    key_of,
    languages_of,
    read_catalogue,
    template,
    written,
)
from hex_blocks.dev.translation_check import Problem, problems_of
from hex_blocks.i18n.plurals import Plural
from hex_blocks.i18n.texts import text


@dataclass
class LanguageReport:
    """The state of a language's catalogue."""

    texts: int
    translated: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def coverage(self) -> float:
        """The percentage of texts that are translated, rounded down, so that 100 means all."""
        return int(1000 * self.translated / self.texts) / 10 if self.texts else 100.0


@dataclass
class Report:
    """The state of all catalogues."""

    template_is_current: bool
    languages: dict[str, LanguageReport]

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong or missing."""
        return self.template_is_current and not any(each.problems for each in self.languages.values())

    def document(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "ok": self.is_good,
            "template": "current" if self.template_is_current else "stale",
            "languages": {
                language: {
                    "texts": each.texts,
                    "translated": each.translated,
                    "coverage": each.coverage,
                    "problems": [
                        {"problem": kind, "text": english, "detail": detail} for kind, english, detail in each.problems
                    ],
                }
                for language, each in self.languages.items()
            },
        }


_QUOTED = re.compile(r'(?:msg\w+(?:\[\d\])? )?"(?:[^"\\]|\\.)*"')


def report(source: Source) -> Report:
    """Return the state of all catalogues of the repository or of a plugin's package."""
    new = template(source)
    file = source.locales / TEMPLATE
    current = file.is_file() and file.read_bytes() == written(template(source))
    names = _enum_values(source.root)
    found = {
        language: _language(source.locales / f"{language}.po", new, names, by_us=not source.is_ours)
        for language in languages_of(source)
    }
    return Report(current, found)


def _language(file: Path, new: Catalog, names: frozenset[str], *, by_us: bool) -> LanguageReport:
    """Return the state of a language's catalogue.

    Args:
        file: The .po file.
        new: The current template.
        names: Names that translations must keep.
        by_us: Whether texts that this package's own catalogue translates may be missing.
    """
    texts = {key_of(english_of(message)) for message in new if message.id}
    made = LanguageReport(len(texts))
    try:
        catalogue = read_catalogue(file)
    except PoFileError as error:
        made.problems.append(Problem("unreadable", "", str(error)))
        return made
    made.problems += [Problem("unreadable", "", f"line {number}: close the quotes") for number in _badly_quoted(file)]
    made.problems += [Problem("twice", english) for english in _twice(file)]
    same = _same(file)
    needless = sorted(same - {english_of(message) for message in new})
    made.problems += [Problem("needless", english, f"{file.stem}.same.txt") for english in needless]
    made.problems += [Problem("obsolete", english_of(message)) for message in catalogue.obsolete.values()]
    for message in catalogue:
        english, said = english_of(message), forms_of(message)
        if not english:
            continue
        if key_of(english) not in texts:
            made.problems.append(Problem("obsolete", english))
        elif message.fuzzy:
            made.problems.append(Problem("fuzzy", english))
        elif said:
            made.translated += 1
            for form, each in forms_with_english(english, said):
                made.problems += problems_of(form, each, file.stem, same=english in same, names=names)
        texts.discard(key_of(english)) if said or message.fuzzy else None
    left = [english for english in map(english_of, new) if key_of(english) in texts]
    untold = [english for english in left if not by_us or text(english, file.stem) == english]
    made.translated += len(left) - len(untold)
    made.problems += [Problem("missing", english) for english in untold]
    return made


def forms_with_english(english: str, said: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Return each plural form of a translation with the English form that it corresponds to.

    The first of several forms corresponds to the singular; a single form corresponds to the plural.
    """
    for number, form in enumerate(said):
        is_one = isinstance(english, Plural) and number == 0 and len(said) > 1
        yield (english.one if is_one and isinstance(english, Plural) else english), form


def _badly_quoted(file: Path) -> Iterator[int]:
    """Return the lines with wrong quotes, which Babel would read without an error and without their last character."""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith(("msg", '"')) and not _QUOTED.fullmatch(line):
            yield number


def _twice(file: Path) -> Iterator[str]:
    """Return the English of duplicate entries, of which Babel reads one without an error."""
    entries = Counter(_entries(file.read_text(encoding="utf-8").splitlines()))
    yield from (english for (_, english), times in entries.items() if times > 1 and english)


def _entries(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the context and the English of all entries in use. Both can continue over several lines."""
    parts: dict[str, list[str]] = {}
    keyword = ""
    for line in [*lines, "msgstr"]:
        if line.startswith('"'):
            parts.setdefault(keyword, []).append(line)
        elif line.startswith("msgstr"):
            if "msgid" in parts:
                yield _joined(parts.get("msgctxt", [])), _joined(parts["msgid"])
            parts, keyword = {}, ""
        elif line.startswith(("msgctxt ", "msgid ", "msgid_plural ")):
            keyword, _, rest = line.partition(" ")
            parts[keyword] = [rest]


def _joined(parts: list[str]) -> str:
    # Lines with wrong quotes are reported separately and cannot be parsed here.
    return denormalize("\n".join(part for part in parts if _QUOTED.fullmatch(part))) if parts else ""


def _same(file: Path) -> set[str]:
    listed = file.with_suffix(".same.txt")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    return {line.replace("\\n", "\n") for line in lines if line.strip() and not line.startswith("#")}


def _enum_values(root: Path) -> frozenset[str]:
    """Return the enum values of all specs that cannot be mistaken for ordinary words."""
    values: set[str] = set()
    for file in sorted(root.glob("tool_specs/*.json")):
        if not file.name.endswith(".schema.json"):
            values.update(_enums_in(json.loads(file.read_bytes())))
    return frozenset(value for value in values if value.isupper() or "_" in value)


def _enums_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value.get("enum") or ()
        for part in value.values():
            yield from _enums_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from _enums_in(part)


def places(source: Source) -> dict[str, list[str]]:
    """Return the places of each text."""
    found: dict[str, list[str]] = {}
    for english, place in every_text(source):
        found.setdefault(english, []).append(place)
    return found
