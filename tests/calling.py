"""Calling our own tools on a connection of a test."""

from __future__ import annotations

from functools import cache

from hex_blocks import Connection, Hex, Registry


@cache
def our_tools() -> Registry:
    """Return our own tools, without those of installed plugins."""
    return Registry.load(plugins=False)


def confirmed(registry: Registry) -> list[str]:
    """Name the tools whose form Hex has confirmed, which is what all sets are made of."""
    return [tool.id for tool in registry.values() if not tool.experimental]


def hex_on(connection: Connection | None = None) -> Hex:
    """Return Hex on a connection, that of the environment where none is given."""
    return Hex(connection=connection, tools=our_tools())
