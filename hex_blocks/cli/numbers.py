"""The types of options that are numbers."""

from __future__ import annotations

import math
from typing import Any

import click

from hex_blocks.cli.base import say

# Characters of a wrong value that its error shows.
MAX_SHOWN = 60


class NumberRange(click.FloatRange):
    """A number in a range. NaN and infinity, which are in every range of click's, are refused."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number.

        Raises:
            click.BadParameter: It is not a number, or is out of range.
        """
        try:
            is_number = math.isfinite(float(value))
        except ValueError:
            is_number = False
        if not is_number:
            self.fail(say("{value} is not a number.", value=repr(value)[:MAX_SHOWN]), param, ctx)
        return super().convert(value, param, ctx)


class WholeNumberRange(click.IntRange):
    """A whole number in a range."""

    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number.

        Raises:
            click.BadParameter: It is not a whole number, or is out of range.
        """
        try:
            int(value)
        except ValueError:
            self.fail(say("{value} is not a whole number.", value=repr(value)[:MAX_SHOWN]), param, ctx)
        return super().convert(value, param, ctx)
