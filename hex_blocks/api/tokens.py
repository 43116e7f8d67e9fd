"""Finds out what is wrong with a malformed token, without repeating the token.

Hex does not document the format of its tokens, so an unknown prefix or length is not a fault. Refused are only
characters that an HTTP header cannot contain, and common mistakes such as placeholders and quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from hex_blocks.i18n.texts import Phrase, phrase

LONGEST = 4096
_PLACEHOLDER = re.compile(
    r"(?:hxt[a-z]_)?(?:…|\.{3,}|\*{3,}|(?<=_)x{3,})"
    r"|(?:hxt[a-z]_)?<[^<>]*>|\[[^][]*\]|\{[^{}]*\}|\{\{[^{}]*\}\}"
    r"|\$\w+|\$\{[^{}]*\}|\$\{\{[^{}]*\}\}|\$\([^()]*\)|%\w+%"
    r"|(?:hxt[a-z]_)?(?:your|insert|paste)[\w -]*(?:token|key|secret)[\w -]*"
    r"|HEX_API_TOKEN",
    re.IGNORECASE,
)
# A quote at the end can belong to a token, unless the token begins with Hex's prefix.
_QUOTED = re.compile(r"[\"'`]|hxt[a-z]_.*[\"'`]$", re.DOTALL)
_ASSIGNED = re.compile(r"(?:export\s+|set\s+)?HEX_API_TOKEN\s*[=:]", re.IGNORECASE)


def token_fault(token: str) -> Phrase | None:
    """Return what is wrong with a token, or None if it can be a token."""
    if _PLACEHOLDER.fullmatch(token):
        return phrase("it is a placeholder, in whose place the token belongs")
    if _ASSIGNED.match(token):
        return phrase("it begins with the name of the variable")
    if _QUOTED.match(token):
        return phrase("there are quotes around it")
    if token.lower().startswith("bearer "):
        return phrase("it begins with “Bearer”, which is added when it is sent")
    return _wrong_character(token)


def _wrong_character(token: str) -> Phrase | None:
    if "\n" in token or "\r" in token:
        return phrase("there is a line break in it")
    if any(each.isspace() for each in token):
        return phrase("there is a space in it")
    if not token.isascii():
        return phrase(
            "there is a character in it that is not ASCII, at place {place}", place=_first(token, str.isascii)
        )
    if not token.isprintable():
        return phrase("there is a control character in it, at place {place}", place=_first(token, str.isprintable))
    if len(token) > LONGEST:
        return phrase("it is longer than {longest} characters", longest=LONGEST)
    return None


def _first(token: str, is_right: Callable[[str], bool]) -> int:
    return next(place for place, each in enumerate(token, 1) if not is_right(each))
