"""Which tools a model is shown: few unless more are asked for, since every one of them costs it attention.

A toolset is a group of the palette under its own name; `run` is what most people say for `runs`. The default set is
what finding, running and following notebooks needs. What is not shown is still found and called by way of
hex_find_tool and hex_call_tool.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from hex_blocks.errors.classes import UnknownToolError
from hex_blocks.tools.registry import PREFIX, Registry
from hex_blocks.tools.tool import Tool

DEFAULT = "default"
ALL = "all"
# Tools whose form Hex has not confirmed; they are in no other set.
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
OTHER_NAMES = {"run": "runs", "users": "people"}


def names(registry: Registry) -> list[str]:
    """Name the toolsets there are."""
    return [DEFAULT, *("run" if group == "runs" else group for group in registry.groups), ALL, EXPERIMENTAL]


def select_tools(registry: Registry, wanted: Iterable[str] = (DEFAULT,), *, read_only: bool = False) -> list[Tool]:
    """Return the tools of toolsets, or of tools named by their ids, each once, in the order asked for.

    read_only: only those that write nothing. Raises UnknownToolError, with what looks like the name.
    """
    chosen = {tool.id: tool for name in wanted for tool in _meant(registry, name)}
    return [tool for tool in chosen.values() if tool.operation == "query" or not read_only]


def _meant(registry: Registry, name: str) -> list[Tool]:
    if name == DEFAULT:
        return [registry[tool_id] for tool_id in DEFAULT_TOOLS]
    if name == ALL:
        return [tool for tool in registry.values() if not tool.experimental]
    if name == EXPERIMENTAL:
        return [tool for tool in registry.values() if tool.experimental]
    if (group := OTHER_NAMES.get(name, name)) in registry.groups:
        return [tool for tool in registry.values() if tool.group == group and not tool.experimental]
    if name in registry:
        return [registry[name]]
    known = [*names(registry), *registry]
    raise UnknownToolError(name, get_close_matches(name, known, 3) or get_close_matches(PREFIX + name, known, 3))
