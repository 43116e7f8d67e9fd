"""Splits the guides, which are hand-written Markdown, into texts to translate and other parts.

Each paragraph, heading, list entry and table cell is a text. Code, HTML comments and the marks around a text (`## `, `-
`, `> `) are not changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

_FENCE = re.compile(r"\s*(```+|~~~+)")
_MARK = re.compile(r"\s*(?:#{1,6} |[-*+] |\d+[.)] |> )")
_RULE = re.compile(r"\s*\|?[\s:|-]+\|?\s*")
_CELLS = re.compile(r"(?<!\\)\|")


class Piece(NamedTuple):
    """A part of a guide: a text to translate with what is around it, or a part without a text."""

    before: str
    text: str = ""
    after: str = "\n"


def pieces(markdown: str) -> Iterator[Piece]:
    """Return the parts of a guide in order. Joined, they are the guide with one line per text."""
    mark, fence = "", ""
    words: list[str] = []
    for line in [*markdown.splitlines(), ""]:
        if fence:
            yield Piece(line)
            fence = "" if line.strip() == fence else fence
            continue
        opens = _FENCE.match(line)
        begins = _MARK.match(line)
        is_text = bool(line.strip()) and not opens and not line.startswith(("<!--", "|", "<"))
        if words and (begins or not is_text):
            yield Piece(mark, " ".join(words))
            mark, words = "", []
        if not is_text:
            fence = opens.group(1) if opens else ""
            yield from _row(line) if line.startswith("|") else [Piece(line)]
        elif begins:
            mark, words = begins.group(), [line[begins.end() :].strip()]
            if mark.lstrip().startswith("#"):
                yield Piece(mark, words[0])
                mark, words = "", []
        else:
            mark = mark if words else line[: len(line) - len(line.lstrip())]
            words.append(line.strip())


def texts_of(markdown: str) -> Iterator[str]:
    """Return the texts of a guide."""
    yield from (piece.text for piece in pieces(markdown) if piece.text)


def in_words(markdown: str, say: Callable[[str], str]) -> str:
    """Return a guide with every text replaced by the result of `say`."""
    return (
        "".join(
            piece.before + (say(piece.text) if piece.text else "") + piece.after for piece in pieces(markdown)
        ).rstrip("\n")
        + "\n"
    )


def _row(line: str) -> Iterator[Piece]:
    if _RULE.fullmatch(line):
        yield Piece(line)
        return
    cells = _CELLS.split(line.strip().strip("|"))
    for number, cell in enumerate(cells, 1):
        yield Piece("| ", cell.strip(), " |\n" if number == len(cells) else " ")


def title_of(markdown: str) -> str:
    """Return the title of a guide, which is its first heading."""
    return next(piece.text for piece in pieces(markdown) if piece.before == "# ")
