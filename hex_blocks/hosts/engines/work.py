"""One piece of an engine's work, such as a task, over all its retries: which run belongs to it.

A retry follows the active run, or returns the completed one; it starts a new run only if the last one has failed. The
idempotency key is the engine's name for the work, which is the same for all retries, with a generation number. The
generation increases when a run has failed, and when a user of the engine wants finished work to be done again.
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
# A key may have 200 characters, which must also hold a generation, a set or step, and an attempt.
LONGEST_NAME = 110
GONE = "GONE"
MOST_NAMED = 5

Run = dict[str, Any]


def work_name(engine: str, *parts: object) -> str:
    """Return the name of a piece of work, which its idempotency keys begin with.

    Args:
        engine: The name of the engine.
        *parts: What identifies the work in the engine.
    """
    name = ":".join([engine, *(quote(str(part), safe="") for part in parts)])
    if len(name) <= LONGEST_NAME:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:32]
    return f"{name[: LONGEST_NAME - len(mark) - 1]}~{mark}"


class Work:
    """A piece of an engine's work.

    Args:
        hex: The client.
        name: A unique name that is the same for all retries: see `work_name`.
        store: The engine's store for this work. Default: none, so that only the record of runs has it.
        cleared: A number that increases when a user has the work done again, but not at a retry; at least the number
            of earlier attempts.
    """

    def __init__(self, hex: Hex, name: str, store: Store | None = None, *, cleared: int = 0) -> None:
        self.hex = hex
        self.name = name
        self._record = kept_record_of(hex.connection)
        self._store = store or NoStore()
        self._state = self._load_state(cleared)

    @property
    def key(self) -> str:
        """The idempotency key of the current generation."""
        return f"{self.name}{OF_WORK}{self._state['generation']}"

    def start(
        self,
        inputs: Mapping[str, Any],
        *,
        progress: ProgressCallback | None = None,
        stop: threading.Event | None = None,
        patience: float | None = None,
    ) -> Run:
        """Return the run of this work: the active or completed one, or a new one.

        Args:
            inputs: The inputs of hex_run_project; their names may be in snake case.
            progress: Called with each progress report.
            stop: An event that ends waits when set.
            patience: Seconds that a new run may wait for its turn in Hex's limits. Default: those of the connection.

        Raises:
            HexError: Hex refused to start the run, or it is unknown whether the run was started.
        """
        call = self._call(START_TOOL, progress, stop)
        with self._record.kept_in(self.name, self._store):
            known = self._own_run(call)
            if known is not None:
                return known
            given = self._start_inputs(call, hex_inputs(call.tool, inputs))
            if patience is not None:
                call = call.part(patience=patience)
            started = execute(call, call.tool.check(given | {"idempotencyKey": self.key}))
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
        """Wait until a run of this work has ended, and return the outputs of hex_run_and_wait.

        Args:
            run: The run from `start`.
            options: timeout, pollInterval, cancelOnTimeout and cancelOnInterrupt of hex_run_and_wait.
            progress: Called with each progress report.
            stop: An event that ends the wait when set.

        Raises:
            HexError: The run failed, the wait timed out or was stopped, or the run can no longer be read.
        """
        call = self._call(WAIT_TOOL, progress, stop)
        until = call.connection.clock.monotonic() + float(options["timeout"])
        with self._record.kept_in(self.name, self._store):
            # Not a copy, because the caller may still change the options when it stops the wait.
            given = ChainMap({"idempotencyKey": self.key}, cast("dict[str, Any]", options))
            ended = follow_run(call, run, given, self.key, until=until, resumed=True)
        return call.tool.select_outputs(ended, {})

    def ended(self, run: Run) -> Run:
        """Store the end of a run of this work that was followed elsewhere, and return the same outputs as `follow`."""
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
        """Call a tool for this work. Runs that the work has started already are not started again.

        Args:
            tool: The ID of the tool, with or without `hex_`.
            inputs: The inputs of the tool; their names may be in snake case.
            progress: Called with each progress report.
            stop: An event that ends waits when set.
            again: Whether failed sets and steps are run again.

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
        """Store that the work is done, so that it gets a new generation if a user clears it."""
        self._update_state(done=True)

    def _load_state(self, cleared: int) -> dict[str, Any]:
        """Return the stored state of the work, with a new generation if it is new, or was done and then cleared."""
        state = self._store.get(STATE)
        if state is not None and state["cleared"] == cleared:
            return state
        if state is None:
            # The engine may have deleted the state of earlier work, but it still counts the attempts.
            state = {"generation": cleared + 1, "done": False}
        elif state["done"]:
            state = {"generation": max(state["generation"], cleared) + 1, "done": False}
        state = state | {"cleared": cleared}
        self._store.put(STATE, state)
        return state

    def _update_state(self, **values: Any) -> None:
        self._state = self._state | values
        self._store.put(STATE, self._state)

    def _call(self, tool: str, progress: ProgressCallback | None, stop: threading.Event | None) -> ToolCall:
        owner = self.hex
        stop = stop or threading.Event()
        return ToolCall(owner.tools[tool], owner.tools, owner.connection, execute, owner.language, progress, stop)

    def _own_run(self, call: ToolCall) -> Run | None:
        """Return the active or completed run of this work; None if one has to be started."""
        while True:
            start = recorded(call, self.key)
            if start is None or start.run_id is None:
                return None
            run = self._current_state(
                call, {**start.reply, "projectId": start.project_id, "runId": start.run_id}, start.ended
            )
            if run["status"] == "COMPLETED" or (run["status"] not in ENDS and run["status"] != GONE):
                return run
            self._update_state(generation=self._state["generation"] + 1, asked=None)

    @staticmethod
    def _current_state(call: ToolCall, run: Run, ended: Mapping[str, Any]) -> Run:
        if ended:
            return run | dict(ended)
        try:
            return {"status": "PENDING"} | run | get_run(call, run["projectId"], run["runId"])
        except (NotFoundError, InputError):
            return run | {"status": GONE}
        except (BusyError, HexDownError):
            # Following the run will retry the request, and fails later if Hex stays unavailable.
            return run | {"status": "PENDING"}

    def _start_inputs(self, call: ToolCall, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the inputs of the start: those of an earlier attempt with the key, if its outcome is unknown."""
        start = recorded(call, self.key)
        earlier = self._state.get("asked")
        if start is not None and earlier:
            # Templates may render differently in a retry, but a key belongs to one start.
            return dict(earlier)
        asked = call.tool.check({name: value for name, value in inputs.items() if name not in ("apiKey", "baseUrl")})
        self._update_state(asked=asked)
        return asked


def all_completed(outputs: Mapping[str, Any]) -> None:
    """Raise HexError (`work_failed`) if runs of a batch or pipeline have not completed."""
    parts = outputs.get("sets") or outputs.get("steps") or []
    if outputs.get("succeeded") is not False:
        return
    failed = [part for part in parts if part["status"] != "COMPLETED" and part.get("error")]
    named = ", ".join(f"{part['name']} ({part['error']['error']})" for part in failed[:MOST_NAMED])
    more = ", …" if len(failed) > MOST_NAMED else ""
    raise hex_error("work_failed", failed=len(failed), total=len(parts), names=named + more)
