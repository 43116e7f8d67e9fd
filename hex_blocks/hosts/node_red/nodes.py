"""The nodes, with the tools that each runs and the fields of its form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hex_blocks.hosts.javascript.data import runs_in_javascript
from hex_blocks.hosts.javascript.forms import in_order, inputs_of, key_of
from hex_blocks.i18n.texts import Phrase, phrase
from hex_blocks.tools.spec.values import Input
from hex_blocks.tools.tool import Tool

# Tools that would put passwords into flows, need the record of runs, or are replaced by nodes.
HIDDEN_TOOLS = {
    "hex_check_connection",
    "hex_create_data_connection",
    "hex_update_data_connection",
    "hex_run_batch",
    "hex_run_pipeline",
    "hex_wait_for_run",
    "hex_watch_runs",
}
# Inputs whose names are properties of every node in Node-RED, with the names of their fields. `name` is not among
# them: a node's name and an input with this name share one field.
FIELD_NAMES = {"type": "typeInput", "status": "statusInput"}
PICKED = ("projectId", "collectionId", "groupId", "userId", "dataConnectionId", "runId")
# The types of a field's value in the order in which the editor offers them, and the default type for each input type.
TYPES = ("str", "num", "bool", "json", "date", "msg", "flow", "global", "env", "jsonata")
USUAL = {"integer": "num", "number": "num", "boolean": "bool", "object": "json", "array": "json", "any": "json"}


@dataclass(frozen=True)
class Kind:
    """A kind of node: its name in the palette, and its tools, given one by one or by group."""

    type: str
    label: Phrase
    tools: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    help: Phrase | None = None


KINDS = (
    Kind(
        "hex-run",
        phrase("Run project"),
        ("hex_run_and_wait", "hex_run_project"),
        help=phrase(
            "Runs a project with parameters and sends the finished run. While it waits, the node shows for how long. "
            "A message with reset stops the wait; the run keeps running in Hex."
        ),
    ),
    Kind(
        "hex-results",
        phrase("Run results"),
        ("hex_get_run_results",),
        help=phrase("Fetches the charts of a finished run as pictures, each a Buffer."),
    ),
    Kind(
        "hex-status",
        phrase("Run status"),
        ("hex_get_run_status", "hex_get_project_runs", "hex_cancel_run", "hex_cancel_active_runs"),
    ),
    Kind("hex-find", phrase("Find project"), ("hex_find_project",)),
    Kind("hex-ask", phrase("Ask Hex"), ("hex_ask",)),
    Kind("hex-notebook", phrase("Notebook"), ("hex_run_notebook", "hex_get_notebook_run_status")),
    Kind("hex-projects", phrase("Projects"), groups=("projects",)),
    Kind("hex-cells", phrase("Cells"), groups=("cells",)),
    Kind("hex-threads", phrase("Threads"), groups=("threads",)),
    Kind("hex-collections", phrase("Collections"), groups=("collections",)),
    Kind("hex-people", phrase("Users and groups"), groups=("people",)),
    Kind("hex-data-connections", phrase("Data connections"), groups=("connections",)),
    Kind("hex-semantic", phrase("Semantic projects"), groups=("semantic",)),
    Kind("hex-guides", phrase("Guides"), groups=("guides",)),
)
OWN = {name for kind in KINDS for name in kind.tools}


@dataclass(frozen=True)
class Node:
    """A node with the tools of an export."""

    kind: Kind
    tools: tuple[Tool, ...]

    @property
    def type(self) -> str:
        """The type of the node in flows."""
        return self.kind.type

    @property
    def waits(self) -> bool:
        """Whether it has the option to wait for the run that it starts."""
        return self.type == "hex-run"

    @property
    def fields(self) -> dict[str, Input]:
        """The inputs of all its operations: required ones first, advanced ones last."""
        found: dict[str, Input] = {}
        for tool in self.tools:
            for name, field in inputs_of(tool).items():
                found.setdefault(name, field)
        return in_order(found)


def nodes_of(tools: Iterable[Tool], groups: dict[str, Any]) -> list[Node]:
    """Return the nodes for tools; each group of a plugin has its own node."""
    shown = [tool for tool in tools if tool.id not in HIDDEN_TOOLS and runs_in_javascript(tool)]
    known = {group for kind in KINDS for group in kind.groups}
    others = dict.fromkeys(tool.group for tool in shown if tool.id not in OWN and tool.group not in known)
    more = [Kind(f"hex-{group}", phrase(groups[group]["title"]), groups=(group,)) for group in others]
    made = [Node(kind, _tools_of(kind, shown)) for kind in (*KINDS, *more)]
    return [node for node in made if node.tools]


def _tools_of(kind: Kind, shown: Sequence[Tool]) -> tuple[Tool, ...]:
    if kind.tools:
        by_id = {tool.id: tool for tool in shown}
        return tuple(by_id[name] for name in kind.tools if name in by_id)
    return tuple(tool for tool in shown if tool.group in kind.groups and tool.id not in OWN)


def field_name(name: str) -> str:
    """Return the name of an input's field in flows."""
    return FIELD_NAMES.get(name, name)


def catalogue(nodes: Iterable[Node]) -> dict[str, Any]:
    """Return the data about nodes that the runtime reads."""
    return {
        "nodes": {
            node.type: {
                "waits": node.waits,
                "operations": {
                    key_of(tool): {
                        "tool": tool.id,
                        "inputs": list(inputs_of(tool)),
                        **({"rows": rows} if (rows := rows_of(tool)) else {}),
                    }
                    for tool in node.tools
                },
            }
            for node in nodes
        }
    }


def rows_of(tool: Tool) -> str | None:
    """Return the output whose entries can be sent as separate messages: that of paging, or the first list."""
    spec = tool.spec
    if spec.paging is not None:
        return spec.paging.items
    return next((name for name, output in spec.outputs.items() if output.type == "array"), None)


def usual_type(field: Input) -> str:
    """Return the default type of a field's value."""
    return USUAL.get(field.type, "str")
