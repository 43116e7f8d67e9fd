"""English texts that speak of a number, in both their forms, as gettext's plurals have them."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any, Self

# What stands for any number where none is known, as in a table of sentences.
MANY = 5


class Plural(str):
    """An English text in two forms: of one, and of any other number. As text it is the form of many.

    `by` names the place that is counted.
    """

    __slots__ = ("by", "one")
    by: str
    one: str

    def __new__(cls, one: str, many: str, by: str = "count") -> Self:
        """Make a text of its two forms."""
        made = super().__new__(cls, many)
        made.one, made.by = one, by
        return made

    def __reduce__(self) -> tuple[type[Plural], tuple[str, str, str]]:
        """Go to another process with both forms."""
        return type(self), (self.one, str(self), self.by)

    def english(self, count: float) -> str:
        """Return the form that English has for a number."""
        return self.one if count == 1 else str(self)


def counted(values: dict[str, Any], by: str) -> float:
    """Return the number that a sentence speaks of, of what fills its places; MANY where that is no number."""
    value = values.get(by)
    return value if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) else MANY


def in_form(form: Callable[[int], str], count: float) -> str:
    """Return the form of a number, where `form` gives those of whole numbers, as gettext's formulas do.

    A fraction counts as its whole part in languages that say none as they say one (French: 1,5 seconde), and as none
    in the others (German: 1,5 Sekunden).
    """
    if count == int(count):
        return form(abs(int(count)))
    return form(abs(int(count))) if form(0) == form(1) else form(0)
