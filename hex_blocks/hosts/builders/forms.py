"""Which tools and inputs the forms of a builder show, and in which order."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hex_blocks.tools.spec.values import Input
from hex_blocks.tools.tool import Tool

# Checking the connection is a feature of credentials; the other two would put passwords into saved workflows.
HIDDEN_TOOLS = ("hex_check_connection", "hex_create_data_connection", "hex_update_data_connection")
HIDDEN_INPUTS = ("debug", "updateCache", "cancelOnInterrupt")
FAIL_ON_RUN_ERROR = "failOnRunError"
# Tools that raise an error if the run failed; a workflow may want to handle its status instead.
RAISING = ("hex_run_and_wait", "hex_wait_for_run")
WAITING = ("timeout", "startTimeout", "pollInterval")
NAMED_PROJECTS = ("projectId", "projectIds")

# The tools that are exported by default.
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
    """Return the tools that a builder shows, from those that were requested."""
    return [tool for tool in tools if tool.id not in HIDDEN_TOOLS]


def shown_inputs(tool: Tool) -> dict[str, Input]:
    """Return the inputs that a form shows.

    Required, optional, those about waiting, and advanced ones, in this order.
    """
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
    """Return whether a form has the value of an input as JSON text."""
    return field.type in ("array", "object", "any")


def has_three_states(field: Input) -> bool:
    """Return whether an input is true, false or not given, so that a checkbox cannot show it."""
    return field.type == "boolean" and field.default is None


def snake_case(name: str) -> str:
    """Return a name such as projectId as project_id."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
