"""The polling sensor: runs that were started elsewhere become materializations of their projects' assets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from hex_blocks.hosts.dagster.assets import build_hex_asset_specs
from hex_blocks.hosts.dagster.results import run_metadata
from hex_blocks.hosts.dagster.steps import MADE
from hex_blocks.hosts.dagster.translator import PROJECT_ID, DagsterHexTranslator
from hex_blocks.hosts.dagster.workspace import HexWorkspace

# Hex allows 60 requests a minute: a project costs one or two at each look.
INTERVAL = 30


def build_hex_polling_sensor(
    workspace: HexWorkspace,
    *,
    specs: Sequence[dg.AssetSpec] | None = None,
    assets: Sequence[dg.AssetsDefinition] | None = None,
    translator: DagsterHexTranslator | None = None,
    name: str = "hex_polling_sensor",
    minimum_interval_seconds: int = INTERVAL,
    default_status: dg.DefaultSensorStatus = dg.DefaultSensorStatus.STOPPED,
) -> dg.SensorDefinition:
    """Return a sensor that tells each run that completes in Hex once.

    Runs that Dagster has made, those that fail, and those before its first tick are not told.

    Args:
        workspace: Where the runs are.
        specs: The assets of the projects to watch. Default: one for each published project.
        assets: The assets, in place of specs.
        translator: Says what a project is in Dagster, where specs are read from Hex.
        name: The sensor's name.
        minimum_interval_seconds: Seconds between looks.
        default_status: Whether it runs from the beginning.
    """
    known = list(specs or []) + [spec for each in assets or [] for spec in each.specs]

    def look(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        with workspace.process_config_and_initialize_cm() as hex:
            if not known:
                projects = hex.projects(with_tables=False)
                known.extend(build_hex_asset_specs(projects=projects, translator=translator))
            keys = {str(spec.metadata[PROJECT_ID]): spec.key for spec in known if PROJECT_ID in spec.metadata}
            asked = {"projectIds": list(keys), "statuses": ["COMPLETED"], "cursor": context.cursor}
            looked = hex.call("hex_watch_runs", asked)
        events = [
            dg.AssetMaterialization(asset_key=keys[run["projectId"]], metadata=_metadata(run))
            for run in looked["runs"]
            if not _is_ours(context.instance, run)
        ]
        return dg.SensorResult(asset_events=events, cursor=looked["cursor"])

    return dg.SensorDefinition(
        name=name,
        evaluation_fn=look,
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=default_status,
        description="Tells of runs in Hex that were started elsewhere.",
    )


def _metadata(run: Mapping[str, Any]) -> dict[str, Any]:
    metadata = run_metadata(run)
    if trigger := run.get("runTrigger"):
        metadata["hex/trigger"] = trigger
    return metadata


def _is_ours(instance: dg.DagsterInstance, run: Mapping[str, Any]) -> bool:
    tags = {MADE + run["runId"]: run["projectId"]}
    return bool(instance.get_runs(dg.RunsFilter(tags=tags), limit=1))
