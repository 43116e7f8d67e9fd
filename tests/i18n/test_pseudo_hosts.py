"""What hosts, exports and pages show goes through the catalogues: seen in the language that marks it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml

from hex_blocks import Registry
from hex_blocks.cli.report_page import write_report
from hex_blocks.dev.catalogues import is_worded
from hex_blocks.hosts.dify import declarations
from hex_blocks.hosts.exports import ExportRequest, targets
from hex_blocks.hosts.mcp.prompts import describe_prompt, prompts
from hex_blocks.hosts.node_red import words as node_red
from hex_blocks.hosts.openapi.document import DocumentRequest, document
from hex_blocks.hosts.service.problems import SERVICE_PROBLEMS
from hex_blocks.hosts.sim import pages as sim
from hex_blocks.i18n.texts import sentence
from tests.cli.test_report import batch, part, pipeline
from tests.conftest import REPOSITORY
from tests.pseudo import LANGUAGE, left_of, unmarked

pytestmark = pytest.mark.usefixtures("pseudo")
PLACES = re.compile(r"\{(\w+)(?:![rs])?\}")
TEMPLATES = sorted(REPOSITORY.glob("hex_blocks/**/*.html.j2"))
SAID_ATTRIBUTES = re.compile(r"\b(?:title|alt|placeholder|aria-label|data-label|label)=\"([^\"]*)\"")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load(plugins=False)


def asked(registry: Registry) -> ExportRequest:
    tools = tuple(tool for tool in registry.values() if not tool.experimental)
    return ExportRequest(registry, tools, language=LANGUAGE, translated=True)


def texts_in(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Return every text in JSON, with where it stands."""
    if isinstance(value, str):
        yield place, value
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in below:
        yield from texts_in(each, f"{place}.{name}")


def said_past(document: Any) -> dict[str, str]:
    return {place: left for place, said in texts_in(document) if (left := unmarked(said))}


@pytest.mark.parametrize("key", SERVICE_PROBLEMS)
def test_a_problem_of_the_service_is_said_in_the_language(key: str) -> None:
    for said in SERVICE_PROBLEMS[key][1:]:
        told = sentence(said, LANGUAGE, **dict.fromkeys(PLACES.findall(said), 7))
        assert unmarked(told) == ""


def test_the_openapi_document_is_in_the_language(registry: Registry) -> None:
    made = document(DocumentRequest(registry, asked(registry).tools, LANGUAGE, "https://hex.example.com"))

    assert left_of(made) == {}


def test_prompts_and_tools_for_models_are_in_the_language(registry: Registry) -> None:
    for prompt in prompts(LANGUAGE).values():
        shown = describe_prompt(prompt)
        assert said_past([shown["title"], shown["description"], prompt.message]) == {}
        assert left_of(shown["arguments"]) == {}


