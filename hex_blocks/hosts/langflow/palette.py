"""The components there are: what each is called, and which tool it runs."""

from __future__ import annotations

from dataclasses import dataclass

from hex_blocks.hosts.builders.forms import HIDDEN_TOOLS, shown_tools, snake_case
from hex_blocks.tools.registry import PREFIX, Registry
from hex_blocks.tools.tool import Tool

# Names that a component of Langflow has for itself.
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
        name: The name of its class, which saved flows hold.
        title: What the canvas calls it.
        tool: The tool.
        icon: One of Langflow's icons.
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
    """Return what a component calls an input: in snake case, and no name that a component has for itself."""
    plain = snake_case(name)
    return f"hex_{plain}" if plain in RESERVED else plain


def key_of(tool: Tool) -> str:
    """Return what a tool is called in a list of actions."""
    return tool.id.removeprefix(PREFIX)


def actions(registry: Registry) -> list[str]:
    """Return the actions there are to choose from."""
    return [key_of(tool) for tool in shown_tools(registry.values()) if not tool.experimental]


def is_action(tool: str) -> bool:
    """Whether a tool may be run from a canvas."""
    return tool not in HIDDEN_TOOLS
