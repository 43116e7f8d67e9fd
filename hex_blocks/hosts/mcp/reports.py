"""The progress of a call on its way to the client."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from hex_blocks.hosts.models.writable import writable

if TYPE_CHECKING:
    from hex_blocks.tools.progress import Progress

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 1.0


class Reports:
    """The progress of one call on its way to the client: from the call's thread, in order, never more than wanted."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Progress | None] = asyncio.Queue()
        self._last: tuple[Any, ...] = ()
        self._last_at = -PROGRESS_SECONDS
        self._reached = 0.0

    def take(self, progress: Progress) -> None:
        """Take a report, in the call's thread."""
        said, now = (progress.message, progress.status), self._loop.time()
        if said == self._last and now - self._last_at < PROGRESS_SECONDS:
            return
        self._last, self._last_at = said, now
        self._put(progress)

    def end(self) -> None:
        """Let `send` end when all is sent."""
        self._queue.put_nowait(None)

    async def send(self) -> None:
        """Send what comes, until the end."""
        while (progress := await self._queue.get()) is not None:
            # The protocol wants it to grow, which our estimates need not.
            told = progress.elapsed if progress.percent is None else progress.percent
            self._reached = max(self._reached + 0.01, told)
            total = None if progress.percent is None else max(100.0, self._reached)
            said = f"{progress.message} ({progress.status})" if progress.status else progress.message
            await self._context.session.report_progress(self._reached, total, writable(said))

    def _put(self, progress: Progress) -> None:
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, progress)
        except RuntimeError:
            log.debug("nobody listens any longer")
