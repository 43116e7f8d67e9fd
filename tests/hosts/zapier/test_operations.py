"""Every action and search in Zapier's tester: as it should be, and with inputs that are odd, hostile or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hex_blocks.hosts.zapier.operations import CREATE, operations
from hex_blocks.sandbox import Sandbox
from hex_blocks.sandbox.workspace import World
from tests.calling import our_tools
from tests.hosts.driven import REPORT
from tests.hosts.zapier.conftest import Failed, Zapier

Inputs = Callable[[World], dict[str, Any]]
PARAMETERS = {"start_date": "2026-01-01", "end_date": "2026-01-31", "region": "EMEA"}
SHOWN = operations(our_tools().values())
# What each is given, and what of its document shows that it was done.
CREATES: dict[str, tuple[Inputs, str]] = {
    "run_project": (lambda w: {"projectId": REPORT, "inputParams": PARAMETERS}, "runUrl"),
    "run_notebook": (lambda w: {"projectId": REPORT, "inputParamsJson": '{"region": "EMEA"}'}, "runUrl"),
    "cancel_run": (lambda w: {"projectId": w.project("Endless simulation").id, "runId": ""}, "success"),
    "create_thread": (lambda w: {"prompt": "How many orders?", "projectId": REPORT}, "threadId"),
    "continue_thread": (
        lambda w: {"threadId": w.thread("Which cohort stays longest?").id, "prompt": "And why?"},
        "threadId",
    ),
    "create_project": (lambda w: {"title": "New"}, "id"),
    "update_project": (lambda w: {"projectId": REPORT, "status": "Exploratory"}, "id"),
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
    "create_collection": (lambda w: {"name": "New", "workspaceAccess": "MEMBER"}, "id"),
    "create_group": (lambda w: {"name": "New", "userIds": [w.user("Ines Costa").id]}, "id"),
    "update_group": (lambda w: {"groupId": w.group("Growth").id, "name": "Growing"}, "name"),
}
SEARCHES: dict[str, tuple[Inputs, str]] = {
    "find_project": (lambda w: {"query": "revenue report"}, "matchedBy"),
    "find_run": (lambda w: {"projectId": REPORT, "runId": REPORT}, "status"),
    "get_run_results": (lambda w: {"projectId": REPORT, "runId": REPORT}, "chart_1"),
    "get_notebook_run_status": (lambda w: {"projectId": REPORT, "runId": REPORT}, "result"),
    "get_thread": (lambda w: {"threadId": w.thread("Why did revenue dip in March?").id}, "response"),
    "find_user": (lambda w: {"email": w.user("Eli Brandt").email.upper()}, "role"),
    "find_group": (lambda w: {"name": " growth "}, "name"),
    "find_collection": (lambda w: {"name": "Archive"}, "name"),
}
ALL = {**CREATES, **SEARCHES}
NOTHING: tuple[Any, ...] = (None, "", "   ", [], {})
# What a mapped field of a Zap may hold all the same.
ODD = (
    "../../users/me",
    "x' OR 1=1 --",
    "{{bundle.authData.apiKey}}",
    "%2e%2e%2f",
    "\u0000",
    "\ud83d",
    "🦊" * 5000,
    -1,
    1e30,
    True,
    [None],
    {"a": {"b": None}},
)


def test_what_is_tried_here_is_what_the_app_has() -> None:
    assert {each.key for each in SHOWN} == set(ALL)
    assert {each.key for each in SHOWN if each.kind == CREATE} == set(CREATES)


def endless_run(zapier: Zapier, sandbox: Sandbox) -> str:
    project = sandbox.world.project("Endless simulation").id
    return str(zapier.create("run_project", {"projectId": project})["runId"])


@pytest.mark.parametrize("key", CREATES)
def test_an_action_does_what_it_says(key: str, zapier: Zapier, sandbox: Sandbox) -> None:
    inputs, shown = CREATES[key]
    given = inputs(sandbox.world)
    if key == "cancel_run":
        given["runId"] = endless_run(zapier, sandbox)

    document = zapier.create(key, given)

    assert document["id"]
    assert document[shown] not in (None, False, "")


@pytest.mark.parametrize("key", SEARCHES)
def test_a_search_finds_what_there_is(key: str, zapier: Zapier, sandbox: Sandbox) -> None:
    inputs, shown = SEARCHES[key]

    found = zapier.search(key, inputs(sandbox.world))

    assert len(found) >= 1
    assert all(each["id"] for each in found)
    assert found[0][shown] not in (None, "", [])


@pytest.mark.parametrize("nothing", NOTHING, ids=repr)
@pytest.mark.parametrize("key", ALL)
def test_null_and_blank_mean_not_given(key: str, nothing: Any, zapier: Zapier, sandbox: Sandbox) -> None:
    operation = next(each for each in SHOWN if each.key == key)
    given = ALL[key][0](sandbox.world)
    if key == "cancel_run":
        given["runId"] = endless_run(zapier, sandbox)
    blank = {name: nothing for name, field in operation.fields.items() if name not in given and not field.required}

    done = (zapier.create if key in CREATES else zapier.search)(key, {**given, **blank})

    assert done


@pytest.mark.parametrize("key", ALL)
def test_a_required_field_that_is_missing_is_named(key: str, zapier: Zapier) -> None:
    operation = next(each for each in SHOWN if each.key == key)
    required = [name for name, field in operation.fields.items() if field.required]
    if operation.search.by:
        assert zapier.search(key, {}) == []
        return

    with pytest.raises(Failed) as caught:
        (zapier.create if key in CREATES else zapier.search)(key, dict.fromkeys(required))

    assert caught.value.said["code"] == "bad_inputs"
    assert all(name in caught.value.said["message"] for name in required)
    assert caught.value.said["message"].endswith("[bad_inputs]")


@pytest.mark.parametrize("odd", ODD, ids=lambda each: repr(each)[:20])
def test_odd_ids_reach_no_other_place(odd: Any, zapier: Zapier, sandbox: Sandbox) -> None:
    before = len(sandbox.requests)

    for key in ("run_project", "cancel_run", "update_project"):
        with pytest.raises(Failed) as caught:
            zapier.create(key, {"projectId": odd, "runId": odd})
        assert caught.value.said["code"] == "bad_inputs"

    assert len(sandbox.requests) == before


@pytest.mark.parametrize("odd", ODD, ids=lambda each: repr(each)[:20])
def test_odd_names_find_nothing_and_break_nothing(odd: Any, zapier: Zapier) -> None:
    assert zapier.search("find_user", {"email": odd}) == []
    assert zapier.search("find_group", {"name": odd}) == []


def test_values_of_the_dictionary_are_what_their_json_says(zapier: Zapier, sandbox: Sandbox) -> None:
    given = {
        "count": "3", "share": "-0.5", "fast": "true", "regions": '["EMEA", "APAC"]',
        "day": "2026-03-01", "code": "007", "large": "12345678901234567890", "word": "[draft", "said": " yes ",
    }  # fmt: skip
    project = sandbox.world.project("Quick check").id

    with pytest.raises(Failed) as caught:
        zapier.create("run_project", {"projectId": project, "inputParams": given})

    [sent] = [each for each in sandbox.requests if each.method == "POST"]
    assert caught.value.said["code"] == "bad_parameters"
    assert sent.json["inputParams"] == {
        "count": 3, "share": -0.5, "fast": True, "regions": ["EMEA", "APAC"],
        "day": "2026-03-01", "code": "007", "large": "12345678901234567890", "word": "[draft", "said": " yes ",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "given"),
    [
        ("find_project", {"query": "no such project anywhere"}),
        ("find_run", {"projectId": REPORT, "runId": "00000000-0000-4000-8000-000000000000"}),
        ("find_user", {"email": "nobody@example.com"}),
        ("find_group", {"name": "Grow"}),
        ("get_thread", {"threadId": "00000000-0000-4000-8000-000000000000"}),
    ],
)
def test_a_search_that_finds_nothing_has_not_failed(key: str, given: dict[str, Any], zapier: Zapier) -> None:
    assert zapier.search(key, given) == []


def test_a_projects_address_stands_for_its_id(zapier: Zapier) -> None:
    found = zapier.search("find_run", {"projectId": f"https://app.hex.tech/acme/hex/{REPORT}/draft", "runId": REPORT})

    assert found[0]["projectId"] == REPORT
