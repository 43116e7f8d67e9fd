"""Plain BM25 with its usual constants, as clients use it that search long lists of tools."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping

K1, B = 1.5, 0.75
_WORDS = re.compile(r"[぀-ヿ一-鿿가-힯]+|[^\W_]+")
_EAST_ASIAN = re.compile(r"[぀-ヿ一-鿿가-힯]")


def words(text: str) -> list[str]:
    """Return the words of a text: pairs of characters where a language has no spaces or inflects its words' ends."""
    found = []
    for word in _WORDS.findall(text.casefold()):
        if _EAST_ASIAN.match(word):
            found += [word[place : place + 2] for place in range(max(1, len(word) - 1))]
        else:
            found.append(word)
    return found


class Index:
    """Texts by name, to be searched."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._counts = {name: Counter(words(text)) for name, text in texts.items()}
        self._lengths = {name: sum(counts.values()) for name, counts in self._counts.items()}
        self._usual = sum(self._lengths.values()) / len(self._lengths)
        self._in = Counter(word for counts in self._counts.values() for word in counts)

    def ranked(self, query: str) -> list[str]:
        """Return the names whose texts fit a query, best first."""
        scores = {name: self._score(name, words(query)) for name in self._counts}
        return sorted((name for name in scores if scores[name] > 0), key=lambda name: -scores[name])

    def _score(self, name: str, query: list[str]) -> float:
        norm = K1 * (1 - B + B * self._lengths[name] / self._usual)
        return sum(
            self._rarity(word) * times * (K1 + 1) / (times + norm)
            for word in query
            if (times := self._counts[name][word])
        )

    def _rarity(self, word: str) -> float:
        return math.log(1 + (len(self._counts) - self._in[word] + 0.5) / (self._in[word] + 0.5))
