"""hex-blocks call --report: the page of a pipeline or batch, written to a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from hex_blocks.cli.output import say, warn


def check_report(tool_id: str, file: Path) -> None:
    """Refuse what cannot be written before hours of work rather than after them. Raises click.UsageError."""
    from hex_blocks.report import PARTS

    if tool_id not in PARTS:
        raise click.UsageError(say("--report is for {tools}.", tools=", ".join(PARTS)))
    if file.exists() and not file.is_file():
        raise click.BadParameter(_cannot_be_written(file, say("it is no file")), param_hint="--report")
    try:
        # The folder must take a new file, which the page is until it is whole.
        tempfile.TemporaryFile(dir=file.resolve().parent).close()
    except OSError as error:
        raise click.BadParameter(_cannot_be_written(file, error.strerror), param_hint="--report") from None


def save_report(tool_id: str, result: Mapping[str, Any], file: Path, language: str) -> bool:
    """Write the page of a result, whole or not at all; where that fails, say so: the result is worth more."""
    from hex_blocks.report import write_report

    try:
        _write(file.resolve(), write_report(tool_id, result, language))
    except OSError as error:
        warn(_cannot_be_written(file, error.strerror))
        return False
    except (ValueError, ArithmeticError) as error:
        # A moment or a number that Hex gave and that no calendar and no page can show.
        warn(_cannot_be_written(file, str(error)))
        return False
    return True


def _cannot_be_written(file: Path, reason: str | None) -> str:
    return say("{file} cannot be written: {reason}", file=file, reason=reason or "?")


def _write(file: Path, content: str) -> None:
    """Write a file that only its owner can read, unless one is there that others can."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    made = Path(name)
    try:
        # Half a character in an input is shown as a question mark.
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="\n") as opened:
            opened.write(content)
        if file.exists():
            made.chmod(file.stat().st_mode & 0o777)
        made.replace(file)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
