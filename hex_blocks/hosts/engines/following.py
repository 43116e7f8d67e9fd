"""Following runs for coroutines: any number of them, by one thread for each connection and by its one watcher."""

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

# A coroutine looks up this often whether its run has ended; real seconds, since it asks nobody.
LOOK_UP = 0.5
# Seconds after which the thread asks anew who is still waited for.
TURN = 60.0


class Followers:
    """Those who wait for runs on one connection. Safe under threads and event loops."""

    def __init__(self, hex: Hex) -> None:
        connection = hex.connection
        self._call = ToolCall(hex.tools["hex_get_run_status"], hex.tools, connection, execute, hex.language)
        self._watcher = watcher_of(connection)
        self._clock = connection.clock
        self._followed: set[Followed] = set()
        self._broken: Exception | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    async def to_end(self, run: dict[str, Any], interval: float, until: float) -> Followed:
        """Wait until a run has ended or cannot be read any longer, or until a moment of the monotonic clock.

        Cancelled, it leaves the run as it is.
        """
        usual = usual_of(self._call.connection.api, run["projectId"])
        followed = self._watcher.follow(run, interval, at_once=True, usual=usual)
        try:
            self._add(followed)
            while not followed.ended and self._clock.monotonic() < until:
                if self._broken:
                    raise self._broken
                await asyncio.sleep(LOOK_UP)
        finally:
            with self._lock:
                self._followed.discard(followed)
            self._watcher.leave(followed)
        return followed

    def _add(self, followed: Followed) -> None:
        with self._lock:
            self._followed.add(followed)
            if self._thread is None:
                self._broken = None
                self._thread = threading.Thread(target=self._look, name="hex-blocks watcher", daemon=True)
                self._thread.start()

    def _look(self) -> None:
        try:
            while going := self._going():
                self._watcher.wait(self._call, going, self._clock.monotonic() + TURN)
        except Exception as error:
            # Those who wait would do so for ever.
            log.exception("runs cannot be followed")
            with self._lock:
                self._broken, self._thread = error, None

    def _going(self) -> list[Followed]:
        with self._lock:
            going = [followed for followed in self._followed if not followed.ended]
            if not going:
                self._thread = None
            return going


def followers_of(hex: Hex) -> Followers:
    """Return those who wait on a client's connection."""
    # Not made inside: what it needs is shared in the same place.
    made = Followers(hex)
    return hex.connection.api.shared.get(Followers, lambda: made)
