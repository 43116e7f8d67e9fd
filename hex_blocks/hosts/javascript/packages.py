"""The parts that all npm packages share: package.json, changelog and license."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

REPOSITORY = "https://github.com/hex-blocks/hex-blocks"
LICENSE = Path(__file__).with_name("LICENSE")


def npm_manifest(name: str, version: str, description: str, keywords: Iterable[str]) -> dict[str, Any]:
    """Return the part of package.json that all packages share."""
    return {
        "name": name,
        "version": version,
        "description": description,
        "license": "MIT",
        "author": {"name": "The hex_blocks maintainers"},
        "repository": {"type": "git", "url": f"git+{REPOSITORY}.git"},
        "homepage": f"{REPOSITORY}#readme",
        "bugs": {"url": f"{REPOSITORY}/issues"},
        "keywords": list(keywords),
    }


def changelog(version: str, first: str) -> bytes:
    """Return the changelog of a package with one version.

    Args:
        version: The version.
        first: The text of its entry.
    """
    return f"# Changelog\n\n## {version}\n\n{first}\n".encode()


def files_of(folder: Path, place: str = "") -> dict[str, bytes]:
    """Return the files of a folder and its subfolders, by path in the package.

    Args:
        folder: The folder.
        place: The path of the folder in the package.
    """
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {f"{place}{path.relative_to(folder).as_posix()}": path.read_bytes() for path in found}
