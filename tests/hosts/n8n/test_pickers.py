"""What the editor lets people pick by name, and what it says where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hex_blocks.sandbox import Sandbox
from hex_blocks.sandbox.model import Guide, Topic
from hex_blocks.sandbox.workspace import World
from tests.hosts.n8n.conftest import Engine, Refused, use

REPORT = "01234567-89ab-cdef-0123-456789abcdef"
RUN = "01234567-89ab-cdef-0123-456789abcdef"
OF_REPORT = {"projectId": {"__rl": True, "mode": "list", "value": REPORT}}

# How a choice is called, and the ID that it stands for.
SEARCHES: dict[str, tuple[dict[str, Any], str, Callable[[World], str]]] = {
    "searchProjects": ({}, "Revenue report (ada.okafor@sandbox.example)", lambda w: REPORT),
    "searchCollections": ({}, "Archive (", lambda w: w.collection("Archive").id),
    "searchGroups": ({}, "Growth", lambda w: w.group("Growth").id),
    "searchUsers": ({}, "Ines Costa (ines.costa@sandbox.example)", lambda w: w.user("Ines Costa").id),
    "searchDataConnections": ({}, "Warehouse (snowflake)", lambda w: w.connection("Warehouse").id),
    "searchThreads": ({}, "Why did revenue dip", lambda w: w.thread("Why did revenue dip in March?").id),
    "searchRuns": (OF_REPORT, " completed", lambda w: RUN),
    "searchCharts": (OF_REPORT, "Revenue chart", lambda w: w.cell("Revenue report", "Revenue chart").static_id),
}
LOADS: dict[str, tuple[dict[str, Any], Callable[[World], str]]] = {
    "getProjects": ({}, lambda w: REPORT),
    "getUsers": ({}, lambda w: w.user("Ines Costa").id),
    "getGroups": ({}, lambda w: w.group("Growth").id),
    "getCollections": ({}, lambda w: w.collection("Archive").id),
    "getDraftGuides": ({}, lambda w: w.named(Guide, "metrics/churn.md").id),
    "getCharts": (OF_REPORT, lambda w: w.cell("Revenue report", "Revenue chart").static_id),
    "getStatuses": ({}, lambda w: "Exploratory"),
    "getTopics": ({}, lambda w: w.all(Topic)[0].id),
}


def search(engine: Engine, method: str, parameters: Any = None, **asked: Any) -> Any:
    return engine.ask("choose", kind="listSearch", method=method, parameters=parameters or {}, **asked)


def load(engine: Engine, method: str, parameters: Any = None) -> Any:
    return engine.ask("choose", kind="loadOptions", method=method, parameters=parameters or {})


def test_every_picker_has_an_example(n8n):
    described = n8n.ask("describe")

    assert set(described["listSearch"]) == set(SEARCHES)
    assert set(described["loadOptions"]) == set(LOADS)


@pytest.mark.parametrize("method", SEARCHES)
def test_a_thing_is_found_by_its_name(method, n8n, sandbox):
    parameters, name, id_of = SEARCHES[method]

    listed = search(n8n, method, parameters)
    found = search(n8n, method, parameters, filter=name.upper().strip())

    wanted = id_of(sandbox.world)
    assert wanted in [each["value"] for each in listed["results"]]
    assert [each["name"] for each in found["results"] if each["value"] == wanted and name in each["name"]]
    assert len(found["results"]) <= len(listed["results"])
    assert search(n8n, method, parameters, filter="no such name")["results"] == []


@pytest.mark.parametrize("method", LOADS)
def test_choices_are_the_ids_that_there_are(method, n8n, sandbox):
    parameters, id_of = LOADS[method]

    choices = load(n8n, method, parameters)

    assert id_of(sandbox.world) in [each["value"] for each in choices]
    assert all(each["name"] for each in choices)


def many_projects(sandbox: Sandbox) -> None:
    known = sandbox.world.project("Quick check")
    for number in range(250):
        sandbox.world.add(replace(known, id=sandbox.world.new_id(), title=f"Copy {number:03}"))


def test_a_long_list_is_read_page_by_page_and_searched_to_its_end(n8n, sandbox):
    many_projects(sandbox)

    page = search(n8n, "searchProjects")
    following = search(n8n, "searchProjects", token=page["paginationToken"])
    found = search(n8n, "searchProjects", filter="copy 003")

    assert len(page["results"]) == len(following["results"]) == 100
    assert not {each["value"] for each in page["results"]} & {each["value"] for each in following["results"]}
    assert [each["name"].split(" (")[0] for each in found["results"]] == ["Copy 003"]
    assert len(load(n8n, "getProjects")) > 250


@pytest.mark.parametrize(
    ("kind", "method"), [("listSearch", m) for m in SEARCHES] + [("loadOptions", m) for m in LOADS]
)
def test_a_list_that_cannot_be_had_says_why(kind, method, n8n, sandbox):
    use(n8n, sandbox, token="hxtp_nobody")

    with pytest.raises(Refused) as caught:
        n8n.ask("choose", kind=kind, method=method, parameters=OF_REPORT)

    assert caught.value.said["name"] == "NodeOperationError"
    assert caught.value.said["description"].endswith("[token_refused]")


@pytest.mark.parametrize("chosen", [None, "", "={{ $json.id }}", {"__rl": True, "mode": "list", "value": ""}])
def test_a_list_of_one_project_asks_for_the_project_first(chosen, n8n):
    with pytest.raises(Refused, match="Choose the project first"):
        search(n8n, "searchRuns", {"projectId": chosen})
