"""Operations that are not in Hex's API document: suggestions and compute profiles. Their replies are our choice."""

from __future__ import annotations

from typing import Any

from hex_blocks.sandbox.model import Suggestion
from hex_blocks.sandbox.operation_table import operation
from hex_blocks.sandbox.operations.common import paged
from hex_blocks.sandbox.paging import Sort
from hex_blocks.sandbox.request import Json, OperationCall
from hex_blocks.sandbox.validation import ListOf, MapOf, Obj, Text

STATUSES = ("OPEN", "COMPLETED", "DISMISSED")
ENDS = STATUSES[1:]
SORT_KEYS = {
    "CREATED_DATE": lambda each: each.created_at,
    "EVIDENCE_COUNT": lambda each: each.evidence,
    "LAST_SOURCE_ADDED_DATE": lambda each: each.created_at,
}


END = Obj({"status*": Text(choices=ENDS), "dismissReason": Text()})


CHANGE = Obj(
    {
        "status*": Text(choices=ENDS),
        "updateTarget*": Text(choices=("FILE_UPDATE", "DATA_WAREHOUSE_UPDATE")),
        "dismissReason": Text(),
    }
)


PROFILES = Obj({"projectIds*": ListOf(Text()), "computeProfile*": MapOf(Text())})


LIST_QUERY = paged() | {
    "status": Text(choices=STATUSES),
    "sortBy": Text(choices=tuple(SORT_KEYS), default="CREATED_DATE"),
    "sortDirection": Text(choices=("ASC", "DESC"), default="DESC"),
}


@operation("ListSuggestions", "GET", "/suggestions", query=LIST_QUERY, family="B", experimental=True)
def list_suggestions(call: OperationCall) -> Json:
    """List the suggestions in a state. Default: the open ones."""
    query = call.query
    found = [each for each in call.world.all(Suggestion) if each.status == (query["status"] or "OPEN")]
    sort = Sort(query["sortBy"], SORT_KEYS[query["sortBy"]], query["sortDirection"] == "DESC")
    listed = call.page(found, sort)
    return {"values": [_entry(each) for each in listed.items], "pagination": listed.pagination}


@operation("GetSuggestion", "GET", "/suggestions/{suggestionId}", family="B", experimental=True)
def get_suggestion(call: OperationCall) -> Json:
    """Return a suggestion with its changes."""
    found = _suggestion(call)
    return _entry(found) | {"changes": [{"id": id_, "status": status} for id_, status in found.changes.items()]}


@operation(
    "UpdateSuggestion", "POST", "/suggestions/{suggestionId}", body=END, role="ADMIN", family="B", experimental=True
)
def update_suggestion(call: OperationCall) -> Json:
    """Complete or dismiss a suggestion."""
    found = _suggestion(call)
    found.status = call.body["status"]
    return _entry(found)


@operation(
    "UpdateSuggestionChange",
    "POST",
    "/suggestions/{suggestionId}/changes/{changeId}",
    body=CHANGE,
    role="ADMIN",
    family="B",
    experimental=True,
)
def update_change(call: OperationCall) -> Json:
    """Complete or dismiss a change of a suggestion."""
    found, change = _suggestion(call), call.path["changeId"]
    if change not in found.changes:
        raise call.missing("Change")
    found.changes[change] = call.body["status"]
    return {"id": change, "status": found.changes[change]}


@operation(
    "TriggerSuggestionReview", "POST", "/suggestions/{suggestionId}/review", role="ADMIN", family="B", experimental=True
)
def review(call: OperationCall) -> Json:
    """Apply the changes of a suggestion again."""
    found = _suggestion(call)
    found.changes = dict.fromkeys(found.changes, "OPEN")
    return _entry(found)


@operation(
    "BatchUpdateComputeProfile",
    "POST",
    "/projects/compute-profile/batch",
    body=PROFILES,
    role="EDITOR",
    family="B",
    experimental=True,
)
def update_compute_profiles(call: OperationCall) -> Json:
    """Accept the compute profile of projects. The sandbox has no machines, so nothing changes."""
    projects = [call.project(id_, need="CAN_EDIT") for id_ in call.body["projectIds"]]
    return {"projectIds": [project.id for project in projects]}


def _suggestion(call: OperationCall) -> Suggestion:
    return call.find(Suggestion, call.path["suggestionId"], "Suggestion")


def _entry(found: Suggestion) -> dict[str, Any]:
    return {"id": found.id, "title": found.title, "status": found.status, "evidenceCount": found.evidence}
