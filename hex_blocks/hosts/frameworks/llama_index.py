"""LlamaIndex: the tools as AsyncBaseTools, for `FunctionAgent(tools=…)` and its other agents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ImageBlock, TextBlock
from llama_index.core.tools import AsyncBaseTool, ToolMetadata, ToolOutput

from hex_blocks.hosts.frameworks.offered import OfferedTool, failure, offered, pictures
from hex_blocks.hosts.models.toolbox import Answer, Toolbox
from hex_blocks.hosts.models.toolsets import DEFAULT

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection


def toolkit(
    connection: Connection | None = None, tools: Iterable[str] | Toolbox = (DEFAULT,), **options: Any
) -> list[HexTool]:
    """Return the tools for an agent. The arguments are those of `offered`.

    An error is returned to the model as an output with `is_error`. Pictures are image blocks after the text.
    """
    return [HexTool(each) for each in offered(connection, tools, **options)]


class HexTool(AsyncBaseTool):
    """A tool that is called with its inputs as keyword arguments."""

    metadata: ToolMetadata = None

    def __init__(self, each: OfferedTool) -> None:
        self.offered = each
        self.metadata = _Metadata(each)

    def call(self, /, **arguments: Any) -> ToolOutput:
        """Call the tool."""
        return _output(self.offered, arguments, self.offered.call(arguments))

    async def acall(self, /, **arguments: Any) -> ToolOutput:
        """Call the tool without blocking the event loop."""
        return _output(self.offered, arguments, await self.offered.call_async(arguments))


class _Metadata(ToolMetadata):
    def __init__(self, each: OfferedTool) -> None:
        super().__init__(each.description, each.name)
        self.get_parameters_dict = lambda: each.schema


def _output(each: OfferedTool, arguments: dict[str, Any], answer: Answer) -> ToolOutput:
    text = TextBlock(text=failure(answer) if answer.error else answer.text)
    images = [ImageBlock(image=content, image_mimetype=media_type) for media_type, content in pictures(answer)]
    blocks, failed = [text, *images], answer.error is not None
    return ToolOutput(each.name, None, blocks, arguments, answer.document, failed, answer.error)
