"""Formats numbers, times and labels for each language.

The formats are tables here, so that a call does not need Babel; a test compares them with Babel's.
"""

from __future__ import annotations

from typing import Any

# Thousands separator, decimal separator, and the minimum number of digits that are grouped.
NUMBERS = {
    "de": (".", ",", 4),
    "es": (".", ",", 5),
    "fr": ("\u202f", ",", 4),
    "pt_BR": (".", ",", 4),
}
# Languages whose full stops and colons are full-width, with no space after them.
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
# A day without its year, for time axes.
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
# Outputs that are in milliseconds.
MILLISECONDS = ("elapsedTime",)


def whole(value: Any) -> Any:
    """Return a float without a fraction as an integer. Other values are returned unchanged."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def number(value: float, language: str | None = None) -> str:
    """Return a number in the format of a language, with at most three decimals."""
    between, point, fewest = NUMBERS.get(language or "", (",", ".", 4))
    whole, _, decimals = f"{abs(value):,.3f}".partition(".")
    digits = whole.replace(",", "")
    grouped = whole.replace(",", between) if len(digits) >= fewest else digits
    decimals = decimals.rstrip("0")
    return ("-" if value < 0 else "") + grouped + (point + decimals if decimals else "")


def moment(iso: str, language: str | None = None) -> str:
    """Return an ISO 8601 time in the format of a language, in UTC; unchanged for English."""
    if language not in MOMENTS:
        return iso
    # Imported here because listing tools does not need it and starts faster without it.
    from datetime import UTC, datetime

    return datetime.fromisoformat(iso).astimezone(UTC).strftime(MOMENTS[language]) + " UTC"


def labelled(label: str, value: str, language: str | None = None) -> str:
    """Return a label, the colon of the language, and a value."""
    return label + colon(language) + value


def colon(language: str | None = None) -> str:
    """Return a language's colon with the space around it."""
    if language in FULL_WIDTH:
        return "："
    return "\u202f: " if language == "fr" else ": "


def full_stop(language: str | None = None) -> str:
    """Return a language's full stop with the space before a further sentence."""
    return "。" if language in FULL_WIDTH else ". "


def shown(value: Any, language: str | None = None, name: str = "") -> str:
    """Return an output as text for a table: numbers and times in the format of the language, the rest unchanged.

    Args:
        value: The value of the output.
        language: The language.
        name: The name of the output. It decides whether a number is in milliseconds.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value, language) + ("\u00a0ms" if name in MILLISECONDS else "")
    if isinstance(value, str) and len(value) > 18 and value[10] == "T":
        try:
            return moment(value, language)
        except ValueError:
            return value
    return str(value)
