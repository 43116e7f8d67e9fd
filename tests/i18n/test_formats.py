"""Numbers and moments in tables, held against the library of all the world's formats."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from babel.numbers import format_decimal

from hex_blocks.dev.catalogues import LANGUAGES
from hex_blocks.i18n.formats import DAYS, colon, full_stop, labelled, moment, number, shown

MOMENT = "2026-03-02T07:01:14.500Z"


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
@pytest.mark.parametrize("value", [0, 7, 1800, 12345, 1234567, 0.5, 72.5, -1800.25, 1e9])
def test_a_number_is_written_as_the_language_writes_it(language: str, value: float) -> None:
    # Spanish leaves four digits together; the library does not look at that.
    expected = {("es", 1800): "1800", ("es", -1800.25): "-1800,25"}.get((language, value))

    assert number(value, language) == (expected or format_decimal(value, locale=language))


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", MOMENT),
        ("de", "02.03.2026, 07:01:14 UTC"),
        ("es", "02/03/2026, 07:01:14 UTC"),
        ("fr", "02/03/2026 07:01:14 UTC"),
        ("ja", "2026/03/02 07:01:14 UTC"),
        ("ko", "2026. 03. 02. 07:01:14 UTC"),
        ("pt_BR", "02/03/2026, 07:01:14 UTC"),
        ("zh_Hans", "2026/03/02 07:01:14 UTC"),
    ],
)
def test_a_moment_is_written_as_the_language_writes_it(language: str, written: str) -> None:
    assert moment(MOMENT, language) == written


def test_every_language_has_its_moments() -> None:
    assert all(moment(MOMENT, language) != MOMENT for language in LANGUAGES)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1800, "1.800"),
        (72.5, "72,5"),
        (MOMENT, "02.03.2026, 07:01:14 UTC"),
        (True, "True"),
        (None, "None"),
        ("COMPLETED", "COMPLETED"),
        ("a long textT that is no moment", "a long textT that is no moment"),
        ("2026-99-99T00:00:00Z", "2026-99-99T00:00:00Z"),
        ({"region": "EMEA"}, "{'region': 'EMEA'}"),
    ],
)
def test_outputs_in_a_table(value: object, written: str) -> None:
    assert shown(value, "de") == written


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_day_is_written_as_in_a_moment(language: str) -> None:
    day = datetime(2026, 3, 2, tzinfo=UTC).strftime(DAYS[language])

    assert day.rstrip(".") in moment("2026-03-02T07:01:14Z", language)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (None, "Name: Hex"),
        ("de", "Name: Hex"),
        ("ko", "Name: Hex"),
        ("fr", "Name\u202f: Hex"),
        ("ja", "Name：Hex"),
        ("zh_Hans", "Name：Hex"),
        ("zh_Hant", "Name：Hex"),
    ],
)
def test_a_label_has_the_colon_of_its_language(language: str | None, said: str) -> None:
    assert labelled("Name", "Hex", language) == said
    assert colon(language) in said


def test_sentences_end_as_their_language_has_it() -> None:
    assert [full_stop(language) for language in (None, "ko", "ja", "zh_Hant")] == [". ", ". ", "。", "。"]


def test_milliseconds_have_their_unit() -> None:
    assert shown(6000, None, "elapsedTime") == "6,000\u00a0ms"
    assert shown(6000, "de", "elapsedTime") == "6.000\u00a0ms"
    assert shown(6000, None, "total") == "6,000"
