"""Sets status labels of several objects at once: all of them, or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hex_blocks.sandbox.error_replies import Refusal
from hex_blocks.sandbox.validation import ListOf, Obj, Text
from hex_blocks.sandbox.workspace import World

Objects = Mapping[str, dict[str, str | None]]


@dataclass(frozen=True)
class Change:
    """One entry of a request."""

    type: str
    name: str
    status: str | None


def updates_body(*types: str) -> Obj:
    """Return the body of such a request."""
    update = Obj({"type*": Text(choices=types), "name*": Text(), "status*^": Text()}, closed=True)
    return Obj({"updates*": ListOf(update)}, closed=True)


def apply_statuses(
    world: World,
    objects: Objects,
    changes: Sequence[Change],
    find: Callable[[str, str], tuple[str | None, str]],
    keys: Mapping[str, str],
) -> dict[str, Any]:
    """Set the labels and return the changed objects, under the `keys` of their kinds.

    Args:
        world: The workspace.
        objects: The objects by kind.
        changes: The entries of the request.
        find: Returns the full name of an object, or the reason why there is none.
        keys: The key of each kind in the reply.

    Raises:
        Refusal: A change cannot be made; all of those are listed.
    """
    faults: list[dict[str, Any]] = []
    names: list[str] = []
    for change in changes:
        fault = {"name": change.name, "type": change.type}
        name, reason = find(change.type, change.name)
        if name is None:
            faults.append(fault | {"reason": reason})
        elif change.status is not None and change.status not in world.status_labels:
            faults.append(fault | {"reason": "invalid_status", "value": change.status})
        else:
            names.append(name)
    if faults:
        # Hex documents both statuses for this error, but not when each is used: the sandbox's choice.
        status = 404 if all(fault["reason"] == "not_found" for fault in faults) else 400
        raise Refusal(status, "Nothing was changed: some updates cannot be made", details=faults)
    updated: dict[str, list[dict[str, Any]]] = {key: [] for key in keys.values()}
    for name, change in zip(names, changes, strict=True):
        objects[change.type][name] = change.status
        updated[keys[change.type]].append({"name": name, "status": change.status})
    return updated
