"""What is wrong with the catalogues of translations: what is missing, and what a translation must not change.

A translation keeps places for values, code, names and numbers as they are, is in its own script, ends as the English
does, and is not the English itself. Words that are rightly the same stand in `locales/<language>.same.txt`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from babel.messages import Catalog
from babel.messages.pofile import PoFileError, denormalize

from hex_blocks.dev.catalogues import (
    TEMPLATE,
    Source,
    english_of,
    every_text,
    forms_of,
    is_worded,
    key_of,
    languages_of,
    read_catalogue,
    template,
    written,
)
from hex_blocks.i18n.plurals import Plural
from hex_blocks.i18n.texts import text


class Problem(NamedTuple):
    """One thing that is wrong: its kind, the English, and what would be right."""

    kind: str
    english: str
    detail: str = ""


@dataclass
class LanguageReport:
    """How a language's catalogue is."""

    texts: int
    translated: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def faults(self) -> list[Problem]:
        """The problems that are more than a text which is not translated yet."""
        return [problem for problem in self.problems if problem.kind != "missing"]

    @property
    def coverage(self) -> float:
        """How much of what users see is translated, in percent, rounded down: 100 is all of it."""
        return int(1000 * self.translated / self.texts) / 10 if self.texts else 100.0


@dataclass
class Report:
    """How the catalogues are."""

    template_is_current: bool
    languages: dict[str, LanguageReport]

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong: a text that is not translated yet is shown in English, which is no fault."""
        return self.template_is_current and not any(each.faults for each in self.languages.values())

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


# Every way of writing that a language has, by the characters that only it uses.
_SCRIPTS = {
    "Han": r"\u3400-\u9fff\uf900-\ufaff々",
    "Kana": r"\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff",
    "Hangul": r"\u1100-\u11ff\uac00-\ud7af",
    "Cyrillic": r"\u0400-\u04ff",
    "Greek": r"\u0370-\u03ff",
    "Arabic": r"\u0600-\u06ff",
}
# Which scripts a language may use beside Latin; of these, at least one character must be there.
_OWN_SCRIPTS = {"ja": ("Kana", "Han"), "ko": ("Hangul",), "zh_Hans": ("Han",)}
_TRADITIONAL = set("個們這說請與為時發經過還點後開關學實現應該類權資數據頁組織邏輯專運續編輯刪選擇設單項讀寫連線檔")
_ENGLISH_WORDS = re.compile(r"\b(the|of|and|with|which|this|from|when|whether|that|has|are|is|not)\b")
_ENGLISH_RUN = re.compile(r"(?:\b[a-z]{2,}\b[ ,]+){3,}\b[a-z]{2,}\b")

_PLACE = re.compile(r"\{\{?[^{}]*\}\}?|%\([a-z_]+\)[sd]")
_CODE_SPAN = re.compile(r"`[^`]+`")
_TAG = re.compile(r"</?[a-z][^<>]*>")
_LINK = re.compile(r"\]\(([^)]*)\)")
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]*|#[0-9]+|#[xX][0-9A-Fa-f]+);")
# They make other letters of their neighbours, in emoji and in several languages.
_JOINERS = "\u200c\u200d"
_NUMBER = re.compile(r"\d+")
_GROUPED = re.compile(r"(?<=\d)[.,\u00a0\u202f ](?=\d{3}(?!\d))")
# What is written the same in every language: names in code, options, addresses, files, IDs.
_NAME = re.compile(
    r"https?://[^\s()<>«»“”„「」（）、。，；]*[^\s()<>«»“”„「」（）、。，；.,;:!?'\"]"
    r"|(?<![\w-])--[a-z][\w-]*"
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
    r"|\b[a-z]+[a-z0-9]*[A-Z]\w*"
    r"|\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b"
    r"|\bhex[-_][a-z][a-z0-9_-]*[a-z0-9]"
    r"|\b[\w-]+\.(?:json|yml|toml|po|pot|mo|py|md)\b"
    r"|\b(?:[\w-]+\.)+(?:tech|example|com|org)\b",
    re.ASCII,
)
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_BRANDS = ("Hex", "Slack", "GitHub", "Airflow", "Dagster", "Prefect", "Python", "JSON", "MCP", "SQL", "API", "UUID")
_CLOSING = "\"'`)]}»”“’」』）】*_ "
_ENDS = {".": ".", "。": ".", "．": ".", ":": ":", "：": ":", "?": "?", "？": "?", "!": "!", "！": "!", "…": "…"}

_QUOTED = re.compile(r'(?:msg\w+(?:\[\d\])? )?"(?:[^"\\]|\\.)*"')


def report(source: Source) -> Report:
    """Look at every catalogue of a repository or of a plugin's package."""
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
    """Look at a language's catalogue. by_us: whether what our own catalogue translates need not be in it."""
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
    """Return each form of a translation with the English that it is to mean.

    Where a language has several, the first is that of one; where it has a single form, that speaks of any number.
    """
    for number, form in enumerate(said):
        is_one = isinstance(english, Plural) and number == 0 and len(said) > 1
        yield (english.one if is_one and isinstance(english, Plural) else english), form


def _badly_quoted(file: Path) -> Iterator[int]:
    """Return the lines that Babel would take without a word, and without their last letter."""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith(("msg", '"')) and not _QUOTED.fullmatch(line):
            yield number


def _twice(file: Path) -> Iterator[str]:
    """Return the English of entries that stand twice: Babel takes one of them without a word."""
    entries = Counter(_entries(file.read_text(encoding="utf-8").splitlines()))
    yield from (english for (_, english), times in entries.items() if times > 1 and english)


