"""A project as the file that Hex exports: YAML 1.2, read leniently, since Hex goes on changing the format.

Nothing of the file is kept but what is returned: it holds the values of environment variables and customers' code.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hex_blocks.runs.yaml_text import NotYamlError, load_yaml

# The version of the format that is known; a newer one is read as far as it goes.
KNOWN_VERSION = 3
MOST_CELLS = 20_000
# Cells that hold other cells in `config.cells`.
SECTIONS = ("COLLAPSIBLE", "BLOCK")
CHARTS = ("CHART", "CHARTV2", "EXPLORE", "MAP", "METRIC")
# What goes through forms as JSON. The others are buttons, uploads and tables.
NOT_SETTABLE = ("BUTTON", "FILE_UPLOAD", "TABLE")

_PLAIN = ("BOOLEAN", "NUMBER", "STRING")

Config = Mapping[str, Any]


class ProjectFileError(ValueError):
    """The text is not a project file."""


@dataclass(frozen=True)
class Choice:
    """One value of a fixed list, and the label that the app shows for it."""

    value: Any
    label: str


@dataclass(frozen=True)
class ProjectInput:
    """An input of a project.

    type, items: the JSON type of its value, and of the entries where that is an array; `any` where it is not known.
    choices: the fixed list of values; None without one, or where the choices exist only at run time (choices_from).
    on_app: None where the file does not say.
    """

    name: str
    label: str
    kind: str
    type: str
    items: str | None = None
    format: str | None = None
    default: Any = None
    default_from: str | None = None
    optional: bool | None = None
    choices: tuple[Choice, ...] | None = None
    choices_from: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    on_app: bool | None = None
    settable: bool = True
    cell_id: str | None = None


@dataclass(frozen=True)
class Chart:
    """A cell that draws."""

    kind: str
    label: str | None
    cell_id: str | None
    on_app: bool | None


@dataclass(frozen=True)
class ProjectFile:
    """What a project file says about running the project.

    complete: False where imported components bring inputs of their own, which the file does not hold.
    writes_back: whether a run may write to a table of a data connection.
    """

    version: int
    title: str | None
    timezone: str | None
    inputs: tuple[ProjectInput, ...] = ()
    charts: tuple[Chart, ...] = ()
    complete: bool = True
    writes_back: bool = False


def read_project_file(text: str) -> ProjectFile:
    """Read a project file.

    Raises:
        ProjectFileError: The text is not one, or is larger than any real one.
    """
    try:
        document = _mapping(load_yaml(text))
    except NotYamlError as error:
        raise ProjectFileError(str(error)) from None
    meta, version = document.get("meta"), document.get("schemaVersion")
    if not isinstance(meta, Mapping) or isinstance(version, bool) or not isinstance(version, int):
        raise ProjectFileError("meta or schemaVersion is missing")
    shown = _shown_on_app(document)
    reader = _Reader(shown)
    reader.read(document.get("cells"), inside_shown=False)
    return ProjectFile(
        version,
        _text(meta.get("title")),
        _text(meta.get("timezone")),
        tuple(reader.inputs),
        tuple(reader.charts),
        reader.complete,
        reader.writes_back,
    )


@dataclass
class _Reader:
    """Goes through the cells, those in sections included. shown: the IDs on the app; None where there is no app."""

    shown: frozenset[str] | None
    inputs: list[ProjectInput] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    complete: bool = True
    writes_back: bool = False
    _read: int = 0

    def read(self, cells: Any, *, inside_shown: bool) -> None:
        for cell in _list(cells):
            self._read += 1
            if self._read > MOST_CELLS:
                raise ProjectFileError(f"more than {MOST_CELLS} cells")
            if isinstance(cell, Mapping):
                self._read_cell(cell, inside_shown=inside_shown)

    def _read_cell(self, cell: Config, *, inside_shown: bool) -> None:
        kind, config, cell_id = cell.get("cellType"), _mapping(cell.get("config")), _text(cell.get("cellId"))
        on_app = self._on_app(cell_id, inside_shown=inside_shown)
        if kind in SECTIONS:
            self.read(config.get("cells"), inside_shown=bool(on_app))
        elif kind == "INPUT":
            if (found := _input(cell, config, on_app)) is not None:
                self.inputs.append(found)
        elif kind in CHARTS:
            self.charts.append(Chart(str(kind), _text(cell.get("cellLabel")), cell_id, on_app))
        elif kind == "COMPONENT_IMPORT":
            self.complete = False
        elif kind == "WRITEBACK":
            self.writes_back |= bool(config.get("runInApp") or config.get("runOnScheduledRun"))

    def _on_app(self, cell_id: str | None, *, inside_shown: bool) -> bool | None:
        """Return whether a cell is on the app: placed itself, or inside a section that is placed."""
        if self.shown is None:
            return None
        if inside_shown:
            return True
        return None if cell_id is None else cell_id in self.shown


def _shown_on_app(document: Config) -> frozenset[str] | None:
    """Return the IDs of the cells on the app, a grid or a generated one. None without either."""
    generated = document.get("dataAppCellIds")
    layout = document.get("appLayout")
    if not isinstance(generated, list) and not isinstance(layout, Mapping):
        return None
    elements = (
        element
        for tab in _list(_mapping(layout).get("tabs"))
        for row in _list(_mapping(tab).get("rows"))
        for column in _list(_mapping(row).get("columns"))
        for element in _list(_mapping(column).get("elements"))
    )
    placed = (_mapping(element).get("cellId") for element in elements)
    return frozenset(each for each in (*_list(generated), *placed) if isinstance(each, str))


# Inputs


def _input(cell: Config, config: Config, on_app: bool | None) -> ProjectInput | None:
    """Read an input cell. None without a name, since no run can set it."""
    name, kind = _text(config.get("name")), _text(config.get("inputType")) or "UNKNOWN"
    if not name:
        return None
    options = _mapping(config.get("options"))
    type_, items, format_ = _type_of(kind, config.get("outputType"), options)
    default: Any = config.get("defaultValue")
    choices, choices_from = _choices(kind, options)
    return ProjectInput(
        name=name,
        label=_text(cell.get("cellLabel"))
        or (_text(options.get("text")) if kind in ("CHECKBOX", "BUTTON") else None)
        or name,
        kind=kind,
        type=type_,
        items=items,
        format=format_,
        default=None if kind in NOT_SETTABLE else _moments(default, type_) if kind == "DATE" else default,
        default_from=_text(_mapping(options.get("dynamicDefault")).get("variableName")) if kind == "DATE" else None,
        optional=options["optional"] if isinstance(options.get("optional"), bool) else None,
        choices=choices,
        choices_from=choices_from,
        minimum=_number(options.get("min")) if kind == "SLIDER" else None,
        maximum=_number(options.get("max")) if kind == "SLIDER" else None,
        step=_number(options.get({"SLIDER": "step", "NUMERIC_INPUT": "increment"}.get(kind, ""))),
        on_app=on_app,
        settable=kind not in NOT_SETTABLE,
        cell_id=_text(cell.get("cellId")),
    )


def _type_of(kind: str, output: Any, options: Config) -> tuple[str, str | None, str | None]:
    """Return the JSON type of an input's value, of its entries, and its format."""
    one = {"STRING": "string", "NUMBER": "number", "LIST_STRING": "string", "LIST_NUMBER": "number"}.get(output, "any")
    match kind:
        case "TEXT_INPUT":
            return "string", None, None
        case "NUMERIC_INPUT" | "SLIDER":
            return "number", None, None
        case "CHECKBOX":
            return "boolean", None, None
        case "DROPDOWN":
            return one, None, None
        case "MULTISELECT":
            return "array", one, None
        case "DATE":
            format_ = "date-time" if options.get("enableTime") is True else "date"
            return ("array", "string", format_) if options.get("useDateRange") is True else ("string", None, format_)
        case _:
            return "any", None, None


