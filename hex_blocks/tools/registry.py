"""The registry of all tools: the built-in ones and those of installed plugins.

Loading only parses the spec files as JSON. `hex-blocks check` validates the built-in specs. Specs of plugins are
validated when they are loaded: a broken plugin, or a tool whose ID is taken, is listed in `problems`, and all other
tools keep working.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hex_blocks.errors.classes import SpecError, UnknownToolError
from hex_blocks.i18n.texts import add_folder, data_folder
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
    """A plugin or a plugin's tool that could not be loaded, and why."""

    plugin: str
    message: str


class Registry(Mapping[str, Tool]):
    """All tools by ID, in the order of their groups. The prefix `hex_` can be left out when a tool is looked up."""

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
        """Return a registry of the built-in tools and, by default, those of installed plugins."""
        registry = cls(data_folder("tool_specs"))
        if plugins:
            registry._add_plugins()
        return registry

    @cached_property
    def block(self) -> BlockSpec:
        """The block file: how hosts present the tools as a whole.

        Raises:
            SpecError: The file is wrong.
        """
        from hex_blocks.tools.spec.block import BlockSpec
        from hex_blocks.tools.spec.part import read_checked

        return read_checked(BlockSpec, self._block, self.validated_block)

    def validated_block(self) -> BlockSpec:
        """Return the block file, validated.

        Raises:
            SpecError: It is wrong; the message lists all faults.
        """
        from hex_blocks.tools.spec.reading import read_block_spec

        return read_block_spec(self._block, self.folder / "block.json")

    def connection_inputs(self) -> Mapping[str, Input]:
        """Return the inputs of the connection, which every tool has in addition to its own."""
        return self.block.connection

    @property
    def raw_connection(self) -> dict[str, dict[str, Any]]:
        """The inputs of the connection as JSON, not validated."""
        return self._block["connection"]  # type: ignore[no-any-return]

    @property
    def groups(self) -> dict[str, dict[str, Any]]:
        """The groups of tools by key, each with title and description."""
        return self._block["groups"]  # type: ignore[no-any-return]

    def __getitem__(self, name: str) -> Tool:
        for candidate in (name, PREFIX + name):
            if candidate in self._tools:
                return self._tools[candidate]
        from difflib import get_close_matches

        # What all names begin with makes none of them near.
        keys = {tool.removeprefix(PREFIX): tool for tool in self._tools}
        near = get_close_matches(name.removeprefix(PREFIX), keys, 3)
        raise UnknownToolError(name, [keys[key] for key in near])

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
                # Locating a package can run its parent's code, which may raise anything.
                self.problems.append(Problem(point.name, f"{type(error).__name__}: {error}"))
        self._sort()

    def _add_plugin(self, point: EntryPoint) -> None:
        # The package is located but not imported: its code runs when one of its tools runs.
        from importlib.util import find_spec

        from hex_blocks.tools.spec.reading import read_groups

        found = find_spec(point.module)
        if found is None or not found.submodule_search_locations:
            raise SpecError(f"{point.module} is not an importable package")
        folder = Path(next(iter(found.submodule_search_locations)))
        if not (folder / "tool_specs").is_dir():
            raise SpecError(f"{folder} has no folder tool_specs")
        groups_file = folder / "tool_specs" / "groups.json"
        added = _read_json(groups_file) if groups_file.is_file() else {}
        for name in read_groups(added, groups_file):
            if name in self.groups:
                raise SpecError(f"{groups_file}: the group {name} already exists")
        self._block["groups"] = self.groups | added
        self.__dict__.pop("block", None)  # cached without the plugin's groups
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
                raise SpecError(f"{file}: {raw['id']} is already a tool of {owner}; choose another id")
            if raw["group"] not in self.groups:
                raise SpecError(
                    f"{file}: group is {raw['group']!r}; use one of {', '.join(self.groups)}, or add it in groups.json"
                )
            tool = Tool(raw, file, self.connection_inputs, plugin)
            tool.validated()
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
    """Check the keys that a listing shows. The rest is validated when the tool is used."""
    for name in ("id", "title", "group", "operation"):
        if not isinstance(raw, dict) or not isinstance(raw.get(name), str):
            raise SpecError(f"{file}: {name} is missing")
