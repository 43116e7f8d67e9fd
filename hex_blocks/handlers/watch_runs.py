"""The handler of hex_watch_runs: returns the runs that have ended since the last call, each exactly once.

No state is stored: the cursor contains all of it, so nothing is missed after a restart as long as the caller keeps the
cursor.
"""

from __future__ import annotations

import base64
import json
import logging
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from hex_blocks.errors.classes import Fault, HexError, InputError, NotFoundError, hex_error
from hex_blocks.runs.model import ACTIVE, ENDS, Run, get_run, has_ended, seconds_of
from hex_blocks.runs.recent import Page, list_runs
from hex_blocks.tools.handler import handler
from hex_blocks.tools.tool_call import ToolCall

log = logging.getLogger(__name__)

VERSION = 2
MAX_CURSOR_BYTES = 4 * 1024 * 1024
PAGE = 100
# By how many entries pages overlap, because entries move up if runs are removed while the list is read.
OVERLAP = 10
# How many of the newest runs the cursor has; several, because some may be gone at the next call.
LANDMARKS = 5
# Up to this number, open runs that are not on the pages read are requested one by one.
FEW = 2
# How many runs without a state in the list are requested in one call; the others follow in the next call.
MAX_UNCLEAR = 10
# How many projects that are not among a call's inputs stay in the cursor: the most recent ones.
MAX_LEFT_OUT = 200
# With `since`, a first call finds all ended runs that took at most so many seconds.
MAX_DURATION = 86_400.0


@dataclass
class _ProjectState:
    """What the cursor has of a project.

    Attributes:
        newest: IDs of its newest runs.
        open: IDs of its runs that had not ended.
        latest: The latest start or end time in its list, in seconds since the Unix epoch.
    """

    newest: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    latest: float = 0.0


