"""Waiting for runs in coroutines: one thread for each connection follows all runs through the connection's watcher."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any

from hex_blocks.run import execute
from hex_blocks.runs.recent import usual_of
from hex_blocks.runs.watcher import Followed, watcher_of
from hex_blocks.tools.tool_call import ToolCall

if TYPE_CHECKING:
    from hex_blocks.client import Hex

log = logging.getLogger(__name__)

# How often a coroutine checks whether its run has ended. It sends no request, so these are real seconds.
CHECK_SECONDS = 0.5
# How long the thread waits before it reads the list of runs again.
TURN_SECONDS = 60.0


class Followers:
    """The coroutines that wait for runs on one connection. It may be used by several threads and event loops.

    Args:
        hex: The client.
    """

    def __init__(self, hex: Hex) -> None:
        connection = hex.connection
        self._call = ToolCall(hex.tools["hex_get_run_status"], hex.tools, connection, execute, hex.language)
        self._watcher = watcher_of(connection)
        self._clock = connection.clock
        self._followed: set[Followed] = set()
        self._error: Exception | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    async def to_end(self, run: dict[str, Any], interval: float, until: float) -> Followed:
        """Wait until a run has ended or can no longer be read, or until a time.

        If it is cancelled, the run keeps running.

        Args:
            run: The run, with projectId and runId.
            interval: The seconds between two status requests.
            until: When to stop waiting, by the connection's monotonic clock.
        """
        usual = usual_of(self._call.connection.api, run["projectId"])
        followed = self._watcher.follow(run, interval, at_once=True, usual=usual)
        try:
            self._add(followed)
            while not followed.ended and self._clock.monotonic() < until:
                if self._error:
                    raise self._error
                await asyncio.sleep(CHECK_SECONDS)
        finally:
            with self._lock:
                self._followed.discard(followed)
            self._watcher.leave(followed)
        return followed

    def _add(self, followed: Followed) -> None:
        with self._lock:
            self._followed.add(followed)
            if self._thread is None:
                self._error = None
                self._thread = threading.Thread(target=self._follow_runs, name="hex-blocks watcher", daemon=True)
                self._thread.start()

    def _follow_runs(self) -> None:
        try:
            while running := self._running():
                self._watcher.wait(self._call, running, self._clock.monotonic() + TURN_SECONDS)
        except Exception as error:
            # Passed on to the waiting coroutines, which would otherwise wait forever.
            log.exception("runs cannot be followed")
            with self._lock:
                self._error, self._thread = error, None

    def _running(self) -> list[Followed]:
        with self._lock:
            running = [followed for followed in self._followed if not followed.ended]
            if not running:
                self._thread = None
            return running


def followers_of(hex: Hex) -> Followers:
    """Return the followers of a client's connection."""
    # Created before `get`, because creating it reads the same shared objects.
    made = Followers(hex)
    return hex.connection.api.shared.get(Followers, lambda: made)
