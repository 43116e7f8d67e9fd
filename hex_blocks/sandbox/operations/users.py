"""The users of the workspace, and the caller."""

from __future__ import annotations

from hex_blocks.sandbox.error_replies import Refusal
from hex_blocks.sandbox.model import Group, User
from hex_blocks.sandbox.operation_table import operation
from hex_blocks.sandbox.operations.common import DIRECTION, paged
from hex_blocks.sandbox.paging import Sort
from hex_blocks.sandbox.replies import user_shape
from hex_blocks.sandbox.request import Json, OperationCall
from hex_blocks.sandbox.validation import Kind, Text

SORTS = {"NAME": lambda user: user.name.casefold(), "EMAIL": lambda user: user.email}

LIST_QUERY: dict[str, Kind] = {
    **paged(500),
    "sortBy": Text(choices=tuple(SORTS), default="NAME"),
    "sortDirection": DIRECTION,
    "groupId": Text(),
    "userIds": Text(),
}


@operation("Me", "GET", "/users/me", family="B", limits=("hex-api-30rpm",))
def me(call: OperationCall) -> Json:
    """Return the caller, and the expiry of the token. A workspace token has no user."""
    if call.user is None and call.world.workspace_me_fails:
        raise Refusal(500, "The caller has no user")
    user = user_shape(call.user) if call.user else {}
    return {**user, "org": {"id": call.world.org_id}, "token": {"exp": call.token.expires_at}}


@operation("ListUsers", "GET", "/users", family="B", query=LIST_QUERY, limits=("hex-api-30rpm",))
def list_users(call: OperationCall) -> Json:
    """List the active users."""
    query = call.query
    users = [user for user in call.world.all(User) if user.active]
    if query["groupId"] is not None:
        members = call.find(Group, query["groupId"], "Group").members
        users = [user for user in users if user.id in members]
    if query["userIds"] is not None:
        wanted = {id_.strip().lower() for id_ in query["userIds"].split(",")}
        users = [user for user in users if user.id in wanted]
    descending = query["sortDirection"] == "DESC"
    name = query["sortBy"]
    found = call.page(users, Sort(f"{name} {descending}", SORTS[name], descending))
    return {"values": [user_shape(user) for user in found.items], "pagination": found.pagination}


@operation(
    "DeactivateUser",
    "POST",
    "/users/{userId}/deactivate",
    family="B",
    missing=400,
    limits=("hex-api-30rpm",),
    role="ADMIN",
)
def deactivate_user(call: OperationCall) -> Json:
    """Deactivate a user, whose tokens become invalid."""
    user = call.find(User, call.path["userId"], "User")
    if user is call.user:
        raise call.refusal("You cannot deactivate yourself")
    user.active = False
    return {"user": user_shape(user)}