@handler(errors=("not_found",), uses=("hex_get_project_runs", "hex_get_run_status"))
def watch_runs(call: ToolCall, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the runs that have ended since the cursor, the earliest end first, and the next cursor."""
    seen = _decode_cursor(call, inputs["cursor"]) if "cursor" in inputs else {}
    # The cursor takes precedence over `since`, because workflow builders send both each time.
    since = None if seen else seconds_of(inputs.get("since"))
    project_ids = list(dict.fromkeys(project_id.lower() for project_id in inputs["projectIds"]))
    ended: list[Run] = []
    known: dict[str, _ProjectState] = {}
    refusals: list[HexError] = []
    for project_id in project_ids:
        before = seen.get(project_id)
        try:
            if before is None:
                runs, known[project_id] = _first_read(call, project_id, since)
            else:
                runs, known[project_id] = _read_new(call, project_id, before)
            ended += runs
        except HexError as error:
            if not _is_about_project(error):
                raise
            # The ended runs of the other projects are returned all the same.
            refusals.append(error)
            call.warn("project_unwatched", projectId=project_id, reason=error.message())
            if before:
                known[project_id] = before
    if len(refusals) == len(project_ids):
        raise refusals[0]
    left_out = [(project_id, each) for project_id, each in seen.items() if project_id not in known]
    wanted = inputs.get("statuses") or ENDS
    found = sorted(
        (run for run in ended if run["status"] in wanted), key=lambda run: seconds_of(run.get("endTime")) or 0
    )
    return {
        "runs": found,
        "total": len(found),
        "active": sum(len(each.open) for each in known.values()),
        "cursor": _encode_cursor(known | dict(left_out[:MAX_LEFT_OUT])),
    }


def _is_about_project(error: HexError) -> bool:
    # Hex's error is the same for a deleted project and for one that is not shared with the token's user.
    return isinstance(error, NotFoundError | InputError) or error.key == "no_permission"


def _first_read(call: ToolCall, project_id: str, since: float | None) -> tuple[list[Run], _ProjectState]:
    """Return the runs of a project that have ended since a time, and the first state of the project."""
    runs: dict[str, Run] = {}
    page = Page()
    for page in _pages(call, project_id):
        runs |= {run["runId"]: run for run in _without_new(page, runs) if run["runId"] not in runs}
        if since is None or all((_began(run) or since) < since - MAX_DURATION for run in page):
            break
    runs = _with_states(call, project_id, runs)
    active = [run for run in runs.values() if not has_ended(run)]
    if page.sent == PAGE:
        active += [run for run in _active_runs(call, project_id) if run["runId"] not in runs]
    ended = [run for run in runs.values() if has_ended(run)]
    found = [] if since is None else [run for run in ended if (seconds_of(run.get("endTime")) or since) >= since]
    return found, _ProjectState(list(runs)[:LANDMARKS], [run["runId"] for run in active], _latest(runs.values()))


def _read_new(call: ToolCall, project_id: str, before: _ProjectState) -> tuple[list[Run], _ProjectState]:
    """Return the runs of a project that have ended since its last state, and its new state."""
    runs: dict[str, Run] = {}
    new: dict[str, Run] = {}
    met_known = False
    for page in _pages(call, project_id):
        for run in _without_new(page, runs):
            runs.setdefault(run["runId"], run)
            met_known = met_known or run["runId"] in before.newest
            if not met_known:
                new.setdefault(run["runId"], run)
        # If all known runs are gone from the list, the new runs are recognized by their times.
        if met_known or (page and all(_is_old(run, before) for run in page)):
            break
    if not met_known:
        new = {run_id: run for run_id, run in new.items() if not _is_old(run, before)}
    once_open = {run_id: runs[run_id] for run_id in before.open if run_id in runs}
    once_open |= _deep_runs(call, project_id, [run_id for run_id in before.open if run_id not in runs])
    candidates = _with_states(call, project_id, new | once_open)
    active = [run_id for run_id, run in candidates.items() if not has_ended(run)]
    latest = max(before.latest, _latest(runs.values()))
    ended = [run for run in candidates.values() if has_ended(run)]
    return ended, _ProjectState(list(runs)[:LANDMARKS] or before.newest, active, latest)


def _pages(call: ToolCall, project_id: str, status: str | None = None) -> Iterator[Page]:
    """Yield the pages of a project's list, newest first."""
    offset = 0
    while True:
        page = list_runs(call, project_id, PAGE, offset, status)
        yield page
        if page.sent < PAGE:
            return
        offset += PAGE - OVERLAP


def _with_states(call: ToolCall, project_id: str, runs: dict[str, Run]) -> dict[str, Run]:
    """Return runs after requesting those without a state one by one. An unknown state counts as active."""
    unclear = [run_id for run_id, run in runs.items() if not run.get("status")]
    for run_id in unclear[:MAX_UNCLEAR]:
        try:
            runs[run_id] = runs[run_id] | get_run(call, project_id, run_id) | {"runId": run_id}
        except HexError as error:
            if error.key != "not_hex" and not _is_about_project(error):
                raise
            log.debug("the state of run %s is unknown: %s", run_id, error.key)
    return runs


def _without_new(page: list[Run], runs: Mapping[str, Run]) -> list[Run]:
    """Return a page without runs that appeared after the pages before it were read: the next call returns them."""
    if not runs:
        return page
    known = next((place for place, run in enumerate(page) if run["runId"] in runs), len(page))
    return page[known:]


def _active_runs(call: ToolCall, project_id: str) -> list[Run]:
    """Return the active runs of a project. A run that changes its state between the two lists is in both."""
    found: dict[str, Run] = {}
    while True:
        known, pages = len(found), 0
        for status in ACTIVE:
            for page in _pages(call, project_id, status):
                pages += 1
                found |= {run["runId"]: run for run in page}
        # Entries move up when runs leave a list, so lists of several pages are read until nothing new is found.
        if pages <= len(ACTIVE) or len(found) == known:
            return list(found.values())


def _deep_runs(call: ToolCall, project_id: str, run_ids: list[str]) -> dict[str, Run]:
    """Return open runs that were not on the pages read. Those that no longer exist are left out with a warning."""
    found: dict[str, Run] = {}
    if len(run_ids) > FEW:
        found = {run["runId"]: run for run in _active_runs(call, project_id) if run["runId"] in run_ids}
    for run_id in run_ids:
        if run_id in found:
            continue
        try:
            found[run_id] = get_run(call, project_id, run_id) | {"runId": run_id}
        except HexError as error:
            if not _is_about_project(error):
                raise
            call.warn("run_gone", runId=run_id)
    return found


def _began(run: Run) -> float | None:
    """Return when a run began, or when it ended if it never began."""
    return seconds_of(run.get("startTime")) or seconds_of(run.get("endTime"))


def _is_old(run: Run, before: _ProjectState) -> bool:
    began = _began(run)
    return began is not None and began <= before.latest


def _latest(runs: Iterable[Run]) -> float:
    moments = [seconds_of(moment) for run in runs for moment in (run.get("startTime"), run.get("endTime"))]
    return max((moment for moment in moments if moment is not None), default=0.0)


def _encode_cursor(known: Mapping[str, _ProjectState]) -> str:
    document = {"v": VERSION, "projects": {project_id: asdict(each) for project_id, each in known.items()}}
    packed = zlib.compress(json.dumps(document, separators=(",", ":")).encode(), 9)
    return base64.urlsafe_b64encode(packed).decode()


def _decode_cursor(call: ToolCall, cursor: str) -> dict[str, _ProjectState]:
    try:
        packed = base64.urlsafe_b64decode(cursor.strip().encode("ascii"))
        unpacking = zlib.decompressobj()
        document = json.loads(unpacking.decompress(packed, MAX_CURSOR_BYTES))
        if document["v"] != VERSION or unpacking.unconsumed_tail:
            raise ValueError(document["v"])
        return {
            project_id: _ProjectState(
                [str(each) for each in seen["newest"]], [str(each) for each in seen["open"]], float(seen["latest"])
            )
            for project_id, seen in document["projects"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, zlib.error):
        raise hex_error("bad_inputs", tool=call.tool.id, faults=(Fault("cursor", "not_our_cursor"),)) from None
