"""The types: the export passes the strict compiler among declarations without `any`, and what is wrong is found."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.hosts.sim.conftest import MODULES, NODE, STAND_IN

# By file, something right and what is planted in its place.
PLANTS = {
    "tools/hex/get_group.ts": ("version: '1.0.0'", "version: 1"),
    "tools/hex/run_project.ts": ("visibility: 'user-only'", "visibility: 'user'"),
    "tools/hex/get_project.ts": ("    id: {\n      type: 'string'", "    id: {\n      type: 'text'"),
    "tools/hex/index.ts": ("import { askTool }", "import { asksTool }"),
    "tools/hex/get_current_user.ts": ("answerOf<HexGetCurrentUserResponse>", "answerOf<HexGetGroupResponse>"),
    "blocks/blocks/hex.ts": ("category: 'tools'", "category: 'tool'"),
    "triggers/hex/poller.ts": ("polling: true", "polling: 'yes'"),
    "lib/webhooks/polling/hex.ts": ("return 'success'", "return 'done'"),
    "lib/hex/tool.ts": ("return { success: false, error:", "return { succes: false, error:"),
    "lib/hex/pictures.ts": ("  data: string\n", "  data: number\n"),
}
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_TEXT = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`")


def compiled(repository: Path) -> list[str]:
    """Return what the compiler finds, a line each."""
    link = repository / "node_modules"
    if not link.exists():
        link.symlink_to(MODULES)
    command = [str(NODE), str(MODULES / "typescript/bin/tsc"), "--project", ".", "--pretty", "false"]
    done = subprocess.run(command, cwd=repository / "apps/sim", capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if "error TS" in line]


@pytest.mark.timeout(180)
def test_the_export_has_no_fault_of_types(repository):
    assert compiled(repository) == []


@pytest.mark.timeout(180)
def test_ten_planted_faults_are_found(repository, tmp_path):
    shutil.copytree(repository / "apps", tmp_path / "apps")
    for path, (right, wrong) in PLANTS.items():
        file = tmp_path / "apps/sim" / path
        source = file.read_text()
        assert right in source, path
        file.write_text(source.replace(right, wrong, 1))

    found = compiled(tmp_path)

    assert {path for path in PLANTS if any(line.startswith(f"{path}(") for line in found)} == set(PLANTS)


def test_nothing_is_of_any_type(package):
    sources = [*(package / "apps/sim").rglob("*.ts"), *STAND_IN.rglob("*.ts")]
    plain = {file: _TEXT.sub("''", _COMMENT.sub("", file.read_text())) for file in sources}

    assert len(sources) > 60
    assert [file.name for file, source in plain.items() if re.search(r"\bany\b", source)] == []
    assert [file.name for file in sources if re.search(r"@ts-(ignore|expect-error|nocheck)", file.read_text())] == []
