"""Progress of long calls on stderr: a bar on a terminal, a line per change elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hex_blocks.cli.output import plain, say, warn

if TYPE_CHECKING:
    from hex_blocks.tools.progress import Progress


@contextmanager
def shown_progress(*, quiet: bool = False, title: str | None = None) -> Iterator[Callable[[Progress], None] | None]:
    """Return the callback that shows progress; None where none is to be shown.

    Args:
        quiet: Whether to show none.
        title: What is run, which is put before each message.
    """
    before = f"{title}: " if title else ""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar(before) as show:
            yield show
    else:
        yield _lines(before)


def _lines(before: str) -> Callable[[Progress], None]:
    last: tuple[str | None, str] | None = None

    def show(progress: Progress) -> None:
        nonlocal last
        if (progress.status, progress.message) != last:
            last = (progress.status, progress.message)
            state = f"{progress.status} " if progress.status else ""
            message = before + progress.message
            warn(plain(f"{message}: {state}{round(progress.elapsed)} s" if progress.elapsed or state else message))

    return show


@contextmanager
def _bar(before: str) -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(complete_style="cyan", finished_style="cyan", pulse_style="cyan dim"),
        TaskProgressColumn(show_speed=False),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    # The bar goes away with the call: what stays on the terminal is the result.
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, left="")

        def show(progress: Progress) -> None:
            state = f"{progress.status}  " if progress.status else ""
            left = say("estimate: {seconds} s left", seconds=round(progress.remaining)) if progress.remaining else ""
            # Past the end that was estimated, nothing is known.
            total = None if progress.percent is None or progress.remaining == 0 else 100
            description = plain(state + before + progress.message).replace("[", "\\[")
            bar.update(task, description=description, total=total, completed=progress.percent or 0, left=left)

        yield show
