"""Progress notifications of a call."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from hex_blocks.hosts.models.surrogates import replace_surrogates

if TYPE_CHECKING:
    from hex_blocks.tools.progress import Progress

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 1.0


class ProgressReporter:
    """Sends the progress of one call to the client: in order, and without repeating a message within a second."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Progress | None] = asyncio.Queue()
        self._last: tuple[Any, ...] = ()
        self._last_at = -PROGRESS_SECONDS
        self._last_value = 0.0

    def report(self, progress: Progress) -> None:
        """Add a report to those to be sent. It is called in the thread of the call."""
        key, now = (progress.message, progress.status), self._loop.time()
        if key == self._last and now - self._last_at < PROGRESS_SECONDS:
            return
        self._last, self._last_at = key, now
        self._put(progress)

    def end(self) -> None:
        """Let `send` return when all reports are sent."""
        self._queue.put_nowait(None)

    async def send(self) -> None:
        """Send the reports as they are added, until `end` is called."""
        while (progress := await self._queue.get()) is not None:
            # The protocol requires the value to increase with each notification; an estimate can decrease.
            value = progress.elapsed if progress.percent is None else progress.percent
            self._last_value = max(self._last_value + 0.01, value)
            total = None if progress.percent is None else max(100.0, self._last_value)
            message = f"{progress.message} ({progress.status})" if progress.status else progress.message
            await self._context.session.report_progress(self._last_value, total, replace_surrogates(message))

    def _put(self, progress: Progress) -> None:
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, progress)
        except RuntimeError:
            log.debug("the event loop is closed; a progress report is dropped")
