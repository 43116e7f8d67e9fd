"""Our package in the language that marks what goes through the catalogues."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pseudo import speaking


@pytest.fixture(scope="module")
def pseudo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Our package, with the marking language alone; gives its folder."""
    with speaking(tmp_path_factory.mktemp("pseudo")) as folder:
        yield folder
