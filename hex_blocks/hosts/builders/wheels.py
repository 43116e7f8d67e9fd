"""The wheels that an export contains: that of this package, and those of the plugins whose tools it has."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import Distribution, EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from hex_blocks.errors.classes import SpecError
from hex_blocks.hosts.packing import own_wheel, wheel_of
from hex_blocks.tools.registry import PLUGIN_GROUP
from hex_blocks.tools.tool import Tool


def carried_wheels(tools: Iterable[Tool]) -> dict[str, bytes]:
    """Return the wheels that are needed to run tools, by file name.

    Raises:
        SpecError: A plugin cannot be packed.
    """
    wheels = [own_wheel(), *(plugin_wheel(name) for name in sorted({each.plugin for each in tools if each.plugin}))]
    return dict(wheels)


def plugin_wheel(name: str) -> tuple[str, bytes]:
    """Return the wheel of a plugin, made from its installed files: its file name and its content.

    Args:
        name: The name of the plugin's entry point.

    Raises:
        SpecError: The plugin's package or distribution cannot be found.
    """
    point = next(iter(entry_points(group=PLUGIN_GROUP, name=name)), None)
    found = find_spec(point.module) if point else None
    if point is None or point.dist is None or found is None or not found.submodule_search_locations:
        raise SpecError(f"the plugin {name} cannot be packed: its package or its distribution is not found")
    package = Path(next(iter(found.submodule_search_locations)))
    entry_points_text = _entry_points(point, point.dist)
    metadata = point.dist.read_text("METADATA") or ""
    files = _files(package, package.name)
    return wheel_of(files, point.dist.name, point.dist.version, metadata, entry_points=entry_points_text)


def _entry_points(point: EntryPoint, entry_points_text: Distribution) -> str:
    return entry_points_text.read_text("entry_points.txt") or f"[{PLUGIN_GROUP}]\n{point.name} = {point.value}\n"


def _files(package: Path, name: str) -> dict[str, bytes]:
    found = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {f"{name}/{path.relative_to(package).as_posix()}": path.read_bytes() for path in found}
