"""Google ADK: the tools as BaseTools, for `LlmAgent(tools=…)`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from google.adk.tools import BaseTool
from google.genai.types import FunctionDeclaration, Part

from hex_blocks.hosts.frameworks.offered import OfferedTool, offered, pictures
from hex_blocks.hosts.models.toolbox import Answer, Toolbox
from hex_blocks.hosts.models.toolsets import DEFAULT

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection


def toolkit(
    connection: Connection | None = None, tools: Iterable[str] | Toolbox = (DEFAULT,), **options: Any
) -> list[HexTool]:
    """Return the tools for an agent. The arguments are those of `offered`.

    An error is returned to the model as a response with the key `error`. Pictures are parts of the response.
    """
    return [HexTool(each) for each in offered(connection, tools, **options)]


class HexTool(BaseTool):
    """A tool, with its title and hints as custom metadata."""

    def __init__(self, each: OfferedTool) -> None:
        super().__init__(name=each.name, description=each.description, custom_metadata=each.metadata)
        self._offered = each

    def _get_declaration(self) -> FunctionDeclaration:
        return FunctionDeclaration(
            name=self.name, description=self.description, parameters_json_schema=self._offered.schema
        )

    async def run_async(self, *, args: dict[str, Any], tool_context: Any) -> dict[str, Any]:
        """Call the tool and return the response for the model."""
        return _response(await self._offered.call_async(args))

    def _detect_error_in_response(self, response: Any) -> str | None:
        """Return the key of the error in a response, for ADK's telemetry; None if it is not an error."""
        # A tool may have an output named `error`; only an error has a `kind` too.
        return response["error"] if isinstance(response, dict) and {"error", "kind"} <= set(response) else None


def _response(answer: Answer) -> dict[str, Any]:
    if answer.error:
        return answer.document
    # ADK finds the parts anywhere in a response and moves them beside it.
    shown = [Part.from_bytes(data=content, mime_type=media_type) for media_type, content in pictures(answer)]
    return {**answer.outputs, **({"pictures": shown} if shown else {})}
