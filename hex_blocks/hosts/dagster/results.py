"""The results of a run for Dagster: metadata with its URL, times and charts, and the result of its check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from hex_blocks.errors.classes import HexError

RUN_ID, RUN_URL, ELAPSED = "hex/run_id", "hex/run_url", "hex/elapsed_seconds"
PARTITION_INPUT = "hex/partition_input"
MORE = {"startTime": "start_time", "endTime": "end_time", "projectVersion": "project_version"}
CHECK = "hex_run_completed"
# Dagster keeps metadata with its events: more than this of pictures, in characters, is left to Hex's page.
MOST_PICTURES = 400_000


def run_metadata(run: Mapping[str, Any], charts: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return a finished run as metadata."""
    metadata: dict[str, Any] = {RUN_ID: run["runId"], "hex/status": run.get("status") or "COMPLETED"}
    if url := run.get("runUrl"):
        metadata[RUN_URL] = dg.MetadataValue.url(url)
    if (seconds := run.get("elapsedSeconds")) is not None:
        metadata[ELAPSED] = float(seconds)
    for name, shown_as in MORE.items():
        if (value := run.get(name)) is not None:
            metadata[f"hex/{shown_as}"] = value
    left = MOST_PICTURES
    for number, chart in enumerate(charts, 1):
        image = chart["image"]
        picture = f"data:{image['mimeType']};base64,{image['base64']}"
        left -= len(picture)
        if left < 0:
            break
        label = str(chart.get("label") or f"chart {number}")
        shown = "".join(letter for letter in label if letter not in "[]()\\`<>\n")
        metadata[f"hex/chart_{number}"] = dg.MetadataValue.md(f"![{shown}]({picture})")
    return metadata


def materialize_result(key: dg.AssetKey, metadata: dict[str, Any], *, checked: bool) -> dg.MaterializeResult:
    """Return the result of an asset whose run has completed."""
    checks = [dg.AssetCheckResult(check_name=CHECK, asset_key=key, passed=True, metadata=metadata)] if checked else []
    return dg.MaterializeResult(asset_key=key, metadata=metadata, check_results=checks)


def check_result(key: dg.AssetKey, error: HexError) -> dg.AssetCheckResult:
    """Return the check's result for an asset whose run has not completed."""
    metadata: dict[str, Any] = {"hex/error": error.key}
    if url := error.values.get("runUrl"):
        metadata[RUN_URL] = dg.MetadataValue.url(url)
    return dg.AssetCheckResult(check_name=CHECK, asset_key=key, passed=False, description=str(error), metadata=metadata)
