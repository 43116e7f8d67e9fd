"""Every action over HTTP: as it should be, and with inputs that are odd, hostile or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hex_blocks.hosts.activepieces.actions import actions
from hex_blocks.hosts.activepieces.props import form_of
from hex_blocks.hosts.activepieces.words import Words
from hex_blocks.hosts.javascript.forms import inputs_of, key_of
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Guide
from hex_blocks.sandbox.workspace import World
from tests.calling import our_tools
from tests.hosts.activepieces.conftest import Failed, Piece
from tests.hosts.driven import REPORT, connect

Given = Callable[[World], dict[str, Any]]
SHOWN = {key_of(tool): tool for tool in actions(our_tools().values()) if not tool.experimental}
ROWS = [
    {"name": "start_date", "type": "date", "value": "2026-01-01T00:00:00Z"},
    {"name": "end_date", "type": "date", "value": "2026-01-31"},
    {"name": "region", "type": "string", "value": "EMEA"},
]
A_RUN = {"projectId": REPORT, "runId": REPORT}
UPDATES = [{"type": "TABLE", "name": "analytics.shop.orders", "status": "Endorsed"}]


def of_report(**more: Any) -> Given:
    return lambda world: {"projectId": REPORT, **more}


def cell(label: str, **more: Any) -> Given:
    return lambda world: {"cellId": world.cell("Revenue report", label).id, **more}


def of_archive(**more: Any) -> Given:
    return lambda world: {"collectionId": world.collection("Archive").id, **more}


def of_growth(**more: Any) -> Given:
    return lambda world: {"groupId": world.group("Growth").id, **more}


def nothing(world: World) -> dict[str, Any]:
    return {}


# What each is given, and what of its document shows that it was done.
EXAMPLES: dict[str, tuple[Given, str]] = {
    "run_notebook": (of_report(inputParamsJson='{"region": "EMEA"}'), "runUrl"),
    "get_notebook_run_status": (lambda w: A_RUN, "result"),
    "run_project": (of_report(inputParams=ROWS), "runUrl"),
    "run_and_wait": (of_report(inputParams=ROWS), "elapsedSeconds"),
    "wait_for_run": (lambda w: A_RUN, "elapsedSeconds"),
    "get_run_status": (lambda w: A_RUN, "status"),
    "get_run_results": (lambda w: A_RUN, "charts"),
    "get_run_chart_image": (
        lambda w: {**A_RUN, "staticId": w.cell("Revenue report", "Revenue chart").static_id},
        "image",
    ),
    "get_project_runs": (of_report(), "runs"),
    "cancel_run": (lambda w: {"projectId": w.project("Endless simulation").id}, "success"),
    "cancel_active_runs": (of_report(), "cancelledCount"),
    "list_projects": (nothing, "projects"),
    "get_project": (of_report(), "title"),
    "find_project": (lambda w: {"query": "revenue report"}, "matches"),
    "get_project_inputs": (of_report(), "inputs"),
    "get_queried_tables": (of_report(), "tables"),
    "create_project": (lambda w: {"title": "New"}, "id"),
    "update_project": (of_report(status="Exploratory"), "id"),
    "export_project": (of_report(), "content"),
    "create_presigned_url": (of_report(theme="dark"), "url"),
    "edit_project_sharing_users": (
        lambda w: {"projectId": REPORT, "userIds": [w.user("Eli Brandt").id], "access": "CAN_VIEW"},
        "project",
    ),
    "edit_project_sharing_groups": (
        lambda w: {"projectId": REPORT, "groupIds": [w.group("Growth").id], "access": "CAN_VIEW"},
        "project",
    ),
    "edit_project_sharing_collections": (
        lambda w: {"projectId": REPORT, "collectionIds": [w.collection("Archive").id], "access": "CAN_VIEW"},
        "project",
    ),
    "edit_project_sharing_workspace": (of_report(workspaceAccess="APP_ONLY"), "project"),
    "list_cells": (of_report(), "cells"),
    "get_cell": (cell("Totals"), "cellType"),
    "get_cell_output": (cell("Refunds"), "result"),
    "get_cell_chart_image": (cell("Revenue chart"), "image"),
    "create_cell": (of_report(cellType="SQL", sql="select 1"), "id"),
    "update_cell": (cell("Totals", code="1 + 1"), "id"),
    "delete_cell": (cell("Totals"), "success"),
    "ask": (lambda w: {"prompt": "How many orders?"}, "text"),
    "create_thread": (lambda w: {"prompt": "How many orders?", "projectId": REPORT}, "threadId"),
    "continue_thread": (
        lambda w: {"threadId": w.thread("Which cohort stays longest?").id, "prompt": "And why?"},
        "threadId",
    ),
    "get_thread": (lambda w: {"threadId": w.thread("Why did revenue dip in March?").id}, "response"),
    "get_thread_messages": (lambda w: {"threadId": w.thread("Are there duplicate orders?").id}, "messages"),
    "list_threads": (nothing, "threads"),
    "list_topics": (nothing, "topics"),
    "list_collections": (nothing, "collections"),
    "get_collection": (of_archive(), "name"),
    "create_collection": (lambda w: {"name": "New", "workspaceAccess": "MEMBER"}, "id"),
    "update_collection": (of_archive(description="Old"), "id"),
    "list_users": (nothing, "users"),
    "get_current_user": (nothing, "email"),
    "deactivate_user": (lambda w: {"userId": w.user("Ines Costa").id}, "user"),
    "list_groups": (nothing, "groups"),
    "get_group": (of_growth(), "name"),
    "create_group": (lambda w: {"name": "New", "userIds": [w.user("Ines Costa").id]}, "id"),
    "update_group": (of_growth(name="Growing"), "name"),
    "delete_group": (of_growth(), "success"),
    "list_data_connections": (nothing, "connections"),
    "get_data_connection": (lambda w: {"dataConnectionId": w.connection("Logs").id}, "name"),
    "update_data_connection_schema": (
        lambda w: {"dataConnectionId": w.connection("Warehouse").id, "updates": UPDATES},
        "updated",
    ),
    "ingest_semantic_project": (
        lambda w: {"semanticProjectId": w.semantic_project("Shop").id, "contentBase64": "bm90IGEgemlw"},
        "",
    ),
    "update_semantic_project": (
        lambda w: {
            "semanticProjectId": w.semantic_project("Shop").id,
            "updates": [{"type": "VIEW", "name": "revenue_by_region", "status": None}],
        },
        "updated",
    ),
    "list_draft_guides": (nothing, "guides"),
    "upsert_guide_draft": (lambda w: {"files": [{"filePath": "new.md", "contents": "# New"}]}, "files"),
    "publish_guide_drafts": (lambda w: {"publishAllDraftGuides": True}, "message"),
    "delete_guide_draft": (lambda w: {"orgGuideFileId": w.named(Guide, "metrics/churn.md").id}, "success"),
}
NOTHING: tuple[Any, ...] = (None, "", "   ", [], [""])
ODD = ("../../users/me", "x' OR 1=1 --", "%2e%2e%2f", "\u0000", "\ud83d", "🦊" * 5000, -1, 1e30, True, {"a": [None]})


def test_what_is_tried_here_is_what_the_piece_has(hex_: Piece) -> None:
    assert set(hex_.ask("metadata")["actions"]) == set(SHOWN) == set(EXAMPLES)


def given_to(key: str, piece: Piece, sandbox: Sandbox) -> dict[str, Any]:
    given = EXAMPLES[key][0](sandbox.world)
    if key == "cancel_run":
        given["runId"] = piece.run("run_project", {"projectId": given["projectId"]})["runId"]
    return given


@pytest.mark.parametrize("key", [key for key, (_, shown) in EXAMPLES.items() if shown])
def test_an_action_does_what_it_says(key: str, hex_: Piece, sandbox: Sandbox) -> None:
    document = hex_.run(key, given_to(key, hex_, sandbox))

    assert document[EXAMPLES[key][1]] not in (None, "", [])


def test_what_is_no_zip_is_refused_by_hex(hex_: Piece, sandbox: Sandbox) -> None:
    with pytest.raises(Failed) as caught:
        hex_.run("ingest_semantic_project", EXAMPLES["ingest_semantic_project"][0](sandbox.world))

    assert caught.value.key in ("request_refused", "bad_inputs")


@pytest.mark.parametrize("blank", NOTHING, ids=repr)
@pytest.mark.parametrize("key", [key for key, (_, shown) in EXAMPLES.items() if shown])
def test_null_and_blank_mean_not_given(key: str, blank: Any, hex_: Piece, sandbox: Sandbox) -> None:
    given = given_to(key, hex_, sandbox)
    fields = inputs_of(SHOWN[key])
    lists = blank == [] or blank == [""]
    empty = {name: blank for name, field in fields.items() if name not in given and lists <= (field.type == "array")}

    assert hex_.run(key, {**empty, **given})


@pytest.mark.parametrize("key", EXAMPLES)
def test_a_required_field_that_is_missing_is_named(key: str, hex_: Piece) -> None:
    required = [name for name, field in inputs_of(SHOWN[key]).items() if field.required]
    if not required:
        return

    with pytest.raises(Failed) as caught:
        hex_.run(key, dict.fromkeys(required))

    assert caught.value.key == "bad_inputs"
    assert all(name in str(caught.value) for name in required)
    assert str(caught.value).endswith("[bad_inputs]")


@pytest.mark.parametrize("odd", ODD, ids=lambda each: repr(each)[:20])
def test_odd_ids_reach_no_other_place(odd: Any, hex_: Piece, sandbox: Sandbox) -> None:
    for key in ("run_project", "cancel_run", "get_project", "update_project"):
        with pytest.raises(Failed) as caught:
            hex_.run(key, {"projectId": odd, "runId": odd})
        assert caught.value.key == "bad_inputs"

    assert sandbox.requests == []


@pytest.mark.parametrize(
    "given", [ROWS, {"start_date": "2026-01-01", "end_date": "2026-01-31", "region": "EMEA"}, '{"region": "EMEA"}']
)
def test_parameters_are_rows_an_object_or_json(given: Any, hex_: Piece, sandbox: Sandbox) -> None:
    assert hex_.run("run_project", {"projectId": REPORT, "inputParams": given})["runId"]

    [sent] = [each for each in sandbox.requests if each.method == "POST"]
    assert sent.json["inputParams"]["region"] == "EMEA"


def test_rows_have_the_types_that_they_name(hex_: Piece, sandbox: Sandbox) -> None:
    rows = [
        {"name": "count", "type": "number", "value": "3"},
        {"name": "fast", "type": "boolean", "value": "TRUE"},
        {"name": "regions", "type": "list", "value": "EMEA, APAC"},
        {"name": "more", "type": "json", "value": '{"a": 1}'},
        {"name": "code", "type": "string", "value": "007"},
        {"name": "", "type": "string", "value": "nobody filled this in"},
        None,
    ]

    with pytest.raises(Failed, match="bad_parameters"):
        hex_.run("run_project", {"projectId": sandbox.world.project("Quick check").id, "inputParams": rows})

    [sent] = [each for each in sandbox.requests if each.method == "POST"]
    assert sent.json["inputParams"] == {
        "count": 3, "fast": True, "regions": ["EMEA", "APAC"], "more": {"a": 1}, "code": "007",
    }  # fmt: skip


def test_charts_are_files_with_no_base64_beside_them(hex_: Piece) -> None:
    hex_.ask("files")

    results = hex_.run("get_run_results", A_RUN)
    written = hex_.ask("files")

    assert [each["image"]["fileName"] for each in results["charts"]] == [each["fileName"] for each in written]
    assert all(each["head"] == "\x89PNG" for each in written)
    assert all(set(each["image"]) == {"mimeType", "fileName", "file"} for each in results["charts"])


def test_a_failure_is_one_line_with_its_key(hex_: Piece, sandbox: Sandbox) -> None:
    connect(hex_, sandbox, token="hxtp_nobody_at_all_0123456789")

    with pytest.raises(Failed) as caught:
        hex_.run("get_current_user")

    assert caught.value.key == "token_refused"
    assert "\n" not in str(caught.value)
    assert "hxtp_nobody" not in str(caught.value)


@pytest.mark.parametrize(
    ("auth", "key"),
    [
        ({"apiKey": "", "region": "app"}, "token_missing_in_builder"),
        (None, "token_missing_in_builder"),
        ({"apiKey": TOKENS.personal, "region": "mars"}, "region_unknown"),
        ({"apiKey": TOKENS.personal, "region": "custom"}, "base_url_missing"),
        ({"apiKey": TOKENS.personal, "region": "custom", "baseUrl": "https://example.com"}, "host_not_allowed"),
    ],
)
def test_a_connection_that_cannot_be_used_says_why(auth: Any, key: str, hex_: Piece) -> None:
    hex_.auth = auth
    told = hex_.ask("validate")

    with pytest.raises(Failed) as caught:
        hex_.run("get_current_user")

    assert caught.value.key == key
    assert told["valid"] is False
    assert told["error"].endswith(f"[{key}]")


def test_a_connection_that_works_is_valid(hex_: Piece) -> None:
    assert hex_.ask("validate") == {"valid": True}


def test_a_form_has_every_input_that_is_shown() -> None:
    for tool in SHOWN.values():
        assert set(inputs_of(tool)) <= set(form_of(tool, Words()))
