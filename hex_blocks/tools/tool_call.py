"""What a handler is given: the connection's adapter, the caller's patience and listener, and the other tools."""

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

# So many fields are named in a warning or an error.
MOST_FIELDS = 5


@dataclass
class ToolCall:
    """One running tool.

    Attributes:
        tool: The tool.
        tools: All tools by id, for handlers that use others.
        connection: Where its requests go, and with which token.
        execute: Runs a tool that is a part of this call, from checked inputs to outputs.
        language: Of sentences. Default: that of the environment.
        on_progress: Is told how far the call is.
        stop: Is set to end waits early.
        warnings: What came up so far, as the result shows it.
        timing: How long requests may take and wait. Default: as the connection says.
        incomplete: Names of fields that replies lacked.
        unread: Names of fields whose values could not be read.
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
    # One set for all parts of a call, so that each kind is told once.
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
        """Return this call for a part of its work.

        Args:
            tool_id: The tool that the part uses. Default: the same.
            quiet: Whether the part reports no progress and keeps its warnings to itself.
            within: Seconds that the part has, for its waits and for each answer. Default: those of the call.
            timing: What of the timing is other for the part.
        """
        tool = self.tools[tool_id] if tool_id else self.tool
        other = replace(self.timing if within is None else self.timing.within(within), **timing)
        if quiet:
            other = replace(other, on_wait=None)
            return replace(self, tool=tool, timing=other, on_progress=None, warnings=[])
        return replace(self, tool=tool, timing=other)

    def request(
        self,
        inputs: Mapping[str, Any],
        tool_id: str | None = None,
        *,
        files: Mapping[str, Any] | None = None,
        timing: Timing | None = None,
    ) -> Any:
        """Send this tool's request, or another tool's, with checked inputs, and return Hex's reply.

        What the tool's outputs declare is of the declared type there, or null with a warning; the rest is as Hex
        sent it.

        Raises:
            HexError: Hex refused or did not answer; `not_hex` where the reply lacks what the tool is for.
        """
        return self.request_closely(inputs, tool_id, files=files, timing=timing).reply

    def request_closely(
        self,
        inputs: Mapping[str, Any],
        tool_id: str | None = None,
        *,
        files: Mapping[str, Any] | None = None,
        timing: Timing | None = None,
    ) -> CoercedReply:
        """Do what `request` does, and return beside the reply what was amiss in it."""
        tool = self.tools[tool_id] if tool_id else self.tool
        request = tool.spec.request
        if request is None:
            raise ValueError(f"{tool.id} has no request")
        sending = tool.build_request(inputs)
        reply = self.connection.api.call(
            request.method,
            sending.path,
            query=sending.query,
            body=sending.body,
            files=files,
            group=request.limit_group,
            refused_by_503=request.refused_by_503,
            error_keys=request.errors,
            timing=timing or self.timing,
        )
        fitted = tool.coerce_reply(reply)
        # A reply without its list is not an empty list: whoever took it for one would start a run again.
        if fitted.lacking:
            raise self.reply_lacks(_listed(fitted.lacking))
        self.incomplete.update(fitted.missing)
        self.unread.update(fitted.unread)
        return fitted

    def reply_lacks(self, name: str) -> HexError:
        """Return the error of a reply without what it was asked for."""
        reason = phrase("its reply has no {name}", name=name)
        return hex_error("not_hex", host=self.connection.api.host, reason=reason)

    def bad_input(self, name: str, fault: str, **values: Any) -> HexError:
        """Return the error of one input that is wrong in a way that no check of its own could see.

        Args:
            name: The input.
            fault: The key of what is wrong with it.
            values: What the fault's sentence speaks of.
        """
        return hex_error("bad_inputs", tool=self.tool.id, faults=(Fault(name, fault, values),))

    def use(self, tool_id: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Run another tool as a part of this call and return its outputs; its warnings come with this one's."""
        tool = self.tools[tool_id]
        return self.execute(replace(self, tool=tool), tool.check(inputs))

    def warn(self, key: str, **values: Any) -> None:
        """Add a warning, which comes with the result."""
        self.warnings.append({"warning": key, "message": sentence(WARNINGS[key], self.language, **values)})

    def warn_once(self, key: str, **values: Any) -> None:
        """Add a warning, unless the call has one of that key."""
        if not any(warning["warning"] == key for warning in self.warnings):
            self.warn(key, **values)

    def all_warnings(self) -> list[dict[str, str]]:
        """Return all that the caller should know: what was warned of, then what was amiss in Hex's replies."""
        amiss = {"reply_incomplete": self.incomplete, "reply_unread": self.unread}
        return self.warnings + [
            {"warning": key, "message": sentence(WARNINGS[key], self.language, fields=self._fields(names))}
            for key, names in amiss.items()
            if names
        ]

    def _fields(self, names: Collection[str]) -> str:
        more = len(names) - MOST_FIELDS
        shown = _listed(names)
        return self.say("{fields} and {count} more", fields=shown, count=more) if more > 0 else shown

    def report_progress(self, progress: Progress) -> None:
        """Report how far the call is. A listener that fails is not called again, and the call goes on."""
        if self.on_progress:
            try:
                self.on_progress(progress)
            except Exception:
                log.exception("the listener to the progress of %s failed", self.tool.id)
                self.on_progress = None

    def say(self, english: str, **values: Any) -> str:
        """Return a sentence in the caller's language."""
        return sentence(english, self.language, **values)

    def _report_wait(self, seconds: float, error: HexError) -> None:
        self.report_progress(
            Progress(message=error.message(self.language), remaining=seconds, values={"error": error.key})
        )


def _listed(names: Collection[str]) -> str:
    return ", ".join(list(names)[:MOST_FIELDS])
