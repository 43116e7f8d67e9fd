"""Dagster: Hex projects as assets and ops, and runs of others as materializations.

>>> from hex_blocks.hosts.dagster import HexWorkspace, build_hex_asset_specs, hex_assets
>>> workspace = HexWorkspace(api_key=dg.EnvVar("HEX_API_TOKEN"))
"""

from __future__ import annotations

from hex_blocks.hosts.engines.lazy import lazy_names

LEVEL = {
    "resource, op, retries": "done: tests/hosts/dagster/test_ops.py",
    "assets, translator, partitions, checks": "done: tests/hosts/dagster/test_assets.py",
    "polling sensor": "done: tests/hosts/dagster/test_sensor.py",
    "component": "done: tests/hosts/dagster/test_component.py",
}

_HOMES = {
    "DagsterHexTranslator": "translator",
    "HexProjectProps": "translator",
    "HexRunConfig": "ops",
    "HexWorkspace": "workspace",
    "HexWorkspaceComponent": "component",
    "build_hex_asset_specs": "assets",
    "build_hex_polling_sensor": "sensor",
    "hex_assets": "assets",
    "hex_run_op": "ops",
}
__all__ = sorted(_HOMES)

__getattr__ = lazy_names(__name__, _HOMES)


def __dir__() -> list[str]:
    # The dg command finds components by the names of a module.
    return __all__
