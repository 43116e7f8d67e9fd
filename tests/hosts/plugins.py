"""Installs the example plugin, for hosts whose exports include tools of plugins."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.conftest import REPOSITORY

PACKAGE = "hex_blocks_cats"


def install_example(site: Path) -> Path:
    """Install the example plugin into a folder that is on the module path."""
    shutil.copytree(REPOSITORY / "tests" / "plugin_example" / PACKAGE, site / PACKAGE)
    info = site / f"{PACKAGE}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hex-blocks-cats\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[hex_blocks.tools]\ncats = {PACKAGE}\n")
    return site
