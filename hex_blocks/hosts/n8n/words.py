"""The plain English of the specs as n8n's editor writes it: one sentence without a full stop."""

from __future__ import annotations

import re

from hex_blocks.hosts.javascript.titles import SPELT

_SENTENCE_END = re.compile(r"[.!?](?=\s)")


def describe(text: str) -> str:
    """Return a description: it begins with a capital, and one sentence goes without its full stop."""
    text = re.sub(r"\bid\b", "ID", text[:1].upper() + text[1:])
    for spelling, ours in SPELT.items():
        text = text.replace(spelling, ours)
    return text if _SENTENCE_END.search(text.rstrip(".")) or not text.endswith(".") else text[:-1]


def describe_switch(text: str) -> str:
    """Return the description of a switch, which n8n begins with "Whether"."""
    if text.startswith("Whether "):
        return describe(text)
    return describe(f"Whether to use this. {text[:1].upper()}{text[1:]}")