def _entries(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Read the context and the English of every entry in use. Either may go on over several lines."""
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
    # What is badly quoted is reported as such, and cannot be read here.
    return denormalize("\n".join(part for part in parts if _QUOTED.fullmatch(part))) if parts else ""


def problems_of(
    english: str, said: str, language: str, *, same: bool = False, names: frozenset[str] = frozenset()
) -> Iterator[Problem]:
    """Return what is wrong with one translation."""
    for check in (_keeps_places, _keeps_shape, _keeps_numbers, _keeps_clean):
        yield from (Problem(kind, english, detail) for kind, detail in check(english, said))
    yield from (Problem("names", english, detail) for detail in _lost_names(english, said, names))
    if same:
        return
    if said == english:
        yield Problem("copy", english, f"translate it, or list it in {language}.same.txt")
        return
    yield from (Problem("script", english, detail) for detail in _wrong_script(said, language))


def _keeps_places(english: str, said: str) -> Iterator[tuple[str, str]]:
    for kind, pattern in (("places", _PLACE), ("code", _CODE_SPAN), ("markup", _TAG), ("links", _LINK)):
        yield from ((kind, detail) for detail in _differences(pattern.findall(english), pattern.findall(said)))
    if english.count("**") != said.count("**"):
        yield "markup", "** as often as in English"


def _keeps_shape(english: str, said: str) -> Iterator[tuple[str, str]]:
    if _margins(english) != _margins(said):
        yield "blanks", "the same blanks at the beginning and the end"
    if english.count("\n") != said.count("\n"):
        yield "lines", f"{english.count(chr(10)) + 1} lines"
    # A question may be put otherwise elsewhere; a sentence ends, and a label does not.
    if (should := _end(english)) not in ("?", _end(said)):
        yield "ending", f"end with {should}" if should else "no mark at the end"


def _keeps_numbers(english: str, said: str) -> Iterator[tuple[str, str]]:
    lost = _numbers(english) - _numbers(said)
    if lost:
        yield "numbers", f"keep {', '.join(sorted(lost))}"


def _keeps_clean(english: str, said: str) -> Iterator[tuple[str, str]]:
    """Return what an editor does not show, or a page shows as it stands: both come from copying."""
    unseen = sorted({each for each in said if _is_unseen(each)} - set(english))
    if unseen:
        yield "characters", f"leave out {', '.join(f'U+{ord(each):04X}' for each in unseen)}"
    yield from (("entities", detail) for detail in _differences(_ENTITY.findall(english), _ENTITY.findall(said)))


def _is_unseen(character: str) -> bool:
    """Whether a character is a control, of direction too, one that stands for another that was lost, or none at all."""
    if character in _JOINERS or character in "\n\t":
        return False
    return character == "\ufffd" or unicodedata.category(character) in ("Cc", "Cf", "Cn", "Co", "Cs")


def _numbers(words: str) -> set[str]:
    return set(_NUMBER.findall(_GROUPED.sub("", words)))


def _differences(english: list[str], said: list[str]) -> Iterator[str]:
    if lost := sorted(set(english) - set(said)):
        yield f"keep {', '.join(lost)}"
    if added := sorted(set(said) - set(english)):
        yield f"leave out {', '.join(added)}"


def _lost_names(english: str, said: str, names: frozenset[str]) -> Iterator[str]:
    kept = {*_NAME.findall(english), *(name for name in (*_METHODS, *_BRANDS, *names) if _has(english, name))}
    lost = sorted(name for name in kept if not _has(said, name))
    if lost:
        yield f"keep {', '.join(lost)}"


def _has(words: str, name: str) -> bool:
    return name in words and bool(_whole(name).search(words))


@cache
def _whole(name: str) -> re.Pattern[str]:
    # Bounded by Latin letters only: in Korean, a particle follows a name without a blank.
    return re.compile(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])")


def _wrong_script(said: str, language: str) -> Iterator[str]:
    own = _OWN_SCRIPTS.get(language, ())
    for script, characters in _SCRIPTS.items():
        if script not in own and (found := re.search(f"[{characters}]", said)):
            yield f"{found.group()} is {script}"
    plain = _PLACE.sub(" ", _NAME.sub(" ", _CODE_SPAN.sub(" ", said)))
    if own:
        if is_worded(said) and not any(re.search(f"[{_SCRIPTS[script]}]", said) for script in own):
            yield f"not a word in {' or '.join(own)}"
        if found := _ENGLISH_RUN.search(plain):
            yield f"English is left: {found.group()}"
    elif len(words := _ENGLISH_WORDS.findall(plain)) > 1 and len(set(words)) > 1:
        yield f"English is left: {', '.join(words)}"
    if language == "zh_Hans" and (traditional := sorted(_TRADITIONAL & set(said))):
        yield f"{''.join(traditional)} is traditional Chinese"


def _margins(words: str) -> tuple[str, str]:
    return words[: len(words) - len(words.lstrip())], words[len(words.rstrip()) :]


def _end(words: str) -> str:
    bare = words.rstrip(_CLOSING)
    return _ENDS.get(bare[-1:], "")


def _same(file: Path) -> set[str]:
    listed = file.with_suffix(".same.txt")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    return {line.replace("\\n", "\n") for line in lines if line.strip() and not line.startswith("#")}


def _enum_values(root: Path) -> frozenset[str]:
    """Return the enum values of all specs that no ordinary word looks like."""
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
    """Return where each text stands."""
    found: dict[str, list[str]] = {}
    for english, place in every_text(source):
        found.setdefault(english, []).append(place)
    return found
