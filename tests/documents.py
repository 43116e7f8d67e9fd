"""Where Hex's own OpenAPI documents are, which are not part of the project: today's, and the one before it."""

from __future__ import annotations

import os
from pathlib import Path

BESIDE = Path(__file__).parents[2] / "shared"

HEX_DOCUMENTS = {
    "today": Path(os.environ.get("HEX_OPENAPI", BESIDE / "hex-openapi.json")),
    "before": Path(os.environ.get("HEX_OPENAPI_BEFORE", BESIDE / "hex-openapi-2026-07.json")),
}
# Tests that have one of these need the documents; they are not collected where there are none.
FIXTURES = frozenset({"hex_document", "reference", "reference_file"})


def missing() -> list[str]:
    """Return the documents that are not here."""
    return [str(path) for path in HEX_DOCUMENTS.values() if not path.is_file()]
