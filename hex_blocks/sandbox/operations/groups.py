"""Groups of users."""

from __future__ import annotations

from typing import Any

from hex_blocks.sandbox.error_replies import Refusal
from hex_blocks.sandbox.model import Collection, DataConnection, Group, Project, User
from hex_blocks.sandbox.operation_table import operation
from hex_blocks.sandbox.operations.common import DIRECTION, NAME, UUID, paged
from hex_blocks.sandbox.paging import Sort
from hex_blocks.sandbox.replies import group_shape
from hex_blocks.sandbox.request import Json, OperationCall
from hex_blocks.sandbox.validation import ListOf, Obj, Text

SORTS = {"CREATED_AT": lambda group: group.created_at, "NAME": lambda group: group.name.casefold()}
MEMBERS = Obj({"users": ListOf(Obj({"id*": UUID}), most=100)}, closed=True)


@operation(
    "ListGroups",
    "GET",
    "/groups",
    query={
        **paged(500),
        "sortBy": Text(choices=tuple(SORTS), default="CREATED_AT"),
        "sortDirection": DIRECTION,
    },
)
def list_groups(call: OperationCall) -> Json:
    """List the groups."""
    name = call.query["sortBy"]
    descending = call.query["sortDirection"] == "DESC"
    found = call.page(call.world.all(Group), Sort(f"{name} {descending}", SORTS[name], descending))
    return {"values": [group_shape(group) for group in found.items], "pagination": found.pagination}


@operation("GetGroup", "GET", "/groups/{groupId}")
def get_group(call: OperationCall) -> Json:
    """Return one group."""
    return group_shape(call.find(Group, call.path["groupId"], "Group"))


@operation("CreateGroup", "POST", "/groups", success=201, body=Obj({"name*": NAME, "members": MEMBERS}), role="ADMIN")
def create_group(call: OperationCall) -> Json:
    """Create a group. Names need not be unique."""
    members = _users(call, call.body.get("members", {}))
    group = Group(id=call.world.new_id(), name=call.body["name"], created_at=call.now, members=members)
    call.world.add(group)
    return {"id": group.id, "name": group.name, "members": {"users": [{"id": id_} for id_ in group.members]}}


@operation(
    "EditGroup",
    "PATCH",
    "/groups/{groupId}",
    body=Obj({"name": NAME, "members": Obj({"add": MEMBERS, "remove": MEMBERS})}),
    role="ADMIN",
)
def edit_group(call: OperationCall) -> Json:
    """Rename a group, or change its members."""
    group = call.find(Group, call.path["groupId"], "Group")
    changes = call.body.get("members", {})
    added, removed = _users(call, changes.get("add", {})), _users(call, changes.get("remove", {}))
    group.name = call.body.get("name", group.name)
    group.members += [id_ for id_ in added if id_ not in group.members]
    group.members = [id_ for id_ in group.members if id_ not in removed]
    return group_shape(group)


@operation("DeleteGroup", "DELETE", "/groups/{groupId}", success=204, role="ADMIN")
def delete_group(call: OperationCall) -> Json:
    """Delete a group, and all access through it."""
    world = call.world
    group = call.find(Group, call.path["groupId"], "Group")
    world.remove(group)
    shares = [project.sharing.groups for project in world.all(Project)]
    shares += [collection.groups for collection in world.all(Collection)]
    shares += [connection.groups for connection in world.all(DataConnection)]
    for share in shares:
        share.pop(group.id, None)
    return None


def _users(call: OperationCall, members: dict[str, Any]) -> list[str]:
    """Return the IDs of the users in a body, each once."""
    found: dict[str, None] = {}
    for entry in members.get("users", []):
        user = call.world.get(User, entry["id"])
        if user is None:
            raise Refusal(400, f"There is no user {entry['id']}")
        found[user.id] = None
    return list(found)
