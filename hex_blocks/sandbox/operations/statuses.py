"""Status labels for many objects at once: all of them are set, or none."""

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
    """Set the labels and return what was set, under the `keys` of the kinds.

    `find` returns an object's full name, or the reason why there is none. Raises a Refusal that lists
    each change that cannot be made.
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
        # Hex lists both statuses for this error and not which goes with what: the sandbox's choice.
        status = 404 if all(fault["reason"] == "not_found" for fault in faults) else 400
        raise Refusal(status, "Nothing was changed: some updates cannot be made", details=faults)
    updated: dict[str, list[dict[str, Any]]] = {key: [] for key in keys.values()}
    for name, change in zip(names, changes, strict=True):
        objects[change.type][name] = change.status
        updated[keys[change.type]].append({"name": name, "status": change.status})
    return updated
