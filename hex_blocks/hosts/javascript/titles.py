"""The plain English of the specs as labels in title case, as builders write them."""

from __future__ import annotations

import re

_SMALL = {
    "a", "an", "and", "as", "at", "but", "by", "en", "for", "if", "in", "nor", "of", "on", "or", "per", "the", "to",
    "up", "via", "vs", "with",
}  # fmt: skip
_KEPT = re.compile(r"[A-Z]{2,}s?|.*[a-z][A-Z].*")
# How builders spell what texts elsewhere spell otherwise.
SPELT = {"e-mail": "email", "E-mail": "Email"}
_CAPITALS = {"API", "CSV", "ID", "MCP", "PDF", "PNG", "SQL"}
_ARTICLES = re.compile(r"\b(?:a|an|the) ", re.IGNORECASE)


def title_case(text: str) -> str:
    """Return a label in title case; words that are capitals already stay so."""
    words = text.split(" ")
    last = len(words) - 1
    return " ".join(_titled(word, number in (0, last)) for number, word in enumerate(words))


def _titled(word: str, edge: bool) -> str:
    bare = word.strip("()")
    spelt = SPELT.get(bare, bare)
    if _KEPT.fullmatch(spelt) or (spelt.lower() in _SMALL and not edge):
        return word.replace(bare, spelt)
    return word.replace(bare, spelt[:1].upper() + spelt[1:])


def sentence_case(title: str) -> str:
    """Return an action: a title without its articles."""
    plain = _ARTICLES.sub("", title)
    return plain[:1].upper() + plain[1:]


def name_of_value(value: str) -> str:
    """Return how the editor calls a value of Hex's: UNABLE_TO_ALLOCATE_KERNEL, EXPORT_PDF, png."""
    words = (word.upper() if word.upper() in _CAPITALS else word.lower() for word in value.split("_"))
    return title_case(" ".join(words) if value.isupper() or value.upper() in _CAPITALS else value)
