from __future__ import annotations

import pytest

from tests.documents import missing


def test_hexs_documents_are_here() -> None:
    if absent := missing():
        pytest.skip(f"Hex's OpenAPI documents are not here, so nothing is compared with them: {', '.join(absent)}")
