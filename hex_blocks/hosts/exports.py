"""Exports to a folder: the files that a host is installed from, generated from the registry.

A target is found here if the host's folder has a module `export` with a `TARGET`. The same registry and version always
give the same bytes: an export contains no time, no path of this machine and no token.
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
"""The content of each file, by its path relative to the folder, with `/` between its parts."""

# Why an export cannot be written to a folder: it is not empty; it holds no export of this target; it is a file; it
# holds a file of someone else where the export would write one.
IN_USE, NOT_OURS, A_FILE, IN_THE_WAY = "in_use", "not_ours", "a_file", "in_the_way"

# Lists the files that an export wrote, so that a later export replaces only those.
MANIFEST = ".hex-blocks-export.json"


class FolderError(Exception):
    """Raised if an export cannot be written to the folder; `reason` is one of the reasons above."""

    def __init__(self, reason: str, path: Path) -> None:
        super().__init__(reason, path)
        self.reason = reason
        self.path = path


@dataclass(frozen=True)
class ExportRequest:
    """What is exported: the selected tools of a registry.

    Attributes:
        registry: The registry that the tools come from.
        tools: The requested tools; a host may leave out those that it cannot show.
        language: The language, for a target with `one_language`.
        translated: Whether to make the translated form, for a target with `two_forms`.
        version: The version of the export.
    """

    registry: Registry
    tools: tuple[Tool, ...]
    language: str = "en"
    translated: bool = False
    version: str = __version__


@dataclass(frozen=True)
class ExportTarget:
    """A host that is installed from exported files.

    Attributes:
        name: The name in `hex-blocks export NAME`.
        title: The name of the host.
        level: The host's features: `done: FILE` with the test that proves it, or `exempt: REASON`.
        files: Returns the files of an export.
        pack: Returns the archives that the host is installed from, by name. A name that begins with a full stop is
            appended to the name of the folder. None if the host has no archive format.
        tools: The sets and tools that are exported by default.
        one_language: Whether an export has only the requested language; otherwise it has all of them.
        two_forms: Whether there is a second, translated form.
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
    """Return all export targets, by name."""
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
    """Return the request for an export.

    Args:
        target: The host to export for.
        registry: The registry that the tools come from.
        tools: Names of sets and tools. Default: those of the target.
        experimental: Whether to add the experimental tools.
        language: The language, for a target with `one_language`.
        translated: Whether to make the translated form, for a target with `two_forms`.

    Raises:
        UnknownToolError: A name is neither a set's nor a tool's.
    """
    wanted = [*(target.tools if tools is None else tools), *([EXPERIMENTAL] if experimental else [])]
    return ExportRequest(registry, tuple(select_tools(registry, wanted)), language, translated)


def write_files(target: ExportTarget, files: Files, folder: Path, *, replace: bool = False) -> None:
    """Write the files of an export to a folder that does not exist yet or is empty.

    Args:
        target: The host that the export is for.
        files: Their content, by path.
        folder: The folder to write to.
        replace: Whether the folder may hold an earlier export of the same target. Its files are removed; other files
            in the folder are left alone.

    Raises:
        FolderError: The folder holds other files, or is a file itself.
    """
    earlier = _earlier_files(target, folder, replace=replace)
    conflicting = sorted(name for name in files if name not in earlier and (folder / name).exists())
    if conflicting:
        raise FolderError(IN_THE_WAY, folder / conflicting[0])
    for name in earlier - set(files):
        (folder / name).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    # The list is written first, so that the files of an interrupted export can be replaced.
    listed = {"target": target.name, "files": sorted(files)}
    (folder / MANIFEST).write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
    for name in sorted(files):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[name])


def _earlier_files(target: ExportTarget, folder: Path, *, replace: bool) -> set[str]:
    """Return the names of the files that an earlier export wrote to the folder."""
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
    """Return the archives of an export in the host's format, by path; they are written next to the export's folder."""
    packed = target.pack(request, files) if target.pack else {}
    return {
        folder.parent / (folder.name + name if name.startswith(".") else name): content
        for name, content in packed.items()
    }
