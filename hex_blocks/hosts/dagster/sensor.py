"""The polling sensor: runs that were started elsewhere become materializations of their projects' assets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from hex_blocks.hosts.dagster.assets import build_hex_asset_specs
from hex_blocks.hosts.dagster.results import RUN_ID, run_metadata
from hex_blocks.hosts.dagster.steps import MADE, ROOT_RUN, STARTS
from hex_blocks.hosts.dagster.translator import PROJECT_ID, DagsterHexTranslator
from hex_blocks.hosts.dagster.workspace import HexWorkspace
from hex_blocks.runs.model import seconds_of

# Hex allows 60 requests a minute: a project costs one or two at each look.
INTERVAL = 30
# Dagster gives a tick 60 seconds, so this many projects take their turn in one.
AT_ONCE = 20
# What the cursor of hex_watch_runs holds beside the projects whose turn it is.
MOST_WATCHED = 200
# Dagster's clock and Hex's may differ by this many seconds.
CLOCKS_DIFFER = 600.0
# So long a run waits to be told that a run of Dagster may have started which was killed before it heard of it.
MAY_BE_TRIED_AGAIN = 900.0
PAGE = 100


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

    Runs that Dagster has made, those that fail, and those before its first tick are not told. At most 200 projects are
    watched, 20 at each tick.

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
                published = hex.projects(with_tables=False)
                known.extend(build_hex_asset_specs(projects=published, translator=translator))
            keys = {str(spec.metadata[PROJECT_ID]): spec.key for spec in known if PROJECT_ID in spec.metadata}
            turn, watched = _turn(sorted(keys), context.cursor or "")
            asked = {"projectIds": turn, "statuses": ["COMPLETED"], "cursor": watched or None}
            looked = hex.call("hex_watch_runs", asked)
            now = hex.client().connection.clock.time()
        new = [run for run in looked["runs"] if not _is_ours(context.instance, run)]
        projects = {run["projectId"] for run in new}
        unsure = {each for each in projects if _is_starting(context.instance, each, now - MAY_BE_TRIED_AGAIN)}
        # Nothing is noted of this look then: the next one is told the same runs.
        cursor = watched if unsure else looked["cursor"]
        new = [run for run in new if run["projectId"] not in unsure]
        told = _told(context.instance, {keys[run["projectId"]] for run in new}, new)
        events = [
            dg.AssetMaterialization(asset_key=keys[run["projectId"]], metadata=_metadata(run))
            for run in new
            if run["runId"] not in told
        ]
        return dg.SensorResult(asset_events=events, cursor=f"{turn[-1]}:{cursor}")

    return dg.SensorDefinition(
        name=name,
        evaluation_fn=look,
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=default_status,
        description="Tells of runs in Hex that were started elsewhere.",
    )


def _turn(project_ids: list[str], cursor: str) -> tuple[list[str], str]:
    """Return the projects whose turn it is, and the cursor of hex_watch_runs."""
    if len(project_ids) > MOST_WATCHED:
        raise dg.DagsterInvariantViolationError(
            f"{len(project_ids)} projects are more than the {MOST_WATCHED} that a sensor can watch: give each of "
            "several sensors some of the specs"
        )
    last, _, watched = cursor.rpartition(":")
    later = [each for each in project_ids if each > last]
    return [*later, *(each for each in project_ids if each <= last)][:AT_ONCE], watched


def _is_starting(instance: dg.DagsterInstance, project_id: str, since: float) -> bool:
    """Whether a run of Dagster was starting one of a project and has not heard of it, nor has a later try."""
    recent = dg.RunsFilter(tags={STARTS + project_id: project_id}, updated_after=datetime.fromtimestamp(since, UTC))
    waiting: set[str] = set()
    heard: set[str] = set()
    for run in instance.get_runs(recent):
        made = any(name.startswith(MADE) and value == project_id for name, value in run.tags.items())
        (heard if made else waiting).add(run.tags.get(ROOT_RUN) or run.run_id)
    return bool(waiting - heard)


def _told(instance: dg.DagsterInstance, keys: Iterable[dg.AssetKey], runs: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the IDs of the runs that materializations name.

    A daemon that dies after it has reported some and before it keeps the cursor looks at the same runs again.
    """
    ends = [seconds_of(run.get("endTime")) or 0.0 for run in runs]
    oldest = min(ends, default=0.0) - CLOCKS_DIFFER
    found: set[str] = set()
    for key in keys:
        wanted = dg.AssetRecordsFilter(asset_key=key, after_timestamp=oldest)
        page, more = None, True
        while more:
            fetched = instance.fetch_materializations(wanted, limit=PAGE, cursor=page)
            page, more = fetched.cursor, fetched.has_more
            for record in fetched.records:
                named = record.asset_materialization.metadata.get(RUN_ID) if record.asset_materialization else None
                found.add(str(named.value) if named else "")
    return found


def _metadata(run: Mapping[str, Any]) -> dict[str, Any]:
    metadata = run_metadata(run)
    if trigger := run.get("runTrigger"):
        metadata["hex/trigger"] = trigger
    return metadata


def _is_ours(instance: dg.DagsterInstance, run: Mapping[str, Any]) -> bool:
    tags = {MADE + run["runId"]: run["projectId"]}
    return bool(instance.get_runs(dg.RunsFilter(tags=tags), limit=1))
