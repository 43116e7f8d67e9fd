"""What all frameworks need of a tool: its name, description, schema, hints and calls."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hex_blocks.hosts.functions import MAX_DESCRIPTION_LENGTH, list_description, openai_schema
from hex_blocks.hosts.models.schemas import Schema, inputs_of, portable_inputs_of
from hex_blocks.hosts.models.toolbox import Answer, Hints, Toolbox
from hex_blocks.hosts.models.toolsets import DEFAULT

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection
    from hex_blocks.tools.progress import ProgressCallback
    from hex_blocks.tools.tool import Tool


@dataclass(frozen=True)
class OfferedTool:
    """A tool that is offered to an agent.

    Attributes:
        tool: The tool.
        box: The toolbox that the tool belongs to.
        connection: The connection to Hex. Default: from the environment.
        progress: Called with each progress report of a call.
        strict: Whether its schema is one for OpenAI's strict mode.
    """

    tool: Tool
    box: Toolbox
    connection: Connection | None = None
    progress: ProgressCallback | None = None
    strict: bool = False

    @property
    def name(self) -> str:
        """The name for models."""
        return self.tool.id

    @property
    def title(self) -> str:
        """The name for people."""
        return self.tool.title(self.box.language)

    @property
    def hints(self) -> Hints:
        """Whether a call may change or remove something."""
        return self.box.hints(self.tool)

    @property
    def description(self) -> str:
        """The description for models."""
        return list_description(self.tool, self.box, MAX_DESCRIPTION_LENGTH)

    @property
    def schema(self) -> Schema:
        """The schema of the inputs, with keywords that every vendor's models support."""
        if self.strict:
            return openai_schema(inputs_of(self.tool, self.box.language, strict=True, short=True))
        # A framework may make every input required later; null then means that an input is not given.
        return portable_inputs_of(self.tool, self.box.language, short=True, nullable=True)

    @property
    def metadata(self) -> dict[str, Any]:
        """The title and the hints, for frameworks that store metadata with a tool."""
        return {"title": self.title, **self.hints._asdict()}

    def call(self, arguments: Any) -> Answer:
        """Call the tool."""
        return self.box.call(self.name, arguments, self.connection, progress=self.progress)

    async def call_async(self, arguments: Any) -> Answer:
        """Call the tool without blocking the event loop.

        Cancelling it ends the call's waits; runs that the call started keep running in Hex.
        """
        return await self.box.call_async(self.name, arguments, self.connection, progress=self.progress)


def offered(
    connection: Connection | None = None,
    tools: Iterable[str] | Toolbox = (DEFAULT,),
    *,
    progress: ProgressCallback | None = None,
    strict: bool = False,
    **options: Any,
) -> Iterator[OfferedTool]:
    """Return an iterator over the tools that an agent is shown.

    Args:
        connection: The connection to Hex. Default: from the environment.
        tools: Names of toolsets and tools, or a Toolbox. Default: the default toolset.
        progress: Called with each progress report of a call.
        strict: Whether schemas are those for OpenAI's strict mode.
        **options: Arguments of Toolbox, such as read_only.
    """
    box = tools if isinstance(tools, Toolbox) else Toolbox(tools, **options)
    return (OfferedTool(tool, box, connection, progress, strict) for tool in box.shown.values())


def failure(answer: Answer) -> str:
    """Return the text of an error for a model: its sentence, and its document as JSON."""
    return f"{answer.sentence}\n{answer.text}"


def pictures(answer: Answer) -> list[tuple[str, bytes]]:
    """Return the media type and the content of each picture of an answer."""
    return [(picture.mime_type, base64.b64decode(picture.base64)) for picture in answer.pictures]
