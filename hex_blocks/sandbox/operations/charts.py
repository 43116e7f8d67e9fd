"""Images of chart cells."""

from __future__ import annotations

import base64
from typing import Any

from hex_blocks.sandbox.error_replies import Refusal
from hex_blocks.sandbox.model import Cell
from hex_blocks.sandbox.operation_table import operation
from hex_blocks.sandbox.png import bar_chart
from hex_blocks.sandbox.request import Json, OperationCall
from hex_blocks.sandbox.validation import Flag, Kind, Number

CHART_TYPES = ("CHART", "VEGA_CHART")
SIDE = Number(least=100, most=2000, whole=True)
IMAGE_QUERY: dict[str, Kind] = {"width": SIDE, "height": SIDE, "includeTitle": Flag(default=False)}
DEFAULT_SIZE = (640, 360)


@operation(
    "GetChartImageFromLogic", "GET", "/cells/{cellId}/image", query=IMAGE_QUERY, limits=("hex-chart-image",), family="B"
)
def chart_image_from_logic(call: OperationCall) -> Json:
    """Return the image of a chart of the draft. The ID is that of the cell's version, not the static one."""
    cell = call.find(Cell, call.path["cellId"], "Cell")
    call.project(cell.project_id, need="CAN_VIEW")
    return {"cellId": cell.id, **_picture(call, cell)}


@operation(
    "GetChartImageFromRun",
    "GET",
    "/projects/{projectId}/runs/{runId}/cells/{staticId}/image",
    family="B",
    query=IMAGE_QUERY,
    limits=("hex-chart-image",),
)
def chart_image_from_run(call: OperationCall) -> Json:
    """Return the image of a chart of a completed run."""
    project, run = call.project_run()
    static_id = call.path["staticId"]
    cell = next((cell for cell in call.world.cells(project.id) if cell.static_id == static_id.lower()), None)
    if cell is None:
        raise call.missing("Cell")
    status = run.state(call.now).status
    if status != "COMPLETED":
        raise Refusal(400, f"Only a completed run has charts: this one is {status}")
    return {
        "projectId": project.id,
        "runId": run.id,
        "staticId": cell.static_id,
        **_picture(call, cell),
    }


def _picture(call: OperationCall, cell: Cell) -> dict[str, Any]:
    if cell.type not in CHART_TYPES:
        raise call.refusal(f"Only chart cells have a picture: this one is {cell.type}")
    width, height = call.query["width"], call.query["height"]
    if (width is None) != (height is None):
        raise call.refusal("width and height must be given together")
    size = DEFAULT_SIZE if width is None else (int(width), int(height))
    picture = bar_chart(cell.static_id, *size, titled=call.query["includeTitle"])
    return {"imageBase64": base64.b64encode(picture).decode(), "mimeType": "image/png"}
