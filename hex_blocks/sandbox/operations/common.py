"""Types of values and query parameters that several operations use."""

from __future__ import annotations

from hex_blocks.sandbox.validation import Cursor, Flag, Kind, Number, Text

UUID = Text(uuid=True)
NAME = Text(least=1)
DIRECTION = Text(choices=("ASC", "DESC"))
CURSORS: dict[str, Kind] = {"after": Cursor(), "before": Cursor()}


def paged(most: int = 100, default: int = 25) -> dict[str, Kind]:
    """Return the query parameters of a list with cursors."""
    return {"limit": Number(least=1, most=most, whole=True, default=default), **CURSORS}


NO_FLAG = Flag(default=False)
