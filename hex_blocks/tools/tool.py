"""A tool: its spec, and the compiled functions that check inputs, build the request and select the outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hex_blocks.i18n.texts import text

if TYPE_CHECKING:
    from hex_blocks.tools.reply_coercion import CoercedReply
    from hex_blocks.tools.request_building import RequestParts
    from hex_blocks.tools.spec.tool import ToolSpec
    from hex_blocks.tools.spec.values import Input

ConnectionInputs = Callable[[], Mapping[str, "Input"]]


@dataclass(eq=False)
class Tool:
    """A tool: its texts, its schemas, and the functions that a call uses. `hex_blocks.run` runs it.

    Attributes:
        raw: The spec as JSON.
        file: The spec file.
        connection_inputs: Returns the inputs of the connection, which every tool has in addition to its own.
        plugin: The plugin that the tool belongs to; None for a built-in one.
    """

    raw: dict[str, Any]
    file: Path
    connection_inputs: ConnectionInputs = field(repr=False)
    plugin: str | None = None

    @property
    def id(self) -> str:
        """The tool's ID, such as hex_run_project."""
        return str(self.raw["id"])

    @property
    def group(self) -> str:
        """The key of its group of tools."""
        return str(self.raw["group"])

    @property
    def operation(self) -> str:
        """`query` (it reads) or `mutation` (it writes)."""
        return str(self.raw["operation"])

    @property
    def destructive(self) -> bool:
        """Whether it changes or removes existing objects."""
        return bool(self.raw.get("destructive", False))

    @property
    def removes(self) -> bool:
        """Whether it deletes or ends something irreversibly, so that hosts ask for confirmation."""
        return bool(self.raw.get("removes", False))

    @property
    def experimental(self) -> bool:
        """Whether it is not in Hex's API document, so that hosts show it only on request."""
        return bool(self.raw.get("experimental", False))

    def title(self, language: str | None = None) -> str:
        """Return the title in a language."""
        return text(self.raw["title"], language)

    def description(self, language: str | None = None) -> str:
        """Return the description in a language."""
        return text(self.raw["description"], language)

    def headline(self, language: str | None = None) -> dict[str, Any]:
        """Return the tool as JSON without its inputs and outputs, as listings show it."""
        return {
            "id": self.id,
            "title": self.title(language),
            "description": self.description(language),
            "group": self.group,
            "operation": self.operation,
            "destructive": self.destructive,
        }

    @cached_property
    def spec(self) -> ToolSpec:
        """The spec, with the connection's inputs among its own.

        Raises:
            SpecError: The spec file is wrong.
        """
        from hex_blocks.tools.spec.part import read_checked
        from hex_blocks.tools.spec.tool import ToolSpec

        spec = read_checked(ToolSpec, self.raw, self.validated)
        shared = {
            name: value.replaced(required=name in spec.connection_required)
            for name, value in self.connection_inputs().items()
        }
        first = {name: value for name, value in shared.items() if name in spec.connection_required}
        return spec.replaced(inputs=first | spec.inputs | shared)

    def validated(self) -> ToolSpec:
        """Return the spec as it is in its file, validated.

        Raises:
            SpecError: It is wrong; the message lists all faults.
        """
        from hex_blocks.tools.spec.reading import read_tool_spec

        return read_tool_spec(self.raw, self.file)

    @cached_property
    def check(self) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
        """Return inputs, checked and normalized, without those not given.

        Raises:
            InputError: At least one input is wrong (`bad_inputs`).
        """
        from hex_blocks.tools.inputs.checker import checker

        return checker(self.spec)

    @cached_property
    def build_request(self) -> Callable[[Mapping[str, Any]], RequestParts]:
        """Return the tool's request for checked inputs."""
        from hex_blocks.tools.request_building import request_builder

        return request_builder(self.spec)

    @cached_property
    def coerce_reply(self) -> Callable[[Any], CoercedReply]:
        """Return a reply with its values converted to the declared types, and what did not match."""
        from hex_blocks.tools.reply_coercion import reply_coercer

        return reply_coercer(self.spec)

    @cached_property
    def select_outputs(self) -> Callable[[Any, Mapping[str, Any]], dict[str, Any]]:
        """Return the declared outputs of a reply and the inputs."""
        from hex_blocks.tools.output_selection import output_selector

        return output_selector(self.spec)

    def input_schema(
        self, *, strict: bool = False, connection: bool = True, language: str | None = None
    ) -> dict[str, Any]:
        """Return the JSON Schema of the inputs. See `hex_blocks.tools.schema.input_schema`."""
        from hex_blocks.tools.schema import input_schema

        return input_schema(self.spec, strict=strict, connection=connection, language=language)

    def output_schema(self, *, language: str | None = None) -> dict[str, Any]:
        """Return the JSON Schema of the outputs."""
        from hex_blocks.tools.schema import output_schema

        return output_schema(self.spec, language=language)
