"""Checks a single translation against its English text.

A translation keeps placeholders, code, names and numbers; it uses the script and vocabulary of its language, ends like
the English text, and is not the English text itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from hex_blocks.dev.catalogues import is_worded
from hex_blocks.i18n.formats import FULL_WIDTH


class Problem(NamedTuple):
    """A fault of a translation: its kind, the English text, and the correction."""

    kind: str
    english: str
    detail: str = ""


# The scripts, by the characters that only they have.
_SCRIPTS = {
    "Han": r"\u3400-\u9fff\uf900-\ufaff々",
    "Kana": r"\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff",
    "Hangul": r"\u1100-\u11ff\uac00-\ud7af",
    "Cyrillic": r"\u0400-\u04ff",
    "Greek": r"\u0370-\u03ff",
    "Arabic": r"\u0600-\u06ff",
}
_HAN = re.compile(f"[{_SCRIPTS['Han']}]")
# The scripts of a language beside Latin; a translation needs at least one of their characters.
_OWN_SCRIPTS = {"ja": ("Kana", "Han"), "ko": ("Hangul",), "zh_Hans": ("Han",), "zh_Hant": ("Han",)}
_TRADITIONAL = set("個們這說請與為時發經過還點後開關學實現應該類權資數據頁組織邏輯專運續編輯刪選擇設單項讀寫連線檔")
# Words of mainland China, with those of Taiwan.
_TAIWANESE = {
    "信息": "資訊, 訊息",
    "加載": "載入",
    "字符": "字元",
    "屏幕": "螢幕",
    "打印": "列印",
    "數據": "資料",
    "數組": "陣列",
    "文檔": "文件",
    "服務器": "伺服器",
    "用戶": "使用者",
    "登錄": "登入",
    "網絡": "網路",
    "緩存": "快取",
    "菜單": "選單",
    "視頻": "影片",
    "賬": "帳",
    "軟件": "軟體",
    "鏈接": "連結",
    "默認": "預設",
    "鼠標": "滑鼠",
}
_PROJECT, _MAINLAND_PROJECT, _PROJECT_IN_TAIWAN = re.compile(r"\bprojects?\b", re.IGNORECASE), "項目", "專案"
_ENGLISH_WORDS = re.compile(r"\b(the|of|and|with|which|this|from|when|whether|that|has|are|is|not)\b")
_ENGLISH_RUN = re.compile(r"(?:\b[a-z]{2,}\b[ ,]+){3,}\b[a-z]{2,}\b")

# A Han or Kana character with a half-width mark after it, unless a name or number begins there.
_HALF_WIDTH = re.compile(rf"[{_SCRIPTS['Han']}{_SCRIPTS['Kana']}][:;,!?.](?!\w)")
_PLACE = re.compile(r"\{\{?[^{}]*\}\}?|%\([a-z_]+\)[sd]|(?<!\w)__[a-z]+__(?!\w)")
_CODE_SPAN = re.compile(r"`[^`]+`")
_TAG = re.compile(r"</?[a-z][^<>]*>")
_LINK = re.compile(r"\]\(([^)]*)\)")
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]*|#[0-9]+|#[xX][0-9A-Fa-f]+);")
# Zero-width characters that are needed in emoji and in several languages.
_JOINERS = "\u200c\u200d"
_NUMBER = re.compile(r"\d+")
_GROUPED = re.compile(r"(?<=\d)[.,\u00a0\u202f ](?=\d{3}(?!\d))")
# Parts that are the same in every language: names in code, options, addresses, files, IDs.
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


def problems_of(
    english: str, said: str, language: str, *, same: bool = False, names: frozenset[str] = frozenset()
) -> Iterator[Problem]:
    """Return the faults of a translation."""
    for check in (_keeps_places, _keeps_shape, _keeps_numbers, _keeps_clean):
        yield from (Problem(kind, english, detail) for kind, detail in check(english, said))
    yield from (Problem("names", english, detail) for detail in _lost_names(english, said, names))
    if same:
        return
    if said == english:
        yield Problem("copy", english, f"translate it, or list it in {language}.same.txt")
        return
    yield from (Problem("script", english, detail) for detail in _wrong_script(said, language))
    yield from (Problem("marks", english, detail) for detail in _wrong_marks(said, language))
    yield from (Problem("terms", english, detail) for detail in _foreign_terms(english, said, language))


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
    # A question may be phrased differently, but a sentence has to end, and a label must not.
    if (should := _end(english)) not in ("?", _end(said)):
        yield "ending", f"end with {should}" if should else "no mark at the end"


def _wrong_marks(said: str, language: str) -> Iterator[str]:
    """Return half-width marks at the end of words in a script that has full-width ones."""
    if language in FULL_WIDTH:
        plain = _CODE_SPAN.sub("`", said)
        yield from (f"{found[-1]} is half-width: {found}" for found in sorted(set(_HALF_WIDTH.findall(plain))))


def _keeps_numbers(english: str, said: str) -> Iterator[tuple[str, str]]:
    lost = _numbers(english) - _numbers(said)
    if lost:
        yield "numbers", f"keep {', '.join(sorted(lost))}"


def _keeps_clean(english: str, said: str) -> Iterator[tuple[str, str]]:
    """Return characters that are invisible in an editor, and HTML that a page would show: both come from copying."""
    unseen = sorted({each for each in said if _is_unseen(each)} - set(english))
    if unseen:
        yield "characters", f"leave out {', '.join(f'U+{ord(each):04X}' for each in unseen)}"
    yield from (("entities", detail) for detail in _differences(_ENTITY.findall(english), _ENTITY.findall(said)))


def _is_unseen(character: str) -> bool:
    """Return whether a character is a control, a replacement character, or unassigned."""
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
    # Bounded by Latin letters only, because a Korean particle follows a name without a space.
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
    if language == "zh_Hant" and (simplified := sorted(filter(_is_simplified, set(said)))):
        yield f"{''.join(simplified)} is simplified Chinese"


def _is_simplified(character: str) -> bool:
    """Return whether a Han character is not in Taiwan's character set."""
    return bool(_HAN.match(character)) and not character.encode("big5", "ignore")


def _foreign_terms(english: str, said: str, language: str) -> Iterator[str]:
    """Return words of another country's vocabulary."""
    if language == "zh_Hant":
        yield from (f"{theirs} is {ours} in Taiwan" for theirs, ours in _TAIWANESE.items() if theirs in said)
        if _MAINLAND_PROJECT in said and _PROJECT.search(english):
            yield f"a project is {_PROJECT_IN_TAIWAN} in Taiwan, not {_MAINLAND_PROJECT}"


def _margins(words: str) -> tuple[str, str]:
    return words[: len(words) - len(words.lstrip())], words[len(words.rstrip()) :]


def _end(words: str) -> str:
    bare = words.rstrip(_CLOSING)
    return _ENDS.get(bare[-1:], "")
