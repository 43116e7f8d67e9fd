"""Listing projects: what Hex filters, and the one filter that is ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Project

RunTool = Callable[..., dict[str, Any]]

TOOL = "hex_list_projects"
DRAFTS = {"New customer survey"}


def titles(outputs: dict[str, Any]) -> set[str]:
    return {project["title"] for project in outputs["projects"]}


def visible(sandbox: Sandbox) -> set[str]:
    """Give the titles of all that is neither archived, nor in the trash, nor unlisted, nor a component."""
    return {
        project.title
        for project in sandbox.world.all(Project)
        if project.archived_at is None
        and project.trashed_at is None
        and not project.unlisted
        and project.type == "PROJECT"
    }


@pytest.mark.parametrize("inputs", [{}, {"statusFilter": None}, {"statusFilter": "ALL"}, {"statusFilter": " all "}])
def test_all_projects_are_listed_unless_asked_otherwise(run: RunTool, sandbox: Sandbox, inputs: dict[str, Any]) -> None:
    listed = run(TOOL, {"limit": 100, **inputs})

    assert titles(listed) == visible(sandbox)
    assert listed["total"] == len(listed["projects"])
    assert sandbox.requests[0].query == {"limit": ["100"]}


@pytest.mark.parametrize("wanted", ["DRAFT", "draft"])
def test_drafts_are_the_projects_that_were_never_published(run: RunTool, sandbox: Sandbox, wanted: str) -> None:
    listed = run(TOOL, {"limit": 100, "statusFilter": wanted})

    assert titles(listed) == DRAFTS
    assert listed["total"] == 1


def test_published_are_all_others(run: RunTool, sandbox: Sandbox) -> None:
    listed = run(TOOL, {"limit": 100, "statusFilter": "PUBLISHED"})

    assert titles(listed) == visible(sandbox) - DRAFTS
    assert all(project["lastPublishedAt"] for project in listed["projects"])


def test_our_filter_is_never_sent_to_hex(run: RunTool, sandbox: Sandbox) -> None:
    run(TOOL, {"statusFilter": "PUBLISHED", "statuses": ["Production", "In review"]})

    assert sandbox.requests[0].query == {"statuses": ["Production", "In review"]}


def test_a_page_may_keep_fewer_and_its_cursor_still_leads_on(run: RunTool, sandbox: Sandbox) -> None:
    first = run(TOOL, {"limit": 3, "statusFilter": "DRAFT"})

    second = run(TOOL, {"limit": 100, "statusFilter": "DRAFT", "after": first["after"]})

    assert titles(first) | titles(second) == DRAFTS


def test_drafts_are_found_on_every_page_when_all_are_fetched(run: RunTool) -> None:
    listed = run(TOOL, {"statusFilter": "DRAFT", "fetchAll": True})

    assert titles(listed) == DRAFTS
    assert listed["after"] is None


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"statuses": ["Endorsed"]}, {"Churn explorer", "Fraud watch"}),
        ({"statuses": "Endorsed"}, {"Churn explorer", "Fraud watch"}),
        ({"categories": ["Growth"]}, {"Churn explorer", "New customer survey"}),
        ({"ownerEmail": " ada.okafor@sandbox.example "}, {"Revenue report", "Payroll check"}),
        ({"statuses": ["No such status"]}, set()),
    ],
)
def test_hexs_own_filters_work(run: RunTool, inputs: dict[str, Any], expected: set[str]) -> None:
    assert titles(run(TOOL, {"limit": 100, **inputs})) == expected


def test_what_is_hidden_is_listed_when_asked_for(run: RunTool, sandbox: Sandbox) -> None:
    every = ("includeArchived", "includeTrashed", "includeComponents", "includeUnlisted")

    listed = run(TOOL, {"limit": 100, **dict.fromkeys(every, True)})

    assert titles(listed) == {project.title for project in sandbox.world.all(Project)}


def test_an_unlisted_project_is_listed_only_when_asked_for(run: RunTool, sandbox: Sandbox) -> None:
    unlisted = {project.title for project in sandbox.world.all(Project) if project.unlisted}

    usual, whole = run(TOOL, {"limit": 100}), run(TOOL, {"limit": 100, "includeUnlisted": "true"})

    assert unlisted
    assert titles(whole) - titles(usual) == unlisted


def test_a_token_lists_what_its_user_may_see(run: RunTool) -> None:
    listed = run(TOOL, {"limit": 100}, token=TOKENS.editor)

    assert "Payroll check" not in titles(listed)


def test_an_empty_list_is_no_error(run: RunTool) -> None:
    listed = run(TOOL, {"statuses": ["No such status"], "statusFilter": "PUBLISHED"})

    assert (listed["projects"], listed["total"], listed["after"]) == ([], 0, None)
