"""Reads the YAML file that Hex exports of a project: its inputs and charts.

The file is read leniently, because Hex changes its format. Only what is returned is kept, because the file contains
code and the values of environment variables.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hex_blocks.runs.yaml_text import NotYamlError, load_yaml

# The newest known version of the format. Newer files are read as far as possible.
KNOWN_VERSION = 3
MAX_CELLS = 20_000
# Types of cells that contain other cells in `config.cells`.
SECTIONS = ("COLLAPSIBLE", "BLOCK")
CHARTS = ("CHART", "CHARTV2", "EXPLORE", "MAP", "METRIC")
# Types of inputs that a run's parameters cannot set.
NOT_SETTABLE = ("BUTTON", "FILE_UPLOAD", "TABLE")

_PLAIN = ("BOOLEAN", "NUMBER", "STRING")

Config = Mapping[str, Any]


class ProjectFileError(ValueError):
    """The text is not a project file."""


@dataclass(frozen=True)
class Choice:
    """A value of a fixed list, and its label in the app."""

    value: Any
    label: str


@dataclass(frozen=True)
class ProjectInput:
    """An input of a project.

    Attributes:
        name: The name of its variable.
        label: Its label in the app.
        kind: Hex's type of the input, such as DROPDOWN.
        type: The JSON type of its value; `any` if it is not known.
        items: The JSON type of the entries, if the value is an array.
        format: `date` or `date-time` for dates.
        default: Its default value.
        default_from: The variable that its default is computed from at run time.
        optional: Whether it may be empty; None if the file does not say.
        choices: The fixed list of values, if there is one.
        choices_from: The data frame column or variable whose values are the choices at run time.
        minimum: The smallest number.
        maximum: The largest number.
        step: The step between numbers.
        on_app: Whether it is on the published app; None if the file does not say.
        settable: Whether a run's parameters can set it.
        cell_id: The ID of its cell.
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
    """A chart cell."""

    kind: str
    label: str | None
    cell_id: str | None
    on_app: bool | None


@dataclass(frozen=True)
class ProjectFile:
    """The parts of a project file that matter for runs.

    Attributes:
        version: The version of the file's format.
        title: The title of the project.
        timezone: Its time zone.
        inputs: Its inputs, in the order of the cells.
        charts: Its charts, in the order of the cells.
        complete: Whether all inputs are in the file. Those of imported components are not.
        writes_back: Whether a run can write to a table of a data connection.
    """

    version: int
    title: str | None
    timezone: str | None
    inputs: tuple[ProjectInput, ...] = ()
    charts: tuple[Chart, ...] = ()
    complete: bool = True
    writes_back: bool = False


def read_project_file(text: str) -> ProjectFile:
    """Return the parsed file of a project.

    Raises:
        ProjectFileError: The text is not a project file, or is too large.
    """
    try:
        document = _mapping(load_yaml(text))
    except NotYamlError as error:
        raise ProjectFileError(str(error)) from None
    meta, version = document.get("meta"), document.get("schemaVersion")
    if not isinstance(meta, Mapping) or isinstance(version, bool) or not isinstance(version, int):
        raise ProjectFileError("meta or schemaVersion is missing")
    reader = _Reader(_cells_on_app(document))
    reader.read(document.get("cells"), section_on_app=False)
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
    """Collects inputs and charts from the cells, including cells in sections.

    Attributes:
        on_app: The IDs of the cells on the app; None if the project has no app.
    """

    on_app: frozenset[str] | None
    inputs: list[ProjectInput] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    complete: bool = True
    writes_back: bool = False
    _read: int = 0

    def read(self, cells: Any, *, section_on_app: bool) -> None:
        for cell in _list(cells):
            self._read += 1
            if self._read > MAX_CELLS:
                raise ProjectFileError(f"more than {MAX_CELLS} cells")
            if isinstance(cell, Mapping):
                self._read_cell(cell, section_on_app=section_on_app)

    def _read_cell(self, cell: Config, *, section_on_app: bool) -> None:
        kind, config, cell_id = cell.get("cellType"), _mapping(cell.get("config")), _text(cell.get("cellId"))
        on_app = self._is_on_app(cell_id, section_on_app=section_on_app)
        if kind in SECTIONS:
            self.read(config.get("cells"), section_on_app=bool(on_app))
        elif kind == "INPUT":
            if (found := _input(cell, config, on_app)) is not None:
                self.inputs.append(found)
        elif kind in CHARTS:
            self.charts.append(Chart(str(kind), _text(cell.get("cellLabel")), cell_id, on_app))
        elif kind == "COMPONENT_IMPORT":
            self.complete = False
        elif kind == "WRITEBACK":
            self.writes_back |= bool(config.get("runInApp") or config.get("runOnScheduledRun"))

    def _is_on_app(self, cell_id: str | None, *, section_on_app: bool) -> bool | None:
        """Return whether a cell is on the app, itself or in a section; None if it is not known."""
        if self.on_app is None:
            return None
        if section_on_app:
            return True
        return None if cell_id is None else cell_id in self.on_app


def _cells_on_app(document: Config) -> frozenset[str] | None:
    """Return the IDs of the cells on the app, in a grid layout or a generated one; None if there is no app."""
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
    """Return the input of an input cell, or None if it has no name, so that no run can set it."""
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
    """Return the JSON type of an input's value, the type of its entries, and its format."""
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
    """Return the fixed choices of an input, and the name of the data that they come from at run time."""
    listed = options.get({"DROPDOWN": "valueOptions", "MULTISELECT": "multiValueOptions"}.get(kind, ""))
    if isinstance(listed, list):
        return tuple(choice for each in listed if (choice := _choice(each)) is not None), None
    dynamic = _mapping(listed)
    frame, column = _text(dynamic.get("dfName")), _text(dynamic.get("columnName"))
    if frame:
        return None, f"{frame}.{column}" if column else frame
    return None, _text(dynamic.get("variableName"))


def _choice(listed: Any) -> Choice | None:
    """Return a choice, or None if its value is not text or a number."""
    value = listed.get("value") if isinstance(listed, Mapping) else listed
    if not isinstance(value, str | int | float):
        return None
    key = listed.get("key") if isinstance(listed, Mapping) else None
    return Choice(value, key if isinstance(key, str) else value_label(value))


def value_label(value: Any) -> str:
    """Return the label of a choice that has none of its own."""
    return value if isinstance(value, str) else json.dumps(value)


def _moments(default: Any, type_: str) -> Any:
    """Return the default of a date input: one date, or a list of two for a range. A single date can be in a list."""
    if isinstance(default, list):
        moments = [_moment(each) for each in default]
        return moments if type_ == "array" else next(iter(moments), None)
    return _moment(default)


def _moment(default: Any) -> Any:
    """Return a date as text, or the file's object for one that is relative to the day of the run."""
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
