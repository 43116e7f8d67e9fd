"""The registry: every tool there is, ours and those of plugins.

A listing reads the spec files as plain JSON and nothing more; a tool's spec is checked when the tool is first
used, and all of ours by `hex-blocks check`. Plugins are other people's, so theirs are checked at once: a broken
or clashing one is reported in `problems` and the rest keep working.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hex_blocks.errors.classes import SpecError, UnknownToolError
from hex_blocks.i18n.texts import add_folder, beside_package
from hex_blocks.tools.spec.paging import with_paging_inputs
from hex_blocks.tools.tool import Tool

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from hex_blocks.tools.spec.block import BlockSpec
    from hex_blocks.tools.spec.values import Input

PLUGIN_GROUP = "hex_blocks.tools"
PREFIX = "hex_"


@dataclass(frozen=True)
class Problem:
    """A plugin, or a part of one, that could not be taken in."""

    plugin: str
    message: str


class Registry(Mapping[str, Tool]):
    """All tools by id, in the order of their groups. A tool is also found without the prefix `hex_`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self._block = _read_json(folder / "block.json")
        self._tools: dict[str, Tool] = {}
        for file in sorted(folder.glob("hex_*.json")):
            raw = self._read_spec(file)
            self._tools[raw["id"]] = Tool(raw, file, self.connection_inputs)
        self._sort()

    @classmethod
    def load(cls, *, plugins: bool = True) -> Registry:
        """Read our specs, and those of installed plugins."""
        registry = cls(beside_package("tool_specs"))
        if plugins:
            registry._add_plugins()
        return registry

    @cached_property
    def block(self) -> BlockSpec:
        """What a palette shows of the whole plugin."""
        from hex_blocks.tools.spec.reading import read_block_spec

        return read_block_spec(self._block, self.folder / "block.json")

    def connection_inputs(self) -> Mapping[str, Input]:
        """Return the inputs of the connection, which every tool has beside its own."""
        return self.block.connection

    @property
    def raw_connection(self) -> dict[str, dict[str, Any]]:
        """The inputs of the connection as block.json has them."""
        return self._block["connection"]  # type: ignore[no-any-return]

    @property
    def groups(self) -> dict[str, dict[str, Any]]:
        """The groups of the palette by key: each with title and description."""
        return self._block["groups"]  # type: ignore[no-any-return]

    def __getitem__(self, name: str) -> Tool:
        for candidate in (name, PREFIX + name):
            if candidate in self._tools:
                return self._tools[candidate]
        from difflib import get_close_matches

        wanted = name if name.startswith(PREFIX) else PREFIX + name
        raise UnknownToolError(name, get_close_matches(wanted, self._tools, 3))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in self._tools or PREFIX + name in self._tools)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tools)

    def __len__(self) -> int:
        return len(self._tools)

    def _read_spec(self, file: Path) -> dict[str, Any]:
        raw = _read_json(file)
        _check_headline(raw, file)
        return with_paging_inputs(raw, self._block.get("paging", {}))

    def _sort(self) -> None:
        order = {group: number for number, group in enumerate(self.groups)}
        self._tools = dict(
            sorted(self._tools.items(), key=lambda item: (order.get(item[1].group, len(order)), item[0]))
        )

    def _add_plugins(self) -> None:
        from importlib.metadata import entry_points

        for point in sorted(entry_points(group=PLUGIN_GROUP), key=lambda point: point.name):
            try:
                self._add_plugin(point)
            except SpecError as error:
                self.problems.append(Problem(point.name, str(error)))
            except Exception as error:  # noqa: BLE001
                # Finding a package can run its code, which may raise anything.
                self.problems.append(Problem(point.name, f"{type(error).__name__}: {error}"))
        self._sort()

    def _add_plugin(self, point: EntryPoint) -> None:
        # The package is found but not imported: its code runs when one of its tools does.
        from importlib.util import find_spec

        from hex_blocks.tools.spec.reading import read_groups

        found = find_spec(point.module)
        if found is None or not found.submodule_search_locations:
            raise SpecError(f"{point.module} is no package that can be found")
        folder = Path(next(iter(found.submodule_search_locations)))
        if not (folder / "tool_specs").is_dir():
            raise SpecError(f"{folder} has no folder tool_specs")
        groups_file = folder / "tool_specs" / "groups.json"
        added = _read_json(groups_file) if groups_file.is_file() else {}
        for name in read_groups(added, groups_file):
            if name in self.groups:
                raise SpecError(f"{groups_file}: {name} is a group already")
        self._block["groups"] = self.groups | added
        self.__dict__.pop("block", None)  # what was read before the plugin
        for file in sorted((folder / "tool_specs").glob("*.json")):
            if file != groups_file:
                self._add_plugin_tool(point.name, file)
        if (folder / "locales").is_dir():
            add_folder(folder / "locales")

    def _add_plugin_tool(self, plugin: str, file: Path) -> None:
        try:
            raw = self._read_spec(file)
            if raw["id"] in self._tools:
                owner = self._tools[raw["id"]].plugin or "hex_blocks"
                raise SpecError(f"{file}: {raw['id']} is a tool of {owner} already; choose another id")
            if raw["group"] not in self.groups:
                raise SpecError(
                    f"{file}: group is {raw['group']!r}; use one of {', '.join(self.groups)}, or add it in groups.json"
                )
            tool = Tool(raw, file, self.connection_inputs, plugin)
            _ = tool.spec
        except (SpecError, OSError) as error:
            self.problems.append(Problem(plugin, str(error)))
        else:
            self._tools[tool.id] = tool


def _read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise SpecError(f"{file}: not JSON: {error}") from None


def _check_headline(raw: Any, file: Path) -> None:
    """Check what a listing shows; the rest is checked when the tool is used."""
    for name in ("id", "title", "group", "operation"):
        if not isinstance(raw, dict) or not isinstance(raw.get(name), str):
            raise SpecError(f"{file}: {name} is missing")
