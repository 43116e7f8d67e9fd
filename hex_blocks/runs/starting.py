"""Starting runs, each exactly once.

Hex has no idempotency key, so the record of runs keeps one: it takes the intent just before the request and the
run after it. Where the answer to a start was lost, with the connection or with the process, the run is looked for
in Hex's list (see `recovering.py`) before another one is started.
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
from hex_blocks.runs.adopting import adopt_lost_runs, seconds_until_look
from hex_blocks.runs.keeping import OTHERS_SECONDS, Keeping, record_error
from hex_blocks.runs.model import start_reply
from hex_blocks.runs.parameters import check_parameters
from hex_blocks.runs.recent import keep_started, recent_runs
from hex_blocks.runs.record.store import RecordError, RecordLostError, Start
from hex_blocks.runs.recovering import (
    Sent,
    find_lost_run,
    may_be_listed,
    may_have_started,
    seconds_until_clear,
    seconds_until_lost,
    starts_in_the_way,
)
from hex_blocks.tools.handler import handler
from hex_blocks.tools.tool_call import ToolCall

log = logging.getLogger(__name__)

PARAMETERS = ("inputParams", "inputParamsJson")
# What a start can end with.
START_ERRORS = (
    "bad_parameters",
    "interrupted_before",
    "key_busy",
    "key_reused",
    "no_free_kernel",
    "not_found",
    "not_published",
    "project_busy",
    "record_busy",
    "record_unusable",
    "start_interrupted",
    "start_lost",
    "start_pending",
    "start_uncertain",
    "start_unknown",
    "start_unrecorded",
)
# Whose requests a start sends beside its own: to tell its run from others, and to check its parameters.
LIST_OF_RUNS, FILE_OF_PROJECT = "hex_get_project_runs", "hex_export_project"
# What became of another start is looked up this often, and worth asking for again after so long.
LOOK_UP = 2.0
LOOK_FOR = 15.0
# Moments that are reckoned from two clocks may be this far from each other.
LEAST_WAIT = 0.1


@handler(errors=START_ERRORS, uses=(LIST_OF_RUNS, FILE_OF_PROJECT))
def run_project(call: ToolCall, inputs: dict[str, Any]) -> Any:
    """Start a project."""
    return start(call, inputs)


@handler(errors=START_ERRORS, uses=(LIST_OF_RUNS,))
def run_notebook(call: ToolCall, inputs: dict[str, Any]) -> Any:
    """Start a project, with the inputs of the notebook block: its parameters are not checked beforehand."""
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
    """Start a project's run and record it. Gives Hex's reply, or the same again for a key that was used before.

    inputs may hold idempotencyKey. stands_for: what the key stands for, where that is not the request as it is sent.
    before: done just before a run is started, and not where the key has one already. promised: whether the key is
    the caller's; a new one of our own promises nothing, and the run is started though it cannot be recorded.

    Raises HexError: `key_reused` where the key stands for another start, `start_lost` where nothing was started,
    `start_uncertain`, `start_unknown` and `start_unrecorded` where that cannot be told; `start_lost` and
    `start_unknown` name the key to call again with, and the start is on record.
    """
    asked = _as_hex_takes_it(call, inputs)
    if asked.pop("checkInputs", False) and asked.get("inputParams"):
        check_parameters(call, asked["projectId"], {"inputParams": asked["inputParams"]})
    key = asked.pop("idempotencyKey", None)
    if asked.get("dryRun"):
        call.warn("nothing_ran")
        return call.request(asked, tool_id) or {}
    tool = call.tools[tool_id] if tool_id else call.tool
    sending = tool.build_request(asked)
    meant = json.dumps([sending.path, sending.body if stands_for is None else stands_for], sort_keys=True)
    intent = Start(
        key or f"call-{uuid.uuid4()}", asked["projectId"], hashlib.sha256(meant.encode()).hexdigest(), intended_at=0.0
    )
    once = StartOnce(call, asked, tool_id, intent, before, keyed=bool(key), promised=promised and bool(key))
    return once.run()


def _as_hex_takes_it(call: ToolCall, inputs: Mapping[str, Any]) -> dict[str, Any]:
    # No parameters is what an empty object means to a person; Hex reads it as parameters given.
    asked = {name: value for name, value in inputs.items() if name not in PARAMETERS or _holds_any(value)}
    if "updateCache" in asked:
        update = asked.pop("updateCache")
        asked.setdefault("updatePublishedResults", update)
        asked.setdefault("useCachedSqlResults", not update)
        call.warn("update_cache_deprecated")
    if asked.get("updatePublishedResults") and any(name in asked for name in PARAMETERS):
        call.warn("inputs_ignored")
    return asked


def _holds_any(parameters: Any) -> bool:
    return bool(json.loads(parameters) if isinstance(parameters, str) else parameters)


class StartOnce:
    """One start, with what has to be known to send it at most once."""

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
        self.kept = Keeping(call, promised=promised, gives_up=self._gives_up)
        self.base_url = call.connection.base_url
        self.clock = call.connection.clock
        self.sent: Sent | None = None
        self._until = self.clock.monotonic() + call.timing.patience
        self._turn = ExitStack()
        self._has_turn = False
        self._looked = False

    def run(self) -> dict[str, Any]:
        """Start it, or give the run that its key stands for."""
        try:
            while True:
                try:
                    return self._run()
                except RecordLostError:
                    # Another call may have worked on it since, so all is looked up again.
                    if self._gives_up():
                        raise
                    self._leave_turn()
                    self.sent = None
        except RecordError as error:
            raise record_error(error) from error

    def _run(self) -> dict[str, Any]:
        if run := self._run_of(self._earlier()):
            return run
        # Also without a promise: while we are at work on it, nobody else may say what became of it.
        with self.kept.alone(self.intent.key):
            # Another call may have worked on it until just now.
            earlier = self._earlier()
            if run := self._run_of(earlier):
                return run
            if earlier and (found := self._found_before_it_is_lost(earlier)):
                return found
            if self.before:
                self.before()
            if self.keyed:
                # Read before the turn is taken, since Hex's limits may make it wait.
                recent_runs(self._in_time(), self.intent.project_id)
            return self._send()

    def _earlier(self) -> Start | None:
        """Return the start that the key stands for already. Raises HexError where that asks for something else."""
        if not self.kept.promised:
            return None
        earlier = self.kept.find(self.intent.key)
        if earlier and earlier.fingerprint != self.intent.fingerprint:
            raise hex_error("key_reused", used=earlier.key)
        return earlier

    @staticmethod
    def _run_of(earlier: Start | None) -> dict[str, Any] | None:
        """Return what Hex answered to a start; None where that is not known yet."""
        if earlier is None or earlier.run_id is None:
            return None
        if earlier.reply.get("runId") != earlier.run_id:
            raise RecordError(phrase("what it keeps of run {runId} does not name that run", runId=earlier.run_id))
        return earlier.reply

    def _found_before_it_is_lost(self, earlier: Start) -> dict[str, Any] | None:
        """Look for the run of a start that was sent before, until Hex cannot be carrying it out any more."""
        while True:
            if found := self._found(Sent(earlier)):
                return found
            left = seconds_until_lost(earlier, self._timed())
            if left <= 0:
                return None
            self._wait_for(left, LOOK_FOR, hex_error("start_pending", used=earlier.key, seconds=math.ceil(left)))

    def _wait_for(self, left: float, interval: float, error: HexError) -> None:
        """Let a part of the time pass that is left, and say so. Raises the error where that is more than patience."""
        if self.clock.monotonic() + left > self._until:
            raise error
        if self.call.timing.on_wait:
            self.call.timing.on_wait(left, error)
        if self.clock.wait(min(left, interval), self.call.stop):
            raise error

    def _in_time(self) -> ToolCall:
        """Return the call with the patience that is left of it."""
        quick = replace(self.call)
        quick.timing = replace(self.call.timing, patience=max(0.0, self._until - self.clock.monotonic()))
        return quick

    def _gives_up(self) -> bool:
        """Return whether the caller's patience is over, or the call was stopped."""
        return self.clock.monotonic() > self._until or self.call.stop.is_set()

    def _send(self) -> dict[str, Any]:
        try:
            with self._turn:
                self._take_turn()
                created = self._ask()
                keep_started(self.call.connection.api, self.intent.project_id, str(created["runId"]))
        except KeyboardInterrupt:
            if self.sent is None:
                raise
            # Hex may have taken it; the next call with the key finds out.
            raise hex_error("start_interrupted", used=self.intent.key) from None
        return created

    def _ask(self) -> dict[str, Any]:
        timing = replace(self._in_time().timing, on_send=self._on_send, on_wait=self._on_wait)
        try:
            created: dict[str, Any] = self.call.request(self.asked, self.tool_id, timing=timing) or {}
            fault = self._fault_of(created)
            if fault is None:
                return created
            error: HexError = hex_error("not_hex", host=self.call.connection.api.host, reason=fault)
        except RecordError:
            # It was written down once, and could not be once more: nothing was sent.
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
        """Say why a reply is not the one to this start; None, with the run on record, where it is."""
        if not created.get("runId"):
            return phrase("it accepted the start without returning a run ID")
        project_id = created.get("projectId")
        if isinstance(project_id, str) and project_id and project_id.lower() != self.intent.project_id.lower():
            return phrase("it returned a run of another project")
        # With the record failing, the run is there all the same.
        if not self.kept.started(self.intent.key, start_reply(created, self.base_url)):
            return phrase("it returned a run that belongs to another start")
        return None

    def _recovered(self, sent: Sent, error: HexError) -> dict[str, Any]:
        """Find the run of a start whose answer did not come."""
        if self.kept.lost:
            # Without the record nobody can tell our runs from each other's.
            raise self._failed("start_unrecorded", error, projectId=self.intent.project_id) from error
        try:
            found = self._found(sent)
        except (HexDownError, BusyError, RecordError):
            raise self._failed("start_unknown", error) from error
        except HexError as failed:
            if error.by_hex or failed.status is None:
                raise
            # Whoever refuses to list runs as well is no Hex. The next call with the key looks again.
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
        """Wait until no other start of the project is being sent, or may still become a run; keep the others waiting.

        So the run of a start whose answer is lost can be told from the others'. A wait for Hex's limits gives the turn
        up, and it is taken anew before the sending.
        """
        try:
            while not (self._has_turn or self.kept.lost):
                turn = self.kept.record.sending(self.base_url, self.intent.project_id, self._gives_up)
                if not self._turn.enter_context(turn):
                    raise hex_error("project_busy", seconds=OTHERS_SECONDS)
                others = self._in_the_way()
                if not others:
                    self._note_newest()
                    self._has_turn = True
                    return
                # Whoever sent that other start has to get at it meanwhile.
                self._turn.close()
                self._wait_for_others(others)
        except RecordError as error:
            self._leave_turn()
            self.kept.go_without(error)

    def _in_the_way(self) -> list[Start]:
        """Return the starts that have to be waited for, after a look at what became of them where one is due."""
        self.intent = self._timed()
        others = starts_in_the_way(self.call, self.intent, self._gives_up)
        if others and seconds_until_look(self.call, self.intent, others) <= 0:
            self._looked = True
            adopt_lost_runs(self.call, self.intent, others)
            self.intent = self._timed()
            others = starts_in_the_way(self.call, self.intent, self._gives_up)
        return others

    def _wait_for_others(self, others: list[Start]) -> None:
        left = seconds_until_clear(self.intent, others)
        error = hex_error("project_busy", seconds=math.ceil(left))
        if not self._looked:
            # A first look is worth the patience that all of it would be too much for.
            left = min(left, max(seconds_until_look(self.call, self.intent, others), LEAST_WAIT))
        self._wait_for(left, LOOK_UP, error)

    def _leave_turn(self) -> None:
        self._turn.close()
        self._has_turn = False

    def _note_newest(self) -> None:
        """Note which runs there were before; read anew where a run of another start may be among them unknown."""
        anew = may_be_listed(self.call, self.intent, self._gives_up)
        if self.keyed or anew:
            newest = recent_runs(self._in_time(), self.intent.project_id, anew=anew).newest
            self.intent = replace(self.intent, after=newest)

    def _on_send(self) -> None:
        """Write the intent down just before each sending."""
        self._take_turn()
        self.intent = self._timed()
        self.kept.intend(self.intent)
        self.sent = Sent(self.intent, self.clock.monotonic())

    def _on_wait(self, seconds: float, error: HexError) -> None:
        """Let others send their starts while this one waits: Hex has refused it, or its turn has not come."""
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
            self.kept.forget(self.intent.key)
        except RecordError as error:
            # What it would say, that perhaps a run was started, is found out by looking.
            log.warning("the record of runs could not be written: %s", error)
