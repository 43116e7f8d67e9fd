"""The entry of Docker's catalogue, by the formatter that the catalogue asks."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hex_blocks.hosts.docker_mcp.export import TARGET
from hex_blocks.hosts.exports import request_for

PRETTIER = Path(os.environ.get("HEX_BLOCKS_HOST_ENVIRONMENT", "/nonexistent")) / "npm/node_modules/.bin/prettier"


@pytest.mark.skipif(not PRETTIER.exists(), reason="npm packages could not be had")
def test_prettier_would_change_nothing(registry, tmp_path):
    (tmp_path / "server.yaml").write_bytes(TARGET.files(request_for(TARGET, registry))["server.yaml"])

    done = subprocess.run(
        [PRETTIER, "--check", "server.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
