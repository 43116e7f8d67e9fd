"""English texts with a singular and a plural form, and the choice of a plural form by number."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any, Self

# The number that selects the plural form if none is known.
MANY = 5


class Plural(str):
    """An English text in singular and plural. The string itself is the plural.

    Attributes:
        one: The singular.
        by: The name of the placeholder whose number selects the form.
    """

    __slots__ = ("by", "one")
    by: str
    one: str

    def __new__(cls, one: str, many: str, by: str = "count") -> Self:
        """Create a text from its two forms."""
        created = super().__new__(cls, many)
        created.one, created.by = one, by
        return created

    def __reduce__(self) -> tuple[type[Plural], tuple[str, str, str]]:
        """Pickle both forms."""
        return type(self), (self.one, str(self), self.by)

    def english(self, count: float) -> str:
        """Return the English form for a number."""
        return self.one if count == 1 else str(self)


def count_in(values: dict[str, Any], by: str) -> float:
    """Return the value that selects the plural form, or MANY if it is not a number."""
    value = values.get(by)
    return value if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) else MANY


def plural_form(form: Callable[[int], str], count: float) -> str:
    """Return the plural form for a number, which can be a fraction.

    Gettext's formulas are for whole numbers only. A fraction takes the form of its whole part in languages that use
    the same form for 0 and 1 (French: 1,5 seconde), and the form of 0 in the others (German: 1,5 Sekunden).

    Args:
        form: Returns the form for a whole number.
        count: The number.
    """
    if count == int(count):
        return form(abs(int(count)))
    return form(abs(int(count))) if form(0) == form(1) else form(0)
