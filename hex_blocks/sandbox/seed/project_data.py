"""Projects. Some of them fail, so that callers can test errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hex_blocks.sandbox.model import NotebookInput, Plan, Project, Sharing
from hex_blocks.sandbox.seed.ids import DAY, seed_id
from hex_blocks.sandbox.workspace import World

# IDs in published examples of Hex's API.
REVENUE_REPORT = "01234567-89ab-cdef-0123-456789abcdef"
TEAM_DIGEST = "5a8591dd-4039-49df-9202-96385ba3eff8"

QUICK = Plan(2, 6)
ENDLESS = Plan(2, None)
FAILS = Plan(2, 4, "ERRORED")
NO_KERNEL = Plan(30, 0, "UNABLE_TO_ALLOCATE_KERNEL")
SLOW = Plan(2, 600)


def hourly(minute: int) -> dict[str, Any]:
    """Return an hourly schedule."""
    return _schedule("HOURLY", hourly={"timezone": "UTC", "minute": minute})


def daily(hour: int, zone: str = "UTC") -> dict[str, Any]:
    """Return a daily schedule."""
    return _schedule("DAILY", daily={"timezone": zone, "hour": hour, "minute": 0})


def weekly(day: str, hour: int) -> dict[str, Any]:
    """Return a weekly schedule."""
    weekly_ = {"timezone": "Europe/Lisbon", "hour": hour, "minute": 30, "dayOfWeek": day}
    return _schedule("WEEKLY", weekly=weekly_)


def monthly(day: int) -> dict[str, Any]:
    """Return a monthly schedule."""
    return _schedule("MONTHLY", monthly={"timezone": "UTC", "hour": 5, "minute": 0, "day": day})


def custom(cron: str, *, enabled: bool = True) -> dict[str, Any]:
    """Return a schedule with a cron expression."""
    return _schedule("CUSTOM", custom={"timezone": "America/New_York", "cron": cron}) | {"enabled": enabled}


def _schedule(cadence: str, **when: dict[str, Any]) -> dict[str, Any]:
    blocks = dict.fromkeys(("hourly", "daily", "weekly", "monthly", "custom"))
    return {"cadence": cadence, "enabled": True, **blocks, **when}


@dataclass(frozen=True)
class Row:
    """A project of the table below. Ages are in days; `published` is None for a project that was never published."""

    title: str
    owner: str
    status: str | None
    categories: tuple[str, ...]
    age: float
    published: float | None
    description: str | None = None
    id: str | None = None
    plan: Plan = QUICK
    inputs: tuple[NotebookInput, ...] = ()
    schedules: tuple[dict[str, Any], ...] = ()
    tables: tuple[tuple[str, str], ...] = ()
    collection: str | None = None
    workspace: str = "CAN_VIEW"
    more: dict[str, Any] = field(default_factory=dict)


DATE = NotebookInput("date", "date", "2025-01-01")
REGION = NotebookInput("region", "dropdown", "US", ("US", "EMEA", "APAC"))

PROJECTS = (
    Row(
        "Revenue report",
        "Ada Okafor",
        "Production",
        ("Finance",),
        420,
        3,
        "Revenue by region and month, for the weekly meeting",
        id=REVENUE_REPORT,
        inputs=(
            NotebookInput("start_date", "date", "2024-01-01"),
            NotebookInput("end_date", "date", "2024-12-31"),
            REGION,
            NotebookInput("debug_rows", "number", 10, on_app=False),
        ),
        schedules=(daily(6),),
        tables=(
            ("Warehouse", "analytics.shop.orders"),
            ("Warehouse", "analytics.shop.order_lines"),
            ("App database", "public.payments"),
        ),
        collection="Company metrics",
        more={
            "reviews_required": True,
            "views": (1841, 63, 120, 266),
            "saved_views": {"view-emea": "EMEA only"},
        },
    ),
    Row(
        "Team digest",
        "Eli Brandt",
        "Production",
        ("Operations",),
        300,
        10,
        "A summary for one member of a team",
        id=TEAM_DIGEST,
        inputs=(
            NotebookInput("user_name", "text", "j_doe"),
            NotebookInput("team", "text", "finance"),
            NotebookInput("id", "number", 1),
            NotebookInput("region", "text", "EMEA"),
            NotebookInput("month", "text", "2026-02"),
            NotebookInput("year", "number", 2026),
        ),
        schedules=(weekly("MONDAY", 8),),
        tables=(("App database", "public.users"), ("App database", "public.sessions")),
        collection="Company metrics",
        more={"views": (402, 18, 31, 77)},
    ),
    Row(
        "Quick check",
        "Eli Brandt",
        "Exploratory",
        (),
        30,
        1,
        "Counts yesterday's orders; a run takes about 8 seconds",
        tables=(("Warehouse", "analytics.shop.orders"),),
        workspace="CAN_EDIT",
    ),
    Row(
        "Quarterly forecast",
        "Jun Watanabe",
        "In review",
        ("Finance", "Machine learning"),
        150,
        20,
        "Takes ten minutes",
        plan=SLOW,
        inputs=(
            NotebookInput("horizon", "slider", 4, least=1, most=12),
            NotebookInput("include_returns", "checkbox", True),
        ),
        schedules=(monthly(1),),
        collection="Finance",
    ),
    Row(
        "Broken import",
        "Noor Haddad",
        "In progress",
        ("Operations",),
        60,
        8,
        "Every run of it fails",
        plan=FAILS,
    ),
    Row(
        "Endless simulation",
        "Jun Watanabe",
        "Exploratory",
        ("Machine learning",),
        45,
        7,
        "Runs until somebody cancels it",
        plan=ENDLESS,
    ),
    Row(
        "Model training",
        "Jun Watanabe",
        "In progress",
        ("Machine learning",),
        90,
        15,
        "Asks for a kernel that there never is",
        plan=NO_KERNEL,
    ),
    Row("New customer survey", "Mara Silva", "In progress", ("Growth",), 5, None, "Has never been published"),
    Row(
        "Churn explorer",
        "Mara Silva",
        "Endorsed",
        ("Growth",),
        200,
        12,
        "One of its inputs is not on the app",
        inputs=(
            NotebookInput("threshold", "slider", 0.5, most=1, step=0.05),
            NotebookInput("sample_size", "number", 1000, on_app=False),
        ),
        schedules=(custom("0 7 * * 1-5"),),
        tables=(("Event lake", "lake.events.page_views"),),
        collection="Growth experiments",
        more={"views": (640, 22, 48, 101)},
    ),
    Row(
        "Store heat map",
        "Mara Silva",
        "Production",
        ("Operations",),
        220,
        4,
        "Every sort of input",
        inputs=(
            NotebookInput("title", "text", "Stores"),
            NotebookInput("radius", "slider", 5, least=1, most=50),
            NotebookInput("stores", "multiselect", ["Lisbon"], ("Lisbon", "Porto", "Faro")),
            NotebookInput("only_open", "checkbox", False),
            NotebookInput("day", "date", "2025-06-01"),
            REGION,
        ),
        schedules=(hourly(15),),
        tables=(("Warehouse", "analytics.shop.stores"),),
        collection="Company metrics",
        more={"views": (990, 51, 98, 190)},
    ),
    Row(
        "Extract orders",
        "Eli Brandt",
        "Production",
        ("Operations",),
        180,
        30,
        inputs=(DATE,),
        schedules=(daily(1),),
        tables=(("App database", "public.payments"),),
        collection="Nightly pipeline",
    ),
    Row(
        "Transform orders",
        "Eli Brandt",
        "Production",
        ("Operations",),
        180,
        30,
        schedules=(daily(2),),
        collection="Nightly pipeline",
    ),
    Row(
        "Load orders",
        "Eli Brandt",
        "Production",
        ("Operations",),
        180,
        30,
        schedules=(daily(3),),
        collection="Nightly pipeline",
        workspace="CAN_EDIT",
    ),
    Row(
        "Fraud watch",
        "Noor Haddad",
        "Endorsed",
        ("Finance", "Machine learning"),
        100,
        6,
        schedules=(custom("*/20 * * * *", enabled=False),),
        tables=(("App database", "public.payments"), ("Logs", "web.requests")),
    ),
    Row(
        "Payroll check",
        "Ada Okafor",
        None,
        ("Finance",),
        80,
        40,
        "Seen by its owner and by admins only",
        collection="Finance",
        workspace="NONE",
    ),
    Row("Date helpers", "Eli Brandt", None, (), 350, 100, "Functions for dates", more={"type": "COMPONENT"}),
    Row("Board pack", "Ada Okafor", None, (), 50, 9, "Opened by its address only", more={"unlisted": True}),
    Row("Old marketing dashboard", "Mara Silva", "Deprecated", ("Growth",), 700, 400, collection="Archive"),
    Row("Scratch notebook", "Eli Brandt", None, (), 25, None),
)
ARCHIVED = {"Old marketing dashboard": 60.0}
TRASHED = {"Scratch notebook": 2.0}


def add_projects(world: World, now: float) -> None:
    """Add the projects."""
    team = world.group("Data team").id
    for row in PROJECTS:
        owner = world.user(row.owner).id
        shared = {} if row.collection is None else {world.collection(row.collection).id: "CAN_VIEW"}
        edited = min(row.age, row.published or 1.0)
        open_ = row.workspace != "NONE"
        world.add(
            Project(
                id=row.id or seed_id("project", row.title),
                title=row.title,
                description=row.description,
                creator_id=owner,
                owner_id=owner,
                created_at=now - row.age * DAY,
                last_edited_at=now - edited * DAY,
                last_published_at=None if row.published is None else now - row.published * DAY,
                last_viewed_at=None if row.published is None else now - 0.2 * DAY,
                archived_at=_ago(now, ARCHIVED.get(row.title)),
                trashed_at=_ago(now, TRASHED.get(row.title)),
                status=row.status,
                categories=row.categories,
                version=1 if row.published is None else 1 + int(row.age) % 17,
                schedules=row.schedules,
                sharing=Sharing(
                    users={owner: "FULL_ACCESS"},
                    groups={team: "CAN_EDIT"} if row.collection and open_ else {},
                    collections=shared,
                    workspace=row.workspace,
                ),
                inputs=row.inputs,
                plan=row.plan,
                tables=tuple((world.connection(name).id, table) for name, table in row.tables),
                **row.more,
            )
        )


def _ago(now: float, days: float | None) -> float | None:
    return None if days is None else now - days * DAY
