"""Assets from projects: their specs, and the decorator of the step that materializes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from hex_blocks.hosts.dagster.results import CHECK, PARTITION_INPUT
from hex_blocks.hosts.dagster.translator import PROJECT_ID, DagsterHexTranslator, HexProjectProps
from hex_blocks.hosts.dagster.workspace import HexWorkspace


def build_hex_asset_specs(
    workspace: HexWorkspace | None = None,
    *,
    projects: Iterable[HexProjectProps | Mapping[str, Any]] | None = None,
    by_id: Sequence[str] | None = None,
    by_name: Sequence[str] | None = None,
    with_tables: bool = True,
    translator: DagsterHexTranslator | None = None,
) -> list[dg.AssetSpec]:
    """Return an asset spec for each project.

    Args:
        workspace: Where the projects are read from, while definitions load.
        projects: The projects, in place of a workspace, as objects with id and title: nothing is asked then.
        by_id: Only projects with these IDs.
        by_name: Only projects with these titles.
        with_tables: Whether assets depend on the tables that their queries read.
        translator: Says what a project is in Dagster.

    Raises:
        HexError: Hex did not answer.
        ValueError: A project that was named is not there, or neither workspace nor projects are given.
    """
    if projects is not None:
        known = [each if isinstance(each, HexProjectProps) else HexProjectProps.of(each) for each in projects]
    elif workspace is not None:
        with workspace.process_config_and_initialize_cm() as hex:
            known = hex.projects(by_id=by_id, by_name=by_name, with_tables=with_tables)
    else:
        raise ValueError("give a workspace, or projects")
    translator = translator or DagsterHexTranslator()
    specs = [translator.get_asset_spec(each) for each in known]
    taken = Counter(spec.key for spec in specs)
    # Hex lets projects share a title.
    return [
        spec if taken[spec.key] == 1 else spec.replace_attributes(key=_with_id(spec.key, each.id))
        for spec, each in zip(specs, known, strict=True)
    ]


def hex_assets(
    *,
    specs: Sequence[dg.AssetSpec],
    name: str | None = None,
    partitions_def: dg.PartitionsDefinition[Any] | None = None,
    partition_input: str | Mapping[str, str] | None = None,
    checks: bool = True,
    **options: Any,
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Make a step that materializes projects; its body is `yield from hex.run_and_poll(context)`.

    Args:
        specs: The assets, from `build_hex_asset_specs`; any of them can be materialized alone.
        name: The step's name.
        partitions_def: The assets' partitions.
        partition_input: The input of the published app that is given the partition; of several dimensions an object
            of inputs by dimension. Default for several: inputs that are called like the dimensions.
        checks: Whether each asset has a check that its run completed.
        options: Other arguments of `dagster.multi_asset`.
    """
    inputs = partition_input
    if inputs is None and isinstance(partitions_def, dg.MultiPartitionsDefinition):
        inputs = {}
    if inputs is not None:
        own = inputs if isinstance(inputs, str) else dict(inputs)
        specs = [spec.replace_attributes(metadata={**spec.metadata, PARTITION_INPUT: own}) for spec in specs]
    if missing := [spec.key.to_user_string() for spec in specs if PROJECT_ID not in spec.metadata]:
        raise ValueError(f"assets without metadata {PROJECT_ID}: {', '.join(missing)}")
    check_specs = [
        dg.AssetCheckSpec(name=CHECK, asset=spec.key, description="Whether the run in Hex completed.") for spec in specs
    ]
    step: Callable[[Callable[..., Any]], dg.AssetsDefinition] = dg.multi_asset(
        name=name,
        specs=specs,
        check_specs=check_specs if checks else None,
        partitions_def=partitions_def,
        can_subset=True,
        **options,
    )
    return step


def _with_id(key: dg.AssetKey, project_id: str) -> dg.AssetKey:
    return dg.AssetKey([*key.path[:-1], f"{key.path[-1]}_{project_id[:8]}"])
