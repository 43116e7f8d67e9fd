"""The pages: every row of both pages that people know stands in ours, and in German as whole as in English."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

SEEDS = REPOSITORY.parent / "shared" / "seeds"
TOOL = re.compile(r"^### `(\w+)`$", re.MULTILINE)
ROW = re.compile(r"^\| *(?P<deep>(?:↳ )?)`(?P<name>\w+)` \| (?P<kind>[\w\[\]]+) \|", re.MULTILINE)
# The heading that a row stands below, in German and English.
INPUT, OUTPUT = ("Eingabe", "Input"), ("Ausgabe", "Output")
# The German page writes a row without anything between its cells.
_KINDS = "string|number|boolean|object|array|json"
_GERMAN_INPUT = re.compile(rf"^(\w+?)({_KINDS})(Ja|Nein)\S")
_GERMAN_OUTPUT = re.compile(rf"^(\w+?)({_KINDS})[A-Z(]")

Rows = dict[str, dict[str, list[tuple[str, str]]]]


def page(package: Path, language: str) -> str:
    return (package / f"apps/docs/content/docs/{language}/integrations/hex.mdx").read_text()


def rows_of(text: str) -> Rows:
    """Return the rows of a page of ours: by tool, then input or output, each a name and a type."""
    found: Rows = {}
    for name, body in zip(TOOL.findall(text), TOOL.split(text)[2::2], strict=True):
        _, given, made = re.split(r"^#### .*$", body, flags=re.MULTILINE)
        found[name] = {
            part: [(row["name"], row["kind"]) for row in ROW.finditer(half)]
            for part, half in (("input", given), ("output", made))
        }
    return found


def rows_of_the_german_page() -> Rows:
    found: Rows = {}
    tool, part = "", ""
    for line in (SEEDS / "german-tools-page.txt").read_text().splitlines():
        if line.startswith("hex_"):
            tool = line.strip()
            found[tool] = {"input": [], "output": []}
        elif line in (*INPUT, *OUTPUT):
            part = "input" if line in INPUT else "output"
        elif tool and (row := (_GERMAN_INPUT if part == "input" else _GERMAN_OUTPUT).match(line)):
            found[tool][part].append((row[1], row[2]))
    return found


def rows_of_the_english_page() -> list[dict[str, list[tuple[str, str]]]]:
    """Return the rows of the page that names no tool: an input table and an output table for each, in order."""
    tables: list[list[tuple[str, str]]] = []
    for line in (SEEDS / "sixteen-tools-page.txt").read_text().splitlines():
        cells = [cell.strip(" |↳") for cell in line.split(" | ")]
        if line.startswith("| Parameter"):
            tables.append([])
        elif tables and len(cells) >= 3 and re.fullmatch(_KINDS, cells[1]):
            tables[-1].append((cells[0], cells[1]))
    return [{"input": given, "output": made} for given, made in zip(tables[::2], tables[1::2], strict=True)]


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_row_of_the_german_page_is_in_ours(language, package):
    wanted, ours = rows_of_the_german_page(), rows_of(page(package, language))

    assert len(wanted) == 16
    assert sum(len(rows) for tool in wanted.values() for rows in tool.values()) > 150
    for tool, parts in wanted.items():
        for part, rows in parts.items():
            assert set(rows) <= set(ours[tool][part]), (tool, part)


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_row_of_the_english_page_is_in_ours(language, package):
    wanted, ours = rows_of_the_english_page(), rows_of(page(package, language))
    # Its tools stand in the order of their ids.
    names = sorted(rows_of_the_german_page())

    assert len(wanted) == len(names)
    for tool, parts in zip(names, wanted, strict=True):
        for part, rows in parts.items():
            assert set(rows) <= set(ours[tool][part]), (tool, part)


def test_every_language_has_the_same_rows(package):
    english = rows_of(page(package, "en"))
    folders = sorted(each.name for each in (package / "apps/docs/content/docs").iterdir())

    assert {"de", "en", "es", "fr", "ja", "zh"} <= set(folders)
    for language in folders:
        text = page(package, language)
        assert {tool: parts["output"] for tool, parts in rows_of(text).items()} == {
            tool: parts["output"] for tool, parts in english.items()
        }, language


def test_the_german_page_speaks_german(package):
    german = page(package, "de")

    for heading in (
        "#### Eingabe",
        "#### Ausgabe",
        "| Parameter | Typ | Erforderlich | Beschreibung |",
        "| Ja |",
        "| Nein |",
    ):
        assert heading in german
    assert "#### Input" not in german
    assert "| Yes |" not in german


def test_a_page_is_in_sims_form(package):
    text = page(package, "en")

    assert text.startswith("---\ntitle: Hex\ndescription: ")
    assert '<BlockInfoCard\n  type="hex"' in text
    # What stands between these marks is kept when Sim makes its pages anew.
    assert text.count("MANUAL-CONTENT-START:intro") == text.count("MANUAL-CONTENT-END") == 1
    tables = text[text.index("## Tools") :]
    assert not re.search(r"(?<!\\)[{}<>]", tables)


def test_the_tools_stand_in_the_order_of_their_ids(package):
    tools = TOOL.findall(page(package, "en"))

    assert tools[:-1] == sorted(tools[:-1])
    assert tools[-1] == "hex_run_finished"
