"""The handler of hex_get_run_results: the charts of a completed run, and the outputs of the draft's SQL cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hex_blocks.errors.classes import BusyError, Fault, HexError, hex_error
from hex_blocks.handlers.one_request import read_list
from hex_blocks.runs.model import ENDS, Run, get_run, has_ended, run_error
from hex_blocks.tools.handler import handler
from hex_blocks.tools.progress import Progress
from hex_blocks.tools.tool_call import ToolCall

CHART_TYPES = ("CHART", "VEGA_CHART")
MAX_CELLS = 10_000
SIZE = ("width", "height", "includeTitle")

Cell = dict[str, Any]


@handler(
    errors=("not_found", "run_not_ended", "run_errored", "run_killed", "run_no_kernel"),
    uses=("hex_get_run_status", "hex_list_cells", "hex_get_run_chart_image", "hex_get_cell_output"),
)
def get_run_results(call: ToolCall, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the charts of a completed run and, if requested, the outputs of the draft's SQL cells."""
    run = inputs | _completed(call, inputs["projectId"], inputs["runId"])
    charts_wanted, tables_wanted = inputs.get("includeCharts", True), inputs.get("includeSqlOutputs", False)
    cells = _cells(call, inputs["projectId"]) if charts_wanted or tables_wanted else []
    charts = _charts_among(call, cells, inputs.get("charts")) if charts_wanted else []
    return run | {
        "charts": _fetch_charts(call, inputs, charts),
        "sqlOutputs": _fetch_tables(call, cells) if tables_wanted else None,
    }


def _completed(call: ToolCall, project_id: str, run_id: str) -> Run:
    """Return a run that has completed.

    Raises:
        RunError: It has not ended, or did not complete.
    """
    run = get_run(call, project_id, run_id)
    if not has_ended(run):
        raise run_error(run, "run_not_ended", state=run.get("status"))
    if key := ENDS[str(run["status"])]:
        raise run_error(run, key)
    return run


def _cells(call: ToolCall, project_id: str) -> list[Cell]:
    listing = replace(call, tool=call.tools["hex_list_cells"])
    listed = read_list(listing, {"projectId": project_id, "fetchAll": True, "maxItems": MAX_CELLS})
    return listed.get("values") or []


def _charts_among(call: ToolCall, cells: list[Cell], names: list[str] | None) -> list[Cell]:
    """Return the chart cells: all, or those with the given labels or IDs."""
    charts = [cell for cell in cells if cell.get("cellType") in CHART_TYPES]
    if not names:
        return charts
    wanted = {name.strip().casefold() for name in names}
    known = {name for chart in charts for name in _names(chart)}
    if unknown := [name for name in names if name.strip().casefold() not in known]:
        labels = ", ".join(_shown(chart) for chart in charts) or "–"
        values = {"found": ", ".join(unknown), "known": labels}
        raise hex_error("bad_inputs", tool=call.tool.id, faults=(Fault("charts", "no_such_chart", values),))
    return [chart for chart in charts if wanted.intersection(_names(chart))]


def _names(cell: Cell) -> list[str]:
    return [str(cell[name]).strip().casefold() for name in ("staticId", "id", "label") if cell.get(name)]


def _shown(cell: Cell) -> str:
    return f"{cell['label']} ({cell['staticId']})" if cell.get("label") else str(cell["staticId"])


def _fetch_charts(call: ToolCall, inputs: dict[str, Any], charts: list[Cell]) -> list[dict[str, Any]]:
    asked = {name: inputs[name] for name in ("projectId", "runId", *SIZE) if name in inputs}

    def fetch(chart: Cell) -> dict[str, Any]:
        reply = call.request(asked | {"staticId": chart["staticId"]}, "hex_get_run_chart_image") or {}
        image = {"mimeType": reply.get("mimeType"), "base64": reply.get("imageBase64")}
        return {"staticId": chart["staticId"], "label": chart.get("label"), "image": image}

    return _fetch_each(call, charts, "chart_missing", fetch)


def _fetch_tables(call: ToolCall, cells: list[Cell]) -> list[dict[str, Any]]:
    def fetch(cell: Cell) -> dict[str, Any]:
        result = (call.request({"cellId": cell["staticId"]}, "hex_get_cell_output") or {}).get("result") or {}
        head = {"source": "draft", "staticId": cell["staticId"], "label": cell.get("label")}
        return head | result | {"error": result.get("message")}

    return _fetch_each(call, [cell for cell in cells if cell.get("cellType") == "SQL"], "table_missing", fetch)


def _fetch_each(
    call: ToolCall, cells: list[Cell], warning: str, fetch: Callable[[Cell], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the result of `fetch` for each cell. A cell that fails is named in a warning and left out."""
    fetched: list[dict[str, Any]] = []
    for number, cell in enumerate(cells):
        message = call.say("Fetching result {number} of {all}", number=number + 1, all=len(cells))
        call.report_progress(Progress(message, percent=round(100 * number / len(cells), 1)))
        try:
            fetched.append(fetch(cell))
        except HexError as error:
            busy = isinstance(error, BusyError)
            if error.status == 401 or (busy and not fetched):
                raise
            # Hex accepts no more requests, so the other cells are not tried.
            missed = cells[number:] if busy else [cell]
            call.warn(warning, name=", ".join(map(_shown, missed)), reason=error.message(call.language))
            if busy:
                break
    return fetched
