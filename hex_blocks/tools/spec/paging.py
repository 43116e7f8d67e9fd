"""The inputs that every list has, which a spec does not repeat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# In this order, behind a list's own inputs; a list that is read by offset has no cursors.
BY_CURSOR = ("after", "before", "fetchAll", "maxItems")
BY_OFFSET = ("fetchAll", "maxItems")


def with_paging_inputs(raw: dict[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool's spec with the inputs that its `paging` brings.

    Args:
        raw: The spec as JSON.
        shared: Those inputs by name, as the block file has them. One that the spec has itself is left as it is.
    """
    paging, inputs = raw.get("paging"), raw.get("inputs")
    if not isinstance(paging, dict) or not isinstance(inputs, dict):
        return raw
    names = BY_OFFSET if paging.get("style") == "offset" else BY_CURSOR
    added = {name: shared[name] for name in names if name in shared and name not in inputs}
    return {**raw, "inputs": inputs | added}
