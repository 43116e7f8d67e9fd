"""The state of a workspace, and queries on it."""

from __future__ import annotations

import threading
import uuid
from bisect import insort
from collections import defaultdict
from itertools import count
from typing import TypeVar

from hex_blocks.sandbox.model import (
    ACCESS,
    Cell,
    Collection,
    DataConnection,
    Entity,
    Group,
    Project,
    Run,
    SemanticProject,
    Thread,
    Token,
    User,
)

T = TypeVar("T", bound=Entity)

KERNELS_PER_USER = 25


def _when(run: Run) -> tuple[float, int]:
    return run.created_at, run.order


class World:
    """A workspace. Code that changes it, or reads more than one object of it, has to hold `lock`."""

    def __init__(self, org_id: str, status_labels: tuple[str, ...], categories: dict[str, str | None]) -> None:
        self.org_id = org_id
        self.status_labels = status_labels
        self.categories = categories
        self.slack_channels: dict[str, tuple[str, bool]] = {}
        self.tokens: dict[str, Token] = {}
        self.signed_urls: dict[str, tuple[str, float]] = {}
        self.workspace_me_fails = False
        self.lock = threading.RLock()
        self._things: dict[type[Entity], dict[str, Entity]] = defaultdict(dict)
        self._runs: dict[str, list[Run]] = defaultdict(list)
        self._active: dict[str, list[Run]] = defaultdict(list)
        self._orders = count(1)

    # Objects in general

    def add(self, thing: T) -> T:
        """Add an object and return it."""
        with self.lock:
            thing.order = next(self._orders)
            self._things[type(thing)][thing.id] = thing
            if isinstance(thing, Run):
                run: Run = thing
                insort(self._runs[run.project_id], run, key=_when)
                self._active[run.caller].append(run)
        return thing

    def remove(self, thing: Entity) -> None:
        """Remove an object."""
        with self.lock:
            del self._things[type(thing)][thing.id]
            if isinstance(thing, Run):
                run: Run = thing
                self._runs[run.project_id].remove(run)
                if run in self._active[run.caller]:
                    self._active[run.caller].remove(run)

    def get(self, kind: type[T], id_: object) -> T | None:
        """Return the object of a kind with an ID, which may be in capitals, or None."""
        found = self._things[kind].get(id_.lower() if isinstance(id_, str) else "")
        return found if isinstance(found, kind) else None

    def all(self, kind: type[T]) -> list[T]:
        """Return all objects of a kind, oldest first."""
        with self.lock:
            return [thing for thing in self._things[kind].values() if isinstance(thing, kind)]

    def named(self, kind: type[T], name: str) -> T:
        """Return the object of a kind with a name, title, e-mail address or label.

        Raises:
            LookupError: There is none.
        """
        for thing in self.all(kind):
            for attribute in ("name", "title", "email", "label", "file_path"):
                if getattr(thing, attribute, None) == name:
                    return thing
        raise LookupError(f"the sandbox has no {kind.__name__.lower()} named {name!r}")

    @staticmethod
    def new_id() -> str:
        """Return a new ID."""
        return str(uuid.uuid4())

    # Objects by name, for people and tests

    def project(self, title: str) -> Project:
        """Return a project by its title."""
        return self.named(Project, title)

    def user(self, name_or_email: str) -> User:
        """Return a user by name or e-mail address."""
        return self.named(User, name_or_email)

    def group(self, name: str) -> Group:
        """Return a group by its name."""
        return self.named(Group, name)

    def collection(self, name: str) -> Collection:
        """Return a collection by its name."""
        return self.named(Collection, name)

    def connection(self, name: str) -> DataConnection:
        """Return a data connection by its name."""
        return self.named(DataConnection, name)

    def thread(self, title: str) -> Thread:
        """Return a thread by its title."""
        return self.named(Thread, title)

    def semantic_project(self, name: str) -> SemanticProject:
        """Return a semantic project by its name."""
        return self.named(SemanticProject, name)

    def cell(self, project: Project | str, label: str) -> Cell:
        """Return a cell of a project (or of the project with a title) by its label."""
        owner = project if isinstance(project, Project) else self.project(project)
        for cell in self.cells(owner.id):
            if cell.label == label:
                return cell
        raise LookupError(f"the sandbox has no cell {label!r} in {owner.title!r}")

    # Runs and cells

    def runs(self, project_id: str) -> list[Run]:
        """Return a project's runs, newest first."""
        with self.lock:
            return self._runs[project_id][::-1]

    def kernels_in_use(self, caller: str, now: float) -> int:
        """Return how many of a caller's runs hold a kernel."""
        with self.lock:
            active = [run for run in self._active[caller] if run.state(now).active]
            self._active[caller] = active
        return len(active)

    def cells(self, project_id: str) -> list[Cell]:
        """Return the cells of a project's draft, from top to bottom."""
        cells = (cell for cell in self.all(Cell) if cell.project_id == project_id)
        return sorted(cells, key=lambda cell: (cell.rank, cell.order))

    def published_results_at(self, project: Project, now: float) -> float | None:
        """Return when the app's published results were last updated by a completed run."""
        moments = [project.published_results_at or 0.0]
        for run in self._runs[project.id]:
            state = run.state(now)
            if run.updates_published_results and state.status == "COMPLETED" and state.ended_at:
                moments.append(state.ended_at)
        return max(moments) or None

    # Rights

    def access(self, user: User, project: Project) -> int:
        """Return a user's access to a project, as an index in ACCESS."""
        if user.role == "ADMIN" or project.owner_id == user.id:
            return len(ACCESS) - 1
        sharing = project.sharing
        levels = [sharing.users.get(user.id, "NONE")]
        if user.role != "GUEST":
            levels.append(sharing.workspace)
        for group_id, level in sharing.groups.items():
            group = self.get(Group, group_id)
            if group and user.id in group.members:
                levels.append(level)
        for collection_id, level in sharing.collections.items():
            collection = self.get(Collection, collection_id)
            if collection and self.in_collection(user, collection):
                levels.append(level)
        return max(ACCESS.index(level) for level in levels)

    def in_collection(self, user: User, collection: Collection) -> bool:
        """Return whether a user has access to a collection."""
        levels = [collection.users.get(user.id, "NONE"), collection.members]
        groups = (self.get(Group, group_id) for group_id in collection.groups)
        levels += [collection.groups[group.id] for group in groups if group and user.id in group.members]
        return any(level != "NONE" for level in levels)
