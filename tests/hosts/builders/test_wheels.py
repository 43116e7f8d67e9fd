"""The wheels that an export carries, those of plugins among them."""

from __future__ import annotations

import os
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

from hex_blocks.errors.classes import SpecError
from hex_blocks.hosts.builders.wheels import plugin_wheel
from tests.conftest import REPOSITORY, Install, RunCommand

EXAMPLE = REPOSITORY / "tests" / "plugin_example"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, install: Install) -> Path:
    """A folder into which the example package is installed."""
    folder = tmp_path_factory.mktemp("plugins") / "site"
    install(EXAMPLE, "--target", str(folder))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("target", ["dify", "langflow"])
def test_a_tool_of_a_plugin_is_in_the_export_with_its_wheel(target, site, hex_blocks: RunCommand, tmp_path):
    out = tmp_path / "out"
    arguments = ("--out", str(out), "--tools", "default,cats_feed_cat")

    done = hex_blocks("export", target, *arguments, env={"PYTHONPATH": os.pathsep.join([str(site)])})

    assert done.returncode == 0, done.stderr
    wheels = {path.name.partition("-")[0]: path for path in (out / "wheels").iterdir()}
    assert set(wheels) == {"hex_blocks", "hex_blocks_cats"}
    with ZipFile(wheels["hex_blocks_cats"]) as packed:
        held = packed.namelist()
    assert "hex_blocks_cats/tool_specs/cats_feed_cat.json" in held
    assert any(each.endswith("entry_points.txt") for each in held)
    if target == "dify":
        assert yaml.safe_load((out / "tools" / "cats_feed_cat.yaml").read_text())["identity"]["name"] == "cats_feed_cat"
        assert "./wheels/hex_blocks_cats-" in (out / "requirements.txt").read_text()
    else:
        assert '"cats_feed_cat"' in (out / "lfx_hex" / "components" / "hex" / "hex_action.py").read_text()


def test_a_plugin_that_is_not_there_cannot_be_packed():
    with pytest.raises(SpecError, match="cannot be packed"):
        plugin_wheel("no such plugin")
