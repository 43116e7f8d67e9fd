"""Completion of arguments in prompts and resource templates: titles of projects, names of their inputs, tool names."""

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

# The most values that the protocol allows in one result.
MAX_VALUES = 100
# Clients request completions at every key press; Hex gets the same request at most once in this time.
CACHE_SECONDS = 60.0
MAX_CACHED = 200
# The arguments of prompts that hold values for a project's inputs.
INPUT_ARGUMENTS = ("parameters", "sets")

# By caller and what was read: when it was read, and what Hex replied.
Cache = OrderedDict[tuple[str, str], tuple[float, list[Any]]]


class Completions:
    """Completes arguments, with a cache of what was read from Hex.

    Args:
        tool_names: The names of the tools.
        clock: Returns the clock that the age of cached values is measured with.
    """

    def __init__(self, tool_names: Iterable[str], clock: Callable[[], Clock]) -> None:
        self._tool_names = list(tool_names)
        self._clock = clock
        self._cache: Cache = OrderedDict()
        self._lock = threading.Lock()

    def values(
        self, reference: str, argument: str, typed: str, chosen: dict[str, str], caller: str, read: Read
    ) -> list[str]:
        """Return the completions of an argument, best first.

        Args:
            reference: The name of a prompt, or a URI template.
            argument: The name of the argument.
            typed: The text typed so far.
            chosen: The values of the other arguments.
            caller: Identifies the caller's token; what Hex shows to one caller is not shown to another.
            read: Calls a tool and returns its answer.
        """
        if reference.startswith(TOOL):
            return _matching(self._tool_names, typed)
        if argument == "project" and (reference in (PROJECT, RUN, CHART) or "://" not in reference):
            return _matching(self._cached(caller, "titles", lambda: _titles(read)), typed)
        if argument in INPUT_ARGUMENTS and chosen.get("project"):
            project = chosen["project"]
            return _complete_input(self._cached(caller, f"inputs {project}", lambda: _inputs(project, read)), typed)
        return []

    def _cached(self, caller: str, key: str, request: Callable[[], list[Any] | None]) -> list[Any]:
        """Return what a request returned for this caller in the last minute, or make the request again."""
        now = self._clock().monotonic()
        with self._lock:
            at, found = self._cache.get((caller, key), (now - CACHE_SECONDS, []))
        if now - at < CACHE_SECONDS:
            return found
        found = request() or []
        with self._lock:
            self._cache[caller, key] = (now, found)
            while len(self._cache) > MAX_CACHED:
                self._cache.popitem(last=False)
        return found


def _matching(names: Iterable[str], typed: str) -> list[str]:
    """Return the names that contain the typed text; those that begin with it come first."""
    wanted = typed.strip().casefold()
    found = [name for name in names if wanted in name.casefold()]
    return sorted(found, key=lambda name: not name.casefold().startswith(wanted))


def _titles(read: Read) -> list[str] | None:
    wanted = {"limit": MAX_VALUES, "sortBy": "LAST_EDITED_AT", "sortDirection": "DESC"}
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
        # An error is not shown: the user is typing and has not asked for anything.
        log.info("no completions: %s", answer.error.key)
    return answer.error is not None


def _complete_input(inputs: list[dict[str, Any]], typed: str) -> list[str]:
    """Return the typed text with its last part completed: the name of an input, or a value after the name."""
    before, comma, last = typed.rpartition(",")
    offered = []
    for each in inputs:
        values = [one.get("value") for one in each.get("choices") or []] or [each.get("default")]
        offered += [f"{each['name']}: {value}" for value in values if value is not None] or [f"{each['name']}: "]
    unchanged = f"{before}, " if comma else ""
    return [unchanged + value for value in _matching(offered, last)]
