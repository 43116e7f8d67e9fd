"""Converts English texts of the specs to labels in title case, which builders require."""

from __future__ import annotations

import re

_LOWER_CASE_WORDS = {
    "a", "an", "and", "as", "at", "but", "by", "en", "for", "if", "in", "nor", "of", "on", "or", "per", "the", "to",
    "up", "via", "vs", "with",
}  # fmt: skip
_UNCHANGED = re.compile(r"[A-Z]{2,}s?|.*[a-z][A-Z].*")
# The spelling of words in labels, where it differs from that in texts.
SPELLINGS = {"e-mail": "email", "E-mail": "Email"}
_CAPITALS = {"API", "CSV", "ID", "MCP", "PDF", "PNG", "SQL"}
_ARTICLES = re.compile(r"\b(?:a|an|the) ", re.IGNORECASE)


def title_case(text: str) -> str:
    """Return a label in title case. Words that already have capitals inside are not changed."""
    words = text.split(" ")
    last = len(words) - 1
    return " ".join(_titled(word, number in (0, last)) for number, word in enumerate(words))


def _titled(word: str, edge: bool) -> str:
    bare = word.strip("()")
    spelt = SPELLINGS.get(bare, bare)
    if _UNCHANGED.fullmatch(spelt) or (spelt.lower() in _LOWER_CASE_WORDS and not edge):
        return word.replace(bare, spelt)
    return word.replace(bare, spelt[:1].upper() + spelt[1:])


def sentence_case(title: str) -> str:
    """Return a title without articles, for the name of an action."""
    plain = _ARTICLES.sub("", title)
    return plain[:1].upper() + plain[1:]


def name_of_value(value: str) -> str:
    """Return the label of a value of Hex's API such as UNABLE_TO_ALLOCATE_KERNEL, EXPORT_PDF or png."""
    words = (word.upper() if word.upper() in _CAPITALS else word.lower() for word in value.split("_"))
    return title_case(" ".join(words) if value.isupper() or value.upper() in _CAPITALS else value)
