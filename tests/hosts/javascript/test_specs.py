"""The exported specs: whole in every language, and enough for a host that knows nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hex_blocks.hosts.exports import request_for, write_files
from hex_blocks.hosts.specs.export import TARGET
from hex_blocks.i18n.texts import languages
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.calling import our_tools

HOST = Path(__file__).with_name("little_host.js")
REVENUE = "01234567-89ab-cdef-0123-456789abcdef"
QUICK = "eaac7a41-372e-5b14-a151-abbf25d8ccce"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("specs") / "out"
    write_files(TARGET, TARGET.files(request_for(TARGET, our_tools())), made)
    return made


@pytest.fixture
def real_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def test_every_language_has_every_tool_and_fits_the_schema(folder: Path) -> None:
    validator = Draft202012Validator(json.loads((folder / "tool.schema.json").read_text()))
    for language in languages():
        data = json.loads((folder / f"{language}.json").read_text())
        assert set(data["tools"]) == {tool.id for tool in our_tools().values() if not tool.experimental}
        assert data["language"] == language
        for tool in data["tools"].values():
            faults = [f"{each.json_path}: {each.message}" for each in validator.iter_errors(tool)]
            assert not faults, (language, tool["id"], faults[:3])


def test_words_are_in_the_language_and_names_are_not(folder: Path) -> None:
    english, german = (json.loads((folder / f"{each}.json").read_text()) for each in ("en", "de"))
    tool = our_tools()["hex_list_projects"]
    assert german["tools"][tool.id]["title"] == tool.title("de") != english["tools"][tool.id]["title"]
    assert list(german["tools"][tool.id]["inputs"]) == list(english["tools"][tool.id]["inputs"])
    assert german["block"]["groups"]["runs"]["title"] != english["block"]["groups"]["runs"]["title"]


def test_the_same_registry_gives_the_same_bytes() -> None:
    request = request_for(TARGET, our_tools())
    assert TARGET.files(request) == TARGET.files(request)


def test_a_host_of_nothing_but_the_export_runs_five_tools(folder: Path, real_sandbox: Sandbox) -> None:
    assert len(HOST.read_text().splitlines()) <= 150
    calls: list[tuple[str, Any]] = [
        ("hex_list_projects", {"fetchAll": True, "limit": 5}),
        ("hex_find_project", {"query": "quick check"}),
        ("hex_run_project", {"projectId": QUICK}),
        ("hex_get_project_runs", {"projectId": REVENUE, "limit": "3"}),
        ("hex_cancel_run", {"projectId": REVENUE, "runId": "no ID"}),
    ]
    node = shutil.which("node")
    assert node
    environment = os.environ | {"HEX_API_TOKEN": TOKENS.personal, "HEX_BLOCKS_ALLOWED_HOSTS": real_sandbox.origin}
    asked = "".join(json.dumps({"tool": tool, "inputs": inputs}) + "\n" for tool, inputs in calls)
    command = [node, str(HOST), str(folder), "de", real_sandbox.base_url]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True, env=environment)
    projects, found, run, runs, cancelled = map(json.loads, done.stdout.splitlines())
    assert projects["title"] == our_tools()["hex_list_projects"].title("de")
    assert len(projects["outputs"]["projects"]) > 10
    assert found["outputs"]["matches"][0]["id"] == QUICK
    assert run["outputs"]["projectId"] == QUICK
    assert len(runs["outputs"]["runs"]) == 3
    assert cancelled["error"] == "bad_inputs"
    assert "muss eine ID" in cancelled["said"]
