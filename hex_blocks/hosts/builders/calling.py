"""Calls tools for a builder, within its time limit, and turns the result into a document, pictures and a sentence."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hex_blocks.api.connection import Connection
from hex_blocks.errors.classes import HexError
from hex_blocks.hosts.builders.forms import RAISING
from hex_blocks.hosts.builders.projects import with_project_ids
from hex_blocks.hosts.builders.words import sentence_of, still_running_text
from hex_blocks.hosts.models.toolbox import Answer, Picture, Toolbox
from hex_blocks.tools.progress import Progress, ProgressCallback
from hex_blocks.tools.registry import Registry

BAD_ENDS = ("run_errored", "run_killed", "run_no_kernel")
# Errors that end a wait while the run or thread keeps running in Hex. A builder gets its state, not an error.
WAIT_ENDED = (
    "run_timeout",
    "interrupted",
    "following_interrupted",
    "answer_timeout",
    "answer_interrupted",
    "work_interrupted",
    "work_interrupted_between",
)
RUNNING = "RUNNING"


@dataclass(frozen=True)
class WaitLimits:
    """How long a call may wait in a builder.

    Attributes:
        usual: The default in seconds.
        longest: The maximum in seconds: what the builder allows, less the time to return the result.
    """

    usual: float
    longest: float


@dataclass(frozen=True)
class Outcome:
    """The result of a call.

    Attributes:
        document: The outputs; the state so far if the wait has ended; the document of the error if there is one.
        pictures: The pictures of the outputs; the outputs have their numbers.
        sentence: A sentence about the result.
        error: The error; None if the call did not fail.
    """

    document: dict[str, Any]
    pictures: tuple[Picture, ...] = ()
    sentence: str = ""
    error: HexError | None = None


class ToolCaller:
    """Calls the tools of a builder.

    Args:
        registry: The tools.
        wait: How long calls may wait.
        language: The language of sentences.
    """

    def __init__(self, registry: Registry, wait: WaitLimits, *, language: str | None = None) -> None:
        self.registry = registry
        self.wait = wait
        self.language = language

    def call(
        self,
        name: str,
        inputs: Mapping[str, Any],
        connection: Connection,
        *,
        fail_on_run_error: bool = True,
        progress: ProgressCallback | None = None,
        stop: threading.Event | None = None,
    ) -> Outcome:
        """Call a tool and return the result; errors of the tool are returned, not raised.

        Args:
            name: The ID of the tool, with or without `hex_`.
            inputs: The inputs. A project may be given by its title or URL too.
            connection: The connection to Hex.
            fail_on_run_error: Whether a failed run is an error; otherwise the result has the run's status.
            progress: Called with each progress report.
            stop: An event that ends the wait when set.

        Raises:
            UnknownToolError: There is no such tool.
        """
        tool = self.registry[name]
        stop = stop or threading.Event()
        given_inputs = dict(inputs)
        try:
            given_inputs = with_project_ids(tool, given_inputs, self.registry, connection, self.language)
        except HexError as error:
            return self._failed(error)
        deadline = _Deadline(connection, stop, self._seconds(tool.id, given_inputs), progress)
        box = Toolbox((tool.id,), registry=self.registry, search=False, language=self.language)
        answer = box.call(tool.id, given_inputs, connection, progress=deadline, stop=stop)
        if answer.error:
            return self._error_outcome(tool.id, answer.error, fail_on_run_error=fail_on_run_error)
        result_sentence = sentence_of(tool, answer.document, self.language)
        return Outcome(answer.document, answer.pictures, result_sentence)

    def _seconds(self, name: str, given_inputs: dict[str, Any]) -> float:
        """Return how many seconds a call may take, and set its input `timeout` accordingly."""
        if "timeout" not in self.registry[name].spec.inputs:
            return self.wait.longest
        given = _number(given_inputs.get("timeout"))
        seconds = min(self.wait.usual if given is None else given, self.wait.longest)
        if "startTimeout" in self.registry[name].spec.inputs:
            # The timeout of a batch or pipeline is for each of its runs.
            return max(seconds, self.wait.usual)
        if given is not None or _is_blank(given_inputs.get("timeout")):
            given_inputs["timeout"] = seconds
        return seconds + 1

    def _error_outcome(self, name: str, error: HexError, *, fail_on_run_error: bool) -> Outcome:
        if error.key in BAD_ENDS and name in RAISING and not fail_on_run_error:
            run = _run_of(error)
            return Outcome(run, sentence=error.message(self.language))
        if error.key in WAIT_ENDED:
            return still_running_outcome(error, self.language)
        return self._failed(error)

    def _failed(self, error: HexError) -> Outcome:
        return Outcome(Answer(error=error, language=self.language).document, error=error)


def still_running_outcome(error: HexError, language: str | None) -> Outcome:
    """Return the state of a run or thread that keeps running in Hex after its wait has ended, and how to continue."""
    values = error.values
    if "threadId" in values:
        known = {"threadId": values.get("threadId"), "url": values.get("url"), "status": RUNNING}
    elif error.key.startswith("work_"):
        known = {**(error.partial or {}), "status": RUNNING, "idempotencyKey": values.get("used")}
    else:
        known = _run_of(error) | {"idempotencyKey": values.get("idempotencyKey")}
        known["status"] = known["status"] or RUNNING
    hint = still_running_text(error, language)
    document = {name: value for name, value in known.items() if value is not None} | {"hint": hint}
    return Outcome(document, sentence=hint)


def _run_of(error: HexError) -> dict[str, Any]:
    values = error.values
    return {
        "projectId": values.get("projectId"),
        "runId": values.get("runId"),
        "runUrl": values.get("runUrl"),
        "status": values.get("runStatus"),
    }


class _Deadline:
    """A progress callback that ends the call's waits at a deadline, by the connection's clock."""

    def __init__(
        self, connection: Connection, stop: threading.Event, seconds: float, listener: ProgressCallback | None
    ) -> None:
        self._clock = connection.clock
        self._stop = stop
        self._until = self._clock.monotonic() + seconds
        self._listener = listener

    def __call__(self, progress: Progress) -> None:
        """End the waits if the deadline has passed, and pass the report on."""
        # A wait for a rate limit sends no further report until it is over.
        ahead = (progress.remaining or 0.0) if "error" in progress.values else 0.0
        if self._clock.monotonic() + ahead >= self._until:
            self._stop.set()
        if self._listener:
            self._listener(progress)


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _number(value: Any) -> float | None:
    """Return a number of seconds; None for a value that the tool's input check refuses or ignores."""
    try:
        return float(value) if not isinstance(value, bool) else None
    except (TypeError, ValueError):
        return None
