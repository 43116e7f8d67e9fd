"""Threads, topics, guides and a semantic project."""

from __future__ import annotations

from dataclasses import dataclass

from hex_blocks.sandbox.model import Guide, SemanticProject, Suggestion, Thread, Topic, Turn
from hex_blocks.sandbox.seed.ids import DAY, seed_id
from hex_blocks.sandbox.workspace import World

TOPICS = ("Revenue", "Retention", "Data quality")
# Title, ID, and the ID of the suggested change.
SUGGESTIONS = (
    ("Describe the orders table", "4b7e2f60-3c1d-4a58-9f02-8d6c5b1e7a90", "9c2d4e81-5f6a-4b37-a1c8-2e7d9b0f3a64"),
    ("Say what an active user is", seed_id("suggestion", "user"), seed_id("change", "user")),
)


@dataclass(frozen=True)
class Row:
    """A thread of the table below; `days` is its age."""

    title: str
    user: str
    days: float
    prompts: tuple[str, ...]
    source: str = "HEX"
    type: str = "THREADS"
    project: str | None = None
    topic: str | None = None
    warning: str | None = None
    liked: bool | None = None
    private: bool = False


THREADS = (
    Row(
        "Why did revenue dip in March?",
        "Priya Raman",
        12,
        ("Why did revenue dip in March?", "Split that by region."),
        project="Revenue report",
        topic="Revenue",
        liked=True,
    ),
    Row(
        "Which cohort stays longest?",
        "Mara Silva",
        6,
        ("Which cohort stays longest?",),
        source="SLACK",
        project="Churn explorer",
        topic="Retention",
        warning="DATA_LIMITATION",
    ),
    Row(
        "Are there duplicate orders?",
        "Eli Brandt",
        3,
        ("Are there duplicate orders?", "Show me ten.", "And since when?"),
        source="MCP",
        type="NOTEBOOK",
        project="Quick check",
        topic="Data quality",
        warning="USER_DOUBT",
        liked=False,
    ),
    Row(
        "Salaries by department",
        "Sam Whitfield",
        1,
        ("Show me salaries by department.",),
        private=True,
    ),
    Row("Forecast that fails", "Jun Watanabe", 0.5, ("Please fail at a forecast.",), source="PUBLIC_API"),
)

# Path, draft, published text.
GUIDES: tuple[tuple[str, str | None, str | None], ...] = (
    ("metrics/revenue.md", "# Revenue\nNet of refunds, since 2025.", "# Revenue\nNet of refunds."),
    ("metrics/churn.md", "# Churn\nNo order in 90 days.", None),
    ("glossary.md", None, "# Glossary\nARR, MRR, NRR."),
)


def add_agents(world: World, now: float) -> None:
    """Add threads, topics, suggestions, guides and the semantic project."""
    for name in TOPICS:
        world.add(Topic(id=seed_id("topic", name), name=name))
    for number, (title, id_, change) in enumerate(SUGGESTIONS):
        made = now - (number + 1) * DAY
        world.add(Suggestion(id=id_, title=title, created_at=made, evidence=2, changes={change: "OPEN"}))
    for row in THREADS:
        world.add(_thread(world, row, now - row.days * DAY))
    for path, draft, published in GUIDES:
        world.add(Guide(id=seed_id("guide", path), file_path=path, draft=draft, published=published))
    world.add(
        SemanticProject(
            id=seed_id("semantic project", "Shop"),
            name="Shop",
            objects={
                "DATASET": {"orders": "Endorsed", "customers": None, "stores": None},
                "VIEW": {"revenue_by_region": None, "active_customers": "In review"},
            },
        )
    )


def _thread(world: World, row: Row, began: float) -> Thread:
    warning = {
        "id": seed_id("warning", row.title),
        "type": row.warning,
        "summary": "Some months are missing.",
    }
    feedback = {
        "id": seed_id("feedback", row.title),
        "userFeedback": "",
        "type": "THUMBS",
        "selectedReason": None,
        "userLiked": row.liked,
    }
    return Thread(
        id=seed_id("thread", row.title),
        user_id=world.user(row.user).id,
        created_at=began,
        turns=[
            Turn(prompt, began + 60 * place, began + 60 * place + 5, fails="fail" in prompt.lower())
            for place, prompt in enumerate(row.prompts)
        ],
        project_id=world.project(row.project).id if row.project else None,
        title=row.title,
        type=row.type,
        source=row.source,
        private=row.private,
        topic_ids=(seed_id("topic", row.topic),) if row.topic else (),
        warnings=(warning,) if row.warning else (),
        feedback=(feedback,) if row.liked is not None else (),
    )
