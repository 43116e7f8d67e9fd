"""One piece of an engine's work over all its retries: which run is its own, and whether it needs another one.

A retry follows the run that is going on, takes the one that has completed, and starts another one only where the
last has ended badly. What the engine calls the work never changes over its retries; a generation is added to it, which
does once a run has ended badly, or once the engine's user wants finished work done again.
"""

from __future__ import annotations

import hashlib
import threading
from collections import ChainMap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from hex_blocks.errors.classes import BusyError, HexDownError, InputError, NotFoundError, hex_error
from hex_blocks.hosts.engines.clients import hex_inputs
from hex_blocks.hosts.engines.kept import OF_WORK, NoStore, Store, kept_record_of
from hex_blocks.run import execute
from hex_blocks.runs.model import ENDS, get_run
from hex_blocks.runs.recording import record_end, recorded
from hex_blocks.runs.waiting import follow_run
from hex_blocks.tools.tool_call import ToolCall

if TYPE_CHECKING:
    from hex_blocks.client import Hex
    from hex_blocks.tools.progress import ProgressCallback

START_TOOL, WAIT_TOOL = "hex_run_project", "hex_run_and_wait"
STATE = "work"
# A key may have 200 characters, and has to name a generation, a set or step and a try as well.
LONGEST_NAME = 110
GONE = "GONE"
MOST_NAMED = 5

Run = dict[str, Any]


def work_name(engine: str, *parts: object) -> str:
    """Return the name of a piece of work, as the beginning of its keys."""
    name = ":".join([engine, *(quote(str(part), safe="") for part in parts)])
    if len(name) <= LONGEST_NAME:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:32]
    return f"{name[: LONGEST_NAME - len(mark) - 1]}~{mark}"


