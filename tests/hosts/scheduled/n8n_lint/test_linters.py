"""What n8n asks of verified nodes: its linter and its scanner find nothing, with no configuration of ours."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from hex_blocks.hosts.exports import request_for, targets, write_files
from hex_blocks.tools.registry import Registry

ENVIRONMENT = Path(os.environ.get("HEX_BLOCKS_HOST_ENVIRONMENT", "/nonexistent"))
MODULES = ENVIRONMENT / "npm" / "node_modules"
# What n8n's own template has, to the letter.
CONFIGURATION = "import { config } from '@n8n/node-cli/eslint';\n\nexport default config;\n"


@pytest.fixture(scope="module", autouse=True)
def needs_linters() -> None:
    if not (MODULES / ".bin" / "n8n-node").exists():
        pytest.skip("run by tests/hosts/run_suites.py scheduled/n8n_lint")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("n8n") / "package"
    target = targets()["n8n"]
    write_files(target, target.files(request_for(target, Registry.load(plugins=False))), folder)
    (folder / "node_modules").symlink_to(MODULES)
    return folder


def test_the_linter_finds_nothing(package):
    assert (package / "eslint.config.mjs").read_text() == CONFIGURATION

    done = subprocess.run(
        [MODULES / ".bin" / "n8n-node", "lint"], cwd=package, capture_output=True, text=True, check=False, timeout=110
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "error" not in done.stdout


def test_the_scanner_of_community_packages_finds_nothing(package, tmp_path):
    script = tmp_path / "scan.mjs"
    scanner = MODULES / "@n8n" / "scan-community-package" / "scanner" / "scanner.mjs"
    script.write_text(
        f"import {{ analyzePackage }} from '{scanner}';\n"
        f"const found = await analyzePackage('{package}');\n"
        "console.log(found.passed, found.message ?? '', found.details ?? '');\n"
    )

    done = subprocess.run(
        [ENVIRONMENT / "bin" / "node", script], capture_output=True, text=True, check=False, timeout=110
    )

    assert done.stdout.startswith("true"), done.stdout + done.stderr


def test_no_rule_is_switched_off(package):
    programs = [*package.glob("**/*.ts"), *package.glob("[!n]*/**/*.js"), *package.glob("nodes/**/*.js")]

    assert [path for path in programs if re.search(r"eslint-|@ts-(?:ignore|nocheck)", path.read_text())] == []
