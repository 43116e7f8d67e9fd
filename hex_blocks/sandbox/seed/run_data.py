"""Runs of the last weeks. All have ended except one, which runs until it is cancelled."""

from __future__ import annotations

from hex_blocks.sandbox.model import Plan, Project, Run
from hex_blocks.sandbox.seed.ids import DAY, HOUR, seed_id
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from hex_blocks.sandbox.workspace import World

# The ID of a run in published examples of Hex's API; here a completed run of the revenue report.
KNOWN_RUN = "01234567-89ab-cdef-0123-456789abcdef"
KNOWN_RUN_PLACE = 2

# The project whose newest run does not end.
HANGING = "Quarterly forecast"
DAYS = 21
# The runs of a project that works: trigger, status, and duration relative to the usual one.
COURSE = (
    ("SCHEDULED", "COMPLETED", 1.0),
    ("API", "COMPLETED", 0.9),
    ("API", "COMPLETED", 1.1),
    ("APP_REFRESH", "COMPLETED", 0.8),
    ("SCHEDULED", "COMPLETED", 1.2),
    ("API", "ERRORED", 0.5),
    ("SCHEDULED", "COMPLETED", 1.0),
    ("API", "KILLED", 0.4),
    ("SCHEDULED", "UNABLE_TO_ALLOCATE_KERNEL", 0.0),
)
# After how many seconds the runs of a project that never ends were cancelled.
PATIENCE = 900.0


def add_runs(world: World, now: float) -> None:
    """Add the runs, oldest first."""
    for project in world.all(Project):
        if project.last_published_at is not None and project.type == "PROJECT":
            for place in range(DAYS if project.schedules else DAYS // 3, 0, -1):
                world.add(_run(world, project, place, now))
    world.add(_active_run(world, now))


def _active_run(world: World, now: float) -> Run:
    """Return a run that began a minute ago and does not end."""
    project = world.project(HANGING)
    return Run(
        id=seed_id("run", f"{HANGING}/now"),
        project_id=project.id,
        caller=project.owner_id,
        version=project.version,
        created_at=now - 60,
        plan=Plan(project.plan.pending, None),
    )


def _run(world: World, project: Project, place: int, now: float) -> Run:
    trigger, end, factor = COURSE[place % len(COURSE)]
    usual = project.plan
    killed = end == "KILLED" or usual.running is None
    if usual.end != "COMPLETED":
        end, factor = usual.end, 1.0
    if trigger == "SCHEDULED" and not project.schedules:
        trigger = "API"
    created = now - place * DAY - (place % 5) * HOUR
    known = project.id == REVENUE_REPORT and place == KNOWN_RUN_PLACE
    worked = PATIENCE if usual.running is None else usual.running * factor
    return Run(
        id=KNOWN_RUN if known else seed_id("run", f"{project.title}/{place}"),
        project_id=project.id,
        caller=project.owner_id,
        version=max(1, project.version - place // 7),
        created_at=created,
        plan=Plan(usual.pending, worked, "COMPLETED" if killed else end),
        trigger=trigger,
        updates_published_results=trigger == "SCHEDULED",
        cancelled_at=created + usual.pending + worked * 0.9 if killed else None,
    )
