"""The access to projects. These edits can fail in part with status 200: see `errors`."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from hex_blocks.sandbox.model import ACCESS, Collection, Entity, Group, User
from hex_blocks.sandbox.operation_table import operation
from hex_blocks.sandbox.operations.common import UUID
from hex_blocks.sandbox.replies import project_shape
from hex_blocks.sandbox.request import Json, OperationCall
from hex_blocks.sandbox.validation import ListOf, Obj, Text

ACCESS_LEVEL = Text(choices=ACCESS)
MOST_UPSERTS = 25
# The access levels for everybody on the web. Hex does not document a rule: the sandbox's choice.
PUBLIC_ACCESS = ("NONE", "APP_ONLY", "CAN_VIEW")


def _body(many: str, one: str) -> Obj:
    entry = Obj({f"{one}*": Obj({"id*": UUID}), "access*": ACCESS_LEVEL})
    upsert = Obj({f"{many}*": ListOf(entry, most=MOST_UPSERTS)})
    return Obj({"sharing*": Obj({"upsert*": upsert})})


@operation(
    "EditProjectSharingUsers",
    "PATCH",
    "/projects/{projectId}/sharing/users",
    body=_body("users", "user"),
    family="B",
    limits=("hex-api-30rpm",),
)
def edit_sharing_users(call: OperationCall) -> Json:
    """Share with users."""
    return _edit(call, "users", "user", User)


@operation(
    "EditProjectSharingGroups",
    "PATCH",
    "/projects/{projectId}/sharing/groups",
    body=_body("groups", "group"),
    family="B",
    limits=("hex-api",),
)
def edit_sharing_groups(call: OperationCall) -> Json:
    """Share with groups."""
    return _edit(call, "groups", "group", Group)


@operation(
    "EditProjectSharingCollections",
    "PATCH",
    "/projects/{projectId}/sharing/collections",
    body=_body("collections", "collection"),
)
def edit_sharing_collections(call: OperationCall) -> Json:
    """Add the project to collections."""
    return _edit(call, "collections", "collection", Collection)


def _edit(call: OperationCall, many: str, one: str, kind: type[Entity]) -> Json:
    project = call.project(need="FULL_ACCESS")
    shares: dict[str, str] = getattr(project.sharing, many)
    failed: dict[str, list[str]] = defaultdict(list)
    for entry in call.body["sharing"]["upsert"][many]:
        id_, access = entry[one]["id"], entry["access"]
        thing = call.world.get(kind, id_)
        if thing is None:
            failed[f"{one.capitalize()} not found"].append(id_)
        elif isinstance(thing, User) and not thing.active:
            failed["User is deactivated"].append(id_)
        elif access == "NONE":
            shares.pop(thing.id, None)
        else:
            shares[thing.id] = access
    errors = [{f"{one}Ids": ids, "reason": reason} for reason, ids in failed.items()]
    reply: dict[str, Any] = {"project": project_shape(call, project, sharing=True)}
    return reply | ({"errors": errors} if errors else {})


@operation(
    "EditProjectSharingOrgAndPublic",
    "PATCH",
    "/projects/{projectId}/sharing/workspaceAndPublic",
    body=Obj({"sharing*": Obj({"workspace": ACCESS_LEVEL, "publicWeb": ACCESS_LEVEL})}),
    family="B",
    limits=("hex-api",),
)
def edit_sharing_workspace(call: OperationCall) -> Json:
    """Share with the whole workspace, or with everybody on the web."""
    project = call.project(need="FULL_ACCESS")
    wanted = call.body["sharing"]
    errors = []
    project.sharing.workspace = wanted.get("workspace", project.sharing.workspace)
    public = wanted.get("publicWeb", project.sharing.public_web)
    if public in PUBLIC_ACCESS:
        project.sharing.public_web = public
    else:
        reason = f"The public web may have {', '.join(PUBLIC_ACCESS)}, not {public}"
        errors.append({"type": "publicWeb", "reason": reason})
    reply: dict[str, Any] = {"project": project_shape(call, project, sharing=True)}
    return reply | ({"errors": errors} if errors else {})
