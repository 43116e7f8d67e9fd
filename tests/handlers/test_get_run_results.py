"""What a finished run has to show."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from hex_blocks import HexError
from hex_blocks.clock import DrivenClock
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Cell, Plan, Run
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT

TOOL = "hex_get_run_results"
PNG = b"\x89PNG"

RunTool = Callable[..., dict[str, Any]]
Asked = Callable[[], list[str]]


@pytest.fixture
def done(sandbox: Sandbox) -> dict[str, str]:
    """A run of the revenue report that has completed."""
    return {"projectId": REVENUE_REPORT, "runId": add_run(sandbox, Plan(1, 1), age=60)}


def add_run(sandbox: Sandbox, plan: Plan, age: float) -> str:
    began = sandbox.clock.time() - age
    run = Run(id=sandbox.world.new_id(), project_id=REVENUE_REPORT, caller="c", version=1, created_at=began, plan=plan)
    return sandbox.world.add(run).id


def add_charts(sandbox: Sandbox, count: int) -> None:
    for number in range(count):
        sandbox.world.add(
            Cell(
                id=sandbox.world.new_id(),
                static_id=sandbox.world.new_id(),
                project_id=REVENUE_REPORT,
                type="CHART",
                rank=100.0 + number,
                label=f"Chart {number}",
            )
        )


def test_all_charts_of_the_run_come_as_pictures(run: RunTool, done: dict[str, str], asked: Asked) -> None:
    outputs = run(TOOL, done)

    assert [chart["label"] for chart in outputs["charts"]] == ["Revenue chart", "Orders by day"]
    assert {chart["image"]["mimeType"] for chart in outputs["charts"]} == {"image/png"}
    assert all(base64.b64decode(chart["image"]["base64"]).startswith(PNG) for chart in outputs["charts"])
    assert (outputs["status"], outputs["elapsedTime"], outputs["elapsedSeconds"]) == ("COMPLETED", 1000, 1)
    assert done["runId"] in outputs["runUrl"]
    assert outputs["sqlOutputs"] is None
    assert asked() == ["GetRunStatus", "ListCells", "GetChartImageFromRun", "GetChartImageFromRun"]


@pytest.mark.parametrize("name", ["revenue chart ", "id", "static_id"])
def test_a_chart_is_named_by_its_label_or_id(
    sandbox: Sandbox, run: RunTool, done: dict[str, str], asked: Asked, name: str
) -> None:
    wanted = getattr(sandbox.world.cell("Revenue report", "Revenue chart"), name, name)

    outputs = run(TOOL, done | {"charts": [wanted], "width": 200, "height": 100, "includeTitle": True})

    assert [chart["label"] for chart in outputs["charts"]] == ["Revenue chart"]
    assert sandbox.requests[-1].query == {"width": ["200"], "height": ["100"], "includeTitle": ["true"]}
    assert asked().count("GetChartImageFromRun") == 1


@pytest.mark.parametrize("name", ["Profit chart", "Total revenue", "00000000-0000-4000-8000-000000000000"])
def test_a_chart_that_is_none_is_an_error_that_names_those_there_are(
    run: RunTool, done: dict[str, str], asked: Asked, name: str
) -> None:
    with pytest.raises(HexError) as failure:
        run(TOOL, done | {"charts": ["Revenue chart", name]})

    assert failure.value.kind == "input"
    assert [fault.key for fault in failure.value.faults] == ["no_such_chart"]
    assert name in str(failure.value)
    assert "Revenue chart" in str(failure.value)
    assert "Orders by day" in str(failure.value)
    assert "GetChartImageFromRun" not in asked()


def test_a_chart_that_fails_is_told_and_the_others_come(sandbox: Sandbox, run: RunTool, done: dict[str, str]) -> None:
    gone = sandbox.world.cell("Revenue report", "Revenue chart")

    def lose_it(progress: Any) -> None:
        if progress.percent == 0 and sandbox.world.get(Cell, gone.id):
            sandbox.world.remove(gone)

    outputs = run(TOOL, done, progress=lose_it)

    assert [chart["label"] for chart in outputs["charts"]] == ["Orders by day"]
    assert [warning["warning"] for warning in outputs["warnings"]] == ["chart_missing"]
    assert "Revenue chart" in outputs["warnings"][0]["message"]


def test_many_cells_and_charts_are_read_inside_the_limits(
    sandbox: Sandbox, clock: DrivenClock, run: RunTool, done: dict[str, str], asked: Asked
) -> None:
    add_charts(sandbox, 110)
    began = clock.monotonic()

    outputs = run(TOOL, done)

    assert len(outputs["charts"]) == 112
    assert len({chart["staticId"] for chart in outputs["charts"]}) == 112
    assert asked().count("ListCells") == 2
    assert 5 * 60 <= clock.monotonic() - began <= 7 * 60
    assert not [request for request in sandbox.requests if request.status == 429]


def test_the_drafts_sql_outputs_come_on_request_and_are_called_so(
    run: RunTool, done: dict[str, str], asked: Asked
) -> None:
    outputs = run(TOOL, done | {"includeCharts": False, "includeSqlOutputs": True})

    assert outputs["charts"] == []
    assert [table["label"] for table in outputs["sqlOutputs"]] == ["Revenue by region", "Refunds"]
    assert {table["source"] for table in outputs["sqlOutputs"]} == {"draft"}
    revenue, refunds = outputs["sqlOutputs"]
    assert (revenue["rowsReturned"], revenue["truncated"], revenue["error"]) == (36, False, None)
    assert refunds["rows"] == [{"region": "US", "note": None}, {"region": "EMEA", "note": "two lines"}]
    assert asked() == ["GetRunStatus", "ListCells", "GetCellOutput", "GetCellOutput"]


def test_a_sql_cell_that_failed_gives_its_error(sandbox: Sandbox, run: RunTool) -> None:
    project = sandbox.world.project("Broken import")
    began = sandbox.clock.time() - 60
    ended = sandbox.world.add(
        Run(id=sandbox.world.new_id(), project_id=project.id, caller="c", version=1, created_at=began, plan=Plan(1, 1))
    )

    outputs = run(TOOL, {"projectId": project.id, "runId": ended.id, "includeCharts": False, "includeSqlOutputs": True})

    failed = next(table for table in outputs["sqlOutputs"] if table["label"] == "Import")
    assert "missing_table" in failed["error"]
    assert failed["rows"] is None


def test_neither_charts_nor_tables_cost_one_request(run: RunTool, done: dict[str, str], asked: Asked) -> None:
    outputs = run(TOOL, done | {"includeCharts": False})

    assert (outputs["charts"], outputs["sqlOutputs"]) == ([], None)
    assert asked() == ["GetRunStatus"]


@pytest.mark.parametrize(
    ("plan", "key"),
    [
        (Plan(120, 1), "run_not_ended"),
        (Plan(1, None), "run_not_ended"),
        (Plan(1, 1, "ERRORED"), "run_errored"),
        (Plan(1, 0, "UNABLE_TO_ALLOCATE_KERNEL"), "run_no_kernel"),
    ],
)
def test_a_run_without_results_is_an_error_that_says_why(
    sandbox: Sandbox, run: RunTool, asked: Asked, plan: Plan, key: str
) -> None:
    with pytest.raises(HexError) as failure:
        run(TOOL, {"projectId": REVENUE_REPORT, "runId": add_run(sandbox, plan, age=60)})

    assert (failure.value.key, failure.value.kind) == (key, "run")
    assert failure.value.values["runUrl"]
    assert asked() == ["GetRunStatus"]


def test_a_run_that_was_stopped_has_no_results(sandbox: Sandbox, run: RunTool) -> None:
    run_id = add_run(sandbox, Plan(1, None), age=60)
    run("hex_cancel_run", {"projectId": REVENUE_REPORT, "runId": run_id})

    with pytest.raises(HexError) as failure:
        run(TOOL, {"projectId": REVENUE_REPORT, "runId": run_id})

    assert failure.value.key == "run_killed"


def test_a_run_that_is_not_there_is_an_error(run: RunTool) -> None:
    with pytest.raises(HexError) as failure:
        run(TOOL, {"projectId": REVENUE_REPORT, "runId": "00000000-0000-4000-8000-000000000000"})

    assert failure.value.status in (403, 404, 422)


def test_a_token_without_the_right_is_an_error(run: RunTool, done: dict[str, str]) -> None:
    with pytest.raises(HexError) as failure:
        run(TOOL, done, token=TOKENS.no_permission)

    assert failure.value.key == "no_permission"
