"""The components, with the name of each and the tool it runs."""

from __future__ import annotations

from dataclasses import dataclass

from hex_blocks.hosts.builders.forms import HIDDEN_TOOLS, shown_tools, snake_case
from hex_blocks.tools.registry import PREFIX, Registry
from hex_blocks.tools.tool import Tool

# Names of attributes that components of Langflow already have.
RESERVED = frozenset(
    {
        "code",
        "config",
        "ctx",
        "data",
        "description",
        "display_name",
        "edges",
        "events",
        "field_order",
        "flow_id",
        "graph",
        "icon",
        "id",
        "index",
        "inputs",
        "is_output",
        "list_flows",
        "log",
        "logs",
        "metadata",
        "name",
        "output",
        "outputs",
        "priority",
        "result",
        "run",
        "session_id",
        "set",
        "start",
        "status",
        "stop",
        "template",
        "tools",
        "trace_name",
        "tree",
        "type",
        "update",
        "user_id",
        "validate",
        "value",
        "variables",
        "vertex",
    }
)


@dataclass(frozen=True)
class Kind:
    """A component that runs one tool.

    Attributes:
        name: The name of its class, which saved flows contain.
        title: Its name on the canvas.
        tool: The tool.
        icon: The name of one of Langflow's icons.
    """

    name: str
    title: str
    tool: str
    icon: str


KINDS = (
    Kind("HexRunProject", "Run Hex project", "hex_run_and_wait", "Play"),
    Kind("HexRunBatch", "Run Hex batch", "hex_run_batch", "ListChecks"),
    Kind("HexRunResults", "Hex run results", "hex_get_run_results", "ChartLine"),
    Kind("HexFindProject", "Find Hex project", "hex_find_project", "Search"),
    Kind("HexAsk", "Ask Hex", "hex_ask", "MessageCircleQuestion"),
    Kind("HexWatchRuns", "Watch Hex runs", "hex_watch_runs", "Eye"),
)
NOTEBOOK = ("hex_run_notebook", "hex_get_notebook_run_status")


def input_name(name: str) -> str:
    """Return the name of an input's field: in snake case, with the prefix `hex_` if it is one of RESERVED."""
    plain = snake_case(name)
    return f"hex_{plain}" if plain in RESERVED else plain


def key_of(tool: Tool) -> str:
    """Return the name of a tool in the list of actions."""
    return tool.id.removeprefix(PREFIX)


def actions(registry: Registry) -> list[str]:
    """Return the names of all actions."""
    return [key_of(tool) for tool in shown_tools(registry.values()) if not tool.experimental]


def is_action(tool: str) -> bool:
    """Return whether a tool may be run from a canvas."""
    return tool not in HIDDEN_TOOLS
