"""The objects of a workspace. Times are in seconds since the Unix epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ROLES = ("ANONYMOUS", "EMBEDDED_USER", "GUEST", "MEMBER", "EXPLORER", "EDITOR", "MANAGER", "ADMIN")
ACCESS = ("NONE", "APP_ONLY", "CAN_VIEW", "CAN_EDIT", "FULL_ACCESS")
RUN_STATUSES = ("PENDING", "RUNNING", "ERRORED", "COMPLETED", "KILLED", "UNABLE_TO_ALLOCATE_KERNEL")
RUN_TRIGGERS = ("API", "SCHEDULED", "APP_REFRESH")


@dataclass(kw_only=True)
class Entity:
    """The base of all objects with an ID. `order` is higher for objects that were added later."""

    id: str
    order: int = 0


@dataclass(frozen=True)
class Token:
    """An API token. A workspace token has no user; a `powerless` one has no permissions."""

    kind: str
    user_id: str | None = None
    expires_at: float | None = None
    powerless: bool = False


@dataclass(kw_only=True)
class User(Entity):
    """A member of the workspace."""

    name: str
    email: str
    role: str
    last_login_at: float | None = None
    active: bool = True


@dataclass(kw_only=True)
class Group(Entity):
    """A named set of users."""

    name: str
    created_at: float
    members: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Collection(Entity):
    """A collection of projects; `users` and `groups` map IDs to NONE, MEMBER or MANAGER."""

    name: str
    description: str | None = None
    creator_id: str | None = None
    users: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    members: str = "NONE"


@dataclass(kw_only=True)
class DataConnection(Entity):
    """A data connection. `details` also contains the secrets, which replies leave out.

    `objects` maps each kind of schema object to its qualified names and their status labels.
    """

    name: str
    type: str
    created_at: float
    details: dict[str, Any]
    description: str | None = None
    connect_via_ssh: bool = False
    include_magic: bool = True
    allow_writeback_cells: bool = False
    schema_filters: dict[str, Any] | None = None
    schema_refresh_schedule: dict[str, Any] | None = None
    schema_refresh_access: str = "ADMINS"
    workspace: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    objects: dict[str, dict[str, str | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class NotebookInput:
    """An input of a project; `kind` is the type of its cell. Runs can only set inputs that are on the app.

    `least`, `most` and `step` are the bounds of a slider or number field.
    """

    name: str
    kind: str
    default: Any = None
    choices: tuple[str, ...] = ()
    on_app: bool = True
    least: float = 0
    most: float = 100
    step: float = 1


@dataclass(frozen=True)
class Plan:
    """The course of a run: seconds pending, seconds running (None: until cancelled), and the final status."""

    pending: float = 2.0
    running: float | None = 6.0
    end: str = "COMPLETED"


@dataclass
class Sharing:
    """The access to a project: IDs mapped to an access level."""

    users: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    collections: dict[str, str] = field(default_factory=dict)
    workspace: str = "CAN_VIEW"
    public_web: str = "NONE"
    support: str = "NONE"


@dataclass(kw_only=True)
class Project(Entity):
    """A notebook and its app. `views` are the app's views: all time, last 7, 14 and 30 days."""

    title: str
    creator_id: str
    owner_id: str
    created_at: float
    last_edited_at: float
    description: str | None = None
    type: str = "PROJECT"
    status: str | None = None
    categories: tuple[str, ...] = ()
    reviews_required: bool = False
    views: tuple[int, int, int, int] = (0, 0, 0, 0)
    last_viewed_at: float | None = None
    last_published_at: float | None = None
    published_results_at: float | None = None
    archived_at: float | None = None
    trashed_at: float | None = None
    unlisted: bool = False
    version: int = 1
    schedules: tuple[dict[str, Any], ...] = ()
    sharing: Sharing = field(default_factory=Sharing)
    inputs: tuple[NotebookInput, ...] = ()
    saved_views: dict[str, str] = field(default_factory=dict)
    plan: Plan = Plan()
    tables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class RunState:
    """The state of a run at a time."""

    status: str
    started_at: float | None = None
    ended_at: float | None = None

    @property
    def active(self) -> bool:
        """Whether the run uses a kernel and can be cancelled."""
        return self.status in ("PENDING", "RUNNING")


@dataclass(kw_only=True)
class Run(Entity):
    """A run of a project's published version. Its state only depends on the clock."""

    project_id: str
    caller: str
    version: int
    created_at: float
    plan: Plan
    trigger: str = "API"
    inputs: dict[str, Any] = field(default_factory=dict)
    notifications: list[dict[str, Any]] = field(default_factory=list)
    updates_published_results: bool = False
    flag_config: str | None = None
    cancelled_at: float | None = None

    def state(self, now: float) -> RunState:
        """Return the state of the run at `now`."""
        begins = self.created_at + self.plan.pending
        never = self.plan.end == "UNABLE_TO_ALLOCATE_KERNEL"
        ends = begins if never else None if self.plan.running is None else begins + self.plan.running
        started = None if never or now < begins else begins
        if self.cancelled_at is not None:
            return RunState("KILLED", begins if self.cancelled_at >= begins else None, self.cancelled_at)
        if ends is not None and now >= ends:
            return RunState(self.plan.end, started, ends)
        return RunState("PENDING" if started is None else "RUNNING", started)


@dataclass(kw_only=True)
class Cell(Entity):
    """A cell of a project's draft. `rank` orders cells; `rows` are a SQL cell's output, `fault` its error.

    `variable` is the name of the input that a cell of type INPUT shows.
    """

    static_id: str
    project_id: str
    type: str
    rank: float
    label: str | None = None
    source: str | None = None
    connection_id: str | None = None
    output_dataframe: str | None = None
    variable: str | None = None
    parent_id: str | None = None
    columns: tuple[tuple[str, str], ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    fault: str | None = None


@dataclass(kw_only=True)
class Topic(Entity):
    """A topic of threads."""

    name: str


@dataclass(kw_only=True)
class Suggestion(Entity):
    """A suggested change of guides or descriptions; `changes` maps IDs to states."""

    title: str
    created_at: float
    status: str = "OPEN"
    evidence: int = 1
    changes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Turn:
    """A prompt and its answer, or with `fails` its error, at `ready_at`."""

    prompt: str
    asked_at: float
    ready_at: float
    fails: bool = False


@dataclass(kw_only=True)
class Thread(Entity):
    """A conversation with Hex's agent."""

    user_id: str | None
    created_at: float
    turns: list[Turn]
    project_id: str | None = None
    title: str | None = None
    type: str = "THREADS"
    source: str = "PUBLIC_API"
    private: bool = False
    topic_ids: tuple[str, ...] = ()
    warnings: tuple[dict[str, Any], ...] = ()
    feedback: tuple[dict[str, Any], ...] = ()


@dataclass(kw_only=True)
class Guide(Entity):
    """A file with instructions for Hex's agent. `draft` is None if all of it is published."""

    file_path: str
    draft: str | None = None
    published: str | None = None
    source: dict[str, Any] | None = None


@dataclass(kw_only=True)
class SemanticProject(Entity):
    """A semantic model; its datasets and views, by name, with their status labels."""

    name: str
    objects: dict[str, dict[str, str | None]]
