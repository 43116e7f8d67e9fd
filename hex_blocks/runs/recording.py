"""Writes starts and runs to the record, and handles a record that fails.

With an idempotency key of the caller, at most one run may be started, so nothing is sent if the start cannot be
recorded. With a generated key, the run is started all the same, with a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from hex_blocks.errors.classes import HexError, hex_error
from hex_blocks.runs.record.configured import record_of
from hex_blocks.runs.record.store import GiveUp, Record, RecordBusyError, RecordError, Start
from hex_blocks.tools.tool_call import ToolCall

# Seconds after which to try again what another call or program blocks.
BLOCKED_SECONDS = 10
# The fields of an ended run that are recorded.
ENDED = ("status", "startTime", "endTime", "elapsedTime", "runUrl", "traceId", "projectVersion")


def record_error(error: RecordError) -> HexError:
    """Return the HexError of a record that failed: `record_busy` if that is temporary, else `record_unusable`."""
    if isinstance(error, RecordBusyError):
        return hex_error("record_busy", seconds=BLOCKED_SECONDS, reason=str(error))
    return hex_error("record_unusable", reason=str(error))


def recorded(call: ToolCall, key: str) -> Start | None:
    """Return the start on record with a key, or None if there is none.

    Raises:
        HexError: The record cannot be read (`record_unusable`, `record_busy`).
    """
    connection = call.connection
    try:
        return record_of(connection).find(connection.base_url, key, give_up=call.stop.is_set)
    except RecordError as error:
        raise record_error(error) from error


def record_end(call: ToolCall, key: str, run: Mapping[str, Any], *, promised: bool = True) -> None:
    """Record how a run ended, so that a later call with its key need not request it again."""
    fields = {name: run.get(name) for name in ENDED}
    _write(call, promised, lambda record, url: record.ended(url, key, fields, give_up=call.stop.is_set))


def record_fate(call: ToolCall, key: str, fate: str, *, promised: bool = True) -> None:
    """Record whether a run whose wait was stopped was left running or cancelled: LEFT or CANCELLED."""
    _write(call, promised, lambda record, url: record.stopped(url, key, fate, give_up=call.stop.is_set))


def _write(call: ToolCall, promised: bool, write: Callable[[Record, str], None]) -> None:
    # A record that failed before in this call would only take its time again.
    if not promised and _has_warned(call):
        return
    try:
        write(record_of(call.connection), call.connection.base_url)
    except RecordError as error:
        warn_unrecorded(call, error)


def warn_unrecorded(call: ToolCall, error: RecordError) -> None:
    """Warn, once per call, that a run is not or not completely on record."""
    if not _has_warned(call):
        call.warn("run_not_recorded", reason=str(error))


def _has_warned(call: ToolCall) -> bool:
    return any(each["warning"] == "run_not_recorded" for each in call.warnings)


class StartRecorder:
    """Reads and writes the record for one start.

    Args:
        call: The call that starts the run.
        promised: Whether the start may only be sent if it is recorded.
        gives_up: Returns whether to stop waiting for the record before the start is sent.

    Attributes:
        lost: Whether the record failed for a start that is not promised. It is not used any more then, because a file
            that another program locks would cost its wait at each step.
    """

    def __init__(self, call: ToolCall, *, promised: bool, gives_up: GiveUp) -> None:
        self.call = call
        self.record = record_of(call.connection)
        self.base_url = call.connection.base_url
        self.promised = promised
        self.lost = False
        self._intended = False
        self._gives_up = gives_up

    def go_without(self, error: RecordError) -> None:
        """Continue without the record, with a warning.

        Raises:
            RecordError: `error`, if the start is promised.
        """
        if self.promised:
            raise error
        self.lost = True
        warn_unrecorded(self.call, error)

    @contextmanager
    def lock_key(self, key: str) -> Iterator[None]:
        """Lock a key, so that no other call works on it.

        Raises:
            HexError: Another call has locked it (`key_busy`).
        """
        with ExitStack() as stack:
            try:
                locked = stack.enter_context(self.record.lock_key(self.base_url, key, self._gives_up))
            except RecordError as error:
                self.go_without(error)
                locked = True
            if not locked:
                raise hex_error("key_busy", used=key, seconds=BLOCKED_SECONDS)
            yield

    def find(self, key: str) -> Start | None:
        """Return the start on record with a key, or None if there is none."""
        return self.record.find(self.base_url, key, give_up=self._gives_up)

    def intend(self, intent: Start) -> None:
        """Record that a start is about to be sent."""
        if self.lost:
            return
        try:
            self.record.intend(self.base_url, intent, give_up=self._gives_up)
            self._intended = True
        except RecordError as error:
            # If the start was recorded for an earlier attempt, only the time of this one is missing.
            if self.promised or not self._intended:
                self.go_without(error)

    def started(self, key: str, reply: dict[str, Any]) -> bool:
        """Record the run of a start, and return False if the run belongs to another start."""
        if self.lost:
            return True
        run_id = str(reply["runId"])
        try:
            return self.record.started(self.base_url, key, run_id, reply, give_up=self.call.stop.is_set)
        except RecordError as error:
            # A warning, not an error, because the run exists.
            warn_unrecorded(self.call, error)
            return True

    def forget(self, key: str) -> None:
        """Delete a start that was refused from the record.

        Raises:
            RecordError: The record cannot be written.
        """
        self._intended = False
        if not self.lost:
            self.record.forget(self.base_url, key, give_up=self.call.stop.is_set)
