"""The operations of the node: the resource, key and names of each tool."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hex_blocks.hosts.javascript.data import runs_in_javascript
from hex_blocks.hosts.javascript.titles import sentence_case, title_case
from hex_blocks.tools.registry import PREFIX
from hex_blocks.tools.tool import Tool

# The resources in the order of the editor, with their names.
RESOURCES = {
    "notebook": "Notebook",
    "run": "Run",
    "project": "Project",
    "cell": "Cell",
    "thread": "Thread",
    "collection": "Collection",
    "user": "User",
    "group": "Group",
    "dataConnection": "Data Connection",
    "semanticProject": "Semantic Project",
    "guide": "Guide",
}
# The resource for the tools of a group; NAMED has exceptions.
RESOURCE_OF_GROUP = {
    "notebook": "notebook",
    "runs": "run",
    "projects": "project",
    "cells": "cell",
    "threads": "thread",
    "collections": "collection",
    "people": "user",
    "connections": "dataConnection",
    "semantic": "semanticProject",
    "guides": "guide",
}
# Tools with other names than their titles: resource, name, action.
NAMED = {
    "hex_run_notebook": ("notebook", "Run Notebook", "Run notebook"),
    "hex_get_notebook_run_status": ("notebook", "Get Run Status", "Get notebook run status"),
    "hex_run_project": ("run", "Run Project", "Run project"),
    "hex_wait_for_run": ("run", "Wait", "Wait for run"),
    "hex_get_run_status": ("run", "Get Status", "Get run status"),
    "hex_get_run_results": ("run", "Get Results", "Get run results"),
    "hex_get_run_chart_image": ("run", "Get Chart", "Get chart of run"),
    "hex_get_project_runs": ("run", "Get Many", "Get many runs"),
    "hex_cancel_run": ("run", "Cancel", "Cancel run"),
    "hex_cancel_active_runs": ("run", "Cancel All Active", "Cancel all active runs"),
    "hex_list_projects": ("project", "Get Many", "Get many projects"),
    "hex_get_project": ("project", "Get", "Get project"),
    "hex_find_project": ("project", "Find", "Find project"),
    "hex_get_project_inputs": ("project", "Get Inputs", "Get inputs of project"),
    "hex_get_queried_tables": ("project", "Get Queried Tables", "Get queried tables of project"),
    "hex_create_project": ("project", "Create", "Create project"),
    "hex_update_project": ("project", "Update", "Update project"),
    "hex_export_project": ("project", "Export", "Export project"),
    "hex_create_presigned_url": ("project", "Create Embedding Link", "Create embedding link of project"),
    "hex_edit_project_sharing_users": ("project", "Share with Users", "Share project with users"),
    "hex_edit_project_sharing_groups": ("project", "Share with Groups", "Share project with groups"),
    "hex_edit_project_sharing_workspace": ("project", "Share with Workspace", "Share project with workspace"),
    "hex_edit_project_sharing_collections": ("project", "Add to Collections", "Add project to collections"),
    "hex_list_cells": ("cell", "Get Many", "Get many cells"),
    "hex_get_cell": ("cell", "Get", "Get cell"),
    "hex_get_cell_output": ("cell", "Get Output", "Get output of cell"),
    "hex_get_cell_chart_image": ("cell", "Get Chart", "Get chart of cell"),
    "hex_create_cell": ("cell", "Create", "Create cell"),
    "hex_update_cell": ("cell", "Update", "Update cell"),
    "hex_delete_cell": ("cell", "Delete", "Delete cell"),
    "hex_ask": ("thread", "Ask and Wait", "Ask and wait for answer"),
    "hex_create_thread": ("thread", "Create", "Create thread"),
    "hex_continue_thread": ("thread", "Continue", "Continue thread"),
    "hex_get_thread": ("thread", "Get", "Get thread"),
    "hex_list_threads": ("thread", "Get Many", "Get many threads"),
    "hex_get_thread_messages": ("thread", "Get Messages", "Get messages of thread"),
    "hex_list_topics": ("thread", "Get Topics", "Get topics of threads"),
    "hex_list_collections": ("collection", "Get Many", "Get many collections"),
    "hex_get_collection": ("collection", "Get", "Get collection"),
    "hex_create_collection": ("collection", "Create", "Create collection"),
    "hex_update_collection": ("collection", "Update", "Update collection"),
    "hex_list_users": ("user", "Get Many", "Get many users"),
    "hex_get_current_user": ("user", "Get Current", "Get current user"),
    "hex_deactivate_user": ("user", "Deactivate", "Deactivate user"),
    "hex_list_groups": ("group", "Get Many", "Get many groups"),
    "hex_get_group": ("group", "Get", "Get group"),
    "hex_create_group": ("group", "Create", "Create group"),
    "hex_update_group": ("group", "Update", "Update group"),
    "hex_delete_group": ("group", "Delete", "Delete group"),
    "hex_list_data_connections": ("dataConnection", "Get Many", "Get many data connections"),
    "hex_get_data_connection": ("dataConnection", "Get", "Get data connection"),
    "hex_update_data_connection_schema": ("dataConnection", "Update Schema", "Update schema of data connection"),
    "hex_update_semantic_project": ("semanticProject", "Update", "Update semantic project"),
    "hex_list_draft_guides": ("guide", "Get Many Drafts", "Get many guide drafts"),
    "hex_upsert_guide_draft": ("guide", "Create or Update Drafts", "Create or update guide drafts"),
    "hex_publish_guide_drafts": ("guide", "Publish Drafts", "Publish guide drafts"),
    "hex_delete_guide_draft": ("guide", "Delete Draft", "Delete guide draft"),
}
# Tools that the node does not show, with the reasons.
HIDDEN = {
    "hex_check_connection": "the credential's own test does it",
    "hex_create_data_connection": "passwords would stand in workflow files",
    "hex_update_data_connection": "passwords would stand in workflow files",
    "hex_run_and_wait": "Run Project does it, with Wait for Completion",
    "hex_run_batch": "items do it",
    "hex_run_pipeline": "nodes in a row do it",
    "hex_watch_runs": "the trigger does it",
    "hex_ingest_semantic_project": "it reads a file of the machine",
}
# Tools that are not offered to an agent that uses the node as a tool.
HIDDEN_FROM_AGENTS = re.compile(
    r"hex_(deactivate_user|delete_\w+|cancel_active_runs|edit_project_sharing_\w+|publish_guide_drafts)"
)


@dataclass(frozen=True)
class Operation:
    """A tool as an operation of the node.

    Attributes:
        tool: The tool.
        resource: The key of its resource.
        value: The key of the operation.
        name: Its name in the list of operations of the resource.
        action: Its name in the palette.
    """

    tool: Tool
    resource: str
    value: str
    name: str
    action: str

    @property
    def hidden_from_agents(self) -> bool:
        """Whether it is not offered to agents."""
        return bool(HIDDEN_FROM_AGENTS.fullmatch(self.tool.id))


def operation_value(tool: Tool) -> str:
    """Return the key of a tool's operation: its ID without `hex_`, in camel case."""
    first, *others = tool.id.removeprefix(PREFIX).split("_")
    return first + "".join(part.capitalize() for part in others)


