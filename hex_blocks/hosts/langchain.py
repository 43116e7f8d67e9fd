"""LangChain: the tools as StructuredTools, for LangGraph and all other agents that use LangChain tools."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from langchain_core.tools import StructuredTool, ToolException

from hex_blocks.hosts.frameworks.offered import OfferedTool, failure, offered
from hex_blocks.hosts.models.toolbox import Answer, Toolbox
from hex_blocks.hosts.models.toolsets import DEFAULT

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection
    from hex_blocks.tools.progress import ProgressCallback

LEVEL = {
    "tools, sync and async": "done: tests/hosts/langchain/test_toolkit.py",
    "errors, artifacts": "done: tests/hosts/langchain/test_toolkit.py",
    "LangGraph": "done: tests/hosts/langchain/test_graph.py",
}

Content = tuple[str, list[dict[str, str]] | None]


def toolkit(
    connection: Connection | None = None,
    tools: Iterable[str] | Toolbox = (DEFAULT,),
    *,
    progress: ProgressCallback | None = None,
    handle_tool_error: bool = True,
    **options: Any,
) -> list[StructuredTool]:
    """Return the tools for an agent.

    A tool's content is JSON text. Its artifact is the list of pictures, each with mime_type and base64, or None.

    Args:
        connection: The connection to Hex. Default: from the environment.
        tools: Names of toolsets and tools, or a Toolbox.
        progress: Called with each progress report of a call.
        handle_tool_error: Whether the model gets errors as content; otherwise a ToolException is raised.
        **options: Arguments of Toolbox, such as read_only.
    """
    given = offered(connection, tools, progress=progress, **options)
    return [_structured(each, handle_tool_error) for each in given]


def _structured(each: OfferedTool, handle_tool_error: bool) -> StructuredTool:
    def run(**arguments: Any) -> Content:
        return _content_and_artifact(each.call(arguments))

    async def run_async(**arguments: Any) -> Content:
        return _content_and_artifact(await each.call_async(arguments))

    hints = each.hints
    return StructuredTool.from_function(
        func=run,
        coroutine=run_async,
        name=each.name,
        description=each.description,
        args_schema=each.schema,
        response_format="content_and_artifact",
        handle_tool_error=handle_tool_error,
        metadata=each.metadata,
        tags=["hex", "read-only" if hints.read_only else "destructive" if hints.destructive else "writes"],
    )


def _content_and_artifact(answer: Answer) -> Content:
    if answer.error:
        raise ToolException(failure(answer))
    return answer.text, [picture._asdict() for picture in answer.pictures] or None
