"""hex-blocks call --report: the page of a pipeline or batch, written to a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from hex_blocks.cli.output import say, warn

# The same as in hex_blocks.report, which is not loaded before there is something to report.
REPORTED = ("hex_run_pipeline", "hex_run_batch")


def check_report(tool_id: str, file: Path) -> None:
    """Refuse what cannot be written before hours of work rather than after them. Raises click.UsageError."""
    if tool_id not in REPORTED:
        raise click.UsageError(say("--report is for {tools}.", tools=", ".join(REPORTED)))
    try:
        _write(file.with_name(f"{file.name}.check"), "").unlink()
    except OSError as error:
        raise click.BadParameter(_cannot_be_written(file, error), param_hint="--report") from None


def save_report(tool_id: str, result: Mapping[str, Any], file: Path, language: str) -> bool:
    """Write the page of a result, whole or not at all; where that fails, say so: the result is worth more."""
    from hex_blocks.report import write_report

    try:
        _write(file, write_report(tool_id, result, language))
    except OSError as error:
        warn(_cannot_be_written(file, error))
        return False
    return True


def _cannot_be_written(file: Path, error: OSError) -> str:
    return say("{file} cannot be written: {reason}", file=file, reason=error.strerror or str(error))


def _write(file: Path, content: str) -> Path:
    """Write a file that only its owner can read, unless one is there that others can."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    made = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as opened:
            opened.write(content)
        if file.exists():
            made.chmod(file.stat().st_mode & 0o777)
        return made.replace(file)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
