"""Texts that speak of a number: the form that each language has for it, in Python and in its catalogues."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from hex_blocks.cli.strings import our_source
from hex_blocks.dev.catalogues import LANGUAGES, forms_of, read_catalogue
from hex_blocks.errors.classes import Fault, hex_error
from hex_blocks.i18n import texts
from hex_blocks.i18n.plurals import Plural
from hex_blocks.i18n.texts import add_folder, languages, phrase, plural_forms, plural_formula, sentence, text
from hex_blocks.tools.inputs.faults import characters, entries

WriteCatalogue = Callable[[Path, dict[str, str]], None]
NUMBERS = (0, 1, 2, 5, 21)
# What is said for each of them, by language.
SECONDS = {
    "en": ("0 seconds", "1 second", "2 seconds", "5 seconds", "21 seconds"),
    "de": ("0 Sekunden", "1 Sekunde", "2 Sekunden", "5 Sekunden", "21 Sekunden"),
    "es": ("0 segundos", "1 segundo", "2 segundos", "5 segundos", "21 segundos"),
    "fr": ("0 seconde", "1 seconde", "2 secondes", "5 secondes", "21 secondes"),
    "ja": ("0 秒", "1 秒", "2 秒", "5 秒", "21 秒"),
    "ko": ("0초", "1초", "2초", "5초", "21초"),
    "pt_BR": ("0 segundo", "1 segundo", "2 segundos", "5 segundos", "21 segundos"),
    "zh_Hans": ("0 秒", "1 秒", "2 秒", "5 秒", "21 秒"),
}
ENTRIES = {
    "en": ("0 entries", "1 entry", "2 entries", "5 entries", "21 entries"),
    "de": ("0 Einträge", "1 Eintrag", "2 Einträge", "5 Einträge", "21 Einträge"),
    "es": ("0 entradas", "1 entrada", "2 entradas", "5 entradas", "21 entradas"),
    "fr": ("0 élément", "1 élément", "2 éléments", "5 éléments", "21 éléments"),
    "ja": ("0 件", "1 件", "2 件", "5 件", "21 件"),
    "ko": ("항목 0개", "항목 1개", "항목 2개", "항목 5개", "항목 21개"),
    "pt_BR": ("0 item", "1 item", "2 itens", "5 itens", "21 itens"),
    "zh_Hans": ("0 个条目", "1 个条目", "2 个条目", "5 个条目", "21 个条目"),
}
RUNS = Plural("{count} run", "{count} runs")


@pytest.mark.parametrize("language", SECONDS)
def test_a_hint_has_the_form_of_its_number(language: str) -> None:
    for number, said in zip(NUMBERS, SECONDS[language], strict=True):
        hint = hex_error("rate_limited", seconds=number).hint(language)
        assert re.search(rf"(?<!\w){said}(?![a-z])", hint), hint


@pytest.mark.parametrize("language", ENTRIES)
def test_a_fault_has_the_form_of_its_number(language: str) -> None:
    for number, said in zip(NUMBERS, ENTRIES[language], strict=True):
        message = Fault("tags", "too_short", {"size": entries(number)}).message(language)
        assert re.search(rf"{said}(?![a-z])", message), message


def test_the_words_for_lists_and_for_text_differ() -> None:
    assert str(entries(1)) == "1 entry"
    assert str(characters(1)) == "1 character"
    assert Fault("tags", "too_short", {"size": entries(1)}).message() == "tags must have at least 1 entry."


@pytest.mark.parametrize(("count", "said"), [(0, "0 runs"), (1, "1 run"), (1.0, "1.0 run"), (1.5, "1.5 runs")])
def test_english_says_one_of_one_only(count: float, said: str) -> None:
    assert sentence(RUNS, None, count=count) == said
    assert sentence(RUNS, "en", count=count) == said


@pytest.mark.parametrize("count", ["1", "1,000", None, True, float("inf"), float("nan")])
def test_what_is_no_number_is_many(count: object) -> None:
    assert sentence(RUNS, "de", count=count) == f"{count} runs"


@pytest.mark.parametrize(
    ("language", "said"), [("de", "1.5 Sekunden"), ("fr", "1.5 seconde"), ("pt_BR", "1.5 segundo"), ("ja", "1.5 秒")]
)
def test_a_fraction_counts_as_the_language_has_it(language: str, said: str) -> None:
    assert re.search(rf"{said}(?![a-z])", hex_error("rate_limited", seconds=1.5).hint(language))


def test_a_language_with_more_forms_has_the_right_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, write_catalogue: WriteCatalogue
) -> None:
    formula = "n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2"
    head = f"Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=3; plural=({formula});\n"
    forms = "{count} Lauf a\0{count} Lauf b\0{count} Lauf c"
    write_catalogue(tmp_path / "xx.mo", {"": head, "{count} run\0{count} runs": forms})
    monkeypatch.setattr(texts, "_folders", [])
    add_folder(tmp_path)

    said = [sentence(RUNS, "xx", count=count) for count in NUMBERS]

    assert said == ["0 Lauf c", "1 Lauf a", "2 Lauf b", "5 Lauf c", "21 Lauf a"]
    assert plural_forms(RUNS, "xx") == forms.split("\0")
    assert plural_formula("xx") == f"({formula})"
    texts._catalogues.cache_clear()


def test_without_a_translation_the_form_is_the_english_one() -> None:
    unknown = Plural("{count} thing nobody has", "{count} things nobody has")

    assert sentence(unknown, "de", count=1) == "1 thing nobody has"
    assert sentence(unknown, "de", count=2) == "2 things nobody has"
    assert plural_forms(unknown, "de") == []


def test_in_a_table_without_a_number_it_is_the_form_of_many() -> None:
    assert text(RUNS) == "{count} runs"
    assert RUNS == "{count} runs"


def test_both_forms_go_to_other_processes() -> None:
    there: Plural = pickle.loads(pickle.dumps(RUNS))

    assert (there.one, str(there), there.by) == (RUNS.one, str(RUNS), RUNS.by)


def test_a_phrase_counts_in_the_language_it_is_told_in() -> None:
    said = phrase(Plural("{count} entry", "{count} entries"), count=1)

    assert [said.said(language) for language in (None, "de", "fr")] == ["1 entry", "1 Eintrag", "1 élément"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_every_form_or_none(language: str) -> None:
    catalogue = read_catalogue(our_source().locales / f"{language}.po")

    for message in catalogue:
        if message.pluralizable and any(message.string or ()):
            assert len(forms_of(message)) == catalogue.num_plurals, message.id


def test_no_form_of_one_is_an_entry_of_its_own() -> None:
    with (our_source().locales / "hex_blocks.pot").open("rb") as file:
        names = [message.id for message in read_po(file)]

    alone = {name for name in names if isinstance(name, str)}
    assert not [name for name in names if isinstance(name, tuple) and (name[0] in alone or name[1] in alone)]


def test_every_language_has_its_formula() -> None:
    assert {language: plural_formula(language).strip("()") for language in languages() if language != "en"}.items() >= {
        "de": "n != 1",
        "es": "n != 1",
        "fr": "n > 1",
        "ja": "0",
        "ko": "0",
        "pt_BR": "n > 1",
        "zh_Hans": "0",
    }.items()
