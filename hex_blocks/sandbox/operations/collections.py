"""Collections of projects."""

from __future__ import annotations

from typing import Any

from hex_blocks.sandbox.error_replies import Refusal
from hex_blocks.sandbox.model import Collection, Entity, Group, User
from hex_blocks.sandbox.operation_table import operation
from hex_blocks.sandbox.operations.common import NAME, UUID, paged
from hex_blocks.sandbox.paging import Sort
from hex_blocks.sandbox.replies import collection_shape
from hex_blocks.sandbox.request import Json, OperationCall
from hex_blocks.sandbox.validation import ListOf, Obj, Text

# Hex's reference only says string; these values are from its documentation.
ACCESS = Text(choices=("NONE", "MEMBER", "MANAGER"))
SHARE = ListOf(Obj({"id*": UUID, "access*": ACCESS}))
SHARING = Obj({"users": SHARE, "groups": SHARE, "workspace": Obj({"members": ACCESS})}, closed=True)


@operation("ListCollections", "GET", "/collections", query={**paged(), "sortBy": Text(choices=("NAME",))})
def list_collections(call: OperationCall) -> Json:
    """List the collections that the caller is in, sorted by name if requested, else oldest first."""
    collections = [found for found in call.world.all(Collection) if _visible(call, found)]
    if call.query["sortBy"] is None:
        sort = Sort[Collection]("made", lambda collection: collection.order)
    else:
        sort = Sort[Collection]("NAME", lambda collection: collection.name.casefold())
    found = call.page(collections, sort)
    values = [collection_shape(call.world, collection) for collection in found.items]
    return {"values": values, "pagination": found.pagination}


@operation("GetCollection", "GET", "/collections/{collectionId}")
def get_collection(call: OperationCall) -> Json:
    """Return one collection."""
    return collection_shape(call.world, _collection(call))


@operation(
    "CreateCollection",
    "POST",
    "/collections",
    success=201,
    body=Obj({"name*": NAME, "description": Text(), "sharing": SHARING}),
    role="EDITOR",
)
def create_collection(call: OperationCall) -> Json:
    """Create a collection, with the caller as its manager."""
    collection = Collection(id=call.world.new_id(), name=call.body["name"], description=call.body.get("description"))
    if call.user:
        collection.creator_id = call.user.id
        collection.users[call.user.id] = "MANAGER"
    _share(call, collection, call.body.get("sharing", {}))
    return collection_shape(call.world, call.world.add(collection))


@operation(
    "EditCollection",
    "PATCH",
    "/collections/{collectionId}",
    body=Obj({"name": NAME, "description": Text(), "sharing": Obj({"upsert": SHARING})}),
)
def edit_collection(call: OperationCall) -> Json:
    """Rename, describe or share a collection."""
    collection = _collection(call)
    if call.user and not call.is_admin and collection.users.get(call.user.id) != "MANAGER":
        raise Refusal(403, "This needs to be a manager of the collection")
    _share(call, collection, call.body.get("sharing", {}).get("upsert", {}))
    collection.name = call.body.get("name", collection.name)
    collection.description = call.body.get("description", collection.description)
    return collection_shape(call.world, collection)


def _collection(call: OperationCall) -> Collection:
    collection = call.find(Collection, call.path["collectionId"], "Collection")
    if not _visible(call, collection):
        raise call.missing("Collection")
    return collection


def _visible(call: OperationCall, collection: Collection) -> bool:
    return call.is_admin or (call.user is not None and call.world.in_collection(call.user, collection))


def _share(call: OperationCall, collection: Collection, wanted: dict[str, Any]) -> None:
    """Apply the changes of a body: all of them, or none if it names something unknown."""
    users, groups = _known(call, User, wanted, "users"), _known(call, Group, wanted, "groups")
    for shares, changes in ((collection.users, users), (collection.groups, groups)):
        shares |= changes
        for id_ in [id_ for id_, access in shares.items() if access == "NONE"]:
            del shares[id_]
    collection.members = wanted.get("workspace", {}).get("members", collection.members)


def _known(call: OperationCall, kind: type[Entity], wanted: dict[str, Any], key: str) -> dict[str, str]:
    changes = {}
    for entry in wanted.get(key, []):
        thing = call.world.get(kind, entry["id"])
        if thing is None:
            raise Refusal(400, f"sharing.{key}: there is no {entry['id']}")
        changes[thing.id] = entry["access"]
    return changes
