"""A call whose progress is handed on while it goes on, for builders that show a block's words as they come."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

from hex_blocks.tools.progress import Progress, ProgressCallback

Result = TypeVar("Result")
# A line at most so often, in seconds of the call itself, and so many in all: they stay in the block's text.
BETWEEN_LINES = 15.0
MOST_LINES = 40


def told_as_it_goes(
    work: Callable[[ProgressCallback, threading.Event], Result], result: Callable[[Result], None]
) -> Generator[str, None, None]:
    """Do work in a thread of its own and return its progress, a line for each change worth telling.

    Args:
        work: Is given what hears its progress, and what ends it early where the reader goes away.
        result: Is given what the work returns, when the lines are at their end.

    Raises:
        BaseException: What the work raised.
    """
    came: queue.Queue[Progress | None] = queue.Queue()
    stop = threading.Event()
    held: list[Result] = []
    raised: list[BaseException] = []

    def do() -> None:
        try:
            held.append(work(came.put, stop))
        except BaseException as error:  # noqa: BLE001
            raised.append(error)
        finally:
            came.put(None)

    thread = threading.Thread(target=do, name="hex-blocks block", daemon=True)
    thread.start()
    try:
        yield from _lines(iter(came.get, None))
    finally:
        stop.set()
    thread.join()
    if raised:
        raise raised[0]
    result(held[0])


def _lines(came: Iterator[Progress]) -> Iterator[str]:
    last, last_state, at, count = "", None, 0.0, 0
    for progress in came:
        if not (progress.status or "done" in progress.values or "error" in progress.values):
            # How far a list is read, over before anybody has read of it.
            continue
        line = f"{progress.message}: {progress.status}" if progress.status else progress.message
        # Of many runs, how many are done; of one, how it is.
        state = progress.values.get("done", progress.status)
        due = not count or state != last_state or progress.elapsed - at >= BETWEEN_LINES
        if line == last or not due or count >= MOST_LINES:
            continue
        last, last_state, at, count = line, state, progress.elapsed, count + 1
        yield line
