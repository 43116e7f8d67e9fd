"""Starts runs, each exactly once.

Hex has no idempotency keys, so the record of runs has them: the intent is recorded just before the request, and the
run after the reply. If the reply was lost, with the connection or the process, the run is searched for in Hex's list
(`recovering.py`) before another one is started.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from hex_blocks.errors.classes import BusyError, HexDownError, HexError, hex_error
from hex_blocks.i18n.texts import phrase
from hex_blocks.runs.adopting import adopt_lost_runs, seconds_until_search
from hex_blocks.runs.declarations import FILE_OF_PROJECT, LIST_OF_RUNS, START_ERRORS
from hex_blocks.runs.model import start_reply
from hex_blocks.runs.parameters import check_parameters
from hex_blocks.runs.recent import keep_started, recent_runs
from hex_blocks.runs.record.store import RecordError, RecordLostError, Start
from hex_blocks.runs.recording import BLOCKED_SECONDS, StartRecorder, record_error
from hex_blocks.runs.recovering import (
    Sent,
    blocking_starts,
    find_lost_run,
    may_be_listed,
    may_have_started,
    seconds_until_clear,
    seconds_until_lost,
)
from hex_blocks.tools.handler import handler
from hex_blocks.tools.tool_call import ToolCall

log = logging.getLogger(__name__)

PARAMETERS = ("inputParams", "inputParamsJson")
# Seconds between two checks for other starts in the record, and between two searches for an earlier start's run.
RECORD_INTERVAL = 2.0
SEARCH_INTERVAL = 15.0
# The shortest wait for other starts, in seconds: their times can be from another clock.
MIN_WAIT = 0.1


@handler(errors=START_ERRORS, uses=(LIST_OF_RUNS, FILE_OF_PROJECT))
def run_project(call: ToolCall, inputs: dict[str, Any]) -> Any:
    """Start a run of a project."""
    return start(call, inputs)


@handler(errors=START_ERRORS, uses=(LIST_OF_RUNS,))
def run_notebook(call: ToolCall, inputs: dict[str, Any]) -> Any:
    """Start a run of a project, with the inputs of the notebook block. Parameters are not checked first."""
    return start(call, inputs)


def start(
    call: ToolCall,
    inputs: Mapping[str, Any],
    tool_id: str | None = None,
    *,
    stands_for: Any = None,
    before: Callable[[], object] | None = None,
    promised: bool = True,
) -> dict[str, Any]:
    """Start a run, record it, and return Hex's reply; the recorded reply if the key was used before.

    Args:
        call: The call.
        inputs: The inputs of hex_run_project, and `idempotencyKey` if there is one.
        tool_id: The tool whose request is sent. Default: the call's.
        stands_for: What the key identifies. Default: the request as it is sent.
        before: Is called just before a run is started, but not if the key already has one.
        promised: Whether the key is the caller's, so that the start is only sent if it can be recorded.

    Raises:
        HexError: One of START_ERRORS. `key_reused`: the key belongs to another start. `start_lost`: no run was
            started. `start_uncertain`, `start_unknown`, `start_unrecorded`: it is unknown whether one was started.
            After `start_lost` and `start_unknown` the start is on record, and the call can be repeated with the key
            in their values.
    """
    asked = _normalized(call, inputs)
    if asked.pop("checkInputs", False) and asked.get("inputParams"):
        check_parameters(call, asked["projectId"], {"inputParams": asked["inputParams"]})
    key = asked.pop("idempotencyKey", None)
    if asked.get("dryRun"):
        call.warn("nothing_ran")
        return call.request(asked, tool_id) or {}
    tool = call.tools[tool_id] if tool_id else call.tool
    request = tool.build_request(asked)
    identity = json.dumps([request.path, request.body if stands_for is None else stands_for], sort_keys=True)
    fingerprint = hashlib.sha256(identity.encode()).hexdigest()
    intent = Start(key or f"call-{uuid.uuid4()}", asked["projectId"], fingerprint, intended_at=0.0)
    once = StartOnce(call, asked, tool_id, intent, before, keyed=bool(key), promised=promised and bool(key))
    return once.run()


def _normalized(call: ToolCall, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs without empty parameters and deprecated options, with warnings."""
    # An empty object is left out, because Hex treats it as parameters that were given.
    asked = {name: value for name, value in inputs.items() if name not in PARAMETERS or _has_parameters(value)}
    if "updateCache" in asked:
        update = asked.pop("updateCache")
        asked.setdefault("updatePublishedResults", update)
        asked.setdefault("useCachedSqlResults", not update)
        call.warn("update_cache_deprecated")
    if asked.get("updatePublishedResults") and any(name in asked for name in PARAMETERS):
        call.warn("inputs_ignored")
    return asked


def _has_parameters(parameters: Any) -> bool:
    return bool(json.loads(parameters) if isinstance(parameters, str) else parameters)


