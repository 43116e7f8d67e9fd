"""The paths of Hex's OpenAPI documents, which are not part of the project: the current one and the one before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).parents[2] / "shared"

HEX_DOCUMENTS = {
    "today": Path(os.environ.get("HEX_OPENAPI", BESIDE / "hex-openapi.json")),
    "before": Path(os.environ.get("HEX_OPENAPI_BEFORE", BESIDE / "hex-openapi-2026-07.json")),
}
# Tests with one of these fixtures need a document and are deselected if it is missing.
FIXTURES = frozenset({"hex_document", "reference", "reference_file"})


def missing() -> dict[str, Path]:
    """Return the paths of the missing documents, by name."""
    return {name: path for name, path in HEX_DOCUMENTS.items() if not path.is_file()}


def needed_by(item: pytest.Item) -> set[str]:
    """Return the names of the documents that a test reads: that of its parameter, or the current one."""
    fixtures = FIXTURES & set(getattr(item, "fixturenames", ()))
    params = getattr(getattr(item, "callspec", None), "params", {})
    named = {str(params[fixture]) for fixture in fixtures if fixture in params}
    return named or ({"today"} if fixtures else set())
