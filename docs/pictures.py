"""Pictures for the site, of what is really there: terminals that ran real commands on the sandbox, and blocks.

    python docs/pictures.py OUT [--language de] [--terminal demo …]

A terminal's picture is what a command printed, in the language; a block's is drawn from its spec, as a workflow
canvas would show it.
"""

from __future__ import annotations

import argparse
import contextlib
import html
import os
import pty
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from unicodedata import east_asian_width

from terminal_picture import COLUMNS, DARK, LIGHT, draw_terminal

from hex_blocks import Registry
from hex_blocks.clock import FastClock
from hex_blocks.i18n.texts import text
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.tools.registry import Tool

SPEED = 60
# The commands live in the sandbox's time, so that a picture of a minute takes a second.
FAST = f"""
import hex_blocks.clock


class SystemClock(hex_blocks.clock.FastClock):
    def __init__(self):
        super().__init__({SPEED})


hex_blocks.clock.SystemClock = SystemClock
"""
TERMINALS = {
    "demo": ["hex-blocks", "demo"],
    "tools": ["hex-blocks", "tools", "--group", "runs"],
    "show": ["hex-blocks", "show", "hex_cancel_run"],
    "refused": ["hex-blocks", "call", "hex_check_connection"],
}
COLOR, INK, PAPER, WIDTH, LINE = "#5B4B8A", "#2b2438", "#ffffff", 360, 24
MOST_PORTS = 8
CONTROL = re.compile(r"(\n|\r|\x1b\[[?\d;]*[A-Zhl])")
MOVE = re.compile(r"\x1b\[(?P<count>[?\d;]*)(?P<what>[A-Zhl])")


def terminals(language: str, names: Iterable[str] = tuple(TERMINALS)) -> Iterator[tuple[str, str]]:
    """Run the commands in a language and give each one's pictures, light and dark, by their names."""
    with tempfile.TemporaryDirectory() as folder, Sandbox(clock=FastClock(SPEED)) as sandbox:
        (Path(folder) / "sitecustomize.py").write_text(FAST, encoding="utf-8")
        settings = os.environ | {
            "COLUMNS": str(COLUMNS),
            "FORCE_COLOR": "1",
            "HEX_API_BASE_URL": sandbox.base_url,
            "HEX_API_TOKEN": TOKENS.personal,
            "HEX_BLOCKS_ALLOWED_HOSTS": sandbox.origin,
            "HEX_BLOCKS_DATA_DIR": f"{folder}/data",
            "LANGUAGE": language,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": folder,
        }
        for name in names:
            command = TERMINALS[name]
            token = {"HEX_API_TOKEN": TOKENS.expired} if name == "refused" else {}
            output = printed(command, settings | token)
            for look in (LIGHT, DARK):
                yield f"{name}-{look.name}.svg", draw_terminal(command, output, look)


def printed(command: list[str], settings: dict[str, str]) -> str:
    """Run a command on a terminal and give what stands there in the end."""
    ours, its = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as reading:
        running = subprocess.Popen(command, env=settings, stdout=its, stderr=its, stdin=subprocess.DEVNULL)
        os.close(its)
        written = bytearray()
        # A terminal whose other end has closed is an error on Linux, and the end of a file elsewhere.
        with contextlib.suppress(OSError):
            while part := reading.read(4096):
                written += part
        running.wait()
    return settled(written.decode())


def settled(written: str) -> str:
    """Do to the lines what a terminal does: a progress bar is drawn over and over, and gone in the end."""
    lines, at = [""], 0
    for part in CONTROL.split(written):
        move = MOVE.fullmatch(part)
        if part == "\n":
            at += 1
            lines += [""] * (at + 1 - len(lines))
        elif move and move["what"] == "A":
            at = max(0, at - int(move["count"] or 1))
        elif move and move["what"] == "K":
            lines[at] = ""
        elif part != "\r" and not move:
            lines[at] += part
    return "\n".join(lines).rstrip("\n")


def block(tool: Tool, language: str) -> str:
    """Draw a tool as a block of a workflow canvas: its title, the inputs on the left, the outputs on the right."""
    inputs = [
        (name, field.required)
        for name, field in tool.spec.inputs.items()
        if field.place != "connection" and not field.advanced
    ]
    outputs = [(name, False) for name in tool.spec.outputs]
    rows = max(len(inputs), len(outputs), 1)
    height = 78 + LINE * min(rows, MOST_PORTS + 1)
    title = html.escape(tool.title(language))
    size = 16 if columns(title) <= 32 else 13
    kind = html.escape(text("Reads" if tool.operation == "query" else "Writes", language))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + 20} {height + 4}" width="{WIDTH + 20}" '
            f'height="{height + 4}" role="img" font-family="system-ui, sans-serif">',
            f"<title>{title}</title>",
            f'<rect x="10" y="2" width="{WIDTH}" height="{height}" rx="10" fill="{PAPER}" stroke="{COLOR}"/>',
            f'<path d="M10 50V12a10 10 0 0 1 10-10h{WIDTH - 20}a10 10 0 0 1 10 10v38z" fill="{COLOR}"/>',
            f'<text x="24" y="24" fill="#fff" font-size="{size}" font-weight="600">{title}</text>',
            f'<text x="24" y="42" fill="#ddd6f0" font-size="12">{tool.id} · {kind}</text>',
            *ports(inputs, left=True),
            *ports(outputs, left=False),
            "</svg>",
        ]
    )


def ports(names: list[tuple[str, bool]], *, left: bool) -> Iterator[str]:
    """Draw the inputs or the outputs of a block; required ones with a star."""
    edge, at, anchor = (10, 24, "start") if left else (WIDTH + 10, WIDTH - 4, "end")
    for number, (name, required) in enumerate(names[:MOST_PORTS]):
        y = 76 + LINE * number
        yield f'<circle cx="{edge}" cy="{y - 4}" r="5" fill="{PAPER}" stroke="{COLOR}" stroke-width="2"/>'
        star = f'<tspan fill="{COLOR}"> *</tspan>' if required else ""
        yield f'<text x="{at}" y="{y}" fill="{INK}" font-size="13" text-anchor="{anchor}">{name}{star}</text>'
    if more := len(names) - MOST_PORTS:
        y = 76 + LINE * MOST_PORTS
        label = f"+ {more}" if more > 0 else ""
        yield f'<text x="{at}" y="{y}" fill="{INK}" font-size="13" text-anchor="{anchor}">{label}</text>'


def columns(words: str) -> int:
    """Measure text: a Han, Kana or Hangul character is twice as wide."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in words)


def draw(out: Path, language: str) -> list[Path]:
    """Draw every picture of a language into a folder."""
    blocks = {f"{tool.id}.svg": block(tool, language) for tool in Registry.load(plugins=False).values()}
    return written(out, dict(terminals(language)) | blocks)


def written(out: Path, drawn: Mapping[str, str]) -> list[Path]:
    """Write pictures into a folder, by their names."""
    out.mkdir(parents=True, exist_ok=True)
    for name, picture in drawn.items():
        (out / name).write_text(picture, encoding="utf-8")
    return [out / name for name in drawn]


def main() -> None:
    """Draw the pictures of a language, or those of some of its terminals."""
    options = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    options.add_argument("out", type=Path)
    options.add_argument("--language", default="en")
    options.add_argument("--terminal", action="append", choices=tuple(TERMINALS))
    given = options.parse_args()
    named = given.terminal and written(given.out, dict(terminals(given.language, given.terminal)))
    print(f"{len(named or draw(given.out, given.language))} pictures in {given.out}")


if __name__ == "__main__":
    main()
