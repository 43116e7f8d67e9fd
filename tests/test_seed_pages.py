"""Every input and output that the three seed pages promise, against `hex-blocks show TOOL --json`.

The pages are not part of the project; HEX_SEEDS names their folder.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunCommand

REPOSITORY = Path(__file__).parents[1]
SEEDS = Path(os.environ.get("HEX_SEEDS", REPOSITORY.parent / "shared" / "seeds"))
LISTED = [
    "hex_cancel_run",
    "hex_create_collection",
    "hex_get_collection",
    "hex_get_data_connection",
    "hex_get_group",
    "hex_get_project",
    "hex_get_project_runs",
    "hex_get_queried_tables",
    "hex_get_run_status",
    "hex_list_collections",
    "hex_list_data_connections",
    "hex_list_groups",
    "hex_list_projects",
    "hex_list_users",
    "hex_run_project",
    "hex_update_project",
]
NOTEBOOK = {"Run Notebook": "hex_run_notebook", "Get Run Status": "hex_get_notebook_run_status"}
# What a page calls a type, and what it may be in JSON Schema.
TYPES = {
    "string": {"string"},
    "boolean": {"boolean"},
    "number": {"number", "integer"},
    "object": {"object"},
    "json": {"object"},
    "array": {"array"},
    "any": {"string", "number", "boolean", "object", "array"},
}
Json = Any

pytestmark = pytest.mark.skipif(
    not SEEDS.is_dir(), reason="the seed pages are not here; their folder goes into HEX_SEEDS"
)


@dataclass(frozen=True)
class Row:
    """A row of a table: an input (required or not) or an output (required is None)."""

    name: str
    type: str
    required: bool | None
    nested: bool = False
    nullable: bool | None = None


def page(name: str) -> list[str]:
    return (SEEDS / name).read_text(encoding="utf-8").splitlines()


def sixteen_tools() -> list[list[Row]]:
    """Read sixteen-tools-page: for each tool a table of inputs and one of outputs, without the tools' names."""
    tables: list[list[Row]] = []
    for line in page("sixteen-tools-page.txt"):
        cells = [cell.strip() for cell in line.split("|")]
        if line.startswith("| Parameter |"):
            tables.append([])
        elif len(cells) > 3 and (match := re.fullmatch(r"(↳ )?(\w+)", cells[0])):
            required = {"Yes": True, "No": False}.get(cells[2]) if len(cells) > 4 else None
            tables[-1].append(Row(match[2], cells[1], required, nested=bool(match[1])))
    return [inputs + outputs for inputs, outputs in zip(tables[::2], tables[1::2], strict=True)]


def german_tools() -> dict[str, list[Row]]:
    """Read german-tools-page, whose cells run together: each tool's rows by its id."""
    row = re.compile(r"([a-zA-Z]+?)(string|boolean|number|object|array|json)(Ja|Nein)?([A-Z(].*)")
    tools: dict[str, list[Row]] = {}
    rows: list[Row] = []
    for line in page("german-tools-page.txt"):
        if re.fullmatch(r"hex_\w+", line):
            rows = tools[line] = []
        elif not line.startswith("Parameter") and (match := row.fullmatch(line)):
            rows.append(Row(match[1], match[2], {"Ja": True, "Nein": False}.get(match[3])))
    return tools


def notebook_tools() -> dict[str, list[Row]]:
    """Read notebook-block-page: each tool's rows by its title."""
    row = re.compile(r"\s*• (\w+) (\w+)(?: \((required|nullable)\))?: .*")
    tools: dict[str, list[Row]] = {}
    given = False
    for line in page("notebook-block-page.txt"):
        if line in NOTEBOOK:
            tools[line] = []
        elif line in ("Parameters:", "Returns:"):
            given = line == "Parameters:"
        elif match := row.fullmatch(line):
            nullable = match[3] == "nullable"
            list(tools.values())[-1].append(Row(match[1], match[2], not nullable if given else None, nullable=nullable))
    return tools


def examples() -> list[Json]:
    """Read the JSON examples of notebook-block-page, in its order."""
    found = re.findall(r"^\{$.*?^\}$", "\n".join(page("notebook-block-page.txt")), flags=re.MULTILINE | re.DOTALL)
    return [json.loads(each) for each in found]


def types_of(schema: Json) -> set[str]:
    return {schema["type"]} if isinstance(schema["type"], str) else set(schema["type"])


