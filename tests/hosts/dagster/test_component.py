"""The component, from YAML and from the dg command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster.components.testing import create_defs_folder_sandbox

from hex_blocks.hosts.dagster import HexWorkspaceComponent
from tests.conftest import REPOSITORY

ATTRIBUTES = {
    "workspace": {"api_key": "{{ env.HEX_API_TOKEN }}", "base_url": "{{ env.HEX_API_BASE_URL }}"},
    "project_selector": {"by_name": ["Quick check"]},
    "polling_sensor": True,
    "translation": {"group_name": "reports", "description": "{{ props.title }} in Hex"},
}


def loaded(attributes: dict[str, Any], *, named: str = "hex_blocks.hosts.dagster.HexWorkspaceComponent"):
    return {"type": named, "attributes": attributes}


def refresh(component: Any, root: Path) -> None:
    import asyncio

    asyncio.run(component.refresh_state(root))


@pytest.fixture
def definitions(sandbox: Any):
    with create_defs_folder_sandbox() as folder:
        path = folder.scaffold_component(
            component_cls=HexWorkspaceComponent, defs_path="hex", defs_yaml_contents=loaded(ATTRIBUTES)
        )
        with folder.build_component_tree() as tree:
            refresh(
                tree.load_component(path),
                folder.project_root,
            )
        with folder.load_component_and_build_defs(defs_path=path) as (_, defs):
            yield defs


def test_projects_are_assets_by_yaml(definitions):
    (spec,) = [spec for spec in definitions.resolve_all_asset_specs() if spec.key.path[0] == "hex"]

    assert spec.key == dg.AssetKey(["hex", "quick_check"])
    assert spec.group_name == "reports"
    assert spec.description == "Quick check in Hex"
    assert [sensor.name for sensor in definitions.sensors] == ["hex_polling_sensor"]


def test_its_assets_are_materialized(definitions, instance, started):
    assets = [definitions.resolve_assets_def(dg.AssetKey(["hex", "quick_check"]))]

    assert dg.materialize(assets, instance=instance).success
    assert started() == 1


def test_the_token_stays_in_its_variable(definitions):
    from hex_blocks.sandbox import TOKENS

    assert TOKENS.personal not in repr(definitions)


def test_what_it_scaffolds_can_be_loaded(sandbox):
    with create_defs_folder_sandbox() as folder:
        path = folder.scaffold_component(component_cls=HexWorkspaceComponent, defs_path="hex")
        yaml = (path / "defs.yaml").read_text()
        with folder.load_component_and_build_defs(defs_path=path) as (component, defs):
            assert isinstance(component, HexWorkspaceComponent)
            assert not list(defs.resolve_all_asset_specs())

    assert "{{ env.HEX_API_TOKEN }}" in yaml


def test_dg_finds_it(tmp_path):
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    group = "dagster_dg_cli.registry_modules"
    info = tmp_path / "hex_blocks-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hex-blocks\nVersion: 0.1.0\n")
    lines = [f"{name} = {module}" for name, module in project["entry-points"][group].items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines, ""]))
    env = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{REPOSITORY}"}
    code = (
        "import json; from dagster.components.core.snapshot import get_package_entry_snap; "
        "from dagster.components.core.package_entry import discover_entry_point_package_objects; "
        "print(json.dumps([key.to_typename() for key in discover_entry_point_package_objects()]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)

    assert done.returncode == 0, done.stderr
    assert "hex_blocks.hosts.dagster.HexWorkspaceComponent" in json.loads(done.stdout)
