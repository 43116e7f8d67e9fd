"""What polling triggers need: the runs that have ended since last time, each exactly once.

Nothing is kept here: the cursor that a caller hands back holds all there is to know, so that a restart misses
nothing as long as the caller keeps its cursor.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from hex_blocks.call import Call
from hex_blocks.errors import Fault, InputError, NotFoundError, hex_error
from hex_blocks.handlers.runs import ENDS, get_run

VERSION = 1
PAGE = 100
PAGES = 50
# So many of the newest runs are remembered, in case that some of them are gone next time.
LANDMARKS = 20


@dataclass
class _Seen:
    """What is known of a project: its newest runs, and those that had not ended."""

    newest: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


def watch_runs(call: Call, inputs: dict[str, Any]) -> dict[str, Any]:
    """Give the runs that have ended since the cursor, oldest end first, and the cursor for next time."""
    known = _read(call, inputs["cursor"]) if "cursor" in inputs else {}
    wanted = inputs.get("statuses") or list(ENDS)
    ended: list[dict[str, Any]] = []
    seen: dict[str, _Seen] = {}
    for project_id in dict.fromkeys(inputs["projectIds"]):
        found, seen[project_id] = _look(call, project_id, known.get(project_id), inputs.get("since"))
        ended += found
    runs = sorted((run for run in ended if run.get("status") in wanted), key=lambda run: str(run.get("endTime") or ""))
    return {
        "runs": runs,
        "total": len(runs),
        "active": sum(len(each.open) for each in seen.values()),
        "cursor": _written(seen),
    }


def _look(call: Call, project_id: str, before: _Seen | None, since: str | None) -> tuple[list[dict[str, Any]], _Seen]:
    """Read a project's runs until everything that was known is passed; give what has ended, and what is known now."""
    missing = set(before.open) if before else set()
    runs: dict[str, dict[str, Any]] = {}
    for page in range(PAGES):
        asked = {"projectId": project_id, "limit": PAGE, "offset": page * PAGE}
        listed = (call.ask(asked, "hex_get_project_runs") or {}).get("runs") or []
        for run in listed:
            if isinstance(run, dict) and isinstance(run.get("runId"), str):
                # A run that starts meanwhile pushes others onto the next page: they come twice.
                runs.setdefault(run["runId"], run)
        landmark = before is not None and any(run_id in runs for run_id in before.newest)
        begins_here = before is None and (since is None or _all_before(listed, since))
        if len(listed) < PAGE or (before is not None and landmark and missing <= runs.keys()) or begins_here:
            break
        if landmark and page > 0:
            # Runs that go on for long lie deep in the list; each is read by itself.
            break
    strays = {run_id: _stray(call, project_id, run_id) for run_id in missing - runs.keys()}
    return _sorted_out(runs, strays, before, since)


def _sorted_out(
    runs: dict[str, dict[str, Any]],
    strays: Mapping[str, dict[str, Any] | None],
    before: _Seen | None,
    since: str | None,
) -> tuple[list[dict[str, Any]], _Seen]:
    ordered = list(runs)
    if before is None:
        new = [run_id for run_id in ordered if since and str(runs[run_id].get("endTime") or "") >= since]
        still_open = [run_id for run_id in ordered if runs[run_id].get("status") not in ENDS]
        return [runs[run_id] for run_id in new if runs[run_id].get("status") in ENDS], _Seen(
            ordered[:LANDMARKS], still_open
        )
    landmark = next((place for place, run_id in enumerate(ordered) if run_id in before.newest), len(ordered))
    candidates = {run_id: runs[run_id] for run_id in ordered[:landmark]}
    candidates |= {run_id: runs[run_id] for run_id in before.open if run_id in runs}
    candidates |= {run_id: run for run_id, run in strays.items() if run is not None}
    ended = [run for run in candidates.values() if run.get("status") in ENDS]
    still_open = [run_id for run_id, run in candidates.items() if run.get("status") not in ENDS]
    return ended, _Seen(ordered[:LANDMARKS] or before.newest, still_open)


def _stray(call: Call, project_id: str, run_id: str) -> dict[str, Any] | None:
    try:
        return get_run(call, project_id, run_id)
    except (NotFoundError, InputError):
        call.warn("run_gone", runId=run_id)
        return None


def _all_before(listed: list[dict[str, Any]], since: str) -> bool:
    ends = [str(run.get("endTime")) for run in listed if run.get("endTime")]
    return bool(ends) and max(ends) < since


def _written(seen: Mapping[str, _Seen]) -> str:
    document = {"v": VERSION, "projects": {project_id: asdict(each) for project_id, each in seen.items()}}
    return base64.urlsafe_b64encode(json.dumps(document, separators=(",", ":")).encode()).decode()


def _read(call: Call, cursor: str) -> dict[str, _Seen]:
    try:
        document = json.loads(base64.urlsafe_b64decode(cursor.strip().encode("ascii")))
        if document["v"] != VERSION:
            raise ValueError(document["v"])
        return {
            project_id: _Seen([str(each) for each in seen["newest"]], [str(each) for each in seen["open"]])
            for project_id, seen in document["projects"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise hex_error("bad_inputs", tool=call.tool.id, faults=(Fault("cursor", "not_our_cursor"),)) from None
