"""Writes a project as the YAML file that Hex exports, version 3 of its format."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hex_blocks.sandbox.model import Cell, NotebookInput, Project
from hex_blocks.sandbox.workspace import World
from hex_blocks.sandbox.yaml_text import yaml_text

SCHEMA_VERSION = 3
APP_WIDTH = 120
SECTIONS = ("CELL_GROUP", "COLLAPSIBLE")
# Types of cells that are on the app besides inputs.
SHOWN = ("MARKDOWN", "TEXT", "CHART", "VEGA_CHART", "METRIC", "DISPLAY_TABLE", "PIVOT", "MAP", *SECTIONS)

# The file's names for types of cells that have other names in the API.
FILE_TYPES = {"DISPLAY_TABLE": "TABLE_DISPLAY", "VEGA_CHART": "CHART", "CHART": "CHARTV2", "CELL_GROUP": "COLLAPSIBLE"}

Config = dict[str, Any]


def hex_file(world: World, project: Project, version: int | str) -> str:
    """Return a version of a project (a number, or "draft") as YAML. The sandbox only keeps the cells of the draft."""
    cells = world.cells(project.id)
    variables = {cell.variable: cell.static_id for cell in cells if cell.type == "INPUT" and cell.variable}
    return yaml_text(
        {
            "schemaVersion": SCHEMA_VERSION,
            "meta": _meta(project, version),
            "projectAssets": {"dataConnections": [], "envVars": [], "secrets": []},
            "sharedAssets": {
                "secrets": [],
                "vcsPackages": [],
                "dataConnections": [{"dataConnectionId": id_} for id_ in _connections(project, cells)],
                "externalFileIntegrations": [],
            },
            "cells": _cells(project, cells, variables),
            "appLayout": _layout(project, cells, variables),
            "sharedFilters": [],
        }
    )


def _meta(project: Project, version: int | str) -> dict[str, Any]:
    return {
        "sourceVersionId": _id(project, f"version {version}"),
        "description": project.description,
        "projectId": project.id,
        "title": project.title,
        "timezone": None,
        "appTheme": "SYS_PREF",
        "codeLanguage": "PYTHON",
        "status": {"name": project.status} if project.status else None,
        "categories": [{"name": name} for name in project.categories],
        "castDecimalsDefault": True,
        "hexType": project.type,
        "allowExecutionReordering": True,
        "prerunApp": False,
        "autoRerunApp": True,
        "cachePublishedAppState": True,
        "logicQueryCacheTimeout": None,
        "publishedQueryCacheTimeout": None,
        "refreshStalePublishedApp": False,
    }


def _id(project: Project, name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{project.id}/{name}"))


def _connections(project: Project, cells: Sequence[Cell]) -> list[str]:
    """Return the IDs of the data connections that a project uses, each once."""
    used = [cell.connection_id for cell in cells if cell.connection_id] + [id_ for id_, _ in project.tables]
    return list(dict.fromkeys(used))


# Cells


def _cells(project: Project, cells: Sequence[Cell], variables: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the cells with their nested cells. Inputs of runs that no cell shows come first."""
    sections = {cell.id for cell in cells if cell.type in SECTIONS}
    without = [
        _input_cell(_id(project, f"input {wanted.name}"), wanted.name, wanted)
        for wanted in project.inputs
        if wanted.name not in variables
    ]
    top = [cell for cell in cells if cell.parent_id not in sections]
    return without + list(_written(project, cells, top))


def _written(project: Project, cells: Sequence[Cell], some: Sequence[Cell]) -> Iterator[dict[str, Any]]:
    """Yield some cells with their contents. Types that the sandbox does not know are left out."""
    inputs = {wanted.name: wanted for wanted in project.inputs}
    for cell in some:
        if cell.type == "INPUT":
            if cell.variable in inputs:
                yield _input_cell(cell.static_id, cell.label, inputs[cell.variable])
        elif cell.type in SECTIONS:
            inside = [other for other in cells if other.parent_id == cell.id]
            yield _cell(cell.type, cell.static_id, cell.label, {"cells": list(_written(project, cells, inside))})
        elif cell.type in CONFIGS:
            yield _cell(cell.type, cell.static_id, cell.label, CONFIGS[cell.type](cell, _dataframe_above(cell, cells)))


def _cell(type_: str, static_id: str, label: str | None, config: Config) -> dict[str, Any]:
    return {"cellType": FILE_TYPES.get(type_, type_), "cellId": static_id, "cellLabel": label, "config": config}


def _dataframe_above(cell: Cell, cells: Sequence[Cell]) -> str | None:
    """Return the data frame that a chart or table shows: that of the last query above it."""
    above = [other.output_dataframe for other in cells[: cells.index(cell)] if other.output_dataframe]
    return above[-1] if above else None


def _source(cell: Cell, _: str | None) -> Config:
    return {"source": cell.source or ""}


def _sql(cell: Cell, _: str | None) -> Config:
    return {
        "source": cell.source or "",
        "dataFrameCell": cell.connection_id is None,
        "dataConnectionId": cell.connection_id,
        "resultVariableName": cell.output_dataframe or "query_result",
    }


