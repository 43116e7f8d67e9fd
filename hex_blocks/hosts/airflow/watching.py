"""The asset watcher: DAGs that run when runs in Hex have ended, whoever started them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from hex_blocks.errors.classes import BusyError, HexDownError, HexError
from hex_blocks.hosts.airflow.hook import DEFAULT_CONNECTION, HexHook

if TYPE_CHECKING:
    from hex_blocks.client import Hex

CURSOR = "hex cursor"
INTERVAL = 60.0
LOOK_UP = 1.0


class HexRunsFinishedTrigger(BaseEventTrigger):
    """Fires for each run that ends, once.

    >>> Asset("hex_revenue", watchers=[AssetWatcher(name="hex", trigger=HexRunsFinishedTrigger(project_ids=["…"]))])

    Args:
        project_ids: The projects to watch.
        statuses: Which outcomes to tell.
        hex_conn_id: The connection of Airflow.
        check_interval: Seconds between looks.
    """

    def __init__(
        self,
        *,
        project_ids: Sequence[str],
        statuses: Sequence[str] = ("COMPLETED",),
        hex_conn_id: str = DEFAULT_CONNECTION,
        check_interval: float = INTERVAL,
    ) -> None:
        super().__init__()
        self.project_ids = list(project_ids)
        self.statuses = list(statuses)
        self.hex_conn_id = hex_conn_id
        self.check_interval = check_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what makes the trigger anew elsewhere: plain JSON, without the token."""
        return f"{__name__}.{type(self).__qualname__}", {
            "project_ids": self.project_ids,
            "statuses": self.statuses,
            "hex_conn_id": self.hex_conn_id,
            "check_interval": self.check_interval,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Tell each run that has ended; look on from where an earlier triggerer was."""
        hex = await HexHook(self.hex_conn_id).aget_conn()
        cursor = await self._kept_cursor()
        while True:
            looked = await self._look(hex, cursor)
            for run in looked["runs"]:
                yield TriggerEvent(run)
            if looked["cursor"] != cursor:
                # After the events: a triggerer that dies in between tells them again rather than never.
                cursor = looked["cursor"]
                await self._keep_cursor(cursor)
            await self._pause(hex)

    async def _look(self, hex: Hex, cursor: str | None) -> dict[str, Any]:
        asked = {"projectIds": self.project_ids, "statuses": self.statuses, "cursor": cursor}
        while True:
            try:
                return await hex.call_async("hex_watch_runs", asked)
            except (BusyError, HexDownError) as error:
                self.log.warning("runs could not be looked at, and will be again: %s", error)
            except HexError:
                self.log.exception("runs cannot be looked at")
            await self._pause(hex)

    async def _pause(self, hex: Hex) -> None:
        clock = hex.connection.clock
        until = clock.monotonic() + self.check_interval
        while clock.monotonic() < until:
            await asyncio.sleep(min(LOOK_UP, self.check_interval))

    async def _kept_cursor(self) -> str | None:
        try:
            return await self.asset_state_store.aget(CURSOR) if self.asset_state_store else None
        except ValueError:
            self.log.warning("several assets have this watcher, so it cannot look on from where an earlier one was")
            return None

    async def _keep_cursor(self, cursor: str) -> None:
        with contextlib.suppress(ValueError):
            if self.asset_state_store:
                await self.asset_state_store.aset(CURSOR, cursor)
