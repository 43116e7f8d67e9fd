"""The guide's definitions, loaded as they are written, and what they define run."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import dagster as dg
import pytest

from tests.conftest import REPOSITORY

GUIDE = (REPOSITORY / "docs" / "guides" / "dagster.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^<!-- test: dagster -->\n```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_the_definitions_of_the_guide_work(snippet, sandbox, instance, tmp_path: Path):
    file = tmp_path / "definitions.py"
    file.write_text(snippet)

    made = runpy.run_path(str(file), run_name="__main__")

    defs = made["defs"]
    dg.Definitions.validate_loadable(defs)
    for asset in (each for each in defs.assets or [] if isinstance(each, dg.AssetsDefinition)):
        key = "2026-03-02" if asset.partitions_def else None
        resources = dict(defs.resources)
        assert dg.materialize([asset], resources=resources, instance=instance, partition_key=key).success
    for sensor in defs.sensors or []:
        with dg.build_sensor_context(instance=instance) as context:
            assert sensor.evaluate_tick(context).cursor
