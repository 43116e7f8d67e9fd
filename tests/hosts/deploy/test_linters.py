"""The container and compose files by the linters of the trade: hadolint, compose's own schema, dclint."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("check_jsonschema", reason="run by make test-hosts")

from tests.conftest import REPOSITORY

BINARIES = Path(sys.executable).parent
DCLINT = Path(os.environ.get("HEX_BLOCKS_HOST_ENVIRONMENT", "/nonexistent")) / "npm/node_modules/.bin/dclint"
FOLDER = REPOSITORY / "deploy"


def run(*command: str | Path) -> str:
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=90, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def test_hadolint_finds_nothing():
    assert run(BINARIES / "hadolint", "Dockerfile") == ""


def test_the_compose_file_is_of_its_schema():
    schema = ("--builtin-schema", "vendor.compose-spec")

    assert run(BINARIES / "check-jsonschema", *schema, "compose.yaml") == ""


@pytest.mark.skipif(not DCLINT.exists(), reason="npm packages could not be had")
def test_dclint_finds_nothing():
    assert run(DCLINT, "--max-warnings", "0", "compose.yaml") == ""


def test_a_planted_fault_is_found(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM python\nRUN pip install click\n")
    (tmp_path / "compose.yaml").write_text("services:\n  one:\n    image: [x]\n")

    assert "DL3006" in run(BINARIES / "hadolint", tmp_path / "Dockerfile")
    assert run(BINARIES / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", tmp_path / "compose.yaml")
