"""The lists that fields are picked from: page by page to the end, and why there is none."""

from __future__ import annotations

import pytest

from hex_blocks.hosts.zapier.app import LISTS
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Group
from tests.hosts.driven import REPORT, connect
from tests.hosts.zapier.conftest import Failed, Zapier


@pytest.mark.parametrize("name", LISTS)
def test_each_list_has_ids_and_names(name: str, zapier: Zapier) -> None:
    listed = zapier.poll(f"list_{name}", {"projectId": REPORT}, page=0, isFillingDynamicDropdown=True)

    assert listed
    assert all(set(each) == {"id", "name"} and each["id"] and each["name"] for each in listed)
    assert len({each["id"] for each in listed}) == len(listed)


def test_a_list_goes_on_to_its_end(zapier: Zapier, sandbox: Sandbox) -> None:
    world = sandbox.world
    for number in range(1200):
        world.add(Group(id=world.new_id(), name=f"Group {number:04}", created_at=sandbox.clock.time() + number))
    pages = [zapier.poll("list_groups", page=number) for number in range(5)]

    names = [each["name"] for page in pages for each in page]

    assert {f"Group {number:04}" for number in range(1200)} <= set(names)
    assert len(names) == len(set(names))
    assert pages[-1] == []


def test_the_runs_of_a_project_are_paged(zapier: Zapier) -> None:
    first, second = (zapier.poll("list_runs", {"projectId": REPORT}, page=page) for page in (0, 1))

    assert not {each["id"] for each in first} & {each["id"] for each in second}


@pytest.mark.parametrize("name", ["runs", "charts"])
@pytest.mark.parametrize("project", [None, ""])
def test_a_list_of_a_project_wants_the_project(name: str, project: str | None, zapier: Zapier) -> None:
    with pytest.raises(Failed, match="Choose the project first"):
        zapier.poll(f"list_{name}", {"projectId": project})


def test_a_list_that_cannot_be_read_says_why(zapier: Zapier, sandbox: Sandbox) -> None:
    connect(zapier, sandbox, token=TOKENS.personal[:-2] + "xx")

    with pytest.raises(Failed) as caught:
        zapier.poll("list_projects")

    assert caught.value.name == "ExpiredAuthError"
