"""The workspace of a new sandbox, always the same.

IDs are derived from names, so they are the same in every sandbox. Times are relative to its start.
"""

from __future__ import annotations

from hex_blocks.sandbox.seed.agent_data import add_agents
from hex_blocks.sandbox.seed.cell_data import add_cells
from hex_blocks.sandbox.seed.connection_data import add_connections
from hex_blocks.sandbox.seed.ids import seed_id
from hex_blocks.sandbox.seed.people import add_people
from hex_blocks.sandbox.seed.project_data import add_projects
from hex_blocks.sandbox.seed.run_data import add_runs
from hex_blocks.sandbox.workspace import World

STATUS_LABELS = ("Production", "In progress", "In review", "Exploratory", "Endorsed", "Approved", "Deprecated")
CATEGORIES = {
    "Finance": "Money in, money out",
    "Growth": "Sign-ups, activation, retention",
    "Operations": "What keeps the shops running",
    "Machine learning": None,
}


def seeded_world(now: float) -> World:
    """Return the workspace as of `now`."""
    world = World(seed_id("org", "sandbox"), STATUS_LABELS, CATEGORIES)
    world.slack_channels = {"C0000000": ("data-team", False), "C0FINANCE": ("finance-private", True)}
    for add in (add_people, add_connections, add_projects, add_cells, add_runs, add_agents):
        add(world, now)
    return world