class StartOnce:
    """One start, sent at most once.

    The caller's key is locked while this call works on it. The project's lock, called turn here, is held from before
    the request until the run is known, so that runs of different starts can be told apart.
    """

    def __init__(
        self,
        call: ToolCall,
        asked: dict[str, Any],
        tool_id: str | None,
        intent: Start,
        before: Callable[[], object] | None,
        *,
        keyed: bool,
        promised: bool,
    ) -> None:
        self.call = call
        self.asked = asked
        self.tool_id = tool_id
        self.intent = intent
        self.before = before
        self.keyed = keyed
        self.recorder = StartRecorder(call, promised=promised, gives_up=self._gives_up)
        self.base_url = call.connection.base_url
        self.clock = call.connection.clock
        self.sent: Sent | None = None
        self._until = self.clock.monotonic() + call.timing.patience
        self._turn = ExitStack()
        self._has_turn = False
        self._has_searched = False

    def run(self) -> dict[str, Any]:
        """Start the run, or find the one that its key already has, and return Hex's reply to the start."""
        try:
            while True:
                try:
                    return self._run()
                except RecordLostError:
                    # The lock is lost and another call may have used the key, so everything is read again.
                    if self._gives_up():
                        raise
                    self._leave_turn()
                    self.sent = None
        except RecordError as error:
            raise record_error(error) from error

    def _run(self) -> dict[str, Any]:
        if run := self._run_of(self._earlier()):
            return run
        # Also locked if the start is not promised, so that no other call adopts its run in the meantime.
        with self.recorder.lock_key(self.intent.key):
            # Read again, because another call may have held the lock until now.
            earlier = self._earlier()
            if run := self._run_of(earlier):
                return run
            if earlier and (found := self._run_of_earlier(earlier)):
                return found
            if self.before:
                self.before()
            if self.keyed:
                # Read before the turn is taken, because this request may wait for Hex's rate limits.
                recent_runs(self._with_time_left(), self.intent.project_id)
            return self._send()

    def _earlier(self) -> Start | None:
        """Return the start on record with this key.

        Raises:
            HexError: It is a start with another request (`key_reused`).
        """
        if not self.recorder.promised:
            return None
        earlier = self.recorder.find(self.intent.key)
        if earlier and earlier.fingerprint != self.intent.fingerprint:
            raise hex_error("key_reused", used=earlier.key)
        return earlier

    @staticmethod
    def _run_of(earlier: Start | None) -> dict[str, Any] | None:
        """Return Hex's reply to a start on record, or None if it is not known."""
        if earlier is None or earlier.run_id is None:
            return None
        if earlier.reply.get("runId") != earlier.run_id:
            raise RecordError(phrase("what it keeps of run {runId} does not name that run", runId=earlier.run_id))
        return earlier.reply

    def _run_of_earlier(self, earlier: Start) -> dict[str, Any] | None:
        """Search for the run of a start that was sent before, until it can no longer appear; None then."""
        while True:
            if found := self._found(Sent(earlier)):
                return found
            left = seconds_until_lost(earlier, self._timed())
            if left <= 0:
                return None
            pending = hex_error("start_pending", used=earlier.key, seconds=math.ceil(left))
            self._wait_for(left, SEARCH_INTERVAL, pending)

    def _wait_for(self, left: float, interval: float, error: HexError) -> None:
        """Wait for `interval` seconds at most, and report the wait.

        Raises:
            HexError: `error`, if the `left` seconds do not fit into the caller's patience, or the call is stopped.
        """
        if self.clock.monotonic() + left > self._until:
            raise error
        if self.call.timing.on_wait:
            self.call.timing.on_wait(left, error)
        if self.clock.wait(min(left, interval), self.call.stop):
            raise error

    def _with_time_left(self) -> ToolCall:
        """Return the call with the rest of its patience."""
        quick = replace(self.call)
        quick.timing = replace(self.call.timing, patience=max(0.0, self._until - self.clock.monotonic()))
        return quick

    def _gives_up(self) -> bool:
        """Return whether the caller's patience has run out or the call was stopped."""
        return self.clock.monotonic() > self._until or self.call.stop.is_set()

    def _send(self) -> dict[str, Any]:
        try:
            with self._turn:
                self._take_turn()
                created = self._request()
                keep_started(self.call.connection.api, self.intent.project_id, str(created["runId"]))
        except KeyboardInterrupt:
            if self.sent is None:
                raise
            # Hex may have started it; the next call with the key finds out.
            raise hex_error("start_interrupted", used=self.intent.key) from None
        return created

    def _request(self) -> dict[str, Any]:
        timing = replace(self._with_time_left().timing, on_send=self._on_send, on_wait=self._on_wait)
        try:
            created: dict[str, Any] = self.call.request(self.asked, self.tool_id, timing=timing) or {}
            fault = self._fault_of(created)
            if fault is None:
                return created
            error: HexError = hex_error("not_hex", host=self.call.connection.api.host, reason=fault)
        except RecordError:
            # Recorded for an earlier attempt, but not for this one, so nothing was sent.
            if self.sent:
                self._forget()
            raise
        except HexError as refused:
            error = refused
        if self.sent and may_have_started(error):
            return self._recovered(self.sent, error)
        self._forget()
        raise error

    def _fault_of(self, created: Mapping[str, Any]) -> str | None:
        """Return why a reply does not belong to this start, or None if it does; the run is recorded then."""
        if not created.get("runId"):
            return phrase("it accepted the start without returning a run ID")
        project_id = created.get("projectId")
        if isinstance(project_id, str) and project_id and project_id.lower() != self.intent.project_id.lower():
            return phrase("it returned a run of another project")
        if not self.recorder.started(self.intent.key, start_reply(created, self.base_url)):
            return phrase("it returned a run that belongs to another start")
        return None

    def _recovered(self, sent: Sent, error: HexError) -> dict[str, Any]:
        """Return the reply of a start whose run is found in Hex's list."""
        if self.recorder.lost:
            # Without the record, runs of different starts cannot be told apart.
            raise self._failed("start_unrecorded", error, projectId=self.intent.project_id) from error
        try:
            found = self._found(sent)
        except (HexDownError, BusyError, RecordError):
            raise self._failed("start_unknown", error) from error
        except HexError as failed:
            if error.by_hex or failed.status is None:
                raise
            # The list of runs is refused too, so a gateway refuses everything. The next call with the key searches.
            raise error from None
        if found is None:
            raise self._failed("start_lost", error) from error
        return found

    def _failed(self, key: str, error: HexError, **values: Any) -> HexError:
        values = values or {"used": self.intent.key}
        return hex_error(key, status=error.status, trace_id=error.trace_id, reason=error.message(), **values)

    def _found(self, sent: Sent) -> dict[str, Any] | None:
        run = find_lost_run(self.call, sent)
        if run is None:
            return None
        self.call.warn("start_recovered")
        return start_reply(run, self.base_url)

    def _take_turn(self) -> None:
        """Lock the project, after waiting until no other start of it is being sent or may still become a run.

        So the run of a start whose reply is lost can be told apart from others. A wait for Hex's rate limits releases
        the lock, and it is taken again before the request is sent.
        """
        try:
            while not (self._has_turn or self.recorder.lost):
                turn = self.recorder.record.lock_project(self.base_url, self.intent.project_id, self._gives_up)
                if not self._turn.enter_context(turn):
                    raise hex_error("project_busy", seconds=BLOCKED_SECONDS)
                others = self._blocking_starts()
                if not others:
                    self._note_newest()
                    self._has_turn = True
                    return
                # Released, because the call of the other start may need the lock to finish.
                self._turn.close()
                self._wait_for_others(others)
        except RecordError as error:
            self._leave_turn()
            self.recorder.go_without(error)

    def _blocking_starts(self) -> list[Start]:
        """Return the starts to wait for, after a search for their runs if one is due."""
        self.intent = self._timed()
        others = blocking_starts(self.call, self.intent, self._gives_up)
        if others and seconds_until_search(self.call, self.intent, others) <= 0:
            self._has_searched = True
            adopt_lost_runs(self.call, self.intent, others)
            self.intent = self._timed()
            others = blocking_starts(self.call, self.intent, self._gives_up)
        return others

    def _wait_for_others(self, others: list[Start]) -> None:
        left = seconds_until_clear(self.intent, others)
        error = hex_error("project_busy", seconds=math.ceil(left))
        if not self._has_searched:
            # Even if the patience is too short for the whole wait, a first search may end it.
            left = min(left, max(seconds_until_search(self.call, self.intent, others), MIN_WAIT))
        self._wait_for(left, RECORD_INTERVAL, error)

    def _leave_turn(self) -> None:
        self._turn.close()
        self._has_turn = False

    def _note_newest(self) -> None:
        """Note the newest runs before the start, requested again if an unknown run of another start may be listed."""
        anew = may_be_listed(self.call, self.intent, self._gives_up)
        if self.keyed or anew:
            newest = recent_runs(self._with_time_left(), self.intent.project_id, anew=anew).newest
            self.intent = replace(self.intent, after=newest)

    def _on_send(self) -> None:
        """Record the intent just before each attempt."""
        self._take_turn()
        self.intent = self._timed()
        self.recorder.intend(self.intent)
        self.sent = Sent(self.intent, self.clock.monotonic())

    def _on_wait(self, seconds: float, error: HexError) -> None:
        """Release the turn while this start waits after a refusal or for the rate limits."""
        if self.sent:
            self._forget()
            self.sent = None
        self._leave_turn()
        if self.call.timing.on_wait:
            self.call.timing.on_wait(seconds, error)

    def _timed(self) -> Start:
        return replace(self.intent, intended_at=self.clock.time(), at_hex=self.call.connection.api.server_time())

    def _forget(self) -> None:
        try:
            self.recorder.forget(self.intent.key)
        except RecordError as error:
            # Not an error: a later call finds the start on record and searches for its run.
            log.warning("the record of runs could not be written: %s", error)
