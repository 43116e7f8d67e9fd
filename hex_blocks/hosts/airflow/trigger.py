"""Triggers: runs followed in the triggerer, all of one connection by one watcher.

A poll that fails is borne. A triggerer that dies or restarts leaves the runs as they are; only a user who ends the
task has them cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

# Not when it is needed: a user who ends a task has Airflow wait for a cancellation, and this takes seconds to import.
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.triggers.base import BaseTrigger, TriggerEvent

from hex_blocks.hosts.airflow.hook import HexHook
from hex_blocks.hosts.engines.running import cancel_runs

if TYPE_CHECKING:
    from hex_blocks.client import Hex

DEFERRED = "deferred"
# When a run of several has ended, others may end soon: one way back to a worker serves them all.
GATHER = 5.0
# Whoever waits for a moment looks up this often; real seconds, since it asks nobody.
LOOK_UP = 0.5
# Cancellations that go on, held so that they are not forgotten.
_ending: set[asyncio.Task[None]] = set()


class HexTrigger(BaseTrigger):
    """What the triggers share: a connection of Airflow, and what becomes of the runs when a user ends the task."""

    def __init__(
        self, *, hex_conn_id: str, check_interval: float, until: float, cancel_on_kill: bool, **own: Any
    ) -> None:
        super().__init__()
        self.hex_conn_id = hex_conn_id
        self.check_interval = check_interval
        self.until = until
        self.cancel_on_kill = cancel_on_kill
        self._own = own

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what makes the trigger anew elsewhere: plain JSON, without the token."""
        kind = type(self)
        return f"{kind.__module__}.{kind.__qualname__}", {
            "hex_conn_id": self.hex_conn_id,
            "check_interval": self.check_interval,
            "until": self.until,
            "cancel_on_kill": self.cancel_on_kill,
            **self._own,
        }

    async def client(self) -> Hex:
        """Return the client of the connection."""
        return await HexHook(self.hex_conn_id).aget_conn()

    def runs_to_cancel(self) -> list[Sequence[str]]:
        """Return the runs, by project and run ID."""
        raise NotImplementedError

    async def on_kill(self) -> None:
        """Cancel the runs in Hex, since a user has ended the task."""
        if not self.cancel_on_kill:
            return
        # Airflow cancels a trigger again and again until it is gone, and this with it: so it is done apart.
        ending = asyncio.create_task(self._cancel_unless_deferred())
        _ending.add(ending)
        ending.add_done_callback(_ending.discard)
        await asyncio.shield(ending)

    async def _cancel_unless_deferred(self) -> None:
        if await self._is_still_deferred():
            return
        hex = await self.client()
        await asyncio.to_thread(cancel_runs, hex, self.runs_to_cancel())

    async def _is_still_deferred(self) -> bool:
        """Whether the task waits on: Airflow also ends a trigger that another triggerer has taken over."""
        instance = self.task_instance
        if instance is None:
            return False
        try:
            states = await asyncio.to_thread(_states_of, instance)
        except Exception:
            # A user who ends a task has to find its run ended, whatever Airflow's own trouble is.
            self.log.exception("the state of the task could not be read")
            return False
        return DEFERRED in states


class HexTurnTrigger(BaseTrigger):
    """Waits until a start that Hex did not take may be tried again.

    Args:
        hex_conn_id: The connection of Airflow.
        at: The moment, in seconds since the Unix epoch.
        told: What the event tells beside it.
    """

    def __init__(self, *, hex_conn_id: str, at: float, told: dict[str, Any]) -> None:
        super().__init__()
        self.hex_conn_id = hex_conn_id
        self.at = at
        self.told = told

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what makes the trigger anew elsewhere."""
        options = {"hex_conn_id": self.hex_conn_id, "at": self.at, "told": self.told}
        return f"{__name__}.{type(self).__qualname__}", options

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Tell that the moment has come."""
        hex = await HexHook(self.hex_conn_id).aget_conn()
        while hex.connection.clock.time() < self.at:
            await asyncio.sleep(LOOK_UP)
        yield TriggerEvent({"status": "turn", **self.told})


def _states_of(instance: Any) -> list[str]:
    index = instance.map_index if instance.map_index is not None and instance.map_index >= 0 else None
    found = RuntimeTaskInstance.get_task_states(
        dag_id=instance.dag_id, task_ids=[instance.task_id], run_ids=[instance.run_id], map_index=index
    )
    return [state for states in found.values() for state in states.values()]


