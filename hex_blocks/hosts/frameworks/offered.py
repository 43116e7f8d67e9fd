"""What a framework is given of each tool: its name, its words, its schema, and the way of its calls."""

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
class Offered:
    """A tool as it is offered to an agent.

    Attributes:
        tool: The tool.
        box: The toolbox it is from.
        connection: Where its calls go. Default: the environment's.
        progress: Is told of the progress of its calls.
        strict: Whether its schema is one that OpenAI's strict mode takes.
    """

    tool: Tool
    box: Toolbox
    connection: Connection | None = None
    progress: ProgressCallback | None = None
    strict: bool = False

    @property
    def name(self) -> str:
        """The name that the model calls it by."""
        return self.tool.id

    @property
    def title(self) -> str:
        """The name that people read."""
        return self.tool.title(self.box.language)

    @property
    def hints(self) -> Hints:
        """What a call of it may do."""
        return self.box.hints(self.tool)

    @property
    def description(self) -> str:
        """What the model reads of it."""
        return list_description(self.tool, self.box, MAX_DESCRIPTION_LENGTH)

    @property
    def schema(self) -> Schema:
        """The schema of its inputs, in words that every vendor's models take."""
        if self.strict:
            return openai_schema(inputs_of(self.tool, self.box.language, strict=True, short=True))
        # A framework may make it strict later, with every input required: null is then the word for what is not given.
        return portable_inputs_of(self.tool, self.box.language, short=True, nullable=True)

    @property
    def metadata(self) -> dict[str, Any]:
        """What a framework may keep beside it, for people and for rules: its title and its hints."""
        return {"title": self.title, **self.hints._asdict()}

    def call(self, arguments: Any) -> Answer:
        """Call it."""
        return self.box.call(self.name, arguments, self.connection, progress=self.progress)

    async def call_async(self, arguments: Any) -> Answer:
        """Call it without holding up the loop. Cancelling it ends its waits; what it started goes on in Hex."""
        return await self.box.call_async(self.name, arguments, self.connection, progress=self.progress)


def offered(
    connection: Connection | None = None,
    tools: Iterable[str] | Toolbox = (DEFAULT,),
    *,
    progress: ProgressCallback | None = None,
    strict: bool = False,
    **options: Any,
) -> Iterator[Offered]:
    """Yield the tools that an agent is shown.

    Args:
        connection: Where calls go, with which token. Default: the environment's.
        tools: Toolsets or ids of tools, or a Toolbox. Default: the default set.
        progress: Is told of the progress of calls.
        strict: Whether schemas are such that OpenAI's strict mode takes them.
        options: Those of a Toolbox, such as read_only.
    """
    box = tools if isinstance(tools, Toolbox) else Toolbox(tools, **options)
    return (Offered(tool, box, connection, progress, strict) for tool in box.shown.values())


def failure(answer: Answer) -> str:
    """Return what a model reads of an error: the sentence, and all that is known of it as JSON."""
    return f"{answer.sentence}\n{answer.text}"


def pictures(answer: Answer) -> list[tuple[str, bytes]]:
    """Return the pictures of an answer: the media type and the content of each."""
    return [(picture.mime_type, base64.b64decode(picture.base64)) for picture in answer.pictures]
