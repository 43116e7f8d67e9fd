"""Reading a project's exported file."""

from __future__ import annotations

from typing import Any

import pytest

from hex_blocks.runs.project_file import (
    MAX_CELLS,
    Choice,
    ProjectFile,
    ProjectFileError,
    ProjectInput,
    read_project_file,
)
from hex_blocks.runs.yaml_text import MAX_ALIASES, MAX_CHARACTERS, MAX_DEPTH, NotYamlError, load_yaml

HEAD = "schemaVersion: 3\nmeta:\n  title: Tides\n"


def project(cells: str, rest: str = "") -> ProjectFile:
    return read_project_file(f"{HEAD}cells:\n{cells}{rest}")


def input_cell(kind: str, config: str = "", cell: str = "") -> str:
    return f"- cellType: INPUT\n{cell}  config:\n    name: x\n    inputType: {kind}\n{config}"


def read_input(kind: str, config: str = "", cell: str = "") -> ProjectInput:
    return project(input_cell(kind, config, cell)).inputs[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-06-01", "2026-06-01"),
        ("12:30", "12:30"),
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("True", True),
        ("false", False),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-3", -3),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000),
        ("2.0", 2),
        ("9007199254740991", 9007199254740991),
        ("9007199254740993", None),
        ("0xffffffffffffffff", None),
        ("1e300", None),
        ("9" * 5000, None),
        ("-.inf", None),
        (".nan", None),
        ("1_000", "1_000"),
        ("0b1", "0b1"),
        ("~", None),
        ("", None),
        ("Null", None),
        ("'null'", "null"),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    read = load_yaml(f"x: {text}\n")["x"]

    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "config", "expected"),
    [
        ("TEXT_INPUT", "    outputType: STRING\n    defaultValue: Quay 7\n", ("string", None, None, "Quay 7")),
        ("NUMERIC_INPUT", "    outputType: NUMBER\n    defaultValue: 2.5\n", ("number", None, None, 2.5)),
        ("SLIDER", "    outputType: NUMBER\n    defaultValue: 40\n", ("number", None, None, 40)),
        ("CHECKBOX", "    outputType: BOOLEAN\n    defaultValue: true\n", ("boolean", None, None, True)),
        ("DROPDOWN", "    outputType: STRING\n    defaultValue: no\n", ("string", None, None, "no")),
        ("DROPDOWN", "    outputType: NUMBER\n    defaultValue: 2026\n", ("number", None, None, 2026)),
        ("DROPDOWN", "    outputType: DYNAMIC\n    defaultValue: null\n", ("any", None, None, None)),
        ("MULTISELECT", "    outputType: LIST_NUMBER\n    defaultValue: [1]\n", ("array", "number", None, [1])),
        ("MULTISELECT", "    outputType: LIST_STRING\n", ("array", "string", None, None)),
        ("MULTISELECT", "    outputType: DYNAMIC\n", ("array", "any", None, None)),
        ("DATE", "    defaultValue: {dateString: 2026-03-01}\n", ("string", None, "date", "2026-03-01")),
        ("DATE", "    defaultValue: [{dateString: 2026-03-01}]\n", ("string", None, "date", "2026-03-01")),
        ("DATE", "    defaultValue: []\n", ("string", None, "date", None)),
        (
            "DATE",
            "    options: {enableTime: true}\n"
            "    defaultValue: {isoDateString: '2026-03-01T18:30Z', timezoneName: UTC}\n",
            ("string", None, "date-time", "2026-03-01T18:30Z"),
        ),
        (
            "DATE",
            "    options: {useDateRange: true}\n"
            "    defaultValue:\n"
            "    - {dateString: 2026-01-01}\n"
            "    - {unit: DAY, amount: 0, operation: AGO, displayName: today}\n",
            ("array", "string", "date", ["2026-01-01", {"unit": "DAY", "amount": 0, "operation": "AGO"}]),
        ),
        ("FILE_UPLOAD", "    defaultValue: {id: a, name: b, type: FILE}\n", ("any", None, None, None)),
        ("HOLOGRAM", "    defaultValue: 1\n", ("any", None, None, 1)),
        ("SLIDER", "    defaultValue: .nan\n", ("number", None, None, None)),
        ("HOLOGRAM", "    defaultValue: {a: [.inf, 1.5]}\n", ("any", None, None, {"a": [None, 1.5]})),
    ],
)
def test_an_input_has_the_type_and_default_of_its_kind(kind: str, config: str, expected: tuple[Any, ...]) -> None:
    found = read_input(kind, config)

    assert (found.type, found.items, found.format, found.default) == expected


