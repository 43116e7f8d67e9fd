"""What polling triggers need: the runs that have ended since last time, each exactly once.

Nothing is kept here: the cursor that a caller hands back holds all there is to know, so that a restart misses
nothing as long as the caller keeps its cursor.
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
LARGEST_CURSOR = 4 * 1024 * 1024
PAGE = 100
# Pages overlap, in case that runs are removed from the list while it is read.
OVERLAP = 10
# So many of the newest runs are remembered, in case that some of them are gone next time.
LANDMARKS = 5
# Up to so many open runs that lie deep in the list are asked for one by one.
FEW = 2
# So many runs whose state the list does not tell are asked for at one look; the others come next time.
MOST_UNCLEAR = 10
# So many projects that a call leaves out are kept in the cursor, those left out last.
MOST_LEFT_OUT = 200
# A first look back is complete for runs that took no longer than this.
LONGEST_RUN = 86_400.0


@dataclass
class _Seen:
    """What is known of a project: its newest runs, those that had not ended, and the latest moment in its list."""

    newest: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    latest: float = 0.0


@handler(errors=("not_found",), uses=("hex_get_project_runs", "hex_get_run_status"))
def watch_runs(call: ToolCall, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the runs that have ended since the cursor, oldest end first, and the cursor for next time."""
    seen = _read(call, inputs["cursor"]) if "cursor" in inputs else {}
    # Builders send the whole form each time, so the cursor takes precedence over `since`.
    since = None if seen else seconds_of(inputs.get("since"))
    project_ids = list(dict.fromkeys(project_id.lower() for project_id in inputs["projectIds"]))
    ended: list[Run] = []
    known: dict[str, _Seen] = {}
    refusals: list[HexError] = []
    for project_id in project_ids:
        before = seen.get(project_id)
        try:
            if before is None:
                runs, known[project_id] = _first_look(call, project_id, since)
            else:
                runs, known[project_id] = _look(call, project_id, before)
            ended += runs
        except HexError as error:
            if not _is_of_the_project(error):
                raise
            # One project that is gone must not keep the others' ends from being told.
            refusals.append(error)
            call.warn("project_unwatched", projectId=project_id, reason=error.message())
            if before:
                known[project_id] = before
    if len(refusals) == len(project_ids):
        raise refusals[0]
    left_out = [(project_id, each) for project_id, each in seen.items() if project_id not in known]
    wanted = inputs.get("statuses") or ENDS
    told = sorted(
        (run for run in ended if run["status"] in wanted), key=lambda run: seconds_of(run.get("endTime")) or 0
    )
    return {
        "runs": told,
        "total": len(told),
        "active": sum(len(each.open) for each in known.values()),
        "cursor": _written(known | dict(left_out[:MOST_LEFT_OUT])),
    }


def _is_of_the_project(error: HexError) -> bool:
    # Hex says the same of a project that is gone and of one that is not shared with the token's user.
    return isinstance(error, NotFoundError | InputError) or error.key == "no_permission"


def _first_look(call: ToolCall, project_id: str, since: float | None) -> tuple[list[Run], _Seen]:
    """Take note of where a project's list begins and of all that goes on; return what has ended since a moment."""
    runs: dict[str, Run] = {}
    page = Page()
    for page in _pages(call, project_id):
        runs |= {run["runId"]: run for run in _where_it_was(page, runs) if run["runId"] not in runs}
        if since is None or all((_began(run) or since) < since - LONGEST_RUN for run in page):
            break
    runs = _with_states(call, project_id, runs)
    going = [run for run in runs.values() if not has_ended(run)]
    if page.sent == PAGE:
        going += [run for run in _active_runs(call, project_id) if run["runId"] not in runs]
    ended = [run for run in runs.values() if has_ended(run)]
    told = [] if since is None else [run for run in ended if (seconds_of(run.get("endTime")) or since) >= since]
    return told, _Seen(list(runs)[:LANDMARKS], [run["runId"] for run in going], _latest(runs.values()))


def _look(call: ToolCall, project_id: str, before: _Seen) -> tuple[list[Run], _Seen]:
    """Read a project's list down to what was known; return what has ended since, and what is known now."""
    runs: dict[str, Run] = {}
    new: dict[str, Run] = {}
    met_known = False
    for page in _pages(call, project_id):
        for run in _where_it_was(page, runs):
            runs.setdefault(run["runId"], run)
            met_known = met_known or run["runId"] in before.newest
            if not met_known:
                new.setdefault(run["runId"], run)
        # Where all that was known is gone from the list, its times tell where the new runs end.
        if met_known or (page and all(_is_old(run, before) for run in page)):
            break
    if not met_known:
        new = {run_id: run for run_id, run in new.items() if not _is_old(run, before)}
    once_open = {run_id: runs[run_id] for run_id in before.open if run_id in runs}
    once_open |= _deep_runs(call, project_id, [run_id for run_id in before.open if run_id not in runs])
    candidates = _with_states(call, project_id, new | once_open)
    going = [run_id for run_id, run in candidates.items() if not has_ended(run)]
    latest = max(before.latest, _latest(runs.values()))
    ended = [run for run in candidates.values() if has_ended(run)]
    return ended, _Seen(list(runs)[:LANDMARKS] or before.newest, going, latest)


