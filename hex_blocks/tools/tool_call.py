"""What a handler is given: the connection's adapter, the caller's patience and ear, and the other tools."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hex_blocks.api.hex_api import Timing
from hex_blocks.errors.classes import HexError, hex_error
from hex_blocks.i18n.texts import phrase, sentence
from hex_blocks.tools.wire import at

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection
    from hex_blocks.tools.registry import Tool

log = logging.getLogger(__name__)

# What a caller should know though the call did what was asked.
WARNINGS = {
    "inputs_ignored": (
        "updatePublishedResults was given together with input parameters. Hex runs such a request with the "
        "project's default inputs, since the published results always show those."
    ),
    "update_cache_deprecated": (
        "updateCache is deprecated in Hex. It was sent as updatePublishedResults true and useCachedSqlResults "
        "false; use these two instead."
    ),
    "run_not_recorded": (
        "The run was started, but it could not be written to the record of runs on this machine, so it can only "
        "be found again with its projectId: {reason}"
    ),
    "list_cut": "The list is longer: reading stopped at {count} entries. Raise maxItems, or go on from the cursor.",
    "list_incomplete": (
        "Hex stopped answering after {count} entries: {reason} Go on from the cursor to read the rest."
    ),
    "record_unread": "The record of runs on this machine could not be read, so the run was searched for: {reason}",
    "start_recovered": (
        "Hex's answer to the start was lost on the way. The run was found in Hex's list and is followed; it was not "
        "started twice."
    ),
    "run_gone": "Run {runId} was going on last time and is not in Hex any more.",
    "project_unwatched": "The runs of project {projectId} could not be read; the others were. {reason}",
    "runs_left": "More runs are active: only {count} were taken. Raise maxRuns, or call again.",
    "runs_not_cancelled": "{count} runs could not be cancelled; failed says which and why.",
    "chart_missing": "No picture came of {name}: {reason}",
    "table_missing": "No output came of {name}: {reason}",
    "projects_unread": "Only the {count} projects created last were looked at. Raise maxProjects to look further.",
    "no_such_project": "No project is found by this ID: {reason}",
    "no_project_found": "None of the {count} projects looked at has such a title.",
    "no_project_found_nearest": "None of the {count} projects looked at has such a title. Nearest: {nearest}.",
    "token_expires_soon": "The token expires in less than {hours} hours, at {moment}. Make a new one in Hex in time.",
    "answer_unchanged": "The thread shows no new answer. The agent may have said the same again, or not begun yet.",
    "project_file_newer": (
        "The project's file has version {version} of Hex's format, which is newer than the one known here. "
        "Parts of it may be missing."
    ),
    "inputs_of_components": "The project imports components. Inputs that they bring are not in the project's file.",
    "nothing_ran": "This was a dry run: nothing was started, and its runId leads nowhere.",
}


@dataclass(frozen=True)
class Progress:
    """How far a long call is. Times in seconds; percent and remaining are estimates, null where there is none."""

    message: str
    status: str | None = None
    elapsed: float = 0.0
    percent: float | None = None
    remaining: float | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


ProgressCallback = Callable[[Progress], None]


@dataclass
class Call:
    """One running tool."""

    tool: Tool
    connection: Connection
    language: str | None = None
    on_progress: ProgressCallback | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    warnings: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        connection = self.connection
        self.timing = Timing(
            read=connection.timeout, patience=connection.patience, stop=self.stop, on_wait=self._tell_wait
        )

    def ask(
        self,
        inputs: Mapping[str, Any],
        tool_id: str | None = None,
        *,
        files: Mapping[str, Any] | None = None,
        timing: Timing | None = None,
    ) -> Any:
        """Send this tool's request, or another tool's, with checked inputs, and give Hex's reply.

        What the tool's outputs declare is of the declared type there, or null; the rest is as Hex sent it. Raises
        HexError: `not_hex` where a list was due and there is none.
        """
        tool = self.tool.registry[tool_id] if tool_id else self.tool
        request = tool.spec.request
        if request is None:
            raise ValueError(f"{tool.id} has no request")
        sending = tool.lay_out(inputs)
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
        conformed = tool.conform(reply)
        place = tool.spec.list_place
        # A reply without its list is not an empty list: whoever took it for one would start a run again.
        if place is not None and not isinstance(at(conformed or {}, place), list):
            raise self.reply_lacks(place)
        return conformed

    def reply_lacks(self, name: str) -> HexError:
        """Return the error of a reply without what it was asked for."""
        reason = phrase("its reply has no {name}", name=name)
        return hex_error("not_hex", host=self.connection.api.host, reason=reason)

    def use(self, tool_id: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Run another tool as a part of this call and give its outputs; its warnings come with this one's."""
        tool = self.tool.registry[tool_id]
        given = tool.check(inputs)
        return tool.keep(tool.handler(replace(self, tool=tool), given), given)

    def warn(self, key: str, **values: Any) -> None:
        """Tell the caller something that is no error; it comes with the result."""
        self.warnings.append({"warning": key, "message": sentence(WARNINGS[key], self.language, **values)})

    def tell(self, progress: Progress) -> None:
        """Report how far the call is. A listener that fails is told no more: the work is worth more than its echo."""
        if self.on_progress:
            try:
                self.on_progress(progress)
            except Exception:
                log.exception("the listener to the progress of %s failed", self.tool.id)
                self.on_progress = None

    def say(self, english: str, **values: Any) -> str:
        """Put a sentence into the caller's language."""
        return sentence(english, self.language, **values)

    def _tell_wait(self, seconds: float, error: HexError) -> None:
        self.tell(Progress(message=error.message(self.language), remaining=seconds, values={"error": error.key}))
