"""What a task leaves behind, compared with what must be there: in the sandbox's workspace, and in the answer.

Whatever changes and is not asked for fails the task as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from hex_blocks.sandbox.model import (
    Cell,
    Collection,
    DataConnection,
    Entity,
    Group,
    Guide,
    Project,
    Run,
    SemanticProject,
    Thread,
    User,
)
from hex_blocks.sandbox.workspace import World

KINDS: dict[str, type[Entity]] = {
    "cell": Cell,
    "collection": Collection,
    "connection": DataConnection,
    "group": Group,
    "guide": Guide,
    "project": Project,
    "run": Run,
    "semantic project": SemanticProject,
    "thread": Thread,
    "user": User,
}
# What moves by itself, or beside the change that is asked for.
MOVING = frozenset(
    {"order", "last_edited_at", "last_viewed_at", "published_results_at", "version", "rank", "status_now"}
)
MISSING = object()

Document = dict[str, Any]
Snapshot = dict[tuple[str, str], Document]


def snapshot(world: World, now: float) -> Snapshot:
    """Return all that a workspace holds, by kind and id."""
    with world.lock:
        return {
            (kind, thing.id): _document(world, thing, now)
            for kind, type_ in KINDS.items()
            for thing in world.all(type_)
        }


def _document(world: World, thing: Entity, now: float) -> Document:
    document = asdict(thing)
    document["label"] = _label(world, thing)
    if isinstance(thing, Run):
        document["status_now"] = thing.state(now).status
    return document


def _label(world: World, thing: Entity) -> str:
    if isinstance(thing, (Run, Cell)):
        project = world.get(Project, thing.project_id)
        return project.title if project else ""
    names = (getattr(thing, name, None) for name in ("name", "title", "file_path"))
    return next((name for name in names if name), "")


class Judge:
    """Compares a workspace before and after with what a task expects.

    Attributes:
        faults: What is not as expected, each as a sentence.
    """

    def __init__(self, before: Snapshot, after: Snapshot) -> None:
        self._before = before
        self._after = after
        self._left = {key for key in before.keys() | after.keys() if _still(before.get(key)) != _still(after.get(key))}
        self.faults: list[str] = []

    def expect(self, wanted: Document) -> None:
        """Look for one thing that must be there, or be gone."""
        fitting = [key for key in self._candidates(wanted) if self._fits(key, wanted)]
        count = wanted.get("new", wanted.get("changed", 1))
        if len(fitting) != count:
            self.faults.append(f"{len(fitting)} instead of {count}: {wanted}")
        self._left -= set(fitting)

    def end(self) -> None:
        """Name what has changed and was not expected to."""
        for kind, id_ in sorted(self._left):
            document = self._after.get((kind, id_)) or self._before[kind, id_]
            self.faults.append(f"changed unasked: {kind} {document['label']!r}")

    def _candidates(self, wanted: Document) -> Iterator[tuple[str, str]]:
        kind, name = wanted["kind"], wanted["name"]
        looked_at = self._before if wanted.get("gone") else self._after
        for key, document in looked_at.items():
            is_new = key not in self._before
            if key[0] != kind or document["label"] != name or is_new is not ("new" in wanted):
                continue
            if "changed" not in wanted or key in self._left:
                yield key

    def _fits(self, key: tuple[str, str], wanted: Document) -> bool:
        if wanted.get("gone"):
            return key not in self._after
        document = self._after[key]
        return all(self._is(_at(document, path), value) for path, value in wanted.get("with", {}).items())

    def _is(self, found: Any, value: Any) -> bool:
        if isinstance(value, dict):
            return isinstance(found, dict) and all(
                self._is(found.get(self._id(name), MISSING), part) for name, part in value.items()
            )
        if isinstance(value, list):
            return isinstance(found, (list, tuple)) and sorted(found) == sorted(map(self._id, value))
        return bool(found == self._id(value) and (isinstance(found, bool) is isinstance(value, bool)))

    def _id(self, value: Any) -> Any:
        """Return the id of what is named, such as @Ada Okafor or @collection:Finance; other values as they are."""
        if not isinstance(value, str) or not value.startswith("@"):
            return value
        kind, _, name = value[1:].rpartition(":")
        return next(
            id_ for (one, id_), document in self._after.items() if one == (kind or "user") and document["label"] == name
        )


def _still(document: Document | None) -> Document | None:
    return None if document is None else {name: value for name, value in document.items() if name not in MOVING}


def _at(document: Document, path: str) -> Any:
    """Return the part of a document at a path; a run's status is the one that it has now."""
    found: Any = document
    for step in ("status_now" if path == "status" and "status_now" in document else path).split("."):
        found = found.get(step, MISSING) if isinstance(found, dict) else MISSING
    return found


def judge_answer(task: Document, answer: str, shown: int) -> list[str]:
    """Return what an answer lacks, or says though it should not."""
    said = answer.casefold()
    faults = [
        f"does not say: {wanted}"
        for wanted in task.get("says", [])
        if not any(one.casefold() in said for one in wanted.split("|"))
    ]
    faults += [f"says: {word}" for word in task.get("saysNot", []) if word.casefold() in said]
    if shown < task.get("shows", 0):
        faults.append(f"shows {shown} pictures instead of {task['shows']}")
    return faults
