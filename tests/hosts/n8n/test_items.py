"""Items in and items out: parameters in every form that people write them, lists, files, and failures."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from hex_blocks.sandbox import Sandbox
from tests.hosts.n8n.conftest import use

REPORT = "01234567-89ab-cdef-0123-456789abcdef"
RUN = "01234567-89ab-cdef-0123-456789abcdef"
UNKNOWN = "11111111-1111-4111-8111-111111111111"
CONTINUE = {"onError": "continueRegularOutput"}


def by_id(value: str) -> dict[str, Any]:
    return {"__rl": True, "mode": "id", "value": value}


def items_of(done: Any, output: int = 0) -> list[Any]:
    assert done["status"] == "success", done["error"]
    listed: list[Any] = done["outputs"]["Hex"][0][output]
    return listed


def documents(done: Any, output: int = 0) -> list[Any]:
    return [item["json"] for item in items_of(done, output)]


def bodies(sandbox: Sandbox, operation: str) -> list[Any]:
    return [each.json for each in sandbox.requests if each.operation_id == operation]


@pytest.mark.parametrize(
    "project",
    [
        by_id(REPORT),
        by_id(REPORT.replace("-", "")),
        by_id("={{ $json.id }}"),
        "={{ $json.id }}",
        REPORT,
        {"__rl": True, "mode": "url", "value": f"https://app.hex.tech/acme/hex/{REPORT}/draft/logic"},
        {"__rl": True, "mode": "url", "value": "https://app.hex.tech/acme/app/Revenue-report-0aBcDeFgHiJkLmNoPqRsTu"},
        by_id(f"https://app.hex.tech/acme/app/{REPORT}/latest"),
    ],
)
def test_a_project_is_given_by_id_address_or_expression(project, operate):
    done = operate("getProject", {"projectId": project}, items=[{"id": REPORT}])

    assert [each["title"] for each in documents(done)] == ["Revenue report"]


def test_items_stay_paired_and_in_order(operate, sandbox):
    items = [
        {"id": project.id}
        for project in (sandbox.world.project("Quick check"), sandbox.world.project("Revenue report"))
    ]

    done = operate("getProject", {"projectId": by_id("={{ $json.id }}")}, items=items)

    assert [item["json"]["id"] for item in items_of(done)] == [each["id"] for each in items]
    assert [item["pairedItem"] for item in items_of(done)] == [{"item": 0}, {"item": 1}]


def test_an_item_that_fails_is_told_among_the_others(operate):
    items = [{"id": REPORT}, {"id": UNKNOWN}, {"id": REPORT}]

    done = operate("getProject", {"projectId": by_id("={{ $json.id }}")}, items=items, **CONTINUE)

    first, failed, last = items_of(done)
    assert [first["json"]["title"], last["json"]["title"]] == ["Revenue report"] * 2
    assert failed["pairedItem"] == {"item": 1}
    assert set(failed["json"]) == {"error", "errorKey", "hint", "runUrl", "traceId"}
    assert failed["json"]["errorKey"] == "not_found"
    assert failed["json"]["traceId"]


def test_a_failure_ends_the_workflow_where_it_is_not_to_continue(operate):
    done = operate("getProject", {"projectId": by_id("={{ $json.id }}")}, items=[{"id": REPORT}, {"id": UNKNOWN}])

    assert done["status"] == "error"
    assert done["error"]["name"] == "NodeOperationError"
    assert done["error"]["itemIndex"] == 1
    assert done["error"]["description"].endswith("[not_found]")


def test_a_run_that_fails_names_its_page(operate, sandbox):
    broken = sandbox.world.project("Broken import").id

    done = operate("runProject", {"projectId": by_id(broken)}, onError="continueErrorOutput")

    [failed] = documents(done, 1)
    assert failed["error"]["errorKey"] == "run_errored"
    assert failed["error"]["runUrl"].startswith(sandbox.origin)
    thrown = operate("runProject", {"projectId": by_id(broken)})
    assert sandbox.origin in thrown["error"]["description"]


def test_a_run_that_fails_is_a_document_where_that_is_wanted(operate, sandbox):
    broken = sandbox.world.project("Broken import").id

    done = operate("runProject", {"projectId": by_id(broken), "options": {"failOnRunError": False}})

    [document] = documents(done)
    assert set(document) == {"projectId", "runId", "runUrl", "status"}
    assert document["status"] == "ERRORED"


def test_rows_of_parameters_are_sent_as_their_types_have_them(operate, sandbox):
    rows = [
        {"name": "year", "type": "number", "value": "2026"},
        {"name": "ratio", "type": "number", "value": 0.5},
        {"name": "draft", "type": "boolean", "value": "true"},
        {"name": "final", "type": "boolean", "value": False},
        {"name": "region", "type": "string", "value": "007"},
        {"name": "day", "type": "date", "value": "2026-03-01T07:00:00.000+01:00"},
        {"name": "today", "type": "date", "value": "={{ $json.day }}"},
        {"name": "moment", "type": "dateTime", "value": "2026-03-01T07:00:00"},
        {"name": "regions", "type": "list", "value": '["EMEA", "APAC"]'},
        {"name": "sites", "type": "list", "value": ["a", "b"]},
        {"name": "filter", "type": "json", "value": '{"from": 1}'},
        {"name": "", "type": "string", "value": "nothing"},
    ]
    parameters = {"projectId": by_id(REPORT), "inputParams": {"values": rows}, "waitForCompletion": False}

    operate("runProject", parameters, items=[{"day": "2026-03-02"}])

    assert bodies(sandbox, "RunProject")[0]["inputParams"] == {
        "year": 2026,
        "ratio": 0.5,
        "draft": True,
        "final": False,
        "region": "007",
        "day": "2026-03-01",
        "today": "2026-03-02",
        "moment": "2026-03-01T07:00:00",
        "regions": ["EMEA", "APAC"],
        "sites": ["a", "b"],
        "filter": {"from": 1},
    }


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ('{"region": "US"}', {"region": "US"}),
        ('={{ { "region": $json.region } }}', {"region": "APAC"}),
        ("={{ $json.whole }}", {"region": "EMEA"}),
        ("", None),
        (None, None),
        ("={{ null }}", None),
    ],
)
def test_parameters_are_given_as_json(given, sent, operate, sandbox):
    parameters = {"projectId": by_id(REPORT), "specifyInputParams": "json", "inputParamsJson": given}

    operate(
        "runProject",
        {**parameters, "waitForCompletion": False},
        items=[{"region": "APAC", "whole": {"region": "EMEA"}}],
    )

    assert (bodies(sandbox, "RunProject")[0] or {}).get("inputParams") == sent


@pytest.mark.parametrize("given", [{}, {"inputParams": {}}, {"inputParams": {"values": []}}])
def test_no_parameters_are_none(given, operate, sandbox):
    operate("runProject", {"projectId": by_id(REPORT), "waitForCompletion": False, **given})

    assert "inputParams" not in (bodies(sandbox, "RunProject")[0] or {})


@pytest.mark.parametrize(
    ("value", "sent"),
    [(True, True), (False, False), ("={{ true }}", True), (None, "absent"), ("={{ null }}", "absent"), ("", "absent")],
)
def test_the_notebook_pair_knows_a_value_null_and_nothing(value, sent, operate, sandbox):
    operate("runNotebook", {"projectId": by_id(REPORT), "useCachedSqlResults": value, "inputParamsJson": None})
    operate("runNotebook", {"projectId": by_id(REPORT)})

    given, plain = bodies(sandbox, "RunProject")
    assert (given or {}).get("useCachedSqlResults", "absent") == sent
    assert "useCachedSqlResults" not in (plain or {})


@pytest.mark.parametrize("cleared", [None, "={{ null }}"])
def test_null_clears_where_it_is_a_value(cleared, operate, sandbox):
    done = operate("updateProject", {"projectId": by_id(REPORT), "status": cleared})

    assert bodies(sandbox, "UpdateProject") == [{"status": None}]
    assert documents(done)[0]["status"] is None


def test_a_blank_field_is_not_given(operate):
    done = operate("updateProject", {"projectId": by_id(REPORT), "status": ""}, **CONTINUE)

    assert documents(done)[0]["errorKey"] == "bad_inputs"


def test_a_deep_output_is_simplified_unless_it_is_wanted_whole(operate):
    simple = operate("getProject", {"projectId": by_id(REPORT)})
    whole = operate("getProject", {"projectId": by_id(REPORT), "simplify": False})

    assert len(documents(simple)[0]) == 10
    assert set(documents(simple)[0]) < set(documents(whole)[0])
    assert "analytics" in documents(whole)[0]


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({}, 50),
        ({"limit": 3}, 3),
        ({"limit": 120}, 120),
        ({"returnAll": True}, 260),
        ({"returnAll": "={{ true }}"}, 260),
    ],
)
def test_a_list_is_as_long_as_asked_for(asked, count, operate, sandbox):
    known = sandbox.world.project("Quick check")
    for number in range(250):
        sandbox.world.add(replace(known, id=sandbox.world.new_id(), title=f"Copy {number:03}"))

    done = operate("listProjects", asked)

    listed = documents(done)
    assert len(listed) == count if count < 260 else len(listed) > 250
    assert len({each["id"] for each in listed}) == len(listed)
    assert done["hints"] == []


def test_lists_are_filtered(operate, sandbox):
    done = operate("getProjectRuns", {"projectId": by_id(REPORT), "filters": {"statusFilter": "ERRORED"}})

    assert {each["status"] for each in documents(done)} == {"ERRORED"}


def test_a_title_that_several_have_gives_an_item_for_each(operate, sandbox):
    known = sandbox.world.project("Quick check")
    sandbox.world.add(replace(known, id=sandbox.world.new_id()))

    done = operate("findProject", {"query": "quick check"})

    assert [each["title"] for each in documents(done)] == ["Quick check"] * 2


def test_a_chart_is_a_file(operate):
    chosen = {"charts": ["Revenue chart"]}

    done = operate("getRunResults", {"projectId": by_id(REPORT), "runId": by_id(RUN), "options": chosen})

    [item] = items_of(done)
    assert list(item["binary"]) == ["data"]
    assert item["binary"]["data"]["fileName"] == "Revenue-chart.png"
    assert item["binary"]["data"]["mimeType"] == "image/png"
    assert base64.b64decode(item["binary"]["data"]["data"]).startswith(b"\x89PNG")
    assert item["json"]["charts"][0]["image"]["binary"] == "data"


def test_several_charts_are_several_files(operate, sandbox):
    chart = sandbox.world.cell("Revenue report", "Revenue chart")
    sandbox.world.add(replace(chart, id=sandbox.world.new_id(), static_id=sandbox.world.new_id(), label=""))

    done = operate("getRunResults", {"projectId": by_id(REPORT), "runId": by_id(RUN)})

    [item] = items_of(done)
    assert {name: file["fileName"] for name, file in item["binary"].items()} == {
        "chart_1": "Revenue-chart.png",
        "chart_2": "chart-2.png",
        "chart_3": "Orders-by-day.png",
    }


def test_a_start_that_is_not_waited_for_is_there_at_once(operate, sandbox):
    done = operate("runProject", {"projectId": by_id(REPORT), "waitForCompletion": False})

    [started] = documents(done)
    assert started["runStatusUrl"]
    assert sandbox.world.runs(REPORT)[0].id == started["runId"]


def test_a_dry_run_starts_nothing(operate, sandbox):
    before = len(sandbox.world.runs(REPORT))

    done = operate("runProject", {"projectId": by_id(REPORT), "options": {"dryRun": True}})

    assert len(sandbox.world.runs(REPORT)) == before
    assert done["hints"]


def test_a_bad_token_is_told_and_in_nothing_that_is_stored(operate, n8n, sandbox):
    use(n8n, sandbox, token="hxtp_markedsecret0123456789")

    done = operate("listProjects", {})

    assert done["error"]["description"].endswith("[token_refused]")
    assert "markedsecret" not in str(done)
    assert "markedsecret" not in n8n.log.read_text()


def test_n8n_finds_nothing_missing_in_fields_that_hold_ids_alone(n8n):
    parameters = {"resource": "run", "operation": "getRunStatus", "projectId": REPORT, "runId": RUN}

    checked = n8n.ask("issues", node={"name": "Hex", "type": "CUSTOM.hex", "typeVersion": 1, "parameters": parameters})

    assert checked["issues"] is None
    assert checked["parameters"]["projectId"] == REPORT


def test_an_operation_is_known_whatever_resource_it_is_filed_under(operate, sandbox):
    chart = sandbox.world.cell("Revenue report", "Revenue chart").static_id
    given = {"projectId": by_id(REPORT), "runId": by_id(RUN), "staticId": by_id(chart)}

    done = operate("getRunChartImage", {"resource": "cell", **given})

    assert items_of(done)[0]["binary"]["data"]["mimeType"] == "image/png"


def test_a_project_that_is_not_published_says_what_to_do(operate, sandbox):
    sandbox.world.project("Revenue report").last_published_at = None

    done = operate("runProject", {"projectId": by_id(REPORT)}, **CONTINUE)

    assert documents(done)[0]["errorKey"] == "not_published"
    assert "Publish" in documents(done)[0]["hint"]


@pytest.mark.parametrize("project", ["../groups/x", f"{REPORT}/runs/{RUN}?x=", "%2e%2e", "..", "a b", "\u202e"])
def test_an_id_that_is_none_reaches_no_path(project, operate, sandbox):
    done = operate("getRunStatus", {"projectId": by_id(project), "runId": by_id("../../users/me")}, **CONTINUE)

    assert documents(done)[0]["errorKey"] in ("bad_inputs", None)
    assert [each.path for each in sandbox.requests if "/runs" in each.path or "groups" in each.path] == []
