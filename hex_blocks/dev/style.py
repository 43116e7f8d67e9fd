"""Phrases to avoid in the English texts for users, and better ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

# The phrases as patterns, each with what to write instead. See the style section of CONTRIBUTING.md.
PHRASES = (
    (r"unless (?:said|told|stated) otherwise", "Default: …"),
    (r"\bis no (?:input|object|list|number|text|tool|path|JSON|cursor|chart)\b", "is not an input, is not a list …"),
    (r"\bHand (?:this|it) back\b", "Pass as `cursor` next time"),
    (r"\b(?:go|goes|going) on in Hex\b", "keeps running in Hex"),
    (r"\b(?:go|goes|going|gone|went) on\b(?! in Hex)", "continues, is running, keeps waiting"),
    (r"\banew\b", "again"),
    (r"\b[Aa]ll else\b", "everything else"),
    (r"\btakes? note of\b", "records …"),
    (r"\bend(?:s|ed)? (?:well|badly)\b", "completes, fails"),
    (r"\bnot to be had\b", "is not available"),
    (r"\b(?:first|last|next) look\b|\blook with\b", "the first check, check with …"),
    (r"\bWho (?:runs|pushes)\b", "Whoever runs …"),
    (r"\btakes no more requests\b", "Hex's rate limit is reached"),
    (r"\bthis piece of work\b", "this call, Idempotency key"),
    (r"\bAt Hex\b", "In Hex"),
    (r"\bBeside these\b", "Any call can also fail with"),
    (r"\bswitche[sd] (?:this|it) on\b", "Hex enables this"),
    (r"\borganisation\b", "organization"),
    (r"\bof one's own\b", "self-hosted, your own"),
    (r"\btakes? (?:access|the \w+) away\b", "removes …"),
    (r"\bwhere (?:there is none|Hex does not say)\b", "if there is none, if Hex does not say"),
    (r"\b(?:at the least|at the most)\b", "at least …, at most …"),
    (r"\bnot together with\b", "Cannot be combined with …"),
    (r"\bWhether only to\b", "Whether to only …"),
    (r"\bwhat came of\b", "the result of …"),
    (r"\bstands? (?:in|under|on|beside|there)\b", "is in, is listed under, is kept in …"),
    (r"\b(?:to wait|Wait) on\b", "keep waiting"),
    (r"\bat most[.;]", "at most 20 charts a minute, not: 20 charts a minute at most"),
    (r"\b(?:bring|brings) (?:their|its caller's|the secret)\b", "send …"),
    (r"\bleaves? (?:its|the|a) run going\b", "its run keeps running in Hex"),
    (r"\bwithout a word\b", "silently"),
    (r"\bis no refusal\b", "does not count as a refusal"),
    (r"\b[Oo]nly who\b", "Only the person who …"),
    (r"\bbut for (?:the|two|one)\b", "except …"),
    (r"\bof each target\b", "for each target"),
)
_PATTERNS = tuple((re.compile(pattern), better) for pattern, better in PHRASES)


class Mannered(NamedTuple):
    """A phrase to replace, and its place."""

    place: str
    phrase: str
    better: str

    def __str__(self) -> str:
        return f'{self.place}: "{self.phrase}"; write "{self.better}"'


def mannered(texts: Iterable[tuple[str, str]]) -> Iterator[Mannered]:
    """Yield the phrases to replace in texts.

    Args:
        texts: English texts, each with its place.
    """
    for english, place in texts:
        for pattern, better in _PATTERNS:
            if found := pattern.search(english):
                yield Mannered(place, found[0], better)
