"""The class of an error's sentence, and the kinds of errors."""

from __future__ import annotations

from typing import NamedTuple

# Kinds of errors by remedy: change the inputs, the token or the name; wait; try again later; look at the run.
INPUT, TOKEN, NOT_FOUND, BUSY, DOWN, RUN = "input", "token", "not_found", "busy", "down", "run"


class Sentence(NamedTuple):
    """The sentence of an error key, its hint, and the kind of the error."""

    kind: str
    message: str
    hint: str = ""
