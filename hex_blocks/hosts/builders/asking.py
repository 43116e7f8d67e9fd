"""Asking a tool for a builder: within the time that the builder gives, with an answer that every form can show."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hex_blocks.api.connection import Connection
from hex_blocks.errors.classes import HexError
from hex_blocks.hosts.builders.forms import RAISING
from hex_blocks.hosts.builders.projects import with_project_ids
from hex_blocks.hosts.builders.words import going_on, sentence_of
from hex_blocks.hosts.models.toolbox import Answer, Picture, Toolbox
from hex_blocks.tools.progress import Progress, ProgressCallback
from hex_blocks.tools.registry import Registry

BAD_ENDS = ("run_errored", "run_killed", "run_no_kernel")
# The wait was over and what it was for goes on in Hex: no failure, but a state.
CUT = (
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
class Wait:
    """How long a builder lets a call wait.

    Attributes:
        usual: Seconds, where the form says nothing.
        longest: Seconds after which the builder ends a block by force, less what an answer takes.
    """

    usual: float
    longest: float


@dataclass(frozen=True)
class Outcome:
    """What came of a call: a document and its pictures, or an error.

    Attributes:
        document: The outputs; where a wait was cut, what is known by then; for an error, its own document.
        pictures: The pictures of the outputs, whose places hold their numbers.
        sentence: What happened, in words.
        error: The error; None where there is none.
    """

    document: dict[str, Any]
    pictures: tuple[Picture, ...] = ()
    sentence: str = ""
    error: HexError | None = None


class Asker:
    """The tools of a builder, and the way of its calls."""

    def __init__(self, registry: Registry, wait: Wait, *, language: str | None = None) -> None:
        self.registry = registry
        self.wait = wait
        self.language = language

    def ask(
        self,
        name: str,
        inputs: Mapping[str, Any],
        connection: Connection,
        *,
        fail_on_run_error: bool = True,
        progress: ProgressCallback | None = None,
        stop: threading.Event | None = None,
    ) -> Outcome:
        """Call a tool.

        Args:
            name: Its id, with or without `hex_`.
            inputs: Values by name. A project may be named by its title or address.
            connection: Where to, with which token.
            fail_on_run_error: Whether a run that ended badly is an error. If not, it is a document with its status.
            progress: Is told how far a long call is.
            stop: Set it to end a wait early.

        Raises:
            UnknownToolError: There is no such tool.
        """
        tool = self.registry[name]
        stop = stop or threading.Event()
        asked = dict(inputs)
        try:
            asked = with_project_ids(tool, asked, self.registry, connection, self.language)
        except HexError as error:
            return self._failed(error)
        deadline = _Deadline(connection, stop, self._seconds(tool.id, asked), progress)
        box = Toolbox((tool.id,), registry=self.registry, search=False, language=self.language)
        answer = box.call(tool.id, asked, connection, progress=deadline, stop=stop)
        if answer.error:
            return self._or_state(tool.id, answer.error, fail_on_run_error=fail_on_run_error)
        said = sentence_of(tool, answer.document, self.language)
        return Outcome(answer.document, answer.pictures, said)

    def _seconds(self, name: str, asked: dict[str, Any]) -> float:
        """Return how long a call may take, and let the tool itself end its wait by then."""
        if "timeout" not in self.registry[name].spec.inputs:
            return self.wait.longest
        given = _number(asked.get("timeout"))
        seconds = min(self.wait.usual if given is None else given, self.wait.longest)
        if "startTimeout" in self.registry[name].spec.inputs:
            # Its timeout is that of each run; the whole of them waits as long as the builder lets it.
            return max(seconds, self.wait.usual)
        if given is not None or _is_blank(asked.get("timeout")):
            asked["timeout"] = seconds
        return seconds + 1

    def _or_state(self, name: str, error: HexError, *, fail_on_run_error: bool) -> Outcome:
        if error.key in BAD_ENDS and name in RAISING and not fail_on_run_error:
            run = _run_of(error)
            return Outcome(run, sentence=error.message(self.language))
        if error.key in CUT:
            return going_on_outcome(error, self.language)
        return self._failed(error)

    def _failed(self, error: HexError) -> Outcome:
        return Outcome(Answer(error=error, language=self.language).document, error=error)


def going_on_outcome(error: HexError, language: str | None) -> Outcome:
    """Return the state of what goes on in Hex though nobody waits for it any longer, and how to go on."""
    values = error.values
    if "threadId" in values:
        known = {"threadId": values.get("threadId"), "url": values.get("url"), "status": RUNNING}
    elif error.key.startswith("work_"):
        known = {**(error.partial or {}), "status": RUNNING, "idempotencyKey": values.get("used")}
    else:
        known = _run_of(error) | {"idempotencyKey": values.get("idempotencyKey")}
        known["status"] = known["status"] or RUNNING
    hint = going_on(error, language)
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
    """Hears how far a call is, and ends its waits when its time is over, by the connection's own clock."""

    def __init__(
        self, connection: Connection, stop: threading.Event, seconds: float, listener: ProgressCallback | None
    ) -> None:
        self._clock = connection.clock
        self._stop = stop
        self._until = self._clock.monotonic() + seconds
        self._listener = listener

    def __call__(self, progress: Progress) -> None:
        """Take note of progress, and hand it on."""
        # A wait for one of Hex's limits says nothing more until it is over.
        ahead = (progress.remaining or 0.0) if "error" in progress.values else 0.0
        if self._clock.monotonic() + ahead >= self._until:
            self._stop.set()
        if self._listener:
            self._listener(progress)


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _number(value: Any) -> float | None:
    """Read a number of seconds; None for what the tool's own check is to refuse, or to leave out."""
    try:
        return float(value) if not isinstance(value, bool) else None
    except (TypeError, ValueError):
        return None