@pytest.mark.parametrize(
    ("kind", "options", "choices", "source"),
    [
        ("DROPDOWN", "{valueOptions: [no, 7]}", (Choice("no", "no"), Choice(7, "7")), None),
        ("DROPDOWN", "{valueOptions: [{key: Web shop, value: web}]}", (Choice("web", "Web shop"),), None),
        ("DROPDOWN", "{valueOptions: [true, 1.5, [1], null]}", (Choice(True, "true"), Choice(1.5, "1.5")), None),
        ("MULTISELECT", "{multiValueOptions: [north]}", (Choice("north", "north"),), None),
        ("DROPDOWN", "{valueOptions: {dfName: t, columnName: c, variableName: null}}", None, "t.c"),
        ("DROPDOWN", "{valueOptions: {dfName: t, variableName: null}}", None, "t"),
        ("MULTISELECT", "{multiValueOptions: {variableName: known}}", None, "known"),
        ("TEXT_INPUT", "{valueOptions: [a]}", None, None),
        ("DROPDOWN", "null", None, None),
    ],
)
def test_choices_are_fixed_or_named_by_their_source(
    kind: str, options: str, choices: tuple[Choice, ...] | None, source: str | None
) -> None:
    found = read_input(kind, f"    options: {options}\n")

    assert (found.choices, found.choices_from) == (choices, source)


@pytest.mark.parametrize(
    ("kind", "config", "cell", "label"),
    [
        ("TEXT_INPUT", "", "  cellLabel: Depot\n", "Depot"),
        ("TEXT_INPUT", "    options: {text: no label}\n", "  cellLabel: null\n", "x"),
        ("CHECKBOX", "    options: {text: Count returns}\n", "  cellLabel: null\n", "Count returns"),
        ("BUTTON", "    options: {text: ''}\n", "", "x"),
    ],
)
def test_the_label_is_the_cells_or_the_options_or_the_name(kind: str, config: str, cell: str, label: str) -> None:
    assert read_input(kind, config, cell).label == label


def test_limits_and_steps_are_those_of_the_kind() -> None:
    slider = read_input("SLIDER", "    options: {min: -10, max: 10, step: 0.5, increment: 3}\n")
    number = read_input("NUMERIC_INPUT", "    options: {min: 1, increment: 3}\n")

    assert (slider.minimum, slider.maximum, slider.step) == (-10, 10, 0.5)
    assert (number.minimum, number.maximum, number.step) == (None, None, 3)


@pytest.mark.parametrize("kind", ["BUTTON", "FILE_UPLOAD", "TABLE"])
def test_what_no_form_can_give_is_said_to_be_so(kind: str) -> None:
    assert read_input(kind).settable is False


NESTED = """
- cellType: COLLAPSIBLE
  cellId: section
  config:
    cells:
    - {cellType: INPUT, cellId: a, config: {name: a, inputType: TEXT_INPUT}}
    - cellType: BLOCK
      cellId: block
      config:
        cells:
        - {cellType: INPUT, cellId: b, config: {name: b, inputType: TEXT_INPUT}}
- {cellType: INPUT, cellId: c, config: {name: c, inputType: TEXT_INPUT}}
- {cellType: INPUT, config: {name: d, inputType: TEXT_INPUT}}
"""


def on_app(rest: str) -> dict[str, bool | None]:
    return {each.name: each.on_app for each in project(NESTED, rest).inputs}


def grid(*elements: str) -> str:
    return f"appLayout: {{tabs: [{{rows: [{{columns: [{{elements: [{', '.join(elements)}]}}]}}]}}]}}\n"


def test_inputs_are_found_in_sections_and_blocks() -> None:
    assert list(on_app("")) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("", {"a": None, "b": None, "c": None, "d": None}),
        (grid("{cellId: b}", "{cellId: b}"), {"a": False, "b": True, "c": False, "d": None}),
        (grid("{cellId: section}"), {"a": True, "b": True, "c": False, "d": None}),
        (grid("{cellId: null, sharedFilterId: f}"), {"a": False, "b": False, "c": False, "d": None}),
        ("dataAppCellIds: [c, block]\n", {"a": False, "b": True, "c": True, "d": None}),
        ("appLayout: {tabs: [null, {rows: 3}]}\n", {"a": False, "b": False, "c": False, "d": None}),
    ],
)
def test_an_input_is_on_the_app_where_it_or_its_section_is_placed(rest: str, expected: dict[str, Any]) -> None:
    assert on_app(rest) == expected


