"""Cells, their outputs and charts."""

from __future__ import annotations

import base64
import struct
import zlib

import pytest

from hex_blocks.sandbox.png import bar_chart

REPORT = "01234567-89ab-cdef-0123-456789abcdef"


def labels(caller):
    return [cell["label"] for cell in caller.everything("/cells", projectId=REPORT)]


@pytest.fixture
def make(ada):
    def create(label, **location):
        body = {
            "projectId": REPORT,
            "cellType": "MARKDOWN",
            "label": label,
            "contents": {"markdownCell": {"source": label}},
            "location": location,
        }
        reply = ada("POST", "/cells", json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()

    return create


def test_a_new_cell_comes_last(make, ada):
    make("Last")

    assert labels(ada)[-1] == "Last"


def test_a_new_cell_comes_after_the_one_that_is_named(sandbox, make, ada):
    totals = sandbox.world.cell("Revenue report", "Totals").id
    make("Second", insertAfterCellId=totals)
    make("First", insertAfterCellId=totals)

    order = labels(ada)
    place = order.index("Totals")
    assert order[place + 1 : place + 3] == ["First", "Second"]


def test_a_new_cell_comes_first_or_last_in_its_section(sandbox, make, ada):
    details = sandbox.world.cell("Revenue report", "Details").id
    make("Bottom", parentCellId=details)
    make("Top", parentCellId=details, childPosition="FIRST")

    order = labels(ada)
    place = order.index("Details")
    assert order[place : place + 5] == ["Details", "Top", "Refunds", "Orders by day", "Bottom"]


def test_a_sql_cell_is_attached_detached_and_renamed(sandbox, ada):
    world = sandbox.world
    warehouse, lake = world.connection("Warehouse").id, world.connection("Event lake").id
    contents = {"sqlCell": {"source": "select 1", "dataConnectionId": warehouse}}
    made = ada("POST", "/cells", json={"projectId": REPORT, "cellType": "SQL", "contents": contents}).json()
    path = f"/cells/{made['id']}"

    moved = ada("PATCH", path, json={"dataConnectionId": lake}).json()
    edited = ada("PATCH", path, json={"contents": {"sqlCell": {"source": "select 2", "outputDataframe": "two"}}}).json()
    detached = ada("PATCH", path, json={"dataConnectionId": None}).json()

    assert (made["dataConnectionId"], moved["dataConnectionId"]) == (warehouse, lake)
    assert made["contents"]["sqlCell"] == {"source": "select 1", "outputDataframe": "dataframe_3"}
    assert edited["contents"]["sqlCell"] == {"source": "select 2", "outputDataframe": "two"}
    assert detached["dataConnectionId"] is None
    assert ada.get(path) == detached


def test_a_deleted_cell_is_gone(sandbox, ada):
    path = f"/cells/{sandbox.world.cell('Revenue report', 'Totals').id}"

    reply = ada("DELETE", path)

    assert (reply.status_code, list(reply.json())) == (200, ["cellId"])
    assert ada("GET", path).status_code == 404
    assert "Totals" not in labels(ada)


def test_a_change_of_a_cell_is_an_edit_of_its_project(make, ada, clock):
    before = ada.get(f"/projects/{REPORT}")["lastEditedAt"]
    clock.advance(10)

    make("New")

    assert ada.get(f"/projects/{REPORT}")["lastEditedAt"] > before


def test_only_code_sql_and_markdown_have_contents(ada):
    for cell in ada.everything("/cells", projectId=REPORT):
        filled = {name for name, contents in cell["contents"].items() if contents}
        expected = {"CODE": {"codeCell"}, "SQL": {"sqlCell"}, "MARKDOWN": {"markdownCell"}}
        assert filled == expected.get(cell["cellType"], set())


def test_the_output_of_a_query_is_text_or_null(sandbox, ada):
    cell = sandbox.world.cell("Revenue report", "Refunds")

    by_id, by_static_id = (ada.get(f"/cells/{id_}/output") for id_ in (cell.id, cell.static_id))

    assert by_id == by_static_id
    assert by_id["result"]["rows"] == [
        {"region": "US", "note": None},
        {"region": "EMEA", "note": "two lines"},
    ]


def test_the_output_of_a_failed_query_is_its_error(sandbox, ada):
    cell = sandbox.world.cell("Broken import", "Import")

    result = ada.get(f"/cells/{cell.id}/output")["result"]

    assert result["type"] == "cell_run_error"
    assert "does not exist" in result["message"]


def test_a_long_output_is_cut(sandbox, ada):
    cell = sandbox.world.cell("Revenue report", "Revenue by region")
    cell.rows *= 3

    result = ada.get(f"/cells/{cell.id}/output")["result"]

    assert (result["rowsReturned"], result["totalRows"], result["truncated"]) == (50, 108, True)
    assert len(result["rows"]) == 50


def pixels(picture):
    """Return width, height and the lines of a PNG of one byte per pixel, having checked all of its parts."""
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(picture):
        (length,) = struct.unpack(">I", picture[at : at + 4])
        kind, data = picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        (check,) = struct.unpack(">I", picture[at + 8 + length : at + 12 + length])
        assert check == zlib.crc32(kind + data)
        chunks[kind] = data
        at += 12 + length
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    lines = zlib.decompress(chunks[b"IDAT"])
    assert list(chunks) == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    assert len(lines) == (width + 1) * height
    assert max(lines) < len(chunks[b"PLTE"]) // 3
    return width, height, [lines[row * (width + 1) + 1 : (row + 1) * (width + 1)] for row in range(height)]


@pytest.mark.parametrize(("across", "down"), [(100, 100), (640, 360), (2000, 100), (101, 1999)])
@pytest.mark.parametrize("titled", [True, False])
def test_a_chart_is_a_whole_picture(across, down, titled):
    width, height, lines = pixels(bar_chart("revenue", across, down, titled=titled))

    assert (width, height) == (across, down)
    assert len({bytes(line) for line in lines}) > 4
    assert (set(lines[0]) == {3}) == titled


def test_the_same_chart_is_always_the_same_picture(sandbox, ada):
    cell = sandbox.world.cell("Revenue report", "Revenue chart")
    path = f"/cells/{cell.id}/image"

    first, again, smaller, titled = (
        ada.get(path, **query)["imageBase64"]
        for query in ({}, {}, {"width": 200, "height": 100}, {"includeTitle": "true"})
    )

    assert first == again
    assert len({first, smaller, titled}) == 3
    assert pixels(base64.b64decode(smaller))[:2] == (200, 100)


def test_a_run_shows_the_chart_by_its_static_id(sandbox, ada):
    cell = sandbox.world.cell("Revenue report", "Revenue chart")
    path = f"/projects/{REPORT}/runs/{REPORT}/cells"

    assert ada("GET", f"{path}/{cell.static_id}/image").json()["mimeType"] == "image/png"
    assert ada("GET", f"{path}/{cell.id}/image").status_code == 404
