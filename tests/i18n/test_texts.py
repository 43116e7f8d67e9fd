"""Texts in a language: what is translated, what stays English, and which language is meant."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hex_blocks.errors.classes import hex_error
from hex_blocks.i18n import texts
from hex_blocks.i18n.texts import (
    Phrase,
    add_folder,
    current_language,
    join_sentences,
    language_of_environment,
    languages,
    nearest,
    phrase,
    sentence,
    set_language,
    text,
)

WriteCatalogue = Callable[[Path, dict[str, str]], None]
ENGLISH = "Cancel a run"


@pytest.fixture
def our_locales(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, write_catalogue: WriteCatalogue) -> Iterator[None]:
    """A package with four languages."""
    (tmp_path / "package").mkdir()
    monkeypatch.setattr(texts, "PACKAGE", tmp_path / "package")
    write_catalogue(tmp_path / "locales" / "de.mo", {ENGLISH: "Einen Lauf abbrechen", "Stop it.": "Anhalten."})
    write_catalogue(tmp_path / "locales" / "fr.mo", {ENGLISH: "Arrêter une exécution"})
    write_catalogue(tmp_path / "locales" / "pt_BR.mo", {ENGLISH: "Cancelar uma execução"})
    write_catalogue(tmp_path / "locales" / "zh_Hans.mo", {ENGLISH: "取消运行"})
    nearest.cache_clear()
    texts._catalogues.cache_clear()
    yield
    nearest.cache_clear()
    texts._catalogues.cache_clear()


@pytest.mark.usefixtures("our_locales")
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", "Einen Lauf abbrechen"),
        ("fr", "Arrêter une exécution"),
        ("zh_Hans", "取消运行"),
        ("en", ENGLISH),
        ("xx", ENGLISH),
        (None, ENGLISH),
    ],
)
def test_a_text_is_given_in_a_language(language: str | None, said: str) -> None:
    assert text(ENGLISH, language) == said


@pytest.mark.usefixtures("our_locales")
def test_a_text_without_a_translation_is_english() -> None:
    assert text("Nobody has translated this.", "de") == "Nobody has translated this."


@pytest.mark.usefixtures("our_locales")
def test_no_text_is_no_text_and_not_the_head_of_a_catalogue() -> None:
    assert text("", "de") == ""


@pytest.mark.usefixtures("our_locales")
def test_the_languages_are_english_and_those_with_a_catalogue() -> None:
    assert languages() == ["en", "de", "fr", "pt_BR", "zh_Hans"]


@pytest.mark.usefixtures("our_locales")
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("de_AT.UTF-8", "de"),
        ("de-CH", "de"),
        ("de_DE@euro", "de"),
        ("pt", "pt_BR"),
        ("pt-br", "pt_BR"),
        ("pt_PT.UTF-8", "pt_BR"),
        ("PT", "pt_BR"),
        ("pt-AO", "pt_BR"),
        ("zh", "zh_Hans"),
        ("zh-CN", "zh_Hans"),
        ("zh_Hans_CN.UTF-8", "zh_Hans"),
        ("zh_TW", None),
        ("en_GB.UTF-8", "en"),
        ("zh-sg", "zh_Hans"),
        ("zh_Hans_TW", "zh_Hans"),
        ("C", "en"),
        ("C.UTF-8", "en"),
        ("POSIX", "en"),
        ("nl", None),
        ("", None),
        ("../../etc/passwd", None),
    ],
)
def test_the_nearest_language_is_found(wanted: str, found: str | None) -> None:
    assert nearest(wanted) == found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("zh", "zh_Hans"),
        ("zh_TW.UTF-8", "zh_Hant"),
        ("zh-HK", "zh_Hant"),
        ("zh_mo", "zh_Hant"),
        ("zh-Hant-HK", "zh_Hant"),
        ("zh_Hans_TW", "zh_Hans"),
        ("pt_PT", "pt_BR"),
        ("de_AT", "de"),
        ("en_GB", "en"),
    ],
)
def test_a_country_has_its_script(wanted: str, found: str) -> None:
    assert nearest(wanted) == found


@pytest.mark.usefixtures("our_locales")
@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr_FR.UTF-8", "LC_MESSAGES": "de_DE.UTF-8"}, "de"),
        ({"LC_MESSAGES": "fr_FR", "LC_ALL": "de_DE"}, "de"),
        ({"LC_ALL": "fr_FR", "LANGUAGE": "de:fr"}, "de"),
        ({"LANGUAGE": "nl:de", "LANG": "fr"}, "de"),
        ({"LANG": "nl_NL.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
    ],
    ids=str,
)
def test_the_environment_says_which_language(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert language_of_environment() == language


@pytest.mark.usefixtures("our_locales")
def test_a_plugin_brings_texts_and_ours_come_first(tmp_path: Path, write_catalogue: WriteCatalogue) -> None:
    write_catalogue(tmp_path / "plugin" / "de.mo", {ENGLISH: "Weg damit", "Feed the cat": "Die Katze füttern"})

    add_folder(tmp_path / "plugin")
    add_folder(tmp_path / "plugin")

    assert text("Feed the cat", "de") == "Die Katze füttern"
    assert text(ENGLISH, "de") == "Einen Lauf abbrechen"


@pytest.mark.usefixtures("our_locales")
def test_an_error_is_told_in_a_language_and_its_key_is_not(tmp_path: Path, write_catalogue: WriteCatalogue) -> None:
    write_catalogue(
        tmp_path / "more" / "de.mo",
        {
            "Try again in {seconds} second.\0Try again in {seconds} seconds.": (
                "In {seconds} Sekunde erneut versuchen.\0In {seconds} Sekunden erneut versuchen."
            )
        },
    )
    add_folder(tmp_path / "more")

    document = hex_error("rate_limited", seconds=7).document("de")

    assert document["hint"] == "In 7 Sekunden erneut versuchen."
    assert (document["error"], document["kind"], document["retry_after"]) == ("rate_limited", "busy", 7)


@pytest.mark.usefixtures("our_locales")
def test_a_language_that_was_chosen_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "fr")
    monkeypatch.setattr(texts, "_language", None)

    assert current_language() == "fr"
    set_language("de")
    assert current_language() == "de"
    set_language(None)
    assert current_language() == "fr"


@pytest.mark.usefixtures("our_locales")
def test_a_broken_catalogue_leaves_the_text_english(tmp_path: Path) -> None:
    (tmp_path / "locales" / "de.mo").write_bytes(b"\xde\x12\x04\x95 cut short")

    assert text(ENGLISH, "de") == ENGLISH


@pytest.mark.usefixtures("our_locales")
def test_a_phrase_is_english_and_is_said_later_in_any_language(tmp_path: Path, write_catalogue: WriteCatalogue) -> None:
    write_catalogue(tmp_path / "more" / "de.mo", {"{name} is {what}.": "{name} ist {what}.", "a list": "eine Liste"})
    add_folder(tmp_path / "more")

    said = phrase("{name} is {what}.", name="runs", what=phrase("a list"))

    assert said == "runs is a list."
    assert json.dumps({"said": said}) == '{"said": "runs is a list."}'
    assert said.said("de") == "runs ist eine Liste."
    assert sentence("{name} is {what}.", "de", name="x", what=said) == "x ist runs ist eine Liste.."


def test_sentences_stand_one_after_the_other_as_their_language_has_them() -> None:
    assert join_sentences("Stop.", "", "Go.") == "Stop. Go."
    assert join_sentences("停止。", "开始。") == "停止。开始。"


def test_a_phrase_travels_as_plain_english() -> None:
    travelled = pickle.loads(pickle.dumps(phrase("a list")))

    assert travelled == "a list"
    assert not isinstance(travelled, Phrase)


@pytest.mark.usefixtures("our_locales")
def test_an_error_inside_an_error_is_told_in_the_same_language(tmp_path: Path, write_catalogue: WriteCatalogue) -> None:
    write_catalogue(
        tmp_path / "more" / "de.mo",
        {
            "{host} cannot be reached: {reason}.": "{host} ist nicht erreichbar: {reason}.",
            "its name is not known": "der Name ist unbekannt",
            "Hex refused the request: {reason}": "Hex hat abgelehnt: {reason}",
        },
    )
    add_folder(tmp_path / "more")
    inner = hex_error("no_network", host="hex.test", reason=phrase("its name is not known"))

    outer = hex_error("request_refused", reason=inner.message())

    assert outer.message("de") == "Hex hat abgelehnt: hex.test ist nicht erreichbar: der Name ist unbekannt."
    assert "hex.test cannot be reached: its name is not known." in outer.message()