def test_components_and_writebacks_are_noticed() -> None:
    whole = project("- {cellType: CODE, config: {source: 'x = 1'}}\n")
    imported = project("- {cellType: COMPONENT_IMPORT, config: {component: {id: a, version: b}}}\n")
    writing = project("- {cellType: WRITEBACK, config: {runInApp: false, runOnScheduledRun: true}}\n")
    resting = project("- {cellType: WRITEBACK, config: {runInApp: false}}\n")

    assert (whole.complete, imported.complete) == (True, False)
    assert (whole.writes_back, writing.writes_back, resting.writes_back) == (False, True, False)


def test_source_that_looks_like_an_input_is_none() -> None:
    found = project(
        "- cellType: CODE\n  config:\n    source: |\n      - cellType: INPUT\n        config: {name: fake}\n"
    )

    assert found.inputs == ()


def test_odd_cells_are_passed_over() -> None:
    found = project(
        "- null\n- 3\n- {cellType: INPUT}\n- {cellType: INPUT, config: {name: '', inputType: DATE}}\n"
        "- {cellType: INPUT, config: {name: Größe, options: [1], defaultValue: 1}}\n"
    )

    assert [(each.name, each.kind, each.type) for each in found.inputs] == [("Größe", "UNKNOWN", "any")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "just words",
        "- a\n- b\n",
        "schemaVersion: 3\n",
        "meta: {title: x}\n",
        "schemaVersion: '3'\nmeta: {}\n",
        "schemaVersion: true\nmeta: {}\n",
        "a: [",
        "a: *nowhere",
        "!!python/object/apply:os.system [ls]",
        "? [a]\n: b\n",
        "a: b\n---\nc: d\n",
        "a: &a [*a]",
        "a: &a 1\nb: &a 2\n",
        "a: !!str 1",
        "a: ! b",
        "x: \0",
        "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        "a: &a 1\nb: [" + "*a, " * (MAX_ALIASES + 1) + "]",
        "x" * (MAX_CHARACTERS + 1),
    ],
    ids=lambda text: f"{text[:20]!r} of {len(text)}",
)
def test_what_is_no_project_file_is_refused(text: str) -> None:
    with pytest.raises(ProjectFileError):
        read_project_file(text)


def test_aliases_cannot_multiply_the_cells() -> None:
    lines = ["a0: &a0 [{cellType: CODE}]"]
    lines += [f"a{n}: &a{n} [" + f"{{cellType: BLOCK, config: {{cells: *a{n - 1}}}}}, " * 10 + "]" for n in range(1, 9)]

    with pytest.raises(ProjectFileError, match="refers to itself"):
        read_project_file(f"{HEAD}{chr(10).join(lines)}\ncells: *a8\n")


def test_cells_are_read_up_to_a_bound() -> None:
    with pytest.raises(ProjectFileError, match=str(MAX_CELLS)):
        project("- {}\n" * (MAX_CELLS + 1))


def test_aliases_cannot_multiply_a_default() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [" + f"*a{n - 1}, " * 10 + "]" for n in range(1, 7)]

    with pytest.raises(NotYamlError, match="refers to itself"):
        load_yaml("\n".join(lines))


def test_lines_break_where_yaml_1_2_breaks_them() -> None:
    assert load_yaml("a: |\n  one\x85two\u2028three\n  four\n") == {"a": "one two three\nfour\n"}


@pytest.mark.parametrize(
    "cells",
    [
        "&a [{cellType: BLOCK, config: {cells: *a}}]",
        "[{cellType: INPUT, config: &a {name: x, defaultValue: {y: *a}}}]",
        "[{cellType: INPUT, config: {name: x, defaultValue: *a8}}]",
    ],
)
def test_what_holds_itself_or_grows_without_end_is_refused(cells: str) -> None:
    lines = ["a0: &a0 [1]"] + [f"a{n}: &a{n} [" + f"*a{n - 1}, " * 10 + "]" for n in range(1, 9)]

    with pytest.raises(ProjectFileError):
        read_project_file(f"{HEAD}{chr(10).join(lines)}\ncells: {cells}\n")


def test_an_error_quotes_nothing_of_the_file() -> None:
    with pytest.raises(ProjectFileError) as caught:
        read_project_file("projectAssets:\n  envVars: [{name: A, value: hunter2\n")

    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"
