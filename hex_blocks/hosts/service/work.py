"""A call in the service: its inputs, its key, and running it."""

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
REDACTED = "…"
CANCEL_INPUT = "cancelOnInterrupt"


def new_id() -> str:
    """Return a random ID."""
    return uuid.uuid4().hex


def is_resumable(tool: Tool) -> bool:
    """Return whether a call can safely be repeated after an attempt that was interrupted at an unknown point."""
    if has_secrets(tool):
        # Its inputs are not stored, so no other process can repeat it.
        return False
    return tool.operation == "query" or bool(tool.raw.get("idempotent")) or KEY_INPUT in tool.spec.inputs


def has_secrets(tool: Tool) -> bool:
    """Return whether a tool has inputs that must not be stored, such as the password of a database."""
    return any(_is_secret(field) for field in tool.spec.inputs.values() if field.place != "connection")


def _is_secret(field: InputField) -> bool:
    below = [*(field.fields or {}).values(), *([field.items] if field.items else [])]
    return field.secret or any(map(_is_secret, below))


def without_secrets(tool: Tool, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call's inputs with secrets replaced, so that they may be shown and stored."""
    redacted = {name: _redacted(tool.spec.inputs.get(name), value) for name, value in inputs.items()}
    return {name: value for name, value in redacted.items() if value is not None}


def _redacted(field: InputField | None, value: Any) -> Any:
    if field is None or value is None or not _is_secret(field):
        return value
    if isinstance(value, Mapping) and field.fields is not None:
        return {name: _redacted(field.fields.get(name), part) for name, part in value.items()}
    if isinstance(value, list) and field.items is not None:
        return [_redacted(field.items, part) for part in value]
    # A value that has another form than the field, such as JSON text, is replaced as a whole.
    return REDACTED


def default_key(job_id: str) -> str:
    """Return the idempotency key of a call whose caller gave none."""
    return f"job-{job_id}"


def is_default_key(name: str, value: Any, job_id: str) -> bool:
    """Return whether an input of a job is the key from `own_key`."""
    return name == KEY_INPUT and value == default_key(job_id)


def with_key(tool: Tool, inputs: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return a call's inputs with an idempotency key, if the tool has that input and the caller gave none."""
    if KEY_INPUT in tool.spec.inputs and inputs.get(KEY_INPUT) in (None, ""):
        return {**inputs, KEY_INPUT: key}
    return dict(inputs)


@dataclass(eq=False)
class Work:
    """A call.

    Attributes:
        id: The ID of the call and of its job.
        caller: The caller.
        tool: The tool.
        inputs: The inputs of the tool.
        language: The language of messages.
        fence: The fencing token of its job; 0 while it is not a job.
        stop: Ends the waits of the call when set.
        cancelled: Whether the caller has cancelled it.
        progress: The last progress report.
        ended: The future end of the call; its result is None if the job was released for another process.
        error: The error, if it failed.
        lock: Held while the call becomes a job or ends.
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
        """Whether another process can repeat it."""
        return is_resumable(self.tool)

    @property
    def can_stop_waiting(self) -> bool:
        """Whether ending its wait leaves the run that it waits for running."""
        return self.resumable and not self.inputs.get(CANCEL_INPUT)

    def execute(self, tools: Registry, on_progress: ProgressCallback) -> End:
        """Run the tool and return how the call ended."""
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
            cancelled = problem_of(ProblemError("job_cancelled"), self.language)
            # The detail and hint of the tool's error are kept, because they name the run that is still running.
            return End(
                CANCELLED, problem={**problem, **{name: cancelled[name] for name in ("type", "title", "status", "key")}}
            )
        return End(FAILED, problem=problem)


def progress_document(progress: Progress) -> dict[str, Any]:
    """Return the JSON document of a progress report."""
    document: dict[str, Any] = {
        "message": progress.message,
        "status": progress.status,
        "elapsed": round(progress.elapsed, 3),
        "percent": progress.percent,
        "remaining": progress.remaining,
        "values": dict(progress.values) or None,
    }
    return {name: value for name, value in document.items() if value is not None}
