"""The tests of the JavaScript core need Node, which their environment brings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave them to their environment."""
    if "HEX_BLOCKS_HOST_ENVIRONMENT" not in os.environ:
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="run by make test-hosts"))
