"""The guide's DAGs, run as they are written."""

from __future__ import annotations

import re

import pytest

from tests.conftest import REPOSITORY

GUIDE = (REPOSITORY / "docs" / "guides" / "airflow.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^<!-- test: airflow -->\n```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_a_dag_of_the_guide_runs(snippet, run_dag, sandbox):
    done = run_dag(snippet, whole=True)

    assert done.state == "success"
    assert set(done.tasks.values()) == {"success"}
