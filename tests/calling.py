"""Calling tools on a connection of a test."""

from __future__ import annotations

from functools import cache

from hex_blocks import Connection, Hex, Registry


@cache
def our_tools() -> Registry:
    """Return the tools of hex_blocks, without those of installed plugins."""
    return Registry.load(plugins=False)


def confirmed(registry: Registry) -> list[str]:
    """Return the IDs of the tools that are not experimental, which are those in toolsets."""
    return [tool.id for tool in registry.values() if not tool.experimental]


def hex_on(connection: Connection | None = None) -> Hex:
    """Return a client with a connection. Default: from the environment."""
    return Hex(connection=connection, tools=our_tools())
