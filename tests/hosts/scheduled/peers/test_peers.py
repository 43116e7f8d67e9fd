"""Programs for Hex that others wrote, and a tester that knows nothing but Hex's document, against the sandbox."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hex_blocks.clock import FastClock
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Project
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from tests.documents import HEX_DOCUMENTS

BIN = Path(os.environ.get("HEX_BLOCKS_HOST_ENVIRONMENT", "/nonexistent")) / "bin"
SPEED = 20
# Hex's document lists no 401 for its older operations, and for some no 404: facts, and no faults.
UNDOCUMENTED = {"401", "404"}


@pytest.fixture(scope="module", autouse=True)
def needs_peers() -> None:
    if not (BIN / "st").exists():
        pytest.skip("run by tests/hosts/run_suites.py scheduled/peers")


@pytest.fixture
def hex_() -> Iterator[Sandbox]:
    with Sandbox(clock=FastClock(SPEED), limits=False) as running:
        yield running


def test_dagster_hex_runs_a_project_to_its_end(hex_):
    from dagster_hex.resources import HexResource

    resource = HexResource(api_key=TOKENS.personal, base_url=f"{hex_.origin}/")

    done = resource.run_and_poll(REVENUE_REPORT, inputs={"region": "US"}, poll_interval=1, poll_timeout=60)

    assert done.status_response["status"] == "COMPLETED"
    assert {request.status for request in hex_.requests} == {200, 201}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["projects", "list", "--limit", "100"], "digest"),
        (["projects", "get", REVENUE_REPORT, "--include-sharing"], "Company metrics"),
        (["runs", "list", REVENUE_REPORT], "COMPLETED"),
        (["projects", "run", REVENUE_REPORT, "--input-params", '{"region": "US"}'], "Run ID"),
    ],
)
def test_hex_toolkit_reads_what_it_asks_for(command, said, hex_):
    environment = {"HEX_API_KEY": TOKENS.personal, "HEX_API_BASE_URL": f"{hex_.origin}/api", "COLUMNS": "200"}

    done = subprocess.run(
        [BIN / "hex", *command], env=os.environ | environment, capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert said in done.stdout


def test_datahub_takes_in_every_project(hex_, tmp_path):
    recipe, file = tmp_path / "recipe.json", tmp_path / "events.json"
    source = {
        "workspace_name": "sandbox",
        "token": TOKENS.personal,
        "base_url": hex_.base_url,
        "include_lineage": False,
    }
    sink = {"type": "file", "config": {"filename": str(file)}}
    recipe.write_text(json.dumps({"source": {"type": "hex", "config": source}, "sink": sink}))

    done = subprocess.run(
        [BIN / "datahub", "ingest", "run", "-c", recipe, "--no-default-report"],
        env=os.environ | {"DATAHUB_TELEMETRY_ENABLED": "false", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    taken_in = {event["entityUrn"] for event in json.loads(file.read_text()) if "entityUrn" in event}
    hidden = ("archived_at", "trashed_at", "unlisted")
    listed = {each.id for each in hex_.world.all(Project) if not any(getattr(each, name) for name in hidden)}
    assert not [id_ for id_ in listed if not any(id_ in urn for urn in taken_in)]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("document", HEX_DOCUMENTS)
def test_no_request_that_the_document_allows_breaks_the_sandbox(document, hex_):
    command: list[str | Path] = [
        *(BIN / "st", "run", HEX_DOCUMENTS[document], "--url", f"{hex_.origin}/api", "--no-color", "--seed", "1"),
        *("-H", f"Authorization: Bearer {TOKENS.personal}", "--suppress-health-check", "all"),
        *(
            "--checks",
            "not_a_server_error,content_type_conformance,status_code_conformance,response_schema_conformance",
        ),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", "10", "--max-time", "150"),
    ]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=390)

    assert re.search(r"Tested: 52\b", done.stdout), done.stdout[-2000:] + done.stderr
    assert "Server error" not in done.stdout
    assert set(re.findall(r"Received: (\d+)", done.stdout)) <= UNDOCUMENTED
    # What answers in a newer form than a document knows says no to a request; what it asks for comes as it says.
    assert not re.findall(r"Validated against the response schema for status code (2\d\d)", done.stdout)