def test_node_reds_words_are_in_the_language(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(node_red.LANGUAGES, LANGUAGE, "qu")
    files = targets()["node-red"].files(asked(registry))

    assert said_past(json.loads(files["locales/qu/hex-blocks.json"])) == {}
    help_page = unescape(re.sub(r"<dt>.*?</dt>|<[^>]*>", " ", files["locales/qu/hex-blocks.html"].decode()))
    assert [line for line in help_page.splitlines() if unmarked(line)] == []


def test_n8ns_words_are_in_the_language(registry: Registry) -> None:
    files = targets()["n8n"].files(asked(registry))
    (name,) = [each for each in files if each.startswith("nodes/Hex/translations/")]

    assert LANGUAGE in name
    assert said_past(json.loads(files[name])["hex"]["nodeView"]) == {}


def test_sims_pages_are_in_the_language(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim, "LANGUAGES", {"en": "en", LANGUAGE: "qu"})
    files = targets()["sim"].files(asked(registry))
    page = files["apps/docs/content/docs/qu/integrations/hex.mdx"].decode()
    body = page[page.index("MANUAL-CONTENT-START:intro */}") + 31 :].replace("{/* MANUAL-CONTENT-END */}", "")
    cells = [cell for line in body.replace("\\", "").splitlines() for cell in line.split(" | ")]

    assert len(cells) > 5_000
    kinds = re.compile(r"string|number|boolean|object|array|json|file(\[\])?")
    assert [cell for cell in cells if unmarked(cell) and not kinds.fullmatch(cell.strip("| "))] == []


def test_sims_forms_are_in_the_language(registry: Registry) -> None:
    files = targets()["sim"].files(asked(registry))
    places = ("apps/sim/tools/hex/", "apps/sim/blocks/", "apps/sim/triggers/")
    sources = {path: content.decode() for path, content in files.items() if path.startswith(places)}
    said = re.compile(r"^ *(?:title|description|longDescription): (['\"])(.*)\1,$", re.MULTILINE)
    # What stands before the block names inputs, and says nothing to people.
    block = "apps/sim/blocks/blocks/hex.ts"
    sources[block] = sources[block].partition("export const HexBlock:")[2]
    words = [(path, found[2]) for path, source in sources.items() for found in said.finditer(source)]

    assert len(words) > 1_000
    assert [(path, each) for path, each in words if unmarked(each)] == []


def test_difys_labels_are_in_the_language(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declarations, "LANGUAGES", {"en_US": "en", "ja_JP": LANGUAGE})
    files = targets()["dify"].files(asked(registry))
    documents = [yaml.safe_load(content) for path, content in files.items() if path.endswith(".yaml")]
    labels = [each for made in documents for each in labels_in(made)]

    assert len(labels) > 300
    worded = [each for each in labels if is_worded(each["en_US"]) and not VALUE.fullmatch(each["en_US"])]
    assert [each for each in worded if unmarked(each.get("ja_JP", each["en_US"]))] == []


# Choices of an input are what Hex calls them.
VALUE = re.compile(r"[A-Z_]+|[a-z]+|\w+\.hex\.tech|hxtw_…")


def labels_in(value: Any) -> Iterator[dict[str, str]]:
    if isinstance(value, dict) and "en_US" in value:
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from labels_in(each)


@pytest.mark.parametrize("result", [pipeline(part(), part("load", "ERRORED")), batch(part(), part("b", "KILLED"))])
def test_a_report_is_in_the_language(result: dict[str, Any]) -> None:
    made = write_report("hex_run_batch" if "sets" in result else "hex_run_pipeline", result, LANGUAGE)
    bare = re.sub(r"<style>.*?</style>|<script>.*?</script>|<code>.*?</code>", " ", made, flags=re.DOTALL)
    shown = [*SAID_ATTRIBUTES.findall(bare), *re.sub(r"<[^>]*>", "\n", bare).splitlines()]

    names = re.compile(r"\b(?:hex_blocks [\d.]+|extract|load|b|COMPLETED|ERRORED|KILLED|UTC)\b")
    assert [each for each in shown if unmarked(names.sub(" ", unescape(each)))] == []


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_a_page_has_no_words_of_its_own(file: Path) -> None:
    """What is outside of `say` in a template would be English in every language."""
    content = re.sub(r"<(style|script|code)\b.*?</\1>|<!--.*?-->", " ", file.read_text("utf-8"), flags=re.DOTALL)
    content = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", " ", content, flags=re.DOTALL)
    shown = [*SAID_ATTRIBUTES.findall(content), *re.sub(r"<[^<>]*>", "\n", content).splitlines()]

    assert [each.strip() for each in shown if is_worded(NAMES.sub(" ", each))] == []


# Names, and what is left of tags and of styles that a template puts together.
NAMES = re.compile(
    r"\b(?:hex_blocks|OpenAPI|UTC|JSON)\b|[\w-]+=\"[^\"]*\"|\brequired\b|linear-gradient\(.*|\bno-repeat\b"
)
