"""The table of the API's operations. Each operation registers itself with a decorator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hex_blocks.sandbox.request import Json, Operation, OperationCall

Run = Callable[[OperationCall], Json]

_table: dict[str, Operation] = {}


def operation(operation_id: str, method: str, path: str, **details: Any) -> Callable[[Run], Run]:
    """Return a decorator that registers a function as an operation of the API.

    Args:
        operation_id: Its ID in Hex's API document.
        method: Its HTTP method.
        path: Its path, with names in braces.
        details: Further attributes of `Operation`.

    Raises:
        ValueError: The ID is already registered.
    """

    def register(run: Run) -> Run:
        if operation_id in _table:
            raise ValueError(f"{operation_id} is registered twice")
        _table[operation_id] = Operation(id=operation_id, method=method, path=path, run=run, **details)
        return run

    return register


def registered(*, experimental: bool = False) -> dict[str, Operation]:
    """Return the registered operations by ID: those of Hex's API document, or the experimental ones."""
    return {name: each for name, each in _table.items() if each.experimental is experimental}
