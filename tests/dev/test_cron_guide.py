"""The jobs of the guide "From cron and CI": each is what its scheduler takes, and its command runs a project once."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hex_blocks.clock import FastClock
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.conftest import REPOSITORY, SPEED, environment_for

GUIDE = (REPOSITORY / "docs" / "guides" / "cron-and-ci.md").read_text(encoding="utf-8")
REVENUE = "01234567-89ab-cdef-0123-456789abcdef"
FIVE_FIELDS = re.compile(r"(?:\S+ ){4}\S+\s+(?P<command>.*)")


def blocks(scheduler: str) -> list[str]:
    return re.findall(rf"^<!-- test: {scheduler} -->\n```\w+\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def of_cron() -> str:
    """Return what cron gives to the shell: a % that is not escaped would end the command."""
    [line] = blocks("cron")
    job = FIVE_FIELDS.fullmatch(line.strip())
    assert job
    assert not re.search(r"(?<!\\)%", job["command"])
    return job["command"].replace("\\%", "%")


def of_systemd() -> str:
    service, _ = blocks("systemd")
    [started] = re.findall(r"^ExecStart=/bin/sh -c '(.*)'$", service, re.MULTILINE)
    assert not re.search(r"(?<!\$)\$(?!\$)|(?<!%)%(?!%)", started)
    return str(started).replace("$$", "$").replace("%%", "%")


def of_github() -> str:
    [workflow] = map(yaml.safe_load, blocks("github"))
    [step] = [step for step in workflow["jobs"]["run"]["steps"] if "hex-blocks run" in step.get("run", "")]
    assert step["env"] == {"HEX_API_TOKEN": "${{ secrets.HEX_API_TOKEN }}"}
    return str(step["run"])


def of_gitlab() -> str:
    [pipeline] = map(yaml.safe_load, blocks("gitlab"))
    [command] = [line for line in pipeline["revenue-report"]["script"] if "hex-blocks run" in line]
    return str(command)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=FastClock(SPEED)) as made:
        yield made


@pytest.fixture
def job(sandbox: Sandbox, fast: dict[str, str], tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Run a job's command as its scheduler does: by sh, in a home with the file of the token."""
    leading = environment_for(sandbox.base_url, sandbox.origin, TOKENS.personal)
    (tmp_path / ".hex-blocks.env").write_text("".join(f"export {name}='{value}'\n" for name, value in leading.items()))
    environment = (
        os.environ
        | fast
        | leading
        | {
            "HOME": str(tmp_path),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_RUN_ID": "1658821493",
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
            "CI_PIPELINE_ID": "4711",
        }
    )

    def run(command: str) -> subprocess.CompletedProcess[str]:
        options: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 60, "check": False}
        return subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, **options)

    return run


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the jobs are for a POSIX shell")
@pytest.mark.parametrize("command", [of_cron, of_systemd, of_github, of_gitlab])
def test_a_job_that_is_repeated_runs_the_project_once(
    job: Callable[[str], subprocess.CompletedProcess[str]], sandbox: Sandbox, command: Callable[[], str]
) -> None:
    before = len(sandbox.world.runs(REVENUE))

    ended = [job(command()) for _ in range(2)]

    assert [(each.returncode, "Traceback" in each.stderr) for each in ended] == [(0, False)] * 2, ended
    [made] = sandbox.world.runs(REVENUE)[: len(sandbox.world.runs(REVENUE)) - before]
    assert made.inputs == {"region": "EMEA"}


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the jobs are for a POSIX shell")
def test_what_the_jobs_leave_behind(job: Callable[[str], subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    for command in (of_cron(), of_github(), of_gitlab()):
        assert job(command).returncode == 0

    assert json.loads((tmp_path / "revenue.json").read_text())["status"] == "COMPLETED"
    assert json.loads((tmp_path / "run.json").read_text())["status"] == "COMPLETED"
    assert f"/hex/{REVENUE}/" in (tmp_path / "summary.md").read_text()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the jobs are for a POSIX shell")
def test_the_mail_of_a_failed_job_is_short_and_has_the_page(
    job: Callable[[str], subprocess.CompletedProcess[str]],
) -> None:
    done = job(of_cron().replace('"Revenue report" region=EMEA', '"Broken import"'))

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) <= 3
    assert "/hex/" in done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    service, timer = (tmp_path / f"hex-revenue.{kind}" for kind in ("service", "timer"))
    for unit, text in zip((service, timer), blocks("systemd"), strict=True):
        unit.write_text(text)

    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(service), str(timer)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    of_ours = [line for line in checked.stderr.splitlines() if "hex-revenue" in line]
    assert of_ours == []
