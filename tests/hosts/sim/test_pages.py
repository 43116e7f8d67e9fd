"""The pages: every row of the pages that people know stands in ours, and in German as whole as in English."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_seed_pages import LISTED, NOTEBOOK, SEEDS, german_tools, notebook_tools, sixteen_tools

TOOL = re.compile(r"^### `(\w+)`$", re.MULTILINE)
ROW = re.compile(r"^\| *(?:↳ )?`(\w+)` \| ([\w\[\]]+) \|(?: (\w+) \|)? .*\|$", re.MULTILINE)
LANGUAGES = {"en": "Yes", "de": "Ja"}
# A name, a type, and of an input whether it is required.
Said = tuple[str, str, bool | None]
with_seeds = pytest.mark.skipif(not SEEDS.is_dir(), reason="the seed pages are not here; HEX_SEEDS names their folder")


def page(package: Path, language: str) -> str:
    return (package / f"apps/docs/content/docs/{language}/integrations/hex.mdx").read_text()


def rows_of(text: str, yes: str = "Yes") -> dict[str, list[Said]]:
    """Return the rows of a page of ours by tool: first those of its inputs, then those of its outputs."""
    found: dict[str, list[Said]] = {}
    for name, body in zip(TOOL.findall(text), TOOL.split(text)[2::2], strict=True):
        _, given, made = re.split(r"^#### .*$", body, flags=re.MULTILINE)
        inputs: list[Said] = [(row[1], row[2], row[3] == yes) for row in ROW.finditer(given)]
        found[name] = inputs + [(row[1], row[2], None) for row in ROW.finditer(made)]
    return found


@with_seeds
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_row_of_the_german_page_is_in_ours(language, package):
    wanted, ours = german_tools(), rows_of(page(package, language), LANGUAGES[language])

    assert sorted(wanted) == LISTED
    for tool, rows in wanted.items():
        assert {(row.name, row.type, row.required) for row in rows} <= set(ours[tool]), tool


@with_seeds
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_row_of_the_english_page_is_in_ours(language, package):
    wanted, ours = sixteen_tools(), rows_of(page(package, language), LANGUAGES[language])

    for tool, rows in zip(LISTED, wanted, strict=True):
        assert {(row.name, row.type, row.required) for row in rows} <= set(ours[tool]), tool


@with_seeds
def test_the_notebook_pair_has_its_inputs_and_outputs(package):
    ours = rows_of(page(package, "en"))

    for title, rows in notebook_tools().items():
        assert {row.name for row in rows} <= {name for name, _, _ in ours[NOTEBOOK[title]]}, title


def test_every_language_has_the_same_rows(package):
    english = rows_of(page(package, "en"))
    folders = sorted(each.name for each in (package / "apps/docs/content/docs").iterdir())

    assert {"de", "en", "es", "fr", "ja", "zh"} <= set(folders)
    for language in folders:
        ours = rows_of(page(package, language))
        assert {tool: names(rows) for tool, rows in ours.items()} == {
            tool: names(rows) for tool, rows in english.items()
        }, language


def names(rows: list[Said]) -> list[tuple[str, str]]:
    return [(name, kind) for name, kind, _ in rows]


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
