"""LlamaIndex: the tools as AsyncBaseTools, for `FunctionAgent(tools=…)` and every other agent of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ImageBlock, TextBlock
from llama_index.core.tools import AsyncBaseTool, ToolMetadata, ToolOutput

from hex_blocks.hosts.frameworks.offered import Offered, failure, offered, pictures
from hex_blocks.hosts.models.toolbox import Answer, Toolbox
from hex_blocks.hosts.models.toolsets import DEFAULT

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection


def toolkit(
    connection: Connection | None = None, tools: Iterable[str] | Toolbox = (DEFAULT,), **options: Any
) -> list[HexTool]:
    """Return the tools for an agent; options are those of `offered`.

    An error is an output marked as one, which the model reads. Pictures are image blocks after the text.
    """
    return [HexTool(each) for each in offered(connection, tools, **options)]


class HexTool(AsyncBaseTool):
    """A tool, called with its inputs by name."""

    metadata: ToolMetadata = None

    def __init__(self, each: Offered) -> None:
        self.offered = each
        self.metadata = _Metadata(each)

    def call(self, /, **arguments: Any) -> ToolOutput:
        """Call it."""
        return _dressed(self.offered, arguments, self.offered.call(arguments))

    async def acall(self, /, **arguments: Any) -> ToolOutput:
        """Call it without holding up the loop."""
        return _dressed(self.offered, arguments, await self.offered.call_async(arguments))


class _Metadata(ToolMetadata):
    def __init__(self, each: Offered) -> None:
        super().__init__(each.description, each.name)
        self.get_parameters_dict = lambda: each.schema


def _dressed(each: Offered, arguments: dict[str, Any], answer: Answer) -> ToolOutput:
    text = TextBlock(text=failure(answer) if answer.error else answer.text)
    images = [ImageBlock(image=content, image_mimetype=media_type) for media_type, content in pictures(answer)]
    blocks, failed = [text, *images], answer.error is not None
    return ToolOutput(each.name, None, blocks, arguments, answer.document, failed, answer.error)