def _choices(kind: str, options: Config) -> tuple[tuple[Choice, ...] | None, str | None]:
    """Return the fixed choices of a list, or the name of what they come from at run time."""
    listed = options.get({"DROPDOWN": "valueOptions", "MULTISELECT": "multiValueOptions"}.get(kind, ""))
    if isinstance(listed, list):
        return tuple(choice for each in listed if (choice := _choice(each)) is not None), None
    dynamic = _mapping(listed)
    frame, column = _text(dynamic.get("dfName")), _text(dynamic.get("columnName"))
    if frame:
        return None, f"{frame}.{column}" if column else frame
    return None, _text(dynamic.get("variableName"))


def _choice(listed: Any) -> Choice | None:
    """Read one choice; None where it is no value that a form could send."""
    value = listed.get("value") if isinstance(listed, Mapping) else listed
    if not isinstance(value, str | int | float):
        return None
    key = listed.get("key") if isinstance(listed, Mapping) else None
    return Choice(value, key if isinstance(key, str) else value_label(value))


def value_label(value: Any) -> str:
    """Return what a person reads for a value of a choice."""
    return value if isinstance(value, str) else json.dumps(value)


def _moments(default: Any, type_: str) -> Any:
    """Return the default of a date: one moment, or those of a range. A single one may stand in a list of its own."""
    if isinstance(default, list):
        moments = [_moment(each) for each in default]
        return moments if type_ == "array" else next(iter(moments), None)
    return _moment(default)


def _moment(default: Any) -> Any:
    """Return a moment as text; one that is relative to the day of the run as the file has it."""
    moment = _mapping(default)
    for name in ("dateString", "isoDateString"):
        if isinstance(moment.get(name), str):
            return moment[name]
    relative = {name: moment[name] for name in ("unit", "amount", "operation", "timezone") if name in moment}
    return relative or None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> float | None:
    numeric = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if numeric else None


def _mapping(value: Any) -> Config:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
