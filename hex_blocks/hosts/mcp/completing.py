"""Completion of what is typed into prompts and templates: titles of projects, names of their inputs, names of tools."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from hex_blocks.clock import Clock
from hex_blocks.hosts.mcp.links import CHART, PROJECT, RUN, Read, project_id
from hex_blocks.hosts.mcp.resources import TOOL
from hex_blocks.hosts.models.toolbox import Answer

log = logging.getLogger(__name__)

# The protocol allows no more in one answer.
MOST = 100
# A client asks at every key that is pressed; Hex is asked once in this time.
FRESH_SECONDS = 60.0
MOST_KEPT = 200
# What prompts take of a project's inputs, in the user's words.
OF_INPUTS = ("parameters", "sets")

Kept = OrderedDict[tuple[str, str], tuple[float, list[Any]]]


class Completions:
    """What can be completed, and what Hex has said lately.

    Args:
        tool_names: The names of the tools.
        clock: What decides whether something is still fresh.
    """

    def __init__(self, tool_names: Iterable[str], clock: Callable[[], Clock]) -> None:
        self._tool_names = list(tool_names)
        self._clock = clock
        self._kept: Kept = OrderedDict()
        self._lock = threading.Lock()

    def values(self, of: str, argument: str, typed: str, chosen: dict[str, str], caller: str, read: Read) -> list[str]:
        """Return what may be meant by what has been typed, best first.

        Args:
            of: The name of a prompt, or the template of a URI.
            argument: What of it is typed.
            typed: What has been typed so far.
            chosen: The other arguments.
            caller: Whose token is used; what Hex shows to one is not told to another.
            read: Calls a tool and returns its answer.
        """
        if of.startswith(TOOL):
            return _fitting(self._tool_names, typed)
        if argument == "project" and (of in (PROJECT, RUN, CHART) or "://" not in of):
            return _fitting(self._lately(caller, "titles", lambda: _titles(read)), typed)
        if argument in OF_INPUTS and chosen.get("project"):
            project = chosen["project"]
            return _of_inputs(self._lately(caller, f"inputs {project}", lambda: _inputs(project, read)), typed)
        return []

    def _lately(self, caller: str, what: str, ask: Callable[[], list[Any] | None]) -> list[Any]:
        now = self._clock().monotonic()
        with self._lock:
            at, found = self._kept.get((caller, what), (now - FRESH_SECONDS, []))
        if now - at < FRESH_SECONDS:
            return found
        asked = ask() or []
        with self._lock:
            self._kept[caller, what] = (now, asked)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return asked


def _fitting(names: Iterable[str], typed: str) -> list[str]:
    """Return the names that hold what was typed; those that begin with it come first."""
    wanted = typed.strip().casefold()
    found = [name for name in names if wanted in name.casefold()]
    return sorted(found, key=lambda name: not name.casefold().startswith(wanted))


def _titles(read: Read) -> list[str] | None:
    wanted = {"limit": MOST, "sortBy": "LAST_EDITED_AT", "sortDirection": "DESC"}
    answer = read("hex_list_projects", wanted)
    return None if _failed(answer) else [str(project["title"]) for project in answer.outputs["projects"]]


def _inputs(project: str, read: Read) -> list[dict[str, Any]] | None:
    found = project_id(project, read)
    if isinstance(found, Answer):
        return None
    answer = read("hex_get_project_inputs", {"projectId": found})
    return None if _failed(answer) else list(answer.outputs["inputs"])


def _failed(answer: Answer) -> bool:
    if answer.error:
        # Nobody waits for an error at a key that is pressed.
        log.info("nothing to complete with: %s", answer.error.key)
    return answer.error is not None


def _of_inputs(inputs: list[dict[str, Any]], typed: str) -> list[str]:
    """Return the text with its last part completed: the name of an input, or a value after its name."""
    before, comma, last = typed.rpartition(",")
    offered = []
    for each in inputs:
        values = [one.get("value") for one in each.get("choices") or []] or [each.get("default")]
        offered += [f"{each['name']}: {value}" for value in values if value is not None] or [f"{each['name']}: "]
    kept = f"{before}, " if comma else ""
    return [kept + value for value in _fitting(offered, last)]
