"""The skill before the validator of its own format."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hex_blocks.hosts.exports import request_for
from hex_blocks.hosts.skill.export import FOLDER, PAGES, TARGET, pages
from hex_blocks.tools.registry import Registry

pytest.importorskip("skills_ref", reason="run by make test-hosts")

COMMAND = str(Path(sys.executable).with_name("agentskills"))


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    for path, text in pages(request_for(TARGET, Registry.load(plugins=False))).items():
        (tmp_path / FOLDER / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / FOLDER / path).write_text(text, encoding="utf-8")
    shutil.copytree(PAGES / "scripts", tmp_path / FOLDER / "scripts")
    return tmp_path / FOLDER


def validated(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, "validate", str(folder)], capture_output=True, text=True, check=False)


def test_the_skill_is_valid(skill):
    done = validated(skill)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_validator_refuses_what_is_not(skill):
    page = skill / "SKILL.md"
    page.write_text(page.read_text().replace("license:", "licence:"))

    assert validated(skill).returncode != 0
