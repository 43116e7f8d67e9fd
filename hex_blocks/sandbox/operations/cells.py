"""Cells of a project's draft."""

from __future__ import annotations

import uuid
from typing import Any

from hex_blocks.sandbox.error_replies import Refusal
from hex_blocks.sandbox.model import Cell, DataConnection, Project
from hex_blocks.sandbox.operation_table import operation
from hex_blocks.sandbox.operations.common import paged
from hex_blocks.sandbox.paging import Sort
from hex_blocks.sandbox.replies import cell_shape
from hex_blocks.sandbox.request import Json, OperationCall
from hex_blocks.sandbox.validation import Flag, Obj, Text, Variants

CONTENTS = {"CODE": "codeCell", "SQL": "sqlCell", "MARKDOWN": "markdownCell"}
SOURCE = Obj({"source*": Text()})
NEW_SQL = Obj(
    {
        "source*": Text(),
        "dataConnectionId": Text(),
        "isDataframeSql": Flag(),
        "outputDataframe": Text(),
    }
)
CREATE_BODY = Obj(
    {
        "projectId*": Text(),
        "cellType*": Text(choices=tuple(CONTENTS)),
        "label": Text(),
        "contents*": Variants({"codeCell": SOURCE, "sqlCell": NEW_SQL, "markdownCell": SOURCE}),
        "location": Obj(
            {
                "insertAfterCellId": Text(),
                "parentCellId": Text(),
                "childPosition": Text(choices=("FIRST", "LAST")),
            }
        ),
    }
)
EDIT_SQL = Obj({"source*": Text(), "outputDataframe": Text()})
UPDATE_BODY = Obj(
    {
        "dataConnectionId^": Text(),
        "contents": Variants({"codeCell": SOURCE, "sqlCell": EDIT_SQL, "markdownCell": SOURCE}),
    }
)
# How many rows of output Hex's preview returns. Its documentation has no number: the sandbox's choice.
ROW_LIMIT = 50


@operation("ListCells", "GET", "/cells", family="B", query={"projectId*": Text(), **paged()}, limits=("hex-api-30rpm",))
def list_cells(call: OperationCall) -> Json:
    """List the cells of a draft, from top to bottom."""
    project = call.project(call.query["projectId"], need="CAN_VIEW")
    found = call.page(call.world.cells(project.id), Sort(project.id, lambda cell: cell.rank))
    return {"values": [cell_shape(cell) for cell in found.items], "pagination": found.pagination}


@operation("GetCell", "GET", "/cells/{cellId}", family="B", limits=("hex-api-30rpm",))
def get_cell(call: OperationCall) -> Json:
    """Return one cell."""
    return cell_shape(_cell(call, "CAN_VIEW"))


@operation("CreateCell", "POST", "/cells", family="B", body=CREATE_BODY, missing=400, limits=("hex-api-30rpm",))
def create_cell(call: OperationCall) -> Json:
    """Add a cell to a draft, at its end unless a location is given."""
    body = call.body
    project = call.project(body["projectId"], need="CAN_EDIT")
    type_ = body["cellType"]
    if CONTENTS[type_] not in body["contents"]:
        raise call.refusal(f"contents must hold {CONTENTS[type_]} for a cell of type {type_}")
    contents = body["contents"][CONTENTS[type_]]
    connection_id = contents.get("dataConnectionId")
    if connection_id is not None and contents.get("isDataframeSql"):
        raise call.refusal("dataConnectionId and isDataframeSql cannot be given together")
    cells = call.world.cells(project.id)
    rank, parent_id = _place(call, cells, body.get("location", {}))
    cell = Cell(
        id=call.world.new_id(),
        static_id=call.world.new_id(),
        project_id=project.id,
        type=type_,
        rank=rank,
        label=body.get("label"),
        source=contents["source"],
        connection_id=_connection_id(call, connection_id),
        parent_id=parent_id,
    )
    if type_ == "SQL":
        number = sum(cell.type == "SQL" for cell in cells) + 1
        cell.output_dataframe = contents.get("outputDataframe", f"dataframe_{number}")
    project.last_edited_at = call.now
    return cell_shape(call.world.add(cell))