class Work:
    """A piece of an engine's work.

    Args:
        hex: The client.
        name: What the engine calls the work, the same over its retries and nobody else's: see `work_name`.
        store: What the engine keeps for it. Default: nothing, so that only the record of runs knows it.
        cleared: A number that grows when a user has the work done again, and at no retry; at least the number of
            tries made before.
    """

    def __init__(self, hex: Hex, name: str, store: Store | None = None, *, cleared: int = 0) -> None:
        self.hex = hex
        self.name = name
        self._record = kept_record_of(hex.connection)
        self._store = store or NoStore()
        self._state = self._begun(cleared)

    @property
    def key(self) -> str:
        """The idempotency key of the work's present generation."""
        return f"{self.name}{OF_WORK}{self._state['generation']}"

    def start(
        self,
        inputs: Mapping[str, Any],
        *,
        progress: ProgressCallback | None = None,
        stop: threading.Event | None = None,
        patience: float | None = None,
    ) -> Run:
        """Return the run of this work: the one that goes on or has completed, or a new one.

        Args:
            inputs: Of hex_run_project, at the top also in snake case.
            progress: Is told what is waited for.
            stop: Ends waits early.
            patience: Seconds that a new one may wait for its turn in Hex's limits. Default: as the connection says.

        Raises:
            HexError: Hex did not take the start, or what became of it is not known.
        """
        call = self._call(START_TOOL, progress, stop)
        with self._record.kept_in(self.name, self._store):
            known = self._own_run(call)
            if known is not None:
                return known
            asked = self._asked(call, hex_inputs(call.tool, inputs))
            if patience is not None:
                call = call.part(patience=patience)
            started = execute(call, call.tool.check(asked | {"idempotencyKey": self.key}))
            warnings = call.all_warnings()
            return {"status": "PENDING"} | started | ({"warnings": warnings} if warnings else {})

    def follow(
        self,
        run: Run,
        options: Mapping[str, Any],
        *,
        progress: ProgressCallback | None = None,
        stop: threading.Event | None = None,
    ) -> Run:
        """Wait until a run of this work has ended, and return it as hex_run_and_wait does.

        Args:
            run: The run as `start` gave it.
            options: timeout, pollInterval, cancelOnTimeout and cancelOnInterrupt of hex_run_and_wait.
            progress: Is told how far it is.
            stop: Ends the wait early.

        Raises:
            HexError: It ended badly, the time is over, the wait was stopped, or it cannot be read any longer.
        """
        call = self._call(WAIT_TOOL, progress, stop)
        until = call.connection.clock.monotonic() + float(options["timeout"])
        with self._record.kept_in(self.name, self._store):
            # Not a copy: what becomes of the run at a stop may depend on who stops.
            asked = ChainMap({"idempotencyKey": self.key}, cast("dict[str, Any]", options))
            ended = follow_run(call, run, asked, self.key, until=until, resumed=True)
        return call.tool.select_outputs(ended, {})

    def ended(self, run: Run) -> Run:
        """Write down how a run of this work ended that somebody else has followed, and return it as `follow` does."""
        call = self._call(WAIT_TOOL, None, None)
        with self._record.kept_in(self.name, self._store):
            record_end(call, self.key, run)
        return call.tool.select_outputs(run | {"idempotencyKey": self.key}, {})

    def call(
        self,
        tool: str,
        inputs: Mapping[str, Any],
        *,
        progress: ProgressCallback | None = None,
        stop: threading.Event | None = None,
        again: bool = True,
    ) -> dict[str, Any]:
        """Call a tool as this work: one that starts runs starts none that this work has already.

        Args:
            tool: Its id, with or without `hex_`.
            inputs: Its inputs, at the top also in snake case.
            progress: Is told how far it is.
            stop: Ends waits early.
            again: Whether sets and steps that have failed are to be run again.

        Raises:
            HexError: The call failed.
        """
        found = self.hex.tools[tool]
        given = hex_inputs(found, inputs)
        with self._record.kept_in(self.name, self._store):
            if "idempotencyKey" in found.spec.inputs:
                if "retryFailed" in found.spec.inputs:
                    given = {"retryFailed": again} | given
                else:
                    self._own_run(self._call(found.id, progress, stop))
                given = {"idempotencyKey": self.key} | given
            return self.hex.call(found, given, progress=progress, stop=stop)

    def done(self) -> None:
        """Note that the work is done: whoever clears it wants it done anew."""
        self._keep(done=True)

    def _begun(self, cleared: int) -> dict[str, Any]:
        """Return what is kept of the work; of work that was done and cleared, or is new, a new generation."""
        state = self._store.get(STATE)
        if state is not None and state["cleared"] == cleared:
            return state
        if state is None:
            # Whoever lets finished work be forgotten still has it counted.
            state = {"generation": cleared + 1, "done": False}
        elif state["done"]:
            state = {"generation": max(state["generation"], cleared) + 1, "done": False}
        state = state | {"cleared": cleared}
        self._store.put(STATE, state)
        return state

    def _keep(self, **values: Any) -> None:
        self._state = self._state | values
        self._store.put(STATE, self._state)

    def _call(self, tool: str, progress: ProgressCallback | None, stop: threading.Event | None) -> ToolCall:
        owner = self.hex
        stop = stop or threading.Event()
        return ToolCall(owner.tools[tool], owner.tools, owner.connection, execute, owner.language, progress, stop)

    def _own_run(self, call: ToolCall) -> Run | None:
        """Return the run of this work that goes on or has completed; None where one has to be started."""
        while True:
            start = recorded(call, self.key)
            if start is None or start.run_id is None:
                return None
            run = self._as_it_is(
                call, {**start.reply, "projectId": start.project_id, "runId": start.run_id}, start.ended
            )
            if run["status"] == "COMPLETED" or (run["status"] not in ENDS and run["status"] != GONE):
                return run
            self._keep(generation=self._state["generation"] + 1, asked=None)

    @staticmethod
    def _as_it_is(call: ToolCall, run: Run, ended: Mapping[str, Any]) -> Run:
        if ended:
            return run | dict(ended)
        try:
            return {"status": "PENDING"} | run | get_run(call, run["projectId"], run["runId"])
        except (NotFoundError, InputError):
            return run | {"status": GONE}
        except (BusyError, HexDownError):
            # Whoever follows it bears that, and hears of it later.
            return run | {"status": "PENDING"}

    def _asked(self, call: ToolCall, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return what to ask for: what was asked before with the key, as long as it is not known what became of it."""
        start = recorded(call, self.key)
        earlier = self._state.get("asked")
        if start is not None and earlier:
            # A template may come to something else in a retry, and a key stands for one start.
            return dict(earlier)
        asked = call.tool.check({name: value for name, value in inputs.items() if name not in ("apiKey", "baseUrl")})
        self._keep(asked=asked)
        return asked


def all_completed(outputs: Mapping[str, Any]) -> None:
    """Raise HexError (`work_failed`) where runs of a batch or pipeline have not completed."""
    parts = outputs.get("sets") or outputs.get("steps") or []
    if outputs.get("succeeded") is not False:
        return
    failed = [part for part in parts if part["status"] != "COMPLETED" and part.get("error")]
    named = ", ".join(f"{part['name']} ({part['error']['error']})" for part in failed[:MOST_NAMED])
    more = ", …" if len(failed) > MOST_NAMED else ""
    raise hex_error("work_failed", failed=len(failed), total=len(parts), names=named + more)
