"""PydanticAI: the tools as Tools, for `Agent(tools=…)`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic_ai import BinaryContent, Tool, ToolFailed
from pydantic_core import SchemaValidator
from pydantic_core.core_schema import dict_schema

from hex_blocks.hosts.frameworks.offered import OfferedTool, failure, offered, pictures
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
) -> list[Tool[Any]]:
    """Return the tools for an agent. The arguments are those of `offered`.

    An error fails the call and is returned to the model; it does not count as a retry and does not end the agent's
    run. Pictures come after the document. A tool's metadata has its title and hints.
    """
    return [_tool(each) for each in offered(connection, tools, strict=strict, **options)]


def _tool(each: OfferedTool) -> Tool[Any]:
    async def call(**arguments: Any) -> Any:
        return _output(await each.call_async(arguments))

    tool = Tool.from_schema(call, each.name, each.description, each.schema)
    # The default validator accepts arguments that are not an object, which would end the agent's run.
    tool.function_schema.validator = SchemaValidator(dict_schema())
    tool.metadata = each.metadata
    tool.strict = each.strict or None
    return tool


def _output(answer: Answer) -> Any:
    if answer.error:
        raise ToolFailed(failure(answer))
    shown = [BinaryContent(content, media_type=media_type) for media_type, content in pictures(answer)]
    return [answer.outputs, *shown] if shown else answer.outputs
