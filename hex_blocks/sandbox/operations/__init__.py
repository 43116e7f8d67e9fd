"""The API's table: Hex's 52 operations, in the modules of this package."""

from __future__ import annotations

from hex_blocks.sandbox.operations import (
    agents,
    cells,
    charts,
    collections,
    connections,
    groups,
    guides,
    projects,
    runs,
    semantic,
    sharing,
    suggestions,
    users,
)
from hex_blocks.sandbox.request import Operation

MODULES = (
    runs,
    projects,
    sharing,
    users,
    groups,
    collections,
    connections,
    semantic,
    cells,
    charts,
    agents,
    guides,
)

OPERATIONS: dict[str, Operation] = {operation.id: operation for module in MODULES for operation in module.OPERATIONS}
# What Hex has beside its document, as far as that is known.
EXPERIMENTAL: dict[str, Operation] = {operation.id: operation for operation in suggestions.OPERATIONS}
