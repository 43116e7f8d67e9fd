"""The call of a tool, as its handler receives it: requests, other tools, warnings and progress."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hex_blocks.api.timing import Timing
from hex_blocks.errors.classes import Fault, HexError, hex_error
from hex_blocks.errors.warnings import WARNINGS
from hex_blocks.i18n.texts import phrase, sentence
from hex_blocks.tools.progress import Progress, ProgressCallback

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection
    from hex_blocks.tools.registry import Registry
    from hex_blocks.tools.reply_coercion import CoercedReply
    from hex_blocks.tools.tool import Tool

log = logging.getLogger(__name__)

# How many fields a warning or an error names.
MAX_FIELDS = 5


@dataclass
class ToolCall:
    """A running call of a tool.

    Attributes:
        tool: The tool.
        tools: All tools by ID, for handlers that use others.
        connection: The connection of its requests.
        execute: Runs a tool that is a part of this call: takes checked inputs and returns outputs.
        language: The language of errors, warnings and progress. Default: that of the environment.
        on_progress: Is called with the progress of the call.
        stop: An event that ends waits early when it is set.
        warnings: The warnings so far, as the result shows them.
        timing: The time limits of requests. Default: those of the connection.
        incomplete: Names of fields that replies lacked.
        unread: Names of fields whose values were of another type.
    """

    tool: Tool
    tools: Registry
    connection: Connection
    execute: Callable[[ToolCall, dict[str, Any]], dict[str, Any]]
    language: str | None = None
    on_progress: ProgressCallback | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    warnings: list[dict[str, str]] = field(default_factory=list)
    timing: Timing = None  # type: ignore[assignment]
    # Shared by all parts of a call, so that the result has one warning of each kind.
    incomplete: dict[str, None] = field(default_factory=dict)
    unread: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.timing is None:
            self.timing = Timing(
                read=self.connection.timeout,
                patience=self.connection.patience,
                stop=self.stop,
                on_wait=self._report_wait,
            )

    def part(
        self, tool_id: str | None = None, *, quiet: bool = False, within: float | None = None, **timing: Any
    ) -> ToolCall:
        """Return a copy of this call for a part of its work.

        Args:
            tool_id: The tool of the part. Default: the same.
            quiet: Whether the part reports no progress and does not add its warnings to the result.
            within: Seconds for the part's waits, and for each reply. Default: the limits of the call.
            timing: Fields of `Timing` to replace.
        """
        tool = self.tools[tool_id] if tool_id else self.tool
        changed = replace(self.timing if within is None else self.timing.within(within), **timing)
        if quiet:
            changed = replace(changed, on_wait=None)
            return replace(self, tool=tool, timing=changed, on_progress=None, warnings=[])
        return replace(self, tool=tool, timing=changed)

    def request(
        self,
        inputs: Mapping[str, Any],
        tool_id: str | None = None,
        *,
        files: Mapping[str, Any] | None = None,
        timing: Timing | None = None,
    ) -> Any:
        """Send this tool's request, or another tool's, with checked inputs, and return Hex's reply.

        Declared outputs are of their declared type, or None with a warning. All other fields are unchanged.

        Raises:
            HexError: Hex refused the request or did not reply, or the reply lacks a required output (`not_hex`).
        """
        return self.request_with_details(inputs, tool_id, files=files, timing=timing).reply

    def request_with_details(
        self,
        inputs: Mapping[str, Any],
        tool_id: str | None = None,
        *,
        files: Mapping[str, Any] | None = None,
        timing: Timing | None = None,
    ) -> CoercedReply:
        """Do the same as `request`, and return the reply together with what did not match in it."""
        tool = self.tools[tool_id] if tool_id else self.tool
        request = tool.spec.request
        if request is None:
            raise ValueError(f"{tool.id} has no request")
        parts = tool.build_request(inputs)
        reply = self.connection.api.call(
            request.method,
            parts.path,
            query=parts.query,
            body=parts.body,
            files=files,
            group=request.limit_group,
            refused_by_503=request.refused_by_503,
            without_reply=request.without_reply,
            error_keys=request.errors,
            timing=timing or self.timing,
        )
        coerced = tool.coerce_reply(reply)
        # A reply without its list is not an empty list: taking it for one could start a run twice.
        if coerced.lacking:
            error = self.reply_lacks(_listed(coerced.lacking))
            if request.method != "GET":
                error.values["outcome"] = "unknown"
            raise error
        self.incomplete.update(coerced.missing)
        self.unread.update(coerced.unread)
        return coerced

    def reply_lacks(self, name: str) -> HexError:
        """Return the error of a reply that lacks a required field."""
        reason = phrase("its reply has no {name}", name=name)
        return hex_error("not_hex", host=self.connection.api.host, reason=reason)

    def bad_input(self, name: str, fault: str, **values: Any) -> HexError:
        """Return the error of an input that is wrong for a reason that the spec's checks cannot find.

        Args:
            name: The input.
            fault: A key of FAULTS.
            values: The values of the fault's sentence.
        """
        return hex_error("bad_inputs", tool=self.tool.id, faults=(Fault(name, fault, values),))

    def use(self, tool_id: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Run another tool as a part of this call and return its outputs. Its warnings are added to this call's."""
        tool = self.tools[tool_id]
        return self.execute(replace(self, tool=tool), tool.check(inputs))

    def warn(self, key: str, **values: Any) -> None:
        """Add a warning to the result. `key` is a key of WARNINGS."""
        self.warnings.append({"warning": key, "message": sentence(WARNINGS[key], self.language, **values)})

    def all_warnings(self) -> list[dict[str, str]]:
        """Return the warnings of the call, and then those of fields that were missing or unreadable in replies."""
        fields = {"reply_incomplete": self.incomplete, "reply_unread": self.unread}
        return self.warnings + [
            {"warning": key, "message": sentence(WARNINGS[key], self.language, fields=self._fields(names))}
            for key, names in fields.items()
            if names
        ]

    def _fields(self, names: Collection[str]) -> str:
        more = len(names) - MAX_FIELDS
        shown = _listed(names)
        return self.say("{fields} and {count} more", fields=shown, count=more) if more > 0 else shown

    def report_progress(self, progress: Progress) -> None:
        """Call the caller's progress callback. If it raises, it is not called again, and the call continues."""
        if self.on_progress:
            try:
                self.on_progress(progress)
            except Exception:
                log.exception("the progress callback of %s failed", self.tool.id)
                self.on_progress = None

    def say(self, english: str, **values: Any) -> str:
        """Return a sentence in the caller's language."""
        return sentence(english, self.language, **values)

    def _report_wait(self, seconds: float, error: HexError) -> None:
        self.report_progress(
            Progress(message=error.message(self.language), remaining=seconds, values={"error": error.key})
        )


def _listed(names: Collection[str]) -> str:
    return ", ".join(list(names)[:MAX_FIELDS])
