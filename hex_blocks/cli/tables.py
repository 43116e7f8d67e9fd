"""Tables as wide as the terminal, in which IDs and other values to copy are not wrapped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from hex_blocks.cli.output import plain, say, warn

if TYPE_CHECKING:
    from rich.table import Table

GAP = 2
UNLIMITED = 1_000_000
# The least width of a text column before later columns are left out.
WIDTH_OF_WORDS = 20
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d):\d\d(?:\.\d+)?(Z|[+-]\d\d:\d\d)")


def print_table(
    columns: list[str], rows: list[list[str]], *, optional: bool = False, to_the_minute: bool = True
) -> None:
    """Print a table.

    Args:
        columns: The headings.
        rows: The cells of each row.
        optional: Whether columns that do not fit are left out, with a note.
        to_the_minute: Whether times are shown without seconds.
    """
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        # A program gets the values as they are.
        console = Console(width=UNLIMITED)
    shorten = shortly if to_the_minute else str
    shown = [[shorten(plain(cell)) for cell in row] for row in rows]
    kept = list(range(len(columns)))
    if optional and console.is_terminal:
        kept = _fitting([_narrowest(columns[place], (row[place] for row in shown)) for place in kept], console.width)
    console.print(_table([columns[place] for place in kept], [[row[place] for place in kept] for row in shown]))
    if left_out := [name for place, name in enumerate(columns) if place not in kept]:
        warn(say("Left out here: {names}. Choose columns with --columns.", names=", ".join(left_out)))


def shortly(cell: str) -> str:
    """Return a time without seconds; other cells are unchanged."""
    moment = _MOMENT.fullmatch(cell)
    return f"{moment[1]}{moment[2]}" if moment else cell


def _fitting(widths: list[int], width: int) -> list[int]:
    """Return the indexes of the columns that fit; earlier columns take precedence."""
    kept: list[int] = []
    left = width + GAP
    for place, needed in enumerate(widths):
        if needed + GAP <= left or not kept:
            kept.append(place)
            left -= needed + GAP
    return kept


def _narrowest(heading: str, cells: Iterable[str]) -> int:
    from rich.cells import cell_len

    cells = list(cells)
    whole = max(map(cell_len, [heading, *cells]))
    return whole if _is_in_one_piece(cells) else min(whole, WIDTH_OF_WORDS)


def _is_in_one_piece(cells: Iterable[str]) -> bool:
    """Return whether a column holds IDs, times, URLs or similar values, which must not be wrapped."""
    return all(cell.isascii() and " " not in cell for cell in cells)


def _table(columns: list[str], rows: list[list[str]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(header_style="bold", box=None, pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=_is_in_one_piece(row[place] for row in rows))
    for row in rows:
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    return table
