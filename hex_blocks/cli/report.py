"""hex-blocks call --report: the page of a pipeline or batch, written to a file."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.naming import titles_of
from hex_blocks.cli.output import say, warn

if TYPE_CHECKING:
    from hex_blocks.cli.report_page import Project
    from hex_blocks.client import Hex

# Each costs a request.
MOST_PROJECTS = 10


def check_report(tool_id: str, file: Path) -> None:
    """Refuse what cannot be written before hours of work rather than after them. Raises click.UsageError."""
    from hex_blocks.cli.report_page import PARTS

    if tool_id not in PARTS:
        raise click.UsageError(say("--report is for {tools}.", tools=", ".join(PARTS)))
    if file.exists() and not file.is_file():
        raise click.BadParameter(_cannot_be_written(file, say("it is no file")), param_hint="--report")
    try:
        # The folder must take a new file, which the page is until it is whole.
        _beside(file.resolve()).unlink()
    except OSError as error:
        raise click.BadParameter(_cannot_be_written(file, error), param_hint="--report") from None


def save_report(client: Hex, tool_id: str, result: Mapping[str, Any], file: Path, *, quiet: bool) -> bool:
    """Write the page of a result and say where it is; where that fails, say so: the result is worth more."""
    from hex_blocks.cli.report_page import PARTS, write_report

    ids = dict.fromkeys(str(part["projectId"]) for part in result[PARTS[tool_id]] if part.get("projectId"))
    try:
        _write(file.resolve(), write_report(tool_id, result, client.language, _projects(client, list(ids))))
    except (OSError, ValueError, ArithmeticError) as error:
        # No room on the disk, or a moment or a number of Hex's that no calendar and no page can show.
        warn(_cannot_be_written(file, error))
        return False
    if not quiet:
        warn(say("The page is in {file}.", file=file))
    return True


def _projects(client: Hex, ids: list[str]) -> dict[str, Project]:
    """Look up the titles of projects; those that cannot be had are left out."""
    from hex_blocks.cli.report_page import Project

    origin = client.connection.base_url.partition("/api/")[0]
    titles = titles_of(client, ids[:MOST_PROJECTS])
    return {each: Project(each, title, f"{origin}/hex/{each}") for each, title in titles.items()}


def _cannot_be_written(file: Path, reason: str | Exception) -> str:
    said = getattr(reason, "strerror", None) or str(reason)
    return say("{file} cannot be written: {reason}", file=file, reason=said)


def _beside(file: Path, content: str = "") -> Path:
    """Write a new file in the same folder."""
    made = file.with_name(f".{file.name[:200]}.{uuid.uuid4().hex[:8]}")
    with made.open("x", encoding="utf-8", newline="\n") as opened:
        opened.write(content)
    return made


def _write(file: Path, content: str) -> None:
    """Write a file, whole or not at all; one that was there keeps who may read it."""
    made = _beside(file, content)
    try:
        if file.exists():
            made.chmod(file.stat().st_mode & 0o777)
        made.replace(file)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
