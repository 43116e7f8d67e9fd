"""The guide's flows, run as they are written, one after the other."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import yaml
from prefect.events.schemas.automations import AutomationCore

from hex_blocks.sandbox import TOKENS
from tests.conftest import REPOSITORY

GUIDE = (REPOSITORY / "docs" / "guides" / "prefect.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^<!-- test: prefect -->\n```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def test_the_flows_of_the_guide_run(server, sandbox, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HEX_API_TOKEN", TOKENS.personal)
    monkeypatch.setenv("HEX_API_BASE_URL", sandbox.base_url)
    before = len(sandbox.requests)

    for number, snippet in enumerate(SNIPPETS):
        file = tmp_path / f"flow_{number}.py"
        file.write_text(snippet)
        runpy.run_path(str(file), run_name="__main__")

    starts = [each for each in sandbox.requests[before:] if each.method == "POST"]
    assert len(starts) == 2 + 2 + 2 + 2 + 1 + 1 + 1


def test_the_automations_of_the_guide_are_such():
    (written,) = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)

    made = [AutomationCore.model_validate(each) for each in yaml.safe_load(written)["automations"]]

    assert [action.type for each in made for action in each.actions] == ["run-deployment", "change-flow-run-state"]
