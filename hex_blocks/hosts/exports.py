"""Exports to a folder: what a host is installed from, made whole and reproducible from the registry.

A host's folder holds a module `export` with a `TARGET`; that is all it takes to be found here. The files are the same
bytes for the same registry and version: no time, no path of this machine, no token.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from hex_blocks import __version__, hosts
from hex_blocks.hosts.models.toolsets import ALL, EXPERIMENTAL, select_tools
from hex_blocks.tools.registry import Registry
from hex_blocks.tools.tool import Tool

Files = Mapping[str, bytes]
"""The content of each file, by its path below the folder, with `/` between its parts."""

IN_USE, NOT_OURS, A_FILE, IN_THE_WAY = "in_use", "not_ours", "a_file", "in_the_way"

# Lists what an export has written, so that a later one replaces that and nothing else.
MANIFEST = ".hex-blocks-export.json"


class FolderError(Exception):
    """An export cannot go where it was asked to go; the reason is one of those above."""

    def __init__(self, reason: str, path: Path) -> None:
        super().__init__(reason, path)
        self.reason = reason
        self.path = path


@dataclass(frozen=True)
class ExportRequest:
    """What is exported: these tools of a registry.

    Attributes:
        registry: Where the tools are from.
        tools: The tools that were asked for, by name or by set; a host may leave out what it cannot show.
        language: The language of a host that is made in one language only.
        translated: Whether to make the form with translations where a host has one form without.
    """

    registry: Registry
    tools: tuple[Tool, ...]
    language: str = "en"
    translated: bool = False
    version: str = __version__


@dataclass(frozen=True)
class ExportTarget:
    """A host that is installed from files.

    Attributes:
        name: The name in `hex-blocks export NAME`.
        title: The host's own name.
        level: What the host does: `done: FILE` with the test that proves it, or `exempt: REASON`.
        files: Gives the files of an export.
        pack: Gives the archives that the host is installed from, by their names. A name that begins with a full stop
            is put after the folder's own. None where the host knows no archive.
        tools: The sets and tools that are exported where none are asked for.
        one_language: Whether it is made in the one language that is asked for; if not, all are in it.
        two_forms: Whether there is a second form, with translations.
    """

    name: str
    title: str
    level: Mapping[str, str]
    files: Callable[[ExportRequest], Files]
    pack: Callable[[ExportRequest, Files], Files] | None = None
    tools: tuple[str, ...] = (ALL,)
    one_language: bool = False
    two_forms: bool = False


@cache
def targets() -> dict[str, ExportTarget]:
    """Return the targets there are, by name."""
    names = (
        f"{hosts.__name__}.{module.name}.export" for module in pkgutil.iter_modules(hosts.__path__) if module.ispkg
    )
    found = [import_module(name).TARGET for name in names if find_spec(name)]
    return {target.name: target for target in sorted(found, key=lambda each: each.name)}


def request_for(
    target: ExportTarget,
    registry: Registry,
    *,
    tools: Iterable[str] | None = None,
    experimental: bool = False,
    language: str = "en",
    translated: bool = False,
) -> ExportRequest:
    """Return the request for an export of named sets and tools, those of the target where none are named.

    Raises:
        UnknownToolError: A name is neither a set's nor a tool's.
    """
    wanted = [*(target.tools if tools is None else tools), *([EXPERIMENTAL] if experimental else [])]
    return ExportRequest(registry, tuple(select_tools(registry, wanted)), language, translated)


def write_files(target: ExportTarget, files: Files, folder: Path, *, replace: bool = False) -> None:
    """Write the files of an export into a folder that is absent or empty.

    Args:
        target: What they are an export for.
        files: Their content, by path.
        folder: Where they go.
        replace: Whether the folder may hold an earlier export of the same target. That one is removed; what others
            have put beside it stays.

    Raises:
        FolderError: The folder holds something else, or is a file.
    """
    before = _earlier(target, folder, replace=replace)
    standing = sorted(name for name in files if name not in before and (folder / name).exists())
    if standing:
        raise FolderError(IN_THE_WAY, folder / standing[0])
    for name in before - set(files):
        (folder / name).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    # The list stands first, so that what a killed export leaves behind can be replaced.
    listed = {"target": target.name, "files": sorted(files)}
    (folder / MANIFEST).write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
    for name in sorted(files):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[name])


def _earlier(target: ExportTarget, folder: Path, *, replace: bool) -> set[str]:
    """Return the files of the earlier export that a folder holds."""
    if folder.exists() and not folder.is_dir():
        raise FolderError(A_FILE, folder)
    if not folder.exists() or not any(folder.iterdir()):
        return set()
    if not replace:
        raise FolderError(IN_USE, folder)
    try:
        listed = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        names = {str(name) for name in listed["files"]} if listed["target"] == target.name else None
    except (OSError, ValueError, KeyError, TypeError):
        names = None
    if names is None or not all(_is_below(name) for name in names):
        raise FolderError(NOT_OURS, folder)
    return names


def _is_below(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def archives(target: ExportTarget, request: ExportRequest, files: Files, folder: Path) -> dict[Path, bytes]:
    """Return the host's own archives of an export, by the paths beside its folder that they go to."""
    packed = target.pack(request, files) if target.pack else {}
    return {
        folder.parent / (folder.name + name if name.startswith(".") else name): content
        for name, content in packed.items()
    }
