"""The way of a call: check the inputs, call the handler, select the declared outputs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from pydantic import SecretStr

from hex_blocks.api.connection import Connection
from hex_blocks.errors.classes import SpecError
from hex_blocks.handlers.one_request import one_request
from hex_blocks.tools.progress import ProgressCallback
from hex_blocks.tools.registry import Registry
from hex_blocks.tools.tool import Tool
from hex_blocks.tools.tool_call import ToolCall

Handler = Callable[[ToolCall, dict[str, Any]], Any]


def run(
    tool: Tool,
    inputs: Mapping[str, Any],
    tools: Registry,
    connection: Connection,
    *,
    progress: ProgressCallback | None = None,
    stop: threading.Event | None = None,
    language: str | None = None,
) -> dict[str, Any]:
    """Run a tool.

    Args:
        tool: The tool.
        inputs: Values by name, as people, forms and models send them; null and blank mean not given. An apiKey or
            baseUrl among them goes before the connection's.
        tools: All tools by id, for handlers that use others.
        connection: Where its requests go, and with which token.
        progress: Is told how far a long call is.
        stop: Set it to end a wait early.
        language: Of sentences. Default: that of the environment.

    Returns:
        The outputs in declared order, and `warnings` beside them where there are any.

    Raises:
        HexError: The call failed.
    """
    given = tool.check(with_secret_token(inputs))
    connection = connection.with_inputs(given.pop("apiKey", None), given.pop("baseUrl", None))
    call = ToolCall(tool, tools, connection, execute, language, progress, stop or threading.Event())
    outputs = execute(call, given)
    if warnings := call.all_warnings():
        outputs["warnings"] = warnings
    return outputs


def execute(call: ToolCall, inputs: dict[str, Any]) -> dict[str, Any]:
    """Run a call's handler on checked inputs and select the outputs."""
    return call.tool.select_outputs(handler_of(call.tool)(call, inputs), inputs)


def handler_of(tool: Tool) -> Handler:
    """Return the function that does a tool's work: one request where its spec names no other.

    Raises:
        SpecError: The function cannot be loaded.
    """
    if not tool.spec.handler:
        return one_request
    module, _, name = tool.spec.handler.partition(":")
    try:
        return getattr(import_module(module), name)  # type: ignore[no-any-return]
    except Exception as error:  # a plugin's module may raise anything
        raise SpecError(f"{tool.file}: handler {tool.spec.handler} cannot be loaded: {error}") from error


def with_secret_token(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the inputs with the token wrapped, so that no traceback with local variables shows it."""
    token = "apiKey"  # noqa: S105
    if not isinstance(inputs, Mapping) or isinstance(inputs.get(token), SecretStr | None):
        return inputs
    return {**inputs, token: SecretStr(inputs[token])}
