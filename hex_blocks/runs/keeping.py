"""What a call keeps in the record of runs, and what it says where the record fails it.

A key that the caller gave promises that it starts one run, so nothing is sent where that cannot be recorded. A key of
our own promises nothing: the run is started although it cannot be recorded, with a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from hex_blocks.errors.classes import HexError, hex_error
from hex_blocks.runs.record.configured import record_of
from hex_blocks.runs.record.store import GiveUp, Record, RecordBusyError, RecordError, Start
from hex_blocks.tools.tool_call import ToolCall

# When to try again what another call, or another program, is in the way of.
OTHERS_SECONDS = 10
# What is kept of a run that has ended.
ENDED = ("status", "startTime", "endTime", "elapsedTime", "runUrl", "traceId", "projectVersion")


def record_error(error: RecordError) -> HexError:
    """Make the error of a record that failed: busy where that passes by itself."""
    if isinstance(error, RecordBusyError):
        return hex_error("record_busy", seconds=OTHERS_SECONDS, reason=str(error))
    return hex_error("record_unusable", reason=str(error))


def recorded(call: ToolCall, key: str) -> Start | None:
    """Return what the record knows of a key. Raises HexError (`record_unusable`, `record_busy`)."""
    connection = call.connection
    try:
        return record_of(connection).find(connection.base_url, key, give_up=call.stop.is_set)
    except RecordError as error:
        raise record_error(error) from error


def record_end(call: ToolCall, key: str, run: Mapping[str, Any], *, promised: bool = True) -> None:
    """Write down how a run ended, so that a call with its key need not ask again."""
    kept = {name: run.get(name) for name in ENDED}
    _note(call, promised, lambda record, url: record.ended(url, key, kept, give_up=call.stop.is_set))


def record_fate(call: ToolCall, key: str, fate: str, *, promised: bool = True) -> None:
    """Write down what became of a run whose wait was stopped."""
    _note(call, promised, lambda record, url: record.stopped(url, key, fate, give_up=call.stop.is_set))


def _note(call: ToolCall, promised: bool, write: Callable[[Record, str], None]) -> None:
    # What failed before in this call would only cost its time again.
    if not promised and _is_told(call):
        return
    try:
        write(record_of(call.connection), call.connection.base_url)
    except RecordError as error:
        tell_unrecorded(call, error)


def tell_unrecorded(call: ToolCall, error: RecordError) -> None:
    """Warn that a run is not on record, or not all of it; once in a call."""
    if not _is_told(call):
        call.warn("run_not_recorded", reason=str(error))


def _is_told(call: ToolCall) -> bool:
    return any(each["warning"] == "run_not_recorded" for each in call.warnings)


class Keeping:
    """One start's part of the record.

    Args:
        call: The call that starts.
        promised: Whether nothing may be sent without the record.
        gives_up: Whether a wait for the record before the sending is over.

    Attributes:
        lost: Whether the record has failed a start that was not promised: it is left alone from then on, since a
            file that another program keeps for itself would cost its wait at each step.
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
        """Go on without the record, and say so. Raises the error again where the start was promised."""
        if self.promised:
            raise error
        self.lost = True
        tell_unrecorded(self.call, error)

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """Keep every other call from working on the key. Raises HexError (`key_busy`)."""
        with ExitStack() as held:
            try:
                ours = held.enter_context(self.record.alone(self.base_url, key, self._gives_up))
            except RecordError as error:
                self.go_without(error)
                ours = True
            if not ours:
                raise hex_error("key_busy", used=key, seconds=OTHERS_SECONDS)
            yield

    def find(self, key: str) -> Start | None:
        """Return the start of a key."""
        return self.record.find(self.base_url, key, give_up=self._gives_up)

    def intend(self, intent: Start) -> None:
        """Write down that a start is about to be sent."""
        if self.lost:
            return
        try:
            self.record.intend(self.base_url, intent, give_up=self._gives_up)
            self._intended = True
        except RecordError as error:
            # Of a start that was written down just before, only the moment is missing.
            if self.promised or not self._intended:
                self.go_without(error)

    def started(self, key: str, reply: dict[str, Any]) -> bool:
        """Write the run down that a start became. False where another start has it."""
        if self.lost:
            return True
        run_id = str(reply["runId"])
        try:
            return self.record.started(self.base_url, key, run_id, reply, give_up=self.call.stop.is_set)
        except RecordError as error:
            # The run is there: that it cannot be written down is told, not raised.
            tell_unrecorded(self.call, error)
            return True

    def forget(self, key: str) -> None:
        """Take back a start that was refused. Raises RecordError."""
        self._intended = False
        if not self.lost:
            self.record.forget(self.base_url, key, give_up=self.call.stop.is_set)
