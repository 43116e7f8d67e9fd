"""The description of an operation, and a validated request to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from typing import Any, TypeVar

from hex_blocks.sandbox.error_replies import Family, Refusal
from hex_blocks.sandbox.model import ACCESS, ROLES, Entity, Project, Run, Token, User
from hex_blocks.sandbox.paging import Ordered, Page, Sort, page
from hex_blocks.sandbox.validation import Kind, Obj
from hex_blocks.sandbox.workspace import World

T = TypeVar("T", bound=Entity)
Listed = TypeVar("Listed", bound=Ordered)

Json = dict[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An operation of the API.

    Attributes:
        invalid: The status for a request that is not valid. Operations differ.
        missing: The status for an unknown ID.
        role: The lowest role that may call it.
        lists_faults: Whether the `details` of its errors are a list of faults instead of a text.
        experimental: Whether it is not in Hex's API document.
    """

    id: str
    method: str
    path: str
    run: Callable[[OperationCall], Json]
    family: Family = "A"
    success: int = 200
    query: Mapping[str, Kind] = field(default_factory=dict)
    body: Obj | None = None
    body_required: bool = True
    invalid: int = 400
    missing: int = 404
    limits: tuple[str, ...] = ()
    role: str = "GUEST"
    lists_faults: bool = False
    experimental: bool = False

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts of the path."""
        return tuple(self.path.strip("/").split("/"))


@dataclass(frozen=True, kw_only=True)
class OperationCall:
    """A validated request of a known caller, at the time `now`."""

    world: World
    operation: Operation
    token: Token
    user: User | None
    caller: str
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    raw: bytes
    headers: Message
    now: float
    trace_id: str
    origin: str

    # Refusals

    def refusal(self, reason: str, *problems: str) -> Refusal:
        """Return the refusal of a request that is not valid."""
        return Refusal(self.operation.invalid, reason, problems=problems)

    def missing(self, what: str) -> Refusal:
        """Return the refusal for an ID that does not exist or that the caller may not see."""
        return Refusal(self.operation.missing, f"{what} not found")

    # Rights

    @property
    def is_admin(self) -> bool:
        """Whether the caller has the access of an admin, as every workspace token has."""
        return self.user is None or self.user.role == "ADMIN"

    @property
    def role(self) -> int:
        """The caller's role, as its index in ROLES."""
        return ROLES.index("ADMIN" if self.user is None else self.user.role)

    @property
    def author(self) -> User:
        """The owner of what the caller creates: the user, or for a workspace token the workspace's first admin."""
        return self.user or next(user for user in self.world.all(User) if user.role == "ADMIN")

    def access(self, project: Project) -> int:
        """Return the caller's access to a project, as an index in ACCESS."""
        return len(ACCESS) - 1 if self.user is None else self.world.access(self.user, project)

    # Things

    def find(self, kind: type[T], id_: object, what: str) -> T:
        """Return an object by its ID."""
        found = self.world.get(kind, id_)
        if found is None:
            raise self.missing(what)
        return found

    def project(self, id_: object = None, need: str = "APP_ONLY") -> Project:
        """Return the project of the path, or of an ID, after checking that the caller has the access `need`."""
        project = self.find(Project, self.path.get("projectId") if id_ is None else id_, "Project")
        access = self.access(project)
        if access == 0:
            raise self.missing("Project")
        if access < ACCESS.index(need):
            raise Refusal(403, f"This needs {need} on the project")
        return project

    def project_run(self) -> tuple[Project, Run]:
        """Return the project and the run of the path."""
        project = self.project()
        run = self.find(Run, self.path["runId"], "Run")
        if run.project_id != project.id:
            raise self.missing("Run")
        return project, run

    # Lists

    def page(self, items: Sequence[Listed], sort: Sort[Listed], *, from_end: bool = False) -> Page[Listed]:
        """Return the page of a list that the query selects."""
        query = self.query
        return page(
            items,
            Sort(f"{self.operation.id} {sort.name}", sort.key, sort.descending),
            limit=int(query["limit"]),
            after=query["after"],
            before=query["before"],
            from_end=from_end,
        )


def moment(seconds: float | None) -> str | None:
    """Return a time in Hex's format, or None."""
    return None if seconds is None else timestamp(seconds)


def timestamp(seconds: float) -> str:
    """Return a time in Hex's format."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
