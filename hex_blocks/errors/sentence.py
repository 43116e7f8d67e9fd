"""What a key of an error says, and the kinds of errors."""

from __future__ import annotations

from typing import NamedTuple

# Kinds of errors, by what helps: other inputs, another token, another name, waiting, later, looking at the run.
INPUT, TOKEN, NOT_FOUND, BUSY, DOWN, RUN = "input", "token", "not_found", "busy", "down", "run"


class Sentence(NamedTuple):
    """What a key says, and of which kind the error is."""

    kind: str
    message: str
    hint: str = ""
