"""Numbers and moments in tables, held against the library of all the world's formats."""

from __future__ import annotations

import pytest
from babel.numbers import format_decimal

from hex_blocks.dev.catalogues import LANGUAGES
from hex_blocks.i18n.formats import moment, number, shown

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
