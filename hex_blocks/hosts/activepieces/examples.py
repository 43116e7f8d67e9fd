"""Example flows, in the form that Activepieces imports."""

from __future__ import annotations

from typing import Any

Step = dict[str, Any]
# A placeholder for a project, which users replace.
PROJECT = "5a8591dd-4039-49df-9202-96385ba3eff8"
# The version of the format of flows, not of the piece.
SCHEMA_VERSION = "22"
_DAY = "2026-01-01T00:00:00.000Z"


def flows(piece: str, version: str) -> dict[str, dict[str, Any]]:
    """Return the example flows by name."""

    def step(name: str, title: str, kind: str, settings: dict[str, Any], **more: Any) -> Step:
        head = {"name": name, "displayName": title, "valid": True, "lastUpdatedDate": _DAY}
        return {**head, "type": kind, "settings": settings, **more}

    def of_hex(name: str, title: str, key: str, given: dict[str, Any], kind: str = "PIECE", **more: Any) -> Step:
        named = "triggerName" if kind == "PIECE_TRIGGER" else "actionName"
        settings = {
            "pieceName": piece,
            "pieceVersion": f"~{version}",
            named: key,
            "input": given,
            "propertySettings": {each: {"type": "MANUAL"} for each in given},
        }
        return step(name, title, kind, settings, **more)

    def template(title: str, about: str, trigger: Step) -> dict[str, Any]:
        flow = {"displayName": title, "trigger": trigger, "valid": True, "schemaVersion": SCHEMA_VERSION, "notes": []}
        return {
            "name": title,
            "type": "SHARED",
            "summary": about,
            "description": about,
            "tags": [],
            "blogUrl": None,
            "metadata": None,
            "author": "hex-blocks",
            "categories": [],
            "pieces": [piece],
            "flows": [flow],
            "status": "PUBLISHED",
        }

    run = {"projectId": "{{trigger['projectId']}}", "runId": "{{trigger['runId']}}"}
    results = of_hex("step_2", "Get Run Results", "get_run_results", run)
    completed = [
        [{"firstValue": "{{trigger['status']}}", "operator": "TEXT_EXACTLY_MATCHES", "secondValue": "COMPLETED"}]
    ]
    branches = [
        {"branchType": "CONDITION", "branchName": "Completed", "conditions": completed},
        {"branchType": "FALLBACK", "branchName": "Otherwise"},
    ]
    choice = {"branches": branches, "executionType": "EXECUTE_FIRST_MATCH"}
    router = step("step_1", "Router", "ROUTER", choice, children=[results, None])
    finished = of_hex(
        "trigger", "Run Finished", "run_finished", {"projectIds": [PROJECT]}, "PIECE_TRIGGER", nextAction=router
    )
    rows = [{"name": "region", "type": "string", "value": "{{step_1['item']}}"}]
    start = of_hex("step_2", "Run Project", "run_project", {"projectId": PROJECT, "inputParams": rows})
    loop = step(
        "step_1", "Loop on Items", "LOOP_ON_ITEMS", {"items": '{{["EMEA", "APAC", "AMER"]}}'}, firstLoopAction=start
    )
    schedule = step("trigger", "Select Trigger", "EMPTY", {}, nextAction=loop) | {"valid": False}
    return {
        "results-of-a-finished-run": template(
            "Results of a finished run", "Fetches the charts of each run that has completed.", finished
        ),
        "one-run-per-region": template("One run per region", "Starts a run for each region of a list.", schedule),
    }
