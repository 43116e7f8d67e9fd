"""The skill does what it teaches: its commands, its calls and its scripts, on the sandbox."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from hex_blocks.cli import COMMANDS
from hex_blocks.clock import FastClock
from hex_blocks.errors.sentences import SENTENCES
from hex_blocks.hosts.exports import request_for
from hex_blocks.hosts.models.toolbox import CALL_TOOL, FIND_TOOL, Toolbox
from hex_blocks.hosts.packing import own_wheel
from hex_blocks.hosts.skill.export import FOLDER, PAGES, TARGET
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from hex_blocks.sandbox.seed.run_data import KNOWN_RUN
from hex_blocks.tools.registry import Registry
from tests.conftest import SPEED, environment_for

WRITTEN = sorted(file.relative_to(PAGES).as_posix() for file in PAGES.rglob("*.md"))
BLOCK = re.compile(r"^```(bash|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ENDLESS = "dfb5c799-241f-5d9a-8953-72e4a8a98d5d"
NAMES = {"PROJECT": REVENUE_REPORT, "RUN": KNOWN_RUN, "ENDLESS": ENDLESS}


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return dict(TARGET.files(request_for(TARGET, Registry.load(plugins=False))))


@pytest.fixture(scope="module")
def pages(made) -> dict[str, str]:
    """The pages by their paths in the skill."""
    return {path.removeprefix(f"{FOLDER}/"): content.decode() for path, content in made.items() if path.endswith(".md")}


@pytest.fixture
def skill(made, tmp_path: Path) -> Path:
    """The folder of the skill."""
    for path, content in made.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    return tmp_path / FOLDER


@pytest.fixture
def fast_sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=FastClock(SPEED)) as sandbox:
        yield sandbox


@pytest.fixture
def shell(skill, fast, fast_sandbox, tmp_path):
    """Run a script as an agent would that has set up the command and has a token."""
    programs = tmp_path / "programs"
    programs.mkdir()
    command = programs / "hex-blocks"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hex_blocks "$@"\n')
    command.chmod(0o755)
    environment = (
        os.environ
        | fast
        | NAMES
        | environment_for(fast_sandbox.base_url, fast_sandbox.origin, TOKENS.personal)
        | {"PATH": f"{programs}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    )

    def run(script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=skill,
            env=environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return run


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the commands are for a POSIX shell")
@pytest.mark.parametrize("page", WRITTEN)
def test_every_command_works(page, pages, shell):
    for kind, script in BLOCK.findall(pages[page]):
        if kind == "bash":
            done = shell(script)
            assert done.returncode == 0, script + done.stderr


def test_every_call_works(pages, hex_connection):
    calls = [json.loads(block) for kind, block in BLOCK.findall(pages["references/mcp.md"]) if kind == "json"]
    box = Toolbox(registry=Registry.load(plugins=False))

    assert len(calls) >= 10
    for call in calls:
        arguments = named(call["arguments"])
        answer = box.call(call["tool"], arguments, hex_connection)
        assert answer.error is None, answer.text


def named(value: Any) -> Any:
    """Put IDs where a page has their names."""
    if isinstance(value, dict):
        return {name: named(part) for name, part in value.items()}
    if isinstance(value, list):
        return [named(part) for part in value]
    return NAMES.get(value[1:], value) if isinstance(value, str) and value.startswith("$") else value


def test_every_command_tool_and_error_named_is_there(pages, registry):
    for path in WRITTEN:
        page = pages[path]
        commands = set(re.findall(r"`hex-blocks ([a-z][a-z-]*)", page))
        tools = set(re.findall(r"\bhex_(?!blocks)[a-z_]+\b", page)) - set(SENTENCES)
        assert commands <= set(COMMANDS), path
        assert tools <= {*registry, FIND_TOOL, CALL_TOOL}, path


def test_every_link_leads_somewhere(pages, made):
    for path, page in pages.items():
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page):
            linked = (Path(FOLDER) / path).parent / target
            assert os.path.normpath(linked) in made, (path, target)
    assert f"assets/{own_wheel()[0]}`" in pages["SKILL.md"]
    assert not [path for path, page in pages.items() if "%%" in page]


def test_links_of_a_part_lead_somewhere_too(registry):
    made = TARGET.files(request_for(TARGET, registry, tools=["run"]))

    for path, content in made.items():
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", content.decode() if path.endswith(".md") else ""):
            assert os.path.normpath(Path(path).parent / target) in made, (path, target)


def test_the_page_that_is_always_read_is_short(pages):
    assert len(pages["SKILL.md"]) <= 8_000
    assert len(pages["SKILL.md"].splitlines()) <= 150


def test_every_tool_has_its_page(pages, registry):
    told = "".join(page for path, page in pages.items() if path.startswith("references/tools-"))

    for tool in registry.values():
        assert (f"(`{tool.id}`)" in told) is not tool.experimental


def test_requests_are_those_of_the_tools(pages, registry):
    listed = {
        (row[0], row[1]) for row in re.findall(r"\| (GET|POST|PATCH|PUT|DELETE) `([^`?]+)", pages["references/api.md"])
    }
    sent = {(asked.method, asked.path) for tool in registry.values() if (asked := tool.spec.request)}

    assert listed <= sent
    assert {(method, path) for method, path in sent if "/runs" in path} <= listed


def test_statuses_and_bodies_are_what_a_hex_answers(fast_sandbox):
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {TOKENS.personal}"
    runs = f"{fast_sandbox.base_url}/projects/{ENDLESS}/runs"

    started = session.post(runs, json={"useCachedSqlResults": False})
    run = f"{runs}/{started.json()['runId']}"
    asked = [session.get(run), session.get(runs, params={"limit": "25", "offset": "0", "statusFilter": "ERRORED"})]
    stopped = session.delete(run)
    strange = requests.get(run, headers={"Authorization": "Bearer wrong"}, timeout=10)
    session.close()

    assert started.status_code == 201
    assert {"runId", "runUrl", "runStatusUrl"} <= set(started.json())
    assert [answer.status_code for answer in asked] == [200, 200]
    assert (stopped.status_code, stopped.content) == (204, b"")
    assert strange.status_code == 401


@pytest.mark.slow
def test_the_script_finds_what_failed_and_what_is_active(shell):
    done = shell("hex-blocks call hex_run_and_wait projectId=0bf12f53-44ba-51cb-b903-c40ff204ee95 || true")
    shell('hex-blocks call hex_run_project projectId="$ENDLESS"')
    done = shell("python3 scripts/failed_runs.py --hours 1 --projects 12")

    told = json.loads(done.stdout)
    assert ENDLESS in [run["projectId"] for run in told["active"]]
    assert all(run["status"] in ("PENDING", "RUNNING") and "usualSeconds" in run for run in told["active"])
    assert [run["project"] for run in told["failed"]] == ["Broken import"]
    assert len(told["lookedAt"]) == 12
    assert told["notLookedAt"]


def test_a_script_says_what_is_wrong_with_a_table(shell):
    done = shell('printf "regoin\\nUS\\n" > rows.csv; python3 scripts/run_rows.py "$PROJECT" rows.csv --key k')

    assert done.returncode == 1
    assert "Not inputs of the project: regoin. It has: start_date, end_date, region" in done.stderr


def test_a_script_ends_as_its_command_does(shell):
    done = shell("HEX_API_TOKEN=hxtp_nobody python3 scripts/failed_runs.py")

    assert done.returncode == 1
    assert "token" in done.stderr
