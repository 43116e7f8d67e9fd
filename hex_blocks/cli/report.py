"""hex-blocks call --report: write the report of a pipeline or batch to a file."""

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

# The maximum number of titles; each costs a request.
MAX_PROJECTS = 10


def check_report(tool_id: str, file: Path) -> None:
    """Check before the work starts that the report can be written. Raises click.UsageError."""
    from hex_blocks.cli.report_page import PARTS

    if tool_id not in PARTS:
        raise click.UsageError(say("--report is for {tools}.", tools=", ".join(PARTS)))
    if file.exists() and not file.is_file():
        raise click.BadParameter(_cannot_be_written(file, say("it is no file")), param_hint="--report")
    try:
        # A temporary file is created in the folder.
        _beside(file.resolve()).unlink()
    except OSError as error:
        raise click.BadParameter(_cannot_be_written(file, error), param_hint="--report") from None


def save_report(client: Hex, tool_id: str, result: Mapping[str, Any], file: Path, *, quiet: bool) -> bool:
    """Write the report and print its path; if that fails, print a warning instead of losing the result."""
    from hex_blocks.cli.report_page import PARTS, write_report

    ids = dict.fromkeys(str(part["projectId"]) for part in result[PARTS[tool_id]] if part.get("projectId"))
    try:
        _write(file.resolve(), write_report(tool_id, result, client.language, _projects(client, list(ids))))
    except (OSError, ValueError, ArithmeticError) as error:
        # The disk is full, or a time or number of Hex's is out of range.
        warn(_cannot_be_written(file, error))
        return False
    if not quiet:
        warn(say("The page is in {file}.", file=file))
    return True


def _projects(client: Hex, ids: list[str]) -> dict[str, Project]:
    """Return the projects with their titles, without those that cannot be read."""
    from hex_blocks.cli.report_page import Project

    origin = client.connection.base_url.partition("/api/")[0]
    titles = titles_of(client, ids[:MAX_PROJECTS])
    return {each: Project(each, title, f"{origin}/hex/{each}") for each, title in titles.items()}


def _cannot_be_written(file: Path, reason: str | Exception) -> str:
    said = getattr(reason, "strerror", None) or str(reason)
    return say("{file} cannot be written: {reason}", file=file, reason=said)


def _beside(file: Path, content: str = "") -> Path:
    """Create a temporary file in the same folder."""
    made = file.with_name(f".{file.name[:200]}.{uuid.uuid4().hex[:8]}")
    with made.open("x", encoding="utf-8", newline="\n") as opened:
        opened.write(content)
    return made


def _write(file: Path, content: str) -> None:
    """Write a file atomically; an existing one keeps its permissions."""
    made = _beside(file, content)
    try:
        if file.exists():
            made.chmod(file.stat().st_mode & 0o777)
        made.replace(file)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
