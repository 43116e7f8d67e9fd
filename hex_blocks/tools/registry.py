"""The registry: every tool there is, ours and those of plugins, ready to be shown and run.

A listing reads the spec files as plain JSON and nothing more; a tool's spec is checked when the tool is first
used, and all of ours by `hex-blocks check`. Plugins are other people's, so theirs are checked at once: a broken
or clashing one is reported in `problems` and the rest keep working.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hex_blocks.errors.classes import SpecError, UnknownToolError
from hex_blocks.i18n.texts import add_folder, beside_package, text

if TYPE_CHECKING:
    import threading
    from importlib.metadata import EntryPoint

    from hex_blocks.api.connection import Connection
    from hex_blocks.tools.spec.tool import BlockSpec, ToolSpec
    from hex_blocks.tools.tool_call import Call, ProgressCallback
    from hex_blocks.tools.wire import Sending

PLUGIN_GROUP = "hex_blocks.tools"
PREFIX = "hex_"

Handler = Callable[["Call", dict[str, Any]], Any]


@dataclass(frozen=True)
class Problem:
    """A plugin, or a part of one, that could not be taken in."""

    plugin: str
    message: str


@dataclass(eq=False)
class Tool:
    """One tool: shown by its words and schemas, run by `run`."""

    raw: dict[str, Any]
    file: Path
    registry: Registry = field(repr=False)
    plugin: str | None = None

    @property
    def id(self) -> str:
        """The tool's id, such as hex_run_project."""
        return str(self.raw["id"])

    @property
    def group(self) -> str:
        """The key of its group in the palette."""
        return str(self.raw["group"])

    @property
    def operation(self) -> str:
        """`query` (it reads) or `mutation` (it writes)."""
        return str(self.raw["operation"])

    @property
    def destructive(self) -> bool:
        """Whether it changes or removes what is there already."""
        return bool(self.raw.get("destructive", False))

    def title(self, language: str | None = None) -> str:
        """Give the title in a language."""
        return text(self.raw["title"], language)

    def description(self, language: str | None = None) -> str:
        """Give the description in a language."""
        return text(self.raw["description"], language)

    @cached_property
    def spec(self) -> ToolSpec:
        """The checked spec, with the connection's inputs among its own. Raises SpecError."""
        from hex_blocks.tools.spec.tool import read_tool_spec

        spec = read_tool_spec(self.raw, self.file)
        shared = {
            name: value.model_copy(update={"required": name in spec.connection_required})
            for name, value in self.registry.block.connection.items()
        }
        first = {name: value for name, value in shared.items() if name in spec.connection_required}
        return spec.model_copy(update={"inputs": first | spec.inputs | shared})

    @cached_property
    def check(self) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
        """Check inputs and give them clean. Raises InputError."""
        from hex_blocks.tools.inputs.checker import checker

        return checker(self.spec)

    @cached_property
    def lay_out(self) -> Callable[[Mapping[str, Any]], Sending]:
        """Lay checked inputs out as the tool's request."""
        from hex_blocks.tools.wire import sender

        return sender(self.spec)

    @cached_property
    def conform(self) -> Callable[[Any], Any]:
        """Make a reply what the outputs are declared to be, wherever it is something else."""
        from hex_blocks.tools.wire import conformer

        return conformer(self.spec)

    @cached_property
    def keep(self) -> Callable[[Any, Mapping[str, Any]], dict[str, Any]]:
        """Keep the declared outputs of a reply."""
        from hex_blocks.tools.wire import keeper

        return keeper(self.spec)

    @cached_property
    def handler(self) -> Handler:
        """The function that does the work; one request where the spec names no other. Raises SpecError."""
        if not self.spec.handler:
            from hex_blocks.handlers.one_request import endpoint

            return endpoint
        module, _, name = self.spec.handler.partition(":")
        try:
            return getattr(import_module(module), name)  # type: ignore[no-any-return]
        except Exception as error:  # a plugin's module may raise anything
            raise SpecError(f"{self.file}: handler {self.spec.handler} cannot be loaded: {error}") from error

    def input_schema(
        self, *, strict: bool = False, connection: bool = True, language: str | None = None
    ) -> dict[str, Any]:
        """Give the JSON Schema of the inputs; see hex_blocks.tools.schema.input_schema."""
        from hex_blocks.tools.schema import input_schema

        return input_schema(self.spec, strict=strict, connection=connection, language=language)

    def output_schema(self, *, language: str | None = None) -> dict[str, Any]:
        """Give the JSON Schema of the outputs."""
        from hex_blocks.tools.schema import output_schema

        return output_schema(self.spec, language=language)

    def run(
        self,
        inputs: Mapping[str, Any],
        connection: Connection | None = None,
        *,
        progress: ProgressCallback | None = None,
        stop: threading.Event | None = None,
        language: str | None = None,
    ) -> dict[str, Any]:
        """Run the tool; see hex_blocks.run.run."""
        from hex_blocks.run import run, sealed

        inputs = sealed(inputs)
        return run(self, inputs, connection, progress=progress, stop=stop, language=language)

    async def run_async(
        self,
        inputs: Mapping[str, Any],
        connection: Connection | None = None,
        *,
        progress: ProgressCallback | None = None,
        language: str | None = None,
    ) -> dict[str, Any]:
        """Run the tool without blocking the event loop; see hex_blocks.run.run_async."""
        from hex_blocks.run import run_async, sealed

        inputs = sealed(inputs)
        return await run_async(self, inputs, connection, progress=progress, language=language)


class Registry(Mapping[str, Tool]):
    """All tools by id, in the order of their groups. A tool is also found without the prefix `hex_`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self._block = _read_json(folder / "block.json")
        self._tools: dict[str, Tool] = {}
        for file in sorted(folder.glob("hex_*.json")):
            raw = _read_json(file)
            _check_headline(raw, file)
            self._tools[raw["id"]] = Tool(raw, file, self)
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
        from hex_blocks.tools.spec.tool import read_block_spec

        return read_block_spec(self._block, self.folder / "block.json")

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

        from hex_blocks.tools.spec.tool import read_groups

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
            raw = _read_json(file)
            _check_headline(raw, file)
            if raw["id"] in self._tools:
                owner = self._tools[raw["id"]].plugin or "hex_blocks"
                raise SpecError(f"{file}: {raw['id']} is a tool of {owner} already; choose another id")
            if raw["group"] not in self.groups:
                raise SpecError(
                    f"{file}: group is {raw['group']!r}; use one of {', '.join(self.groups)}, or add it in groups.json"
                )
            tool = Tool(raw, file, self, plugin)
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
