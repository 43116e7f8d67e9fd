"""The metadata of hex_blocks for environments in which it is on the path but not installed."""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from hex_blocks import __version__
from tests.conftest import REPOSITORY


def metadata_folder(folder: Path) -> Path | None:
    """Write the metadata that an installer would write, and return the folder for sys.path; None if it is installed."""
    try:
        distribution("hex-blocks")
    except PackageNotFoundError:
        pass
    else:
        return None
    needed = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    lines = ["Metadata-Version: 2.4", "Name: hex-blocks", f"Version: {__version__}"]
    info = folder / f"hex_blocks-{__version__}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {each}" for each in needed), ""]))
    (info / "entry_points.txt").write_text("[console_scripts]\nhex-blocks = hex_blocks.__main__:main\n")
    return folder