def _text(cell: Cell, _: str | None) -> Config:
    return {"richText": [{"type": "p", "children": [{"text": cell.source or ""}]}]}


def _vega_chart(_: Cell, dataframe: str | None) -> Config:
    metadata = {"byLayer": [{"selectedDataFrameVariableName": dataframe}]}
    return {"height": None, "metadata": metadata, "selectedLayerIndex": 0, "vegaSpec": None}


def _chart(_: Cell, __: str | None) -> Config:
    # The sandbox has no chart specifications. The format has this type for one that cannot be written.
    return {"chartSpec": {"type": "unsupported"}, "height": None}


def _metric(cell: Cell, dataframe: str | None) -> Config:
    return {"title": cell.label, "valueVariableName": dataframe, "valueColumn": None, "valueRowIndex": 0}


def _table(_: Cell, dataframe: str | None) -> Config:
    return {"dataFrameVariableName": dataframe, "tableDisplayConfig": {"columnProperties": []}}


def _pivot(_: Cell, dataframe: str | None) -> Config:
    return {
        "dataframeName": dataframe,
        "pivotConfig": {"rows": [], "columns": [], "values": []},
        "resultVariable": "pivot_result",
        "tableDisplayConfig": {"columnProperties": []},
    }


def _map(_: Cell, __: str | None) -> Config:
    return {"map": {"layers": [], "theme": "hex"}}


CONFIGS: Mapping[str, Callable[[Cell, str | None], Config]] = {
    "CODE": _source,
    "MARKDOWN": _source,
    "TEXT": _text,
    "SQL": _sql,
    "VEGA_CHART": _vega_chart,
    "CHART": _chart,
    "METRIC": _metric,
    "DISPLAY_TABLE": _table,
    "PIVOT": _pivot,
    "MAP": _map,
}


# Inputs


def _input_cell(static_id: str, label: str | None, wanted: NotebookInput) -> dict[str, Any]:
    input_type, output_type, options = INPUTS[wanted.kind]
    default: Any = list(wanted.default) if isinstance(wanted.default, tuple) else wanted.default
    if wanted.kind == "date" and wanted.default is not None:
        default = _moment(wanted.default)
    config = {
        "inputType": input_type,
        "name": wanted.name,
        "outputType": output_type,
        "options": options(wanted),
        "defaultValue": default,
    }
    return _cell("INPUT", static_id, label, config)


def _has_time(moment: object) -> bool:
    return isinstance(moment, str) and len(moment) > len("2026-01-01")


def _moment(default: str) -> dict[str, str]:
    return {"isoDateString": default, "timezoneName": "UTC"} if _has_time(default) else {"dateString": default}


def _date_options(wanted: NotebookInput) -> Config:
    return {
        "enableTime": _has_time(wanted.default),
        "enableTimezonePicker": False,
        "showRelativeDates": False,
        "useDateRange": False,
    }


# By type of input: the file's input type, the type of its value in the notebook, and its options.
INPUTS: Mapping[str, tuple[str, str, Callable[[NotebookInput], Config | None]]] = {
    "text": ("TEXT_INPUT", "STRING", lambda _: None),
    "number": ("NUMERIC_INPUT", "NUMBER", lambda wanted: {"increment": wanted.step}),
    "slider": (
        "SLIDER",
        "NUMBER",
        lambda wanted: {"min": wanted.least, "max": wanted.most, "step": wanted.step},
    ),
    "checkbox": ("CHECKBOX", "BOOLEAN", lambda wanted: {"style": "checkbox", "text": wanted.name}),
    "date": ("DATE", "DATETIME", _date_options),
    "dropdown": (
        "DROPDOWN",
        "STRING",
        lambda wanted: {"valueOptions": list(wanted.choices), "optional": wanted.default is None},
    ),
    "multiselect": ("MULTISELECT", "LIST_STRING", lambda wanted: {"multiValueOptions": list(wanted.choices)}),
}


# The app


def _layout(project: Project, cells: Sequence[Cell], variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the layout of the app: its inputs in a row, and the visible cells below."""
    sections = {cell.id for cell in cells if cell.type in SECTIONS}
    inputs = [
        variables.get(wanted.name, _id(project, f"input {wanted.name}")) for wanted in project.inputs if wanted.on_app
    ]
    shown = [cell.static_id for cell in cells if cell.type in SHOWN and cell.parent_id not in sections]
    rows = [
        {"columns": [{"start": 0, "end": APP_WIDTH, "elements": [_element(id_) for id_ in ids]}]}
        for ids in (inputs, shown)
        if ids
    ]
    return {
        "visibleMetadataFields": ["NAME", "DESCRIPTION", "LAST_RUN"],
        "fullWidth": False,
        "tabs": [{"name": "App", "rows": rows}],
    }


def _element(static_id: str) -> dict[str, Any]:
    return {
        "showSource": False,
        "hideOutput": False,
        "type": "CELL",
        "cellId": static_id,
        "sharedFilterId": None,
        "height": None,
        "showLabel": True,
        "explorable": None,
    }
