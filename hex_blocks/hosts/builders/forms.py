"""What a builder's form shows of a tool: which tools and inputs, and in which order."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hex_blocks.tools.spec.values import Input
from hex_blocks.tools.tool import Tool

# The check is the connection's own test; the others would put passwords into saved workflows.
HIDDEN_TOOLS = ("hex_check_connection", "hex_create_data_connection", "hex_update_data_connection")
HIDDEN_INPUTS = ("debug", "updateCache", "cancelOnInterrupt")
FAIL_ON_RUN_ERROR = "failOnRunError"
# Tools that raise how a run ended, which a workflow may want to look at itself.
RAISING = ("hex_run_and_wait", "hex_wait_for_run")
WAITING = ("timeout", "startTimeout", "pollInterval")
NAMED_PROJECTS = ("projectId", "projectIds")

# What agents and workflows use, shown where no other tools are asked for.
AGENT_TOOLS = (
    "hex_run_notebook",
    "hex_get_notebook_run_status",
    "hex_run_project",
    "hex_run_and_wait",
    "hex_run_batch",
    "hex_run_pipeline",
    "hex_get_run_status",
    "hex_get_run_results",
    "hex_get_project_runs",
    "hex_cancel_run",
    "hex_watch_runs",
    "hex_find_project",
    "hex_get_project",
    "hex_get_project_inputs",
    "hex_list_projects",
    "hex_create_project",
    "hex_update_project",
    "hex_get_queried_tables",
    "hex_ask",
    "hex_create_thread",
    "hex_continue_thread",
    "hex_get_thread",
    "hex_list_threads",
    "hex_list_users",
    "hex_list_groups",
    "hex_list_collections",
    "hex_get_collection",
    "hex_create_collection",
    "hex_list_data_connections",
    "hex_get_data_connection",
)


def shown_tools(tools: Iterable[Tool]) -> list[Tool]:
    """Return the tools that a builder's canvas has, of those asked for."""
    return [tool for tool in tools if tool.id not in HIDDEN_TOOLS]


def shown_inputs(tool: Tool) -> dict[str, Input]:
    """Return the inputs that a form shows: required ones first, then the others, what waits, and advanced ones."""
    shown = {
        name: field
        for name, field in tool.spec.inputs.items()
        if field.place != "connection" and field.format != "path" and name not in HIDDEN_INPUTS
    }
    return dict(sorted(shown.items(), key=lambda entry: _rank(*entry)))


def _rank(name: str, field: Input) -> tuple[int, int]:
    if field.required:
        return 0, 0 if name in NAMED_PROJECTS else 1
    if field.advanced:
        return 3, 0
    return (2, 0) if name in WAITING else (1, 0)


def is_json(field: Input) -> bool:
    """Whether a form takes the value as JSON text."""
    return field.type in ("array", "object", "any")


def has_three_states(field: Input) -> bool:
    """Whether not given is neither true nor false, so that a box to tick would say too much."""
    return field.type == "boolean" and field.default is None


def snake_case(name: str) -> str:
    """Return a name such as projectId as project_id."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
