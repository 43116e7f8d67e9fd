"""Progress of long calls on stderr: a bar on a terminal, a line per change elsewhere."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.output import plain, say
from hex_blocks.i18n.texts import join_sentences

if TYPE_CHECKING:
    from hex_blocks.tools.progress import Progress


# Seconds; shorter waits are not shown.
MIN_WAIT = 1.0
# Marks an estimate if there is no room for the word.
ABOUT = "[progress.percentage]~{task.percentage:.0f}%"
# The least number of columns for message, bar and figures.
WIDE, WIDE_BAR, NARROW_BAR = 100, 20, 12


@contextmanager
def shown_progress(*, quiet: bool = False, title: str | None = None) -> Iterator[Callable[[Progress], None] | None]:
    """Return the callback that shows progress, or None to show none.

    Args:
        quiet: Whether to show no progress.
        title: The prefix of each message.
    """
    before = f"{title}: " if title else ""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar(before) as show:
            yield _unless_short(show)
    else:
        yield _unless_short(_lines(before))


def _unless_short(show: Callable[[Progress], None]) -> Callable[[Progress], None]:
    """Return a callback that leaves out short waits."""

    def show_longer(progress: Progress) -> None:
        if "error" not in progress.values or (progress.remaining or 0.0) >= MIN_WAIT:
            show(progress)

    return show_longer


def _lines(before: str) -> Callable[[Progress], None]:
    last: tuple[str | None, str] | None = None

    def show(progress: Progress) -> None:
        nonlocal last
        if (progress.status, progress.message) != last:
            last = (progress.status, progress.message)
            state = f"{progress.status} " if progress.status else ""
            message = before + _with_next_try(progress)
            told = f"{message}: {state}{round(progress.elapsed)} s" if progress.elapsed or state else message
            # Not warn(), which ignores a closed stderr.
            click.echo(plain(told), err=True)

    return show


def _with_next_try(progress: Progress) -> str:
    """Return the message, with the time of the next try: after the last try the same message can come again."""
    if "error" not in progress.values or not progress.remaining:
        return progress.message
    return join_sentences(progress.message, say("Trying again in {seconds} s.", seconds=math.ceil(progress.remaining)))


@contextmanager
def _bar(before: str) -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    console = Console(stderr=True)
    wide = console.width >= WIDE
    columns = (
        # The message is shortened, not the figures after it.
        TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
        BarColumn(WIDE_BAR if wide else NARROW_BAR, "bar.back", "cyan", "cyan", "cyan dim"),
        TaskProgressColumn(ABOUT, show_speed=False),
        TimeElapsedColumn(),
        *([TextColumn("{task.fields[left]}")] if wide else []),
    )
    # The bar is removed at the end, so that only the result stays on the terminal.
    with Bar(*columns, console=console, transient=True, expand=True) as bar:
        task = bar.add_task("", total=None, left="")
        running: dict[str, TaskID] = {}

        def show_running(sets: list[dict[str, Any]]) -> None:
            """Show a line for each running set."""
            for name in running.keys() - {each["name"] for each in sets}:
                bar.remove_task(running.pop(name))
            for each in sets:
                name = each["name"]
                if name not in running:
                    running[name] = bar.add_task("", total=None, left="")
                state = f"{each['status']}  " if each["status"] else ""
                bar.update(running[name], description=plain(f"  {state}{name}").replace("[", "\\["))

        def show(progress: Progress) -> None:
            state = f"{progress.status}  " if progress.status else ""
            left = say("estimate: {seconds} s left", seconds=round(progress.remaining)) if progress.remaining else ""
            # Past the estimated end the progress is unknown.
            total = None if progress.percent is None or progress.remaining == 0 else 100
            description = plain(state + before + progress.message).replace("[", "\\[")
            show_running(progress.values.get("running") or [])
            bar.update(task, description=description, total=total, completed=progress.percent or 0, left=left)

        yield show
