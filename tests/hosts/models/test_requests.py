"""Requests of users in nine languages lead to the right tool, by plain BM25 and by our own search."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hex_blocks import Registry
from hex_blocks.hosts.models.search import WORDS, best_matches, description, search_words
from hex_blocks.i18n.texts import languages
from hex_blocks.tools.registry import PREFIX
from tests.hosts.models.bm25 import Index

# By language: requests to look at while words are chosen, and others that are kept to check them.
REQUESTS: dict[str, dict[str, list[tuple[str, str]]]] = json.loads(
    Path(__file__).with_name("requests.json").read_text(encoding="utf-8")
)
SETS = ("first", "kept")


@pytest.fixture(scope="module")
def tools():
    return [tool for tool in Registry.load(plugins=False).values() if not tool.experimental]


def share(found: list[bool]) -> float:
    return sum(found) / len(found)


def ranks(tools, which: str, *, short: bool) -> list[int]:
    """Give the place at which each request's tool is found, from 0."""
    places = []
    for language in REQUESTS:
        texts = {tool.id: f"{tool.id.replace('_', ' ')} {description(tool, language, short=short)}" for tool in tools}
        index = Index(texts)
        for asked, wanted in REQUESTS[language][which]:
            found = index.ranked(asked)
            places.append(found.index(wanted) if wanted in found else len(texts))
    return places


def test_there_are_seven_or_eight_of_each_in_every_language():
    assert set(REQUESTS) == set(languages())
    assert {len(sets[which]) for sets in REQUESTS.values() for which in SETS} == {7, 8}


@pytest.mark.parametrize("which", SETS)
def test_bm25_over_the_names_and_descriptions_that_are_listed_finds_the_tool(which, tools):
    places = ranks(tools, which, short=True)

    assert share([place == 0 for place in places]) >= 0.8
    assert share([place < 3 for place in places]) >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("which", SETS)
def test_our_own_search_finds_the_tool_whatever_the_servers_language(which, tools, registry):
    found = [
        wanted in [tool.id for tool in best_matches(registry, asked, "en")[:3]]
        for sets in REQUESTS.values()
        for asked, wanted in sets[which]
    ]

    assert share(found) >= 0.95


def test_words_belong_to_parts_of_names_and_have_every_language(tools):
    known = json.loads(WORDS.read_text(encoding="utf-8"))
    parts = {part for tool in tools for part in [*tool.id.removeprefix(PREFIX).split("_"), tool.id]}

    assert set(known) <= parts
    assert {frozenset(said) for said in known.values()} == {frozenset(languages()) - {"en"}}


def test_english_is_listed_without_them(registry):
    tool = registry["hex_cancel_run"]

    assert search_words(tool, None) == search_words(tool, "en") == ""
    assert "brich" in description(tool, "de", short=True)
    assert "brich" not in description(tool, "en", short=True)
