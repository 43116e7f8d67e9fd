"""Numbers and moments as each language writes them, for tables that people read.

Written down here, so that a call needs no library of all the world's formats; a test holds them against Babel's.
"""

from __future__ import annotations

from typing import Any

# The sign between thousands, the sign before decimals, and the fewest digits that are grouped.
NUMBERS = {
    "de": (".", ",", 4),
    "es": (".", ",", 5),
    "fr": ("\u202f", ",", 4),
    "pt_BR": (".", ",", 4),
}
# Where full-width marks end sentences and labels, and no blank follows them.
FULL_WIDTH = ("ja", "zh_Hans", "zh_Hant")
MOMENTS = {
    "de": "%d.%m.%Y, %H:%M:%S",
    "es": "%d/%m/%Y, %H:%M:%S",
    "fr": "%d/%m/%Y %H:%M:%S",
    "ja": "%Y/%m/%d %H:%M:%S",
    "ko": "%Y. %m. %d. %H:%M:%S",
    "pt_BR": "%d/%m/%Y, %H:%M:%S",
    "zh_Hans": "%Y/%m/%d %H:%M:%S",
    "zh_Hant": "%Y/%m/%d %H:%M:%S",
}


# A day without its year, where a page of hours needs to tell days apart.
DAYS = {
    "de": "%d.%m.",
    "es": "%d/%m",
    "fr": "%d/%m",
    "ja": "%m/%d",
    "ko": "%m. %d.",
    "pt_BR": "%d/%m",
    "zh_Hans": "%m/%d",
    "zh_Hant": "%m/%d",
}
# Outputs of Hex that count milliseconds.
MILLISECONDS = ("elapsedTime",)


def number(value: float, language: str | None = None) -> str:
    """Write a number as a language does, with at most three decimals."""
    between, point, fewest = NUMBERS.get(language or "", (",", ".", 4))
    whole, _, decimals = f"{abs(value):,.3f}".partition(".")
    digits = whole.replace(",", "")
    grouped = whole.replace(",", between) if len(digits) >= fewest else digits
    decimals = decimals.rstrip("0")
    return ("-" if value < 0 else "") + grouped + (point + decimals if decimals else "")


def moment(iso: str, language: str | None = None) -> str:
    """Write an ISO 8601 moment as a language does, in UTC; in English as it is."""
    if language not in MOMENTS:
        return iso
    # A listing shows no moments, and this takes as long to import as it does to list.
    from datetime import UTC, datetime

    return datetime.fromisoformat(iso).astimezone(UTC).strftime(MOMENTS[language]) + " UTC"


def labelled(label: str, said: str, language: str | None = None) -> str:
    """Write a label and what it is of, with the colon of the language between them."""
    return label + colon(language) + said


def colon(language: str | None = None) -> str:
    """Return a language's colon, with the blank that follows it."""
    if language in FULL_WIDTH:
        return "："
    return "\u202f: " if language == "fr" else ": "


def full_stop(language: str | None = None) -> str:
    """Return a language's full stop, with the blank before a further sentence."""
    return "。" if language in FULL_WIDTH else ". "


def shown(value: Any, language: str | None = None, name: str = "") -> str:
    """Write an output for a table: numbers and moments as the language does, the rest as it is.

    name: the output's name, which says whether a number is one of milliseconds.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value, language) + ("\u00a0ms" if name in MILLISECONDS else "")
    if isinstance(value, str) and len(value) > 18 and value[10] == "T":
        try:
            return moment(value, language)
        except ValueError:
            return value
    return str(value)
