"""What each tool is given on the sandbox, and which of its outputs shows that it was done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hex_blocks.sandbox.workspace import World

REPORT = "01234567-89ab-cdef-0123-456789abcdef"
RUN = "01234567-89ab-cdef-0123-456789abcdef"
ENDLESS = "Endless simulation"
UPDATES = [{"type": "TABLE", "name": "analytics.shop.orders", "status": "Endorsed"}]

Params = dict[str, Any]
Made = Callable[[World], Params]


def project(**more: Any) -> Made:
    return lambda world: {"projectId": REPORT, **more}


def run(**more: Any) -> Made:
    return lambda world: {"projectId": REPORT, "runId": RUN, **more}


def cell(label: str, **more: Any) -> Made:
    return lambda world: {"cellId": world.cell("Revenue report", label).id, **more}


def thread(title: str, **more: Any) -> Made:
    return lambda world: {"threadId": world.thread(title).id, **more}


def nothing(world: World) -> Params:
    return {}


def sharing(name: str, of: Callable[[World], str]) -> Made:
    return lambda world: {"projectId": REPORT, name: [of(world)], "access": "CAN_VIEW"}


CALLS: dict[str, tuple[Made, str]] = {
    "run_notebook": (project(inputParamsJson='{"region": "EMEA"}'), "runUrl"),
    "get_notebook_run_status": (run(), "result"),
    "run_project": (project(inputParams='{"region": "EMEA"}'), "runStatusUrl"),
    "run_and_wait": (project(inputParams={"region": "EMEA"}), "elapsedSeconds"),
    "wait_for_run": (run(), "elapsedSeconds"),
    "get_run_status": (run(), "status"),
    "get_run_results": (run(), "files"),
    "get_run_chart_image": (
        lambda w: {"projectId": REPORT, "runId": RUN, "staticId": w.cell("Revenue report", "Revenue chart").static_id},
        "file",
    ),
    "get_project_runs": (project(limit="5", statusFilter="COMPLETED"), "runs"),
    "cancel_run": (lambda w: {"projectId": w.project(ENDLESS).id}, "success"),
    "cancel_active_runs": (project(), "cancelledCount"),
    "list_projects": (nothing, "projects"),
    "get_project": (project(), "title"),
    "get_project_inputs": (project(), "inputs"),
    "find_project": (lambda w: {"query": "revenue report"}, "matches"),
    "get_queried_tables": (project(), "tables"),
    "create_project": (lambda w: {"title": "New"}, "id"),
    "update_project": (project(status="Exploratory"), "id"),
    "export_project": (project(), "content"),
    "create_presigned_url": (project(theme="dark"), "url"),
    "edit_project_sharing_users": (sharing("userIds", lambda w: w.user("Eli Brandt").id), "project"),
    "edit_project_sharing_groups": (sharing("groupIds", lambda w: w.group("Growth").id), "project"),
    "edit_project_sharing_collections": (sharing("collectionIds", lambda w: w.collection("Archive").id), "project"),
    "edit_project_sharing_workspace": (project(workspaceAccess="APP_ONLY"), "project"),
    "list_cells": (project(), "cells"),
    "get_cell": (cell("Totals"), "cellType"),
    "get_cell_output": (cell("Refunds"), "result"),
    "get_cell_chart_image": (cell("Revenue chart"), "file"),
    "create_cell": (project(cellType="SQL", sql="select 1"), "id"),
    "update_cell": (cell("Totals", code="1 + 1"), "id"),
    "delete_cell": (cell("Totals"), "cellId"),
    "ask": (lambda w: {"prompt": "How many orders?"}, "text"),
    "create_thread": (lambda w: {"prompt": "How many orders?", "projectId": REPORT}, "threadId"),
    "continue_thread": (thread("Which cohort stays longest?", prompt="And why?"), "threadId"),
    "get_thread": (thread("Why did revenue dip in March?"), "response"),
    "get_thread_messages": (thread("Are there duplicate orders?"), "messages"),
    "list_threads": (nothing, "threads"),
    "list_topics": (nothing, "topics"),
    "list_collections": (nothing, "collections"),
    "get_collection": (lambda w: {"collectionId": w.collection("Archive").id}, "name"),
    "create_collection": (lambda w: {"name": "New", "workspaceAccess": "MEMBER"}, "id"),
    "update_collection": (lambda w: {"collectionId": w.collection("Archive").id, "description": "Old"}, "id"),
    "list_users": (nothing, "users"),
    "get_current_user": (nothing, "email"),
    "deactivate_user": (lambda w: {"userId": w.user("Ines Costa").id}, "userId"),
    "list_groups": (nothing, "groups"),
    "get_group": (lambda w: {"groupId": w.group("Growth").id}, "name"),
    "create_group": (lambda w: {"name": "New", "userIds": [w.user("Ines Costa").id]}, "id"),
    "update_group": (lambda w: {"groupId": w.group("Growth").id, "name": "Growing"}, "name"),
    "delete_group": (lambda w: {"groupId": w.group("Growth").id}, "groupId"),
    "list_data_connections": (nothing, "connections"),
    "get_data_connection": (lambda w: {"dataConnectionId": w.connection("Logs").id}, "name"),
    "update_data_connection_schema": (
        lambda w: {"dataConnectionId": w.connection("Warehouse").id, "updates": UPDATES},
        "updated",
    ),
}
