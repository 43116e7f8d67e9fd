"""Fields that are picked from what there is: searched, read to the end, and why there is nothing to pick from."""

from __future__ import annotations

from typing import Any

import pytest

from hex_blocks.sandbox import Sandbox
from hex_blocks.sandbox.model import Collection
from tests.hosts.activepieces.conftest import Piece
from tests.hosts.driven import REPORT, connect

# A field of each list, with the action that has it.
FIELDS = {
    "projects": ("run_project", "projectId"),
    "collections": ("get_collection", "collectionId"),
    "groups": ("get_group", "groupId"),
    "users": ("create_group", "userIds"),
    "connections": ("get_data_connection", "dataConnectionId"),
    "threads": ("get_thread", "threadId"),
    "topics": ("list_threads", "topicIds"),
    "guides": ("delete_guide_draft", "orgGuideFileId"),
    "runs": ("get_run_status", "runId"),
    "charts": ("get_run_results", "charts"),
}


def options(piece: Piece, listing: str, search: str | None = None, **form: Any) -> Any:
    action, prop = FIELDS[listing]
    return piece.ask("options", action=action, prop=prop, search=search, form={"projectId": REPORT, **form})


@pytest.mark.parametrize("listing", FIELDS)
def test_each_list_has_labels_and_values(listing: str, hex_: Piece) -> None:
    found = options(hex_, listing)

    assert found["disabled"] is False
    assert found["options"]
    assert all(each["label"] and each["value"] for each in found["options"])


def test_a_search_looks_through_the_whole_list(hex_: Piece, sandbox: Sandbox) -> None:
    world = sandbox.world
    for number in range(700):
        world.add(Collection(id=world.new_id(), name=f"Shelf {number:03}"))
    first = options(hex_, "collections")["options"]
    [last] = options(hex_, "collections", "SHELF 699")["options"]

    assert len(first) >= 500
    assert last["label"].startswith("Shelf 699")
    assert options(hex_, "collections", last["value"])["options"] == [last]
    assert options(hex_, "collections", "no such shelf")["options"] == []


@pytest.mark.parametrize("search", [None, "", "  "])
def test_a_search_for_nothing_is_none(search: str | None, hex_: Piece) -> None:
    assert options(hex_, "projects", search) == options(hex_, "projects")


def test_the_trigger_has_the_projects_too(hex_: Piece) -> None:
    found = hex_.ask("options", trigger="run_finished", prop="projectIds", form={}, search="revenue")

    assert REPORT in [each["value"] for each in found["options"]]


@pytest.mark.parametrize("listing", ["runs", "charts"])
def test_a_list_of_a_project_wants_the_project(listing: str, hex_: Piece) -> None:
    found = options(hex_, listing, projectId=None)

    assert found == {"disabled": True, "options": [], "placeholder": "Choose the project first."}


def test_a_list_that_cannot_be_read_says_why(hex_: Piece, sandbox: Sandbox) -> None:
    hex_.auth = None
    assert "connection" in options(hex_, "projects")["placeholder"]
    connect(hex_, sandbox, token="hxtp_nobody_at_all_0123456789")

    found = options(hex_, "projects")

    assert found["disabled"] is True
    assert found["placeholder"].endswith("[token_refused]")
