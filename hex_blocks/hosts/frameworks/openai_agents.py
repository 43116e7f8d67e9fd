"""OpenAI Agents SDK: the tools as FunctionTools, for `Agent(tools=…)`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from agents import FunctionTool, ToolOutputImage, ToolOutputText

from hex_blocks.hosts.frameworks.offered import OfferedTool, failure, offered
from hex_blocks.hosts.models.toolbox import Answer, Toolbox
from hex_blocks.hosts.models.toolsets import DEFAULT

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection


def toolkit(
    connection: Connection | None = None,
    tools: Iterable[str] | Toolbox = (DEFAULT,),
    *,
    strict: bool = False,
    **options: Any,
) -> list[FunctionTool]:
    """Return the tools for an agent. The arguments are those of `offered`.

    An error is returned to the model as text. Pictures are images after the text.
    """
    return [_tool(each) for each in offered(connection, tools, strict=strict, **options)]


def _tool(each: OfferedTool) -> FunctionTool:
    async def invoke(_context: Any, arguments: str) -> Any:
        return _output(await each.call_async(arguments))

    return FunctionTool(
        name=each.name,
        description=each.description,
        params_json_schema=each.schema,
        on_invoke_tool=invoke,
        strict_json_schema=each.strict,
    )


def _output(answer: Answer) -> str | list[ToolOutputText | ToolOutputImage]:
    if answer.error:
        return failure(answer)
    images = [
        ToolOutputImage(image_url=f"data:{picture.mime_type};base64,{picture.base64}", detail="auto")
        for picture in answer.pictures
    ]
    return [ToolOutputText(text=answer.text), *images] if images else answer.text