def _place(call: OperationCall, cells: list[Cell], location: dict[str, Any]) -> tuple[float, str | None]:
    """Return the rank and the parent of a new cell."""
    ranks = [cell.rank for cell in cells]
    if "insertAfterCellId" in location:
        before = _among(call, cells, location["insertAfterCellId"])
        return _between(ranks, before.rank), before.parent_id
    if "parentCellId" in location:
        parent = _among(call, cells, location["parentCellId"])
        children = [cell.rank for cell in cells if cell.parent_id == parent.id]
        first = location.get("childPosition") == "FIRST"
        return _between(ranks, parent.rank if first else max([parent.rank, *children])), parent.id
    return max(ranks, default=0.0) + 1, None


def _among(call: OperationCall, cells: list[Cell], id_: str) -> Cell:
    for cell in cells:
        if cell.id == id_.lower():
            return cell
    raise call.refusal(f"location: the project has no cell {id_}")


def _between(ranks: list[float], rank: float) -> float:
    """Return a rank between a rank and the next one."""
    later = [other for other in ranks if other > rank]
    return (rank + min(later)) / 2 if later else rank + 1


@operation("UpdateCell", "PATCH", "/cells/{cellId}", family="B", body=UPDATE_BODY, limits=("hex-api-30rpm",))
def update_cell(call: OperationCall) -> Json:
    """Change a cell's source, or the connection of a SQL cell."""
    cell = _cell(call, "CAN_EDIT")
    contents = call.body.get("contents")
    if contents is not None and CONTENTS.get(cell.type) not in contents:
        raise call.refusal(f"contents do not fit a cell of type {cell.type}")
    if "dataConnectionId" in call.body:
        if cell.type != "SQL":
            raise call.refusal("Only a SQL cell has a data connection")
        cell.connection_id = _connection_id(call, call.body["dataConnectionId"])
    if contents is not None:
        changed = contents[CONTENTS[cell.type]]
        cell.source = changed["source"]
        cell.output_dataframe = changed.get("outputDataframe", cell.output_dataframe)
    call.find(Project, cell.project_id, "Project").last_edited_at = call.now
    return cell_shape(cell)


@operation("DeleteCell", "DELETE", "/cells/{cellId}", family="B", limits=("hex-api-30rpm",))
def delete_cell(call: OperationCall) -> Json:
    """Delete a cell of the draft."""
    cell = _cell(call, "CAN_EDIT")
    call.world.remove(cell)
    call.find(Project, cell.project_id, "Project").last_edited_at = call.now
    return {"cellId": cell.id}


@operation("GetCellOutput", "GET", "/cells/{cellId}/output", family="B", limits=("hex-api",))
def get_cell_output(call: OperationCall) -> Json:
    """Return the output of a SQL cell in the draft: rows as text, or the error of its query."""
    cell = _cell(call, "CAN_VIEW", or_static=True)
    if cell.type != "SQL":
        raise Refusal(400, "Only SQL cells have an output to read")
    return {
        "projectId": cell.project_id,
        # The session of the draft has its own ID, which is not that of a run of the app.
        "runId": str(uuid.uuid5(uuid.NAMESPACE_OID, cell.project_id)),
        "cell": {"id": cell.id, "staticId": cell.static_id, "cellType": cell.type},
        "result": _result(cell),
    }


def _result(cell: Cell) -> dict[str, Any]:
    if cell.fault is not None:
        return {"type": "cell_run_error", "message": cell.fault, "traceback": None}
    # A cell that was created here has no rows. Its output is its own query.
    columns = cell.columns or (("query", "string"), ("rows", "number"))
    rows = cell.rows or ((cell.source, "1"),)
    names = [name for name, _ in columns]
    shown = rows[:ROW_LIMIT]
    return {
        "type": "table",
        "rowLimit": ROW_LIMIT,
        "rowsReturned": len(shown),
        "totalRows": len(rows),
        "totalRowsKind": "EXACT",
        "truncated": len(shown) < len(rows),
        "columns": [{"name": name, "type": type_} for name, type_ in columns],
        "rows": [dict(zip(names, row, strict=True)) for row in shown],
    }


def _cell(call: OperationCall, need: str, *, or_static: bool = False) -> Cell:
    id_ = call.path["cellId"]
    cell = call.world.get(Cell, id_)
    if cell is None and or_static:
        cell = next((cell for cell in call.world.all(Cell) if cell.static_id == id_.lower()), None)
    if cell is None:
        raise call.missing("Cell")
    call.project(cell.project_id, need=need)
    return cell


def _connection_id(call: OperationCall, id_: str | None) -> str | None:
    if id_ is None:
        return None
    connection = call.world.get(DataConnection, id_)
    if connection is None:
        raise call.refusal(f"There is no data connection {id_}")
    return connection.id
