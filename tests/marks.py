"""Marks for tests that have more parameters than `make test` has time for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def mostly_slow(values: Iterable[Any], *every_day: Any) -> list[Any]:
    """Return parameters of which only some are tried by `make test`; the others are marked slow.

    Args:
        values: All values of the parameter.
        every_day: Those of them that stay in `make test`.
    """
    return [pytest.param(value, marks=() if value in every_day else pytest.mark.slow) for value in values]
