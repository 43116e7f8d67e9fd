"""Every operation of the node in n8n-core, once as it should be and once where Hex refuses it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from hex_blocks.hosts.n8n.operations import operations
from hex_blocks.sandbox import Sandbox
from hex_blocks.sandbox.model import Guide
from hex_blocks.sandbox.workspace import World
from hex_blocks.tools.registry import Registry
from tests.hosts.n8n.conftest import Engine, use, workflow

REPORT = "01234567-89ab-cdef-0123-456789abcdef"
RUN = "01234567-89ab-cdef-0123-456789abcdef"
PARAMETERS = {
    "values": [
        {"name": "start_date", "type": "date", "value": "2026-01-01"},
        {"name": "end_date", "type": "date", "value": "2026-01-31"},
        {"name": "region", "type": "string", "value": "EMEA"},
    ]
}

Parameters = dict[str, Any]


def picked(value: str) -> Parameters:
    """Give what the editor keeps of something that was picked from a list."""
    return {"__rl": True, "mode": "list", "value": value, "cachedResultName": "Something"}


def a_run(world: World) -> Parameters:
    return {"projectId": picked(REPORT), "runId": picked(RUN)}


def chart(world: World) -> str:
    return world.cell("Revenue report", "Revenue chart").static_id


def cell(project: str, label: str) -> Callable[[World], Parameters]:
    return lambda world: {"cellId": world.cell(project, label).id}


def project(**more: Any) -> Callable[[World], Parameters]:
    return lambda world: {"projectId": picked(REPORT), **more}


def thread(title: str, **more: Any) -> Callable[[World], Parameters]:
    return lambda world: {"threadId": picked(world.thread(title).id), **more}


def nothing(world: World) -> Parameters:
    return {}


UPDATES = [{"type": "TABLE", "name": "analytics.shop.orders", "status": "Endorsed"}]
# What each operation is given, and what of its first item shows that it was done.
EXAMPLES: dict[str, tuple[Callable[[World], Parameters], str]] = {
    "runNotebook": (lambda w: {"projectId": picked(REPORT), "inputParamsJson": '{"region": "EMEA"}'}, "runUrl"),
    "getNotebookRunStatus": (lambda w: {"projectId": picked(REPORT), "runId": RUN}, "result"),
    "runProject": (project(inputParams=PARAMETERS), "elapsedSeconds"),
    "waitForRun": (a_run, "elapsedSeconds"),
    "getRunStatus": (a_run, "status"),
    "getRunResults": (a_run, "charts"),
    "getRunChartImage": (lambda w: {**a_run(w), "staticId": picked(chart(w))}, "image"),
    "getProjectRuns": (project(), "runId"),
    "cancelRun": (lambda w: {"projectId": picked(w.project("Endless simulation").id), "runId": "{run}"}, "success"),
    "cancelActiveRuns": (project(), "cancelledCount"),
    "listProjects": (nothing, "title"),
    "getProject": (project(), "title"),
    "findProject": (lambda w: {"query": "revenue report"}, "matchedBy"),
    "getProjectInputs": (project(), "inputs"),
    "getQueriedTables": (project(), "tableName"),
    "createProject": (lambda w: {"title": "New"}, "id"),
    "updateProject": (project(status="Exploratory"), "id"),
    "exportProject": (project(), "content"),
    "createPresignedUrl": (project(options={"theme": "dark"}), "url"),
    "editProjectSharingUsers": (
        lambda w: {**project()(w), "userIds": [w.user("Eli Brandt").id], "access": "CAN_VIEW"},
        "project",
    ),
    "editProjectSharingGroups": (
        lambda w: {**project()(w), "groupIds": [w.group("Growth").id], "access": "CAN_VIEW"},
        "project",
    ),
    "editProjectSharingCollections": (
        lambda w: {**project()(w), "collectionIds": [w.collection("Archive").id], "access": "CAN_VIEW"},
        "project",
    ),
    "editProjectSharingWorkspace": (project(options={"workspaceAccess": "APP_ONLY"}), "project"),
    "listCells": (project(), "cellType"),
    "getCell": (cell("Revenue report", "Totals"), "cellType"),
    "getCellOutput": (cell("Revenue report", "Refunds"), "result"),
    "getCellChartImage": (cell("Revenue report", "Revenue chart"), "image"),
    "createCell": (project(cellType="SQL", options={"sql": "select 1"}), "id"),
    "updateCell": (lambda w: {**cell("Revenue report", "Totals")(w), "options": {"code": "1 + 1"}}, "id"),
    "deleteCell": (cell("Revenue report", "Totals"), "deleted"),
    "ask": (lambda w: {"prompt": "How many orders?"}, "text"),
    "createThread": (lambda w: {"prompt": "How many orders?", "options": {"projectId": picked(REPORT)}}, "threadId"),
    "continueThread": (thread("Which cohort stays longest?", prompt="And why?"), "threadId"),
    "getThread": (thread("Why did revenue dip in March?"), "response"),
    "getThreadMessages": (thread("Are there duplicate orders?"), "text"),
    "listThreads": (nothing, "title"),
    "listTopics": (nothing, "name"),
    "listCollections": (nothing, "name"),
    "getCollection": (lambda w: {"collectionId": picked(w.collection("Archive").id)}, "name"),
    "createCollection": (lambda w: {"name": "New", "options": {"workspaceAccess": "MEMBER"}}, "id"),
    "updateCollection": (
        lambda w: {"collectionId": picked(w.collection("Archive").id), "options": {"description": "Old"}},
        "id",
    ),
    "listUsers": (nothing, "email"),
    "getCurrentUser": (nothing, "email"),
    "deactivateUser": (lambda w: {"userId": picked(w.user("Ines Costa").id)}, "user"),
    "listGroups": (nothing, "name"),
    "getGroup": (lambda w: {"groupId": picked(w.group("Growth").id)}, "name"),
    "createGroup": (lambda w: {"name": "New", "options": {"userIds": [w.user("Ines Costa").id]}}, "id"),
    "updateGroup": (lambda w: {"groupId": picked(w.group("Growth").id), "options": {"name": "Growing"}}, "name"),
    "deleteGroup": (lambda w: {"groupId": picked(w.group("Growth").id)}, "deleted"),
    "listDataConnections": (nothing, "name"),
    "getDataConnection": (lambda w: {"dataConnectionId": picked(w.connection("Logs").id)}, "name"),
    "updateDataConnectionSchema": (
        lambda w: {"dataConnectionId": picked(w.connection("Warehouse").id), "updates": json.dumps(UPDATES)},
        "updated",
    ),
    "updateSemanticProject": (
        lambda w: {
            "semanticProjectId": w.semantic_project("Shop").id,
            "updates": json.dumps([{"type": "VIEW", "name": "revenue_by_region", "status": None}]),
        },
        "updated",
    ),
    "listDraftGuides": (nothing, "filePath"),
    "upsertGuideDraft": (lambda w: {"files": json.dumps([{"filePath": "new.md", "contents": "# New"}])}, "files"),
    "publishGuideDrafts": (lambda w: {"options": {"publishAllDraftGuides": True}}, "message"),
    "deleteGuideDraft": (lambda w: {"orgGuideFileId": w.named(Guide, "metrics/churn.md").id}, "deleted"),
}


def parameters_of(operation: str, sandbox: Sandbox, engine: Engine) -> Parameters:
    given = EXAMPLES[operation][0](sandbox.world)
    if given.get("runId") == "{run}":
        started = engine.ask(
            "run",
            workflow=workflow("runProject", {"projectId": given["projectId"], "waitForCompletion": False}),
        )
        given["runId"] = first(started)["json"]["runId"]
    return given


def first(result: Any) -> Any:
    return result["outputs"]["Hex"][0][0][0]


SHOWN = [each.value for each in operations(Registry.load(plugins=False).values()) if not each.tool.experimental]


def test_every_operation_has_an_example():
    assert set(SHOWN) == set(EXAMPLES)


@pytest.mark.parametrize("operation", SHOWN)
def test_an_operation_is_done(operation, n8n, sandbox, operate):
    parameters = parameters_of(operation, sandbox, n8n)

    done = operate(operation, parameters)

    assert done["status"] == "success", done["error"]
    item = first(done)
    assert EXAMPLES[operation][1] in item["json"], item
    assert item["pairedItem"] == {"item": 0}
    assert "base64" not in json.dumps(item["json"])


@pytest.mark.parametrize("operation", SHOWN)
def test_an_operation_that_hex_refuses_goes_to_the_error_output(operation, n8n, sandbox, operate):
    parameters = parameters_of(operation, sandbox, n8n)
    use(n8n, sandbox, token="hxtp_nobody")

    done = operate(operation, parameters, onError="continueErrorOutput")

    assert done["status"] == "success", done["error"]
    well, failed = done["outputs"]["Hex"][0]
    assert well == []
    assert list(failed[0]["json"]) == ["error"]
    assert failed[0]["json"]["error"]["errorKey"] == "token_refused"
    assert set(failed[0]["json"]["error"]) == {"message", "errorKey", "hint", "runUrl", "traceId"}
    assert failed[0]["pairedItem"] == {"item": 0}
    assert "hxtp_" not in done["stored"]
