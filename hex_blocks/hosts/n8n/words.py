"""Converts descriptions of the specs to the style that n8n requires."""

from __future__ import annotations

import re

from hex_blocks.hosts.javascript.titles import SPELLINGS

_SENTENCE_END = re.compile(r"[.!?](?=\s)")


def describe(text: str) -> str:
    """Return a description with a capital first letter, and without a full stop if it is one sentence."""
    text = re.sub(r"\bid\b", "ID", text[:1].upper() + text[1:])
    for spelling, ours in SPELLINGS.items():
        text = text.replace(spelling, ours)
    return text if _SENTENCE_END.search(text.rstrip(".")) or not text.endswith(".") else text[:-1]


def describe_switch(text: str) -> str:
    """Return the description of a switch, which n8n requires to begin with "Whether"."""
    if text.startswith("Whether "):
        return describe(text)
    return describe(f"Whether to use this. {text[:1].upper()}{text[1:]}")