class HexRunTrigger(HexTrigger):
    """Waits until a run has ended.

    Args:
        hex_conn_id: The connection of Airflow.
        project_id: The run's project.
        run_id: The run.
        check_interval: Seconds between looks, at least 5.
        until: When its time is over, in seconds since the Unix epoch.
        cancel_on_timeout: Whether to cancel it then.
        cancel_on_kill: Whether to cancel it when a user ends the task.
    """

    def __init__(
        self,
        *,
        hex_conn_id: str,
        project_id: str,
        run_id: str,
        until: float,
        check_interval: float = 10.0,
        cancel_on_timeout: bool = True,
        cancel_on_kill: bool = True,
    ) -> None:
        own = {"project_id": project_id, "run_id": run_id, "cancel_on_timeout": cancel_on_timeout}
        super().__init__(
            hex_conn_id=hex_conn_id, check_interval=check_interval, until=until, cancel_on_kill=cancel_on_kill, **own
        )
        self.project_id = project_id
        self.run_id = run_id
        self.cancel_on_timeout = cancel_on_timeout

    def runs_to_cancel(self) -> list[Sequence[str]]:
        """Return the run, by project and run ID."""
        return [(self.project_id, self.run_id)]

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Tell of the run's end, or that its time is over, or why it cannot be followed."""
        from hex_blocks.hosts.engines.following import followers_of

        hex = await self.client()
        clock = hex.connection.clock
        run = {"projectId": self.project_id, "runId": self.run_id}
        until = clock.monotonic() + self.until - clock.time()
        followed = await followers_of(hex).to_end(run, self.check_interval, until)
        if followed.failed:
            yield TriggerEvent({"status": "unfollowed", "run": followed.run, "reason": f"{followed.failed.message()}"})
        elif followed.ended:
            yield TriggerEvent({"status": "ended", "run": followed.run})
        else:
            yield TriggerEvent(await asyncio.to_thread(self._timed_out, hex, followed.run))

    def _timed_out(self, hex: Hex, run: Mapping[str, Any]) -> dict[str, Any]:
        """Cancel the run where that is wanted, and tell how it stands then."""
        cancelled = self.cancel_on_timeout and cancel_runs(hex, self.runs_to_cancel())
        now = dict(run) | hex.call("hex_get_run_status", {"projectId": self.project_id, "runId": self.run_id})
        # It may have ended by itself meanwhile.
        if now.get("status") in ("COMPLETED", "ERRORED", "UNABLE_TO_ALLOCATE_KERNEL"):
            return {"status": "ended", "run": now}
        return {"status": "timeout", "run": now, "cancelled": cancelled}


class HexRunsTrigger(HexTrigger):
    """Waits until one of several runs has ended.

    Args:
        hex_conn_id: The connection of Airflow.
        runs: The runs, by project and run ID.
        check_interval: Seconds between looks, at least 5.
        until: When the time of the first is over, in seconds since the Unix epoch.
        done: How many runs of the task had ended before.
        cancel_on_kill: Whether to cancel them when a user ends the task.
    """

    def __init__(
        self,
        *,
        hex_conn_id: str,
        runs: list[list[str]],
        until: float,
        done: int = 0,
        check_interval: float = 10.0,
        cancel_on_kill: bool = True,
    ) -> None:
        common: dict[str, Any] = {
            "hex_conn_id": hex_conn_id,
            "check_interval": check_interval,
            "cancel_on_kill": cancel_on_kill,
        }
        super().__init__(until=until, **common, runs=runs, done=done)
        self.runs = runs
        self.done = done

    def runs_to_cancel(self) -> list[Sequence[str]]:
        """Return the runs, by project and run ID."""
        return list(self.runs)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Tell that a run has ended, and a little later how many have; or that the time of those left is over."""
        from hex_blocks.hosts.engines.following import followers_of

        hex = await self.client()
        clock = hex.connection.clock
        until = clock.monotonic() + self.until - clock.time()
        followers = followers_of(hex)
        waits = [
            asyncio.ensure_future(
                followers.to_end({"projectId": project_id, "runId": run_id}, self.check_interval, until)
            )
            for project_id, run_id in self.runs
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            ended, going = await asyncio.wait(waits, timeout=GATHER, return_when=asyncio.ALL_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        overdue = [[each.result().project_id, each.result().run_id] for each in ended if not each.result().ended]
        status = "timeout" if overdue else "some_ended"
        done = self.done + len(ended) - len(overdue)
        yield TriggerEvent({"status": status, "done": done, "going": len(going), "overdue": overdue})
