"""Yields the progress of a call while it runs, for builders that stream the text of a block."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

from hex_blocks.tools.progress import Progress, ProgressCallback

Result = TypeVar("Result")
# The seconds between two lines, and the maximum number of lines, because they stay in the block's text.
SECONDS_BETWEEN_LINES = 15.0
MAX_LINES = 40


def stream_progress(
    work: Callable[[ProgressCallback, threading.Event], Result], result: Callable[[Result], None]
) -> Generator[str, None, None]:
    """Run `work` in a thread and yield its progress, one line for each significant change.

    Args:
        work: The work. It gets a progress callback, and an event that is set if the generator is closed early.
        result: Called with the result of `work` after the last line.

    Raises:
        BaseException: Any exception of `work`.
    """
    reports: queue.Queue[Progress | None] = queue.Queue()
    stop = threading.Event()
    results: list[Result] = []
    raised: list[BaseException] = []

    def run_work() -> None:
        try:
            results.append(work(reports.put, stop))
        except BaseException as error:  # noqa: BLE001
            raised.append(error)
        finally:
            reports.put(None)

    thread = threading.Thread(target=run_work, name="hex-blocks block", daemon=True)
    thread.start()
    try:
        yield from _lines(iter(reports.get, None))
    finally:
        stop.set()
    thread.join()
    if raised:
        raise raised[0]
    result(results[0])


def _lines(reports: Iterator[Progress]) -> Iterator[str]:
    last, last_state, at, count = "", None, 0.0, 0
    for progress in reports:
        if not (progress.status or "done" in progress.values or "error" in progress.values):
            # Progress of reading a list: too short to be worth a line.
            continue
        line = f"{progress.message}: {progress.status}" if progress.status else progress.message
        # For many runs, the number of those that are done; for one run, its status.
        state = progress.values.get("done", progress.status)
        due = not count or state != last_state or progress.elapsed - at >= SECONDS_BETWEEN_LINES
        if line == last or not due or count >= MAX_LINES:
            continue
        last, last_state, at, count = line, state, progress.elapsed, count + 1
        yield line
