"""Ids and moments of the seeded workspace."""

from __future__ import annotations

import uuid

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://example.com/hex-blocks/sandbox")
HOUR = 3_600.0
DAY = 24 * HOUR


def seed_id(kind: str, name: str) -> str:
    """Return the id of the seeded thing of a kind with a name."""
    return str(uuid.uuid5(NAMESPACE, f"{kind}/{name}"))
