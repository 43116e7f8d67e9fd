"""The patch and the script: they put the export into a clone of Sim, and find what is wrong with it there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from hex_blocks.hosts.javascript.data import core_files
from hex_blocks.hosts.sim.modules import as_module, core_modules
from hex_blocks.hosts.sim.patching import LINES
from tests.hosts.sim.conftest import MODULES, NODE, STAND_IN

SOURCES = os.environ.get("HEX_SIM_SOURCES")
# What stands around the lines that the patch looks for.
AROUND = "// {} lines before\n" + "//\n" * 40


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder as a clone of Sim is: what Hex's files take of it, and the files that the patch is for."""
    folder = tmp_path / "sim"
    subprocess.run(["cp", "-r", STAND_IN, folder], check=True)
    for path, lines in LINES.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        anchors = "".join(f"{AROUND.format(number)}{before}\n" for number, (_, before) in enumerate(lines))
        file.write_text(f"{anchors}// the end\n")
    (folder / "node_modules").symlink_to(MODULES)
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    return folder


def check(package: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(NODE), str(package / "check.mjs"), str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800)


def patched(clone: Path, path: str) -> list[str]:
    return [line for line in (clone / path).read_text().splitlines() if not line.startswith("//")]


@pytest.mark.timeout(300)
def test_a_clone_is_patched_filled_and_checked(package, clone):
    done = check(package, clone)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "types: passed" in done.stdout
    assert "tests: passed" in done.stdout
    for path, lines in LINES.items():
        assert patched(clone, path) == [line for pair in lines for line in pair]
    assert (clone / "apps/sim/tools/hex/run_and_wait.ts").is_file()
    assert (clone / "apps/docs/content/docs/de/integrations/hex.mdx").is_file()
    assert not (clone / "apps/sim/tsconfig.hex-check.json").exists()


@pytest.mark.timeout(300)
def test_a_second_time_changes_nothing_and_finds_what_broke_meanwhile(package, clone):
    installed = clone / "node_modules"
    installed.unlink()
    assert check(package, clone).returncode == 0
    before = {path: patched(clone, path) for path in LINES}
    again = check(package, clone)
    tool = clone / "apps/sim/tools/hex/get_group.ts"
    source = tool.read_text().replace("version: '1.0.0'", "version: 1")
    tool.write_text(source.replace("'hex_get_group'", "'hex_group'", 1))
    installed.symlink_to(MODULES)
    broken = check(package, clone, "--only-check")

    assert again.returncode == 0, again.stdout
    assert {path: patched(clone, path) for path in LINES} == before
    assert broken.returncode == 1
    assert "tools/hex/get_group.ts(" in broken.stdout
    assert "declares hex_get_group whole" in broken.stdout


def test_what_is_not_installed_is_said_to_be_not_run(package, clone):
    (clone / "node_modules").unlink()

    done = check(package, clone)

    assert done.returncode == 0
    assert "types: not run: Sim's compiler is not installed" in done.stdout
    assert "tests: not run: Sim's test runner is not installed" in done.stdout


@pytest.mark.skipif(SOURCES is None, reason="HEX_SIM_SOURCES names a clone of Sim in which the export may be tried")
@pytest.mark.timeout(3600)
def test_a_clone_of_sim_itself_passes(package):
    done = check(package, Path(SOURCES or ""))

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_clone_that_has_moved_on_is_left_as_it_is(package, clone):
    moved = clone / "apps/sim/triggers/constants.ts"
    moved.write_text("// nothing of it is left\n")

    done = check(package, clone)

    assert done.returncode == 1
    assert "triggers/constants.ts" in done.stderr
    assert not (clone / "apps/sim/tools/hex").exists()


def test_a_folder_that_is_not_sims_is_refused(package, tmp_path):
    assert check(package, tmp_path).returncode == 2


def test_the_core_is_there_as_modules():
    made = {name: content.decode() for name, content in core_modules().items()}

    assert set(made) == set(core_files())
    for name, source in made.items():
        assert len(re.findall(r"^export \{", source, re.MULTILINE)) == 1, name
        assert not re.search(r"^(const|module)\b.*\brequire\(", source, re.MULTILINE), name


def test_a_form_that_the_core_has_not_is_not_passed_over():
    with pytest.raises(ValueError, match="not in the form of the core"):
        as_module("'use strict';\nconst fs = require('node:fs');\n")
