"""IDs and times of the seeded workspace."""

from __future__ import annotations

import uuid
from functools import cache

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://example.com/hex-blocks/sandbox")
HOUR = 3_600.0
DAY = 24 * HOUR


# The IDs in the examples of the tools' pages, so that the examples work in the sandbox.
IN_EXAMPLES = {
    ("user", "Tomas Novak"): "e1f5a9c3-72d8-46b0-9c4e-8b3a5d6f2017",
    ("user", "Ines Costa"): "f28b60d7-a41c-4e95-8d32-7c9e0b1a4f56",
    ("group", "Growth"): "b7d2e6a4-15c3-4f0b-8e9d-6a2c40f1d385",
    ("group", "Store managers"): "d94a7c10-6e2b-4b8f-a3d5-0f7e1c92b648",
    ("collection", "Company metrics"): "3f0c2b1e-8a4d-4d2f-9b6a-1c5e7f903a21",
    ("connection", "Warehouse"): "9c4e1a75-3b8d-4f26-a7e0-52d6c8f1b039",
    ("connection", "App database"): "f3a8d1c6-7e20-4b95-8d4f-2c9b0e6a5173",
    ("cell", "Team digest/Introduction"): "b4d0f6e2-1a85-4c37-9f6b-e2c8a3d19a57",
    ("cell", "Team digest/Revenue by region"): "a3c9e5d1-0f74-4b26-8e5a-d1b7f2c08946",
    ("static cell", "Team digest/Revenue by region"): "0c8e4b7a-6d15-4f93-b2a0-97e1d5c3f648",
    ("cell", "Team digest/Revenue chart"): "e7d1c0a4-58b3-4f9e-8a26-0c9d3b7f5e12",
    ("static cell", "Team digest/Revenue chart"): "c5e1a7f3-92b6-4d08-a4c7-3f9e6b1d0825",
    ("cell", "Broken import/Import"): "41f7b9d2-c3e6-4a08-95d1-6b0e8f2a7c34",
    ("run", "Team digest/2"): "78c33d18-170c-44d3-a227-b3194f134f73",
    ("run", "Quarterly forecast/now"): "9b2f6c1e-3d4a-4b5c-8e7f-0a1b2c3d4e5f",
    ("thread", "Which cohort stays longest?"): "019b2f6e-4c3a-7d15-8e0b-5f9a1c7d2e84",
    ("guide", "metrics/revenue.md"): "2d7f5b90-e4a1-4c68-93bd-a60c8e1f7352",
    ("semantic project", "Shop"): "6b1d8f3a-c07e-4592-b8a4-e3f5d2c91704",
}


@cache
def seed_id(kind: str, name: str) -> str:
    """Return the ID of the seeded object with a kind and a name."""
    return IN_EXAMPLES.get((kind, name)) or str(uuid.uuid5(NAMESPACE, f"{kind}/{name}"))