def fields_of(schema: Json) -> Json:
    """Give the fields of an object, or of the entries of an array."""
    return schema.get("properties") or schema.get("items", {}).get("properties", {})


def with_schemas(rows: list[Row], schema: Json) -> Iterator[tuple[Row, Json]]:
    """Find the schema of each row; a nested row stands in what came last that has fields, or in what holds that."""
    outer: Json = {}
    inner: Json = {}
    for row in rows:
        places = [fields_of(inner), fields_of(outer)] if row.nested else [schema["properties"]]
        found = next((place[row.name] for place in places if row.name in place), None)
        yield row, found
        if found is not None and fields_of(found):
            outer, inner = (outer, found) if row.nested else (found, {})


# Types that Hex has added since: the version of a run of the notebook itself is the word draft.
NEWER = {"projectVersion": {"string"}}


def broken_promises(rows: list[Row], shown: Json) -> Iterator[str]:
    """Tell each row that a tool does not have as its page says."""
    inputs = [row for row in rows if row.required is not None]
    outputs = [row for row in rows if row.required is None]
    for row, schema in [*with_schemas(inputs, shown["inputSchema"]), *with_schemas(outputs, shown["outputSchema"])]:
        if schema is None:
            yield f"{row} is not there"
        elif not types_of(schema) - {"null"} - NEWER.get(row.name, set()) <= TYPES[row.type] or row.nullable not in (
            None,
            "null" in types_of(schema),
        ):
            yield f"{row} is of type {schema['type']}"
    required = set(shown["inputSchema"].get("required", ()))
    yield from (f"{row} is otherwise" for row in inputs if row.required != (row.name in required))


@pytest.fixture
def show(here: RunCommand) -> Any:
    return lambda tool, *options: json.loads(here("show", tool, "--json", *options).stdout)


def test_the_two_pages_of_sixteen_tools_agree() -> None:
    german = german_tools()

    assert list(german) == LISTED
    assert [[(row.name, row.type, row.required) for row in rows] for rows in german.values()] == [
        [(row.name, row.type, row.required) for row in rows] for rows in sixteen_tools()
    ]


@pytest.mark.parametrize("number", range(len(LISTED)), ids=LISTED)
def test_a_tool_has_what_the_pages_of_sixteen_tools_promise(show: Any, number: int) -> None:
    rows = sixteen_tools()[number]

    assert len(rows) >= 4
    assert list(broken_promises(rows, show(LISTED[number]))) == []


@pytest.mark.parametrize("title", NOTEBOOK)
def test_a_tool_has_what_notebook_block_page_promises(show: Any, title: str) -> None:
    rows = notebook_tools()[title]
    shown = show(NOTEBOOK[title])

    assert len(rows) >= 8
    assert list(broken_promises(rows, shown)) == []
    assert (shown["title"], shown["group"]) == (title, "notebook")


def test_notebook_tools_say_whether_they_write(show: Any) -> None:
    operations = {line for line in page("notebook-block-page.txt") if line.startswith("Operation Type: ")}

    assert operations == {"Operation Type: Mutation (Write)", "Operation Type: Query (Read)"}
    assert [show(tool)["operation"] for tool in NOTEBOOK.values()] == ["mutation", "query"]


@pytest.mark.parametrize("tool", NOTEBOOK.values())
def test_notebook_tools_are_strict_where_it_is_asked_for(show: Any, tool: str) -> None:
    schema = show(tool, "--strict")["inputSchema"]

    assert schema["required"] == list(schema["properties"])


def test_the_example_of_run_notebook_runs_on_the_sandbox(here: RunCommand) -> None:
    called = here("call", "hex_run_notebook", "--input", json.dumps(examples()[0]), "--sandbox")

    result = json.loads(called.stdout)
    assert (called.returncode, result["status"]) == (0, "PENDING")
    assert [warning["warning"] for warning in result["warnings"]] == ["inputs_ignored"]


def test_the_example_of_get_run_status_runs_on_the_sandbox(here: RunCommand) -> None:
    called = here("call", "hex_get_notebook_run_status", "--input", json.dumps(examples()[1]), "--sandbox")

    result = json.loads(called.stdout)
    assert called.returncode == 0
    assert (f"run_{result['runId']}", result["status"], result["progress"]) == (
        examples()[1]["runId"],
        "COMPLETED",
        100,
    )
