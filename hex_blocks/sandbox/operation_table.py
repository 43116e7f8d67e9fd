"""The API's table. An operation registers itself in it, beside the function that carries it out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hex_blocks.sandbox.request import Call, Json, Operation

Run = Callable[[Call], Json]

_table: dict[str, Operation] = {}


def operation(operation_id: str, method: str, path: str, **details: Any) -> Callable[[Run], Run]:
    """Register a function as an operation of the API. details: what else `Operation` holds.

    Raises:
        ValueError: There is an operation of that ID already.
    """

    def register(run: Run) -> Run:
        if operation_id in _table:
            raise ValueError(f"{operation_id} is registered twice")
        _table[operation_id] = Operation(id=operation_id, method=method, path=path, run=run, **details)
        return run

    return register


def registered(*, experimental: bool = False) -> dict[str, Operation]:
    """Return the operations that have been registered, by ID: those of Hex's document, or those beside it."""
    return {name: each for name, each in _table.items() if each.experimental is experimental}
