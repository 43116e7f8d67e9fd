"""Where Hex's own OpenAPI documents are, which are not part of the project: today's, and the one before it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).parents[2] / "shared"

HEX_DOCUMENTS = {
    "today": Path(os.environ.get("HEX_OPENAPI", BESIDE / "hex-openapi.json")),
    "before": Path(os.environ.get("HEX_OPENAPI_BEFORE", BESIDE / "hex-openapi-2026-07.json")),
}
# Tests that have one of these need a document; they are not collected where it is not here.
FIXTURES = frozenset({"hex_document", "reference", "reference_file"})


def missing() -> dict[str, Path]:
    """Return the documents that are not here, by their names."""
    return {name: path for name, path in HEX_DOCUMENTS.items() if not path.is_file()}


def needed_by(item: pytest.Item) -> set[str]:
    """Name the documents that a test reads: that of its parameter, or today's."""
    fixtures = FIXTURES & set(getattr(item, "fixturenames", ()))
    params = getattr(getattr(item, "callspec", None), "params", {})
    named = {str(params[fixture]) for fixture in fixtures if fixture in params}
    return named or ({"today"} if fixtures else set())
