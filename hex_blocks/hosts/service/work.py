"""One call that is being worked on, in a thread of its own."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from hex_blocks.errors.classes import HexError, SpecError, hex_error
from hex_blocks.hosts.service.callers import Caller
from hex_blocks.hosts.service.jobs.store import CANCELLED, FAILED, SUCCEEDED, End
from hex_blocks.hosts.service.problems import ProblemError, problem_of, problem_of_call
from hex_blocks.run import run
from hex_blocks.tools.progress import Progress, ProgressCallback
from hex_blocks.tools.registry import Registry
from hex_blocks.tools.spec.values import InputField
from hex_blocks.tools.tool import Tool

log = logging.getLogger(__name__)

KEY_INPUT = "idempotencyKey"
HIDDEN = "…"
CANCEL_INPUT = "cancelOnInterrupt"


def new_id() -> str:
    """Return an ID that nobody can guess."""
    return uuid.uuid4().hex


def is_resumable(tool: Tool) -> bool:
    """Whether a call can be made again though nobody knows how far the one before came."""
    if has_secrets(tool):
        # Its inputs are not written down.
        return False
    return tool.operation == "query" or bool(tool.raw.get("idempotent")) or KEY_INPUT in tool.spec.inputs


def has_secrets(tool: Tool) -> bool:
    """Whether a call may hold what must not be written down, such as the password of a database."""
    return any(_is_secret(field) for field in tool.spec.inputs.values() if field.place != "connection")


def _is_secret(field: InputField) -> bool:
    below = [*(field.fields or {}).values(), *([field.items] if field.items else [])]
    return field.secret or any(map(_is_secret, below))


def without_secrets(tool: Tool, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call's inputs as they may be shown and written down."""
    shown = {name: _shown(tool.spec.inputs.get(name), value) for name, value in inputs.items()}
    return {name: value for name, value in shown.items() if value is not None}


def _shown(field: InputField | None, value: Any) -> Any:
    if field is None or value is None or not _is_secret(field):
        return value
    if isinstance(value, Mapping) and field.fields is not None:
        return {name: _shown(field.fields.get(name), part) for name, part in value.items()}
    if isinstance(value, list) and field.items is not None:
        return [_shown(field.items, part) for part in value]
    # Text of JSON, too: what is in it is not looked at.
    return HIDDEN


def own_key(job_id: str) -> str:
    """Return the key of a call whose caller gave none."""
    return f"job-{job_id}"


def is_own_key(name: str, value: Any, job_id: str) -> bool:
    """Whether an input of a job is the key that we gave it."""
    return name == KEY_INPUT and value == own_key(job_id)


def with_key(tool: Tool, inputs: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return a call's inputs with a key, by which a tool that starts something starts it once."""
    if KEY_INPUT in tool.spec.inputs and inputs.get(KEY_INPUT) in (None, ""):
        return {**inputs, KEY_INPUT: key}
    return dict(inputs)


@dataclass(eq=False)
class Work:
    """A call that is being worked on.

    Attributes:
        fence: The fence of its job; 0 as long as it is no job.
        stop: Is set to end its waits.
        cancelled: Whether its caller wants it to end.
        progress: How far it is.
        ended: Gives how it ended; None where it was given back for another process to go on with.
        error: The error that it ended with.
    """

    id: str
    caller: Caller
    tool: Tool
    inputs: Mapping[str, Any]
    language: str | None = None
    fence: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    cancelled: bool = False
    progress: dict[str, Any] | None = None
    ended: Future[End | None] = field(default_factory=Future)
    error: HexError | None = None
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def resumable(self) -> bool:
        """Whether another process can go on with it."""
        return is_resumable(self.tool)

    @property
    def may_be_stopped(self) -> bool:
        """Whether ending its wait leaves what it waits for as it is."""
        return self.resumable and not self.inputs.get(CANCEL_INPUT)

    def done(self, tools: Registry, on_progress: ProgressCallback) -> End:
        """Make the call and return how it ended."""
        try:
            outputs = run(
                self.tool,
                self.inputs,
                tools,
                self.caller.connection,
                progress=on_progress,
                stop=self.stop,
                language=self.language,
            )
        except HexError as error:
            return self._failed(error)
        except SpecError as error:
            log.error("%s", error)  # noqa: TRY400
            return self._failed(hex_error("tool_broken", name=self.tool.id))
        except Exception:
            log.exception("%s failed", self.tool.id)
            return self._failed(hex_error("tool_failed", name=self.tool.id))
        return End(SUCCEEDED, result=outputs)

    def _failed(self, error: HexError) -> End:
        self.error = error
        problem = problem_of_call(error, self.language, own_token=self.caller.own_token)
        if self.cancelled:
            said = problem_of(ProblemError("job_cancelled"), self.language)
            # What the tool says of the run it leaves is worth more than that it was cancelled.
            return End(
                CANCELLED, problem={**problem, **{name: said[name] for name in ("type", "title", "status", "key")}}
            )
        return End(FAILED, problem=problem)


def progress_document(progress: Progress) -> dict[str, Any]:
    """Return how far a call is, as JSON."""
    told: dict[str, Any] = {
        "message": progress.message,
        "status": progress.status,
        "elapsed": round(progress.elapsed, 3),
        "percent": progress.percent,
        "remaining": progress.remaining,
        "values": dict(progress.values) or None,
    }
    return {name: value for name, value in told.items() if value is not None}