def _pages(call: ToolCall, project_id: str, status: str | None = None) -> Iterator[Page]:
    """Read a project's list page by page, newest first."""
    offset = 0
    while True:
        page = list_runs(call, project_id, PAGE, offset, status)
        yield page
        if page.sent < PAGE:
            return
        offset += PAGE - OVERLAP


def _with_states(call: ToolCall, project_id: str, runs: dict[str, Run]) -> dict[str, Run]:
    """Ask singly for runs whose state the list does not tell; what stays unknown counts as going on."""
    unclear = [run_id for run_id, run in runs.items() if not run.get("status")]
    for run_id in unclear[:MOST_UNCLEAR]:
        try:
            runs[run_id] = runs[run_id] | get_run(call, project_id, run_id) | {"runId": run_id}
        except HexError as error:
            if error.key != "not_hex" and not _is_of_the_project(error):
                raise
            log.debug("the state of run %s stays unknown: %s", run_id, error.key)
    return runs


def _where_it_was(page: list[Run], runs: Mapping[str, Run]) -> list[Run]:
    """Leave out of a page what has arrived since the pages before it were read: it belongs to the next look."""
    if not runs:
        return page
    known = next((place for place, run in enumerate(page) if run["runId"] in runs), len(page))
    return page[known:]


def _active_runs(call: ToolCall, project_id: str) -> list[Run]:
    """List the runs that go on; in this order a run that gets its kernel between the two lists is in both."""
    found: dict[str, Run] = {}
    while True:
        known, pages = len(found), 0
        for status in ACTIVE:
            for page in _pages(call, project_id, status):
                pages += 1
                found |= {run["runId"]: run for run in page}
        # Runs that leave one of these lists move the rest of it up, past what is read next.
        if pages <= len(ACTIVE) or len(found) == known:
            return list(found.values())


def _deep_runs(call: ToolCall, project_id: str, run_ids: list[str]) -> dict[str, Run]:
    """Read open runs that lie deep in the list; those that are gone are told of and left out."""
    found: dict[str, Run] = {}
    if len(run_ids) > FEW:
        found = {run["runId"]: run for run in _active_runs(call, project_id) if run["runId"] in run_ids}
    for run_id in run_ids:
        if run_id in found:
            continue
        try:
            found[run_id] = get_run(call, project_id, run_id) | {"runId": run_id}
        except HexError as error:
            if not _is_of_the_project(error):
                raise
            call.warn("run_gone", runId=run_id)
    return found


def _began(run: Run) -> float | None:
    """Return when a run began; for one that never did, when it ended."""
    return seconds_of(run.get("startTime")) or seconds_of(run.get("endTime"))


def _is_old(run: Run, before: _Seen) -> bool:
    began = _began(run)
    return began is not None and began <= before.latest


def _latest(runs: Iterable[Run]) -> float:
    moments = [seconds_of(moment) for run in runs for moment in (run.get("startTime"), run.get("endTime"))]
    return max((moment for moment in moments if moment is not None), default=0.0)


def _written(known: Mapping[str, _Seen]) -> str:
    document = {"v": VERSION, "projects": {project_id: asdict(each) for project_id, each in known.items()}}
    packed = zlib.compress(json.dumps(document, separators=(",", ":")).encode(), 9)
    return base64.urlsafe_b64encode(packed).decode()


def _read(call: ToolCall, cursor: str) -> dict[str, _Seen]:
    try:
        packed = base64.urlsafe_b64decode(cursor.strip().encode("ascii"))
        unpacking = zlib.decompressobj()
        document = json.loads(unpacking.decompress(packed, LARGEST_CURSOR))
        if document["v"] != VERSION or unpacking.unconsumed_tail:
            raise ValueError(document["v"])
        return {
            project_id: _Seen(
                [str(each) for each in seen["newest"]], [str(each) for each in seen["open"]], float(seen["latest"])
            )
            for project_id, seen in document["projects"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, zlib.error):
        raise hex_error("bad_inputs", tool=call.tool.id, faults=(Fault("cursor", "not_our_cursor"),)) from None