def operations(tools: Iterable[Tool]) -> list[Operation]:
    """Return the operations for tools, in the order of the resources."""
    shown = [_operation(tool) for tool in tools if tool.id not in HIDDEN and runs_in_javascript(tool)]
    order = {resource: number for number, resource in enumerate(RESOURCES)}
    return sorted(shown, key=lambda each: (order.get(each.resource, len(order)), each.resource, each.name))


def not_shown(tools: Iterable[Tool]) -> dict[str, str]:
    """Return the IDs of the tools that the node does not show, with the reasons."""
    return {
        tool.id: HIDDEN.get(tool.id, "it takes Python")
        for tool in tools
        if tool.id in HIDDEN or not runs_in_javascript(tool)
    }


def _operation(tool: Tool) -> Operation:
    resource, name, action = NAMED.get(tool.id) or (
        RESOURCE_OF_GROUP.get(tool.group, tool.group),
        title_case(tool.raw["title"]),
        sentence_case(tool.raw["title"]),
    )
    return Operation(tool, resource, operation_value(tool), name, action)


def resource_names(shown: Iterable[Operation], groups: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the names of the resources that have operations; a plugin's group has its title as name."""
    return {
        each.resource: RESOURCES.get(each.resource) or title_case(str(groups[each.resource]["title"])) for each in shown
    }
