"""A terminal as a picture: every character in its own cells, wide ones in two, in a light and in a dark form."""

from __future__ import annotations

import html
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

COLUMNS = 100
# In pixels; the height leaves room below the letters, for underscores.
CELL, LINE, SIZE, MARGIN, BAR = 8.4, 20, 14, 16, 34


@dataclass(frozen=True)
class Look:
    """The colours of a form."""

    name: str
    paper: str
    bar: str
    ink: str
    colours: tuple[str, ...]

    @property
    def theme(self) -> TerminalTheme:
        """What rich calls these colours: the eight of a terminal, and the same for its bright ones."""
        rgb = [_rgb(each) for each in self.colours]
        return TerminalTheme(_rgb(self.paper), _rgb(self.ink), rgb, rgb)


LIGHT = Look(
    "light",
    "#fbfafd",
    "#e7e2f2",
    "#2b2438",
    ("#2b2438", "#b3261e", "#1b6e3c", "#8a5a00", "#3b4fb0", "#7b3f9e", "#0f6b78", "#6b6478"),
)
DARK = Look(
    "dark",
    "#211c2b",
    "#332c42",
    "#e9e4f2",
    ("#9a93a8", "#ff8a80", "#7fdc9f", "#f2c166", "#a8b6ff", "#dba6f2", "#7fd7e4", "#e9e4f2"),
)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def draw_terminal(command: list[str], output: str, look: Look) -> str:
    """Draw a terminal that shows a command and what it printed.

    Args:
        command: The command.
        output: What it printed, with the terminal's codes for styles.
        look: The colours.
    """
    lines = list(_lines(command, output))
    width, height = MARGIN * 2 + CELL * COLUMNS, BAR + MARGIN + LINE * len(lines)
    dots = "".join(f'<circle cx="{22 + 18 * number}" cy="{BAR / 2}" r="5" fill="{look.paper}"/>' for number in range(3))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}" width="{width:g}" '
            f'height="{height}" role="img" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="{SIZE}">',
            f"<title>{html.escape(' '.join(command))}</title>",
            f'<rect width="{width:g}" height="{height}" rx="8" fill="{look.paper}"/>',
            f'<path d="M0 {BAR}V8a8 8 0 0 1 8-8h{width - 16:g}a8 8 0 0 1 8 8v{BAR - 8}z" fill="{look.bar}"/>',
            dots,
            *(drawn for number, line in enumerate(lines) for drawn in _drawn(line, number, look)),
            "</svg>",
        ]
    )


def _lines(command: list[str], output: str) -> Iterator[list[Segment]]:
    """Return the lines of the terminal, in parts of one style."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(width=COLUMNS, file=nowhere, force_terminal=True, color_system="truecolor")
        for text in (Text("$ " + " ".join(command), style="bold"), Text.from_ansi(output.rstrip("\n"))):
            yield from console.render_lines(text, pad=False)


def _drawn(line: list[Segment], number: int, look: Look) -> Iterator[str]:
    """Draw one line. Each part is stretched to the cells that it takes, whatever font there is."""
    at, y = 0, BAR + MARGIN + LINE * number
    for part in line:
        if part.text.strip():
            blanks = len(part.text) - len(part.text.lstrip(" "))
            words = part.text.strip(" ")
            x, length = MARGIN + CELL * (at + blanks), CELL * Segment(words).cell_length
            style = _style(part.style or Style(), look)
            yield (
                f'<text x="{x:.1f}" y="{y}" textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs" '
                f'xml:space="preserve" {style}>{html.escape(words)}</text>'
            )
        at += part.cell_length


def _style(style: Style, look: Look) -> str:
    colour = style.color.get_truecolor(look.theme) if style.color and not style.color.is_default else None
    fill = f"#{colour.red:02x}{colour.green:02x}{colour.blue:02x}" if colour else look.ink
    weight = ' font-weight="700"' if style.bold else ""
    faint = ' opacity="0.65"' if style.dim else ""
    return f'fill="{fill}"{weight}{faint}'
