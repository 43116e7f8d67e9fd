"""What every package for npm has beside its host's own files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

REPOSITORY = "https://github.com/hex-blocks/hex-blocks"
LICENSE = Path(__file__).with_name("LICENSE")


def npm_manifest(name: str, version: str, description: str, keywords: Iterable[str]) -> dict[str, Any]:
    """Return what package.json says of any of them."""
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
    """Return the changelog of a package that has this one version."""
    return f"# Changelog\n\n## {version}\n\n{first}\n".encode()


def files_of(folder: Path, place: str = "") -> dict[str, bytes]:
    """Return the files of a folder and of those below it, by their paths in the package."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {f"{place}{path.relative_to(folder).as_posix()}": path.read_bytes() for path in found}
