"""Finding a project by what people have at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hex_blocks import HexError
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Project
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT

TOOL = "hex_find_project"
SUFFIX = "02aBcDeFgHiJkLmNoPqRsT"

RunTool = Callable[..., dict[str, Any]]
Asked = Callable[[], list[str]]


def add_project(sandbox: Sandbox, title: str, **more: Any) -> Project:
    world = sandbox.world
    now = sandbox.clock.time()
    owner = world.user("Ada Okafor").id
    project = Project(
        id=world.new_id(), title=title, creator_id=owner, owner_id=owner, created_at=now, last_edited_at=now, **more
    )
    return world.add(project)


def found(outputs: dict[str, Any]) -> list[tuple[str, str]]:
    assert outputs["total"] == len(outputs["matches"])
    return [(match["title"], match["matchedBy"]) for match in outputs["matches"]]


def test_an_id_is_found_by_one_request(run: RunTool, asked: Asked) -> None:
    outputs = run(TOOL, {"query": f" {REVENUE_REPORT.upper()} "})

    assert found(outputs) == [("Revenue report", "id")]
    assert outputs["matches"][0]["id"] == REVENUE_REPORT
    assert outputs["matches"][0]["ownerEmail"].startswith("ada")
    assert outputs["matches"][0]["lastPublishedAt"]
    assert asked() == ["GetProject"]


@pytest.mark.parametrize(
    "address",
    [
        f"https://app.hex.tech/acme/hex/{REVENUE_REPORT}/draft/logic",
        f"https://app.hex.tech/acme/hex/{REVENUE_REPORT}/draft/logic?view=notebook#cell-1",
        f"https://app.hex.tech/acme/hex/{REVENUE_REPORT}/app?runId=00000000-0000-4000-8000-000000000000",
        f"https://app.hex.tech/hex/{REVENUE_REPORT}",
        f"https://app.hex.tech/acme/app/{REVENUE_REPORT}/latest",
        f"https://eu.hex.tech/acme/hex/{REVENUE_REPORT.upper()}/logic",
        f"https://atreides.hex.tech/hex/hex/{REVENUE_REPORT}/draft/logic",
        f"https://atreides.hex.tech/app/app/{REVENUE_REPORT}",
        f"http://hex.example.com:8080/acme/hex/{REVENUE_REPORT}/",
        f"app.hex.tech/acme/hex/{REVENUE_REPORT}/app",
        f"/acme/hex/{REVENUE_REPORT}/app",
        f"hex/{REVENUE_REPORT}",
    ],
)
def test_an_address_that_holds_the_id_is_found_by_one_request(run: RunTool, asked: Asked, address: str) -> None:
    outputs = run(TOOL, {"query": address})

    assert found(outputs) == [("Revenue report", "url")]
    assert asked() == ["GetProject"]


@pytest.mark.parametrize(
    "address",
    [
        f"https://app.hex.tech/acme/app/Revenue-report-{SUFFIX}/latest",
        f"https://app.hex.tech/acme/app/Revenue-report-{SUFFIX}",
        f"https://app.hex.tech/app/revenue-report-{SUFFIX}?embedded=true",
        f"https://app.hex.tech/acme/hex/Revenue-report-{SUFFIX}/draft/logic",
        f"https://atreides.hex.tech/acme/app/Revenue-report-{SUFFIX}/latest",
    ],
)
def test_the_end_of_an_apps_address_is_no_id_so_its_words_are_looked_for(
    run: RunTool, asked: Asked, address: str
) -> None:
    outputs = run(TOOL, {"query": address})

    assert found(outputs) == [("Revenue report", "url")]
    assert asked() == ["ListProjects"]


def test_an_address_finds_titles_with_signs_and_accents(sandbox: Sandbox, run: RunTool) -> None:
    add_project(sandbox, "Café (Q1/Q2): costs & margins")

    outputs = run(TOOL, {"query": f"https://app.hex.tech/a/app/Cafe-Q1Q2-costs-margins-{SUFFIX}/latest"})
    same = run(TOOL, {"query": f"https://app.hex.tech/a/app/Cafe-Q1-Q2-costs-margins-{SUFFIX}/latest"})

    assert found(same) == [("Café (Q1/Q2): costs & margins", "url")]
    assert found(outputs) == []


def test_an_address_with_a_shortened_title_finds_the_whole_one(run: RunTool) -> None:
    outputs = run(TOOL, {"query": f"https://app.hex.tech/acme/app/Old-marketing-{SUFFIX}", "includeArchived": True})

    assert found(outputs) == [("Old marketing dashboard", "part")]


def test_an_address_without_words_finds_nothing_rather_than_everything(run: RunTool) -> None:
    outputs = run(TOOL, {"query": f"https://app.hex.tech/acme/app/{SUFFIX}/latest"})

    assert found(outputs) == []
    assert outputs["warnings"]


@pytest.mark.parametrize("title", ["Revenue report", "  revenue   REPORT ", "ＲＥＶＥＮＵＥ report"])
def test_a_title_is_found_whatever_its_case_and_spaces(run: RunTool, asked: Asked, title: str) -> None:
    assert found(run(TOOL, {"query": title})) == [("Revenue report", "title")]
    assert asked() == ["ListProjects"]


def test_a_whole_title_goes_before_those_that_hold_it(sandbox: Sandbox, run: RunTool) -> None:
    add_project(sandbox, "Revenue report, old")

    assert found(run(TOOL, {"query": "revenue report"})) == [("Revenue report", "title")]


def test_several_with_one_title_are_all_given(sandbox: Sandbox, run: RunTool) -> None:
    add_project(sandbox, "revenue report")

    outputs = run(TOOL, {"query": "Revenue report"})

    assert found(outputs) == [("revenue report", "title"), ("Revenue report", "title")]
    assert len({match["id"] for match in outputs["matches"]}) == 2


def test_a_part_of_a_title_finds_all_that_hold_it(run: RunTool) -> None:
    titles = found(run(TOOL, {"query": "orders"}))

    assert sorted(titles) == [("Extract orders", "part"), ("Load orders", "part"), ("Transform orders", "part")]


def test_components_are_found_too(run: RunTool) -> None:
    outputs = run(TOOL, {"query": "Date helpers"})

    assert [match["type"] for match in outputs["matches"]] == ["COMPONENT"]


def test_archived_projects_are_found_on_request_and_trashed_ones_never(run: RunTool) -> None:
    assert found(run(TOOL, {"query": "Old marketing dashboard"})) == []
    archived = run(TOOL, {"query": "Old marketing dashboard", "includeArchived": True})
    assert found(archived) == [("Old marketing dashboard", "title")]
    assert archived["matches"][0]["archivedAt"]
    assert found(run(TOOL, {"query": "Scratch notebook", "includeArchived": True})) == []


def test_what_is_not_there_is_an_empty_list_with_the_nearest_titles(run: RunTool) -> None:
    outputs = run(TOOL, {"query": "Revenu reprot"})

    assert found(outputs) == []
    assert [warning["warning"] for warning in outputs["warnings"]] == ["no_project_found_nearest"]
    assert "Revenue report" in outputs["warnings"][0]["message"]


def test_what_resembles_nothing_is_an_empty_list(run: RunTool) -> None:
    outputs = run(TOOL, {"query": "xyzzy"})

    assert found(outputs) == []
    assert [warning["warning"] for warning in outputs["warnings"]] == ["no_project_found"]


@pytest.mark.parametrize(
    "query",
    ["00000000-0000-4000-8000-000000000000", "https://app.hex.tech/a/hex/00000000-0000-4000-8000-000000000000/app"],
)
def test_an_id_that_is_not_there_is_an_empty_list(run: RunTool, asked: Asked, query: str) -> None:
    outputs = run(TOOL, {"query": query})

    assert found(outputs) == []
    assert [warning["warning"] for warning in outputs["warnings"]] == ["no_such_project"]
    assert asked() == ["GetProject"]


def test_what_the_token_may_not_see_is_not_found(run: RunTool) -> None:
    assert found(run(TOOL, {"query": "Payroll check"})) == [("Payroll check", "title")]
    assert found(run(TOOL, {"query": "Payroll check"}, token=TOKENS.editor)) == []


def test_a_token_that_may_list_nothing_is_an_error(run: RunTool) -> None:
    with pytest.raises(HexError) as failure:
        run(TOOL, {"query": "Revenue report"}, token=TOKENS.no_permission)

    assert failure.value.key == "no_permission"


def test_long_lists_are_read_page_by_page_to_the_end(sandbox: Sandbox, run: RunTool, asked: Asked) -> None:
    for number in range(300):
        add_project(sandbox, f"Project {number}")

    outputs = run(TOOL, {"query": "revenue report"})

    assert found(outputs) == [("Revenue report", "title")]
    assert asked() == ["ListProjects"] * 4


def test_no_more_titles_are_read_than_allowed_and_that_is_told(sandbox: Sandbox, run: RunTool, asked: Asked) -> None:
    for number in range(150):
        add_project(sandbox, f"Project {number}")

    outputs = run(TOOL, {"query": "revenue report", "maxProjects": 120})

    assert found(outputs) == []
    warnings = [warning["warning"] for warning in outputs["warnings"]]
    assert warnings == ["projects_unread", "no_project_found"]
    assert asked() == ["ListProjects"] * 2
