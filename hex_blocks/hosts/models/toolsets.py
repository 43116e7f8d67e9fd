"""Toolsets: named sets of tools that a model is shown. The default set is small, since each tool costs context.

Each group of the palette is a toolset; `runs` can also be written `run`. The default set has the tools for finding,
running and following projects. A model can find and call all other tools with hex_find_tool and hex_call_tool.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from hex_blocks.errors.classes import UnknownToolError
from hex_blocks.tools.registry import PREFIX, Registry
from hex_blocks.tools.tool import Tool

DEFAULT = "default"
ALL = "all"
# Tools whose requests Hex has not confirmed; they are in no other set.
EXPERIMENTAL = "experimental"
DEFAULT_TOOLS = (
    "hex_find_project",
    "hex_run_and_wait",
    "hex_run_project",
    "hex_run_batch",
    "hex_get_run_status",
    "hex_get_run_results",
    "hex_get_project_runs",
    "hex_cancel_run",
)
ALIASES = {"run": "runs", "users": "people"}


def names(registry: Registry) -> list[str]:
    """Return the names of all toolsets."""
    return [DEFAULT, *("run" if group == "runs" else group for group in registry.groups), ALL, EXPERIMENTAL]


def select_tools(registry: Registry, wanted: Iterable[str] = (DEFAULT,), *, read_only: bool = False) -> list[Tool]:
    """Return the tools of toolsets and single tools, each once, in the given order.

    Args:
        registry: The registry that the tools come from.
        wanted: Names of toolsets and IDs of tools.
        read_only: Whether to leave out tools that write.

    Raises:
        UnknownToolError: A name is neither a toolset's nor a tool's; the error has similar names.
    """
    selected = {tool.id: tool for name in wanted for tool in _tools_named(registry, name)}
    return [tool for tool in selected.values() if tool.operation == "query" or not read_only]


def _tools_named(registry: Registry, name: str) -> list[Tool]:
    if name == DEFAULT:
        return [registry[tool_id] for tool_id in DEFAULT_TOOLS]
    if name == ALL:
        return [tool for tool in registry.values() if not tool.experimental]
    if name == EXPERIMENTAL:
        return [tool for tool in registry.values() if tool.experimental]
    if (group := ALIASES.get(name, name)) in registry.groups:
        return [tool for tool in registry.values() if tool.group == group and not tool.experimental]
    if name in registry:
        return [registry[name]]
    known = [*names(registry), *registry]
    raise UnknownToolError(name, get_close_matches(name, known, 3) or get_close_matches(PREFIX + name, known, 3))
