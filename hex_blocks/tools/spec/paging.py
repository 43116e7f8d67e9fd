"""Adds the inputs that every list has to a spec, so that specs need not repeat them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# They follow a list's own inputs in this order. A list that is read by offset has no cursors.
BY_CURSOR = ("after", "before", "fetchAll", "maxItems")
BY_OFFSET = ("fetchAll", "maxItems")


def with_paging_inputs(raw: dict[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool's spec with the inputs that its `paging` implies.

    Args:
        raw: The spec as JSON.
        shared: The inputs to add, by name, from the block file. An input that the spec has itself is not replaced.
    """
    paging, inputs = raw.get("paging"), raw.get("inputs")
    if not isinstance(paging, dict) or not isinstance(inputs, dict):
        return raw
    names = BY_OFFSET if paging.get("style") == "offset" else BY_CURSOR
    added = {name: shared[name] for name in names if name in shared and name not in inputs}
    return {**raw, "inputs": inputs | added}
