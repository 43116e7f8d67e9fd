"""Runs a tool: checks the inputs, calls the handler and selects the declared outputs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from hex_blocks.api.connection import Connection
from hex_blocks.api.secret import Secret, revealed
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
    """Run a tool and return its outputs.

    Args:
        tool: The tool.
        inputs: Unchecked values by name; null and blank mean not given. `apiKey` and `baseUrl` take precedence over
            the connection's.
        tools: All tools by ID, for handlers that send requests of other tools.
        connection: The token and the base URL of the requests.
        progress: Is called with the progress of a long call.
        stop: An event that ends waits early when it is set.
        language: The language of errors, warnings and progress. Default: that of the environment.

    Returns:
        The outputs in declared order, and `warnings` if there are any.

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
    """Run a call's handler on checked inputs and return the declared outputs."""
    return call.tool.select_outputs(handler_of(call.tool)(call, inputs), inputs)


def handler_of(tool: Tool) -> Handler:
    """Return the function that runs a tool: the handler that its spec names, or else `one_request`.

    Raises:
        SpecError: The handler cannot be loaded.
    """
    if not tool.spec.handler:
        return one_request
    module, _, name = tool.spec.handler.partition(":")
    try:
        return getattr(import_module(module), name)  # type: ignore[no-any-return]
    except Exception as error:  # a plugin's module may raise anything
        raise SpecError(f"{tool.file}: handler {tool.spec.handler} cannot be loaded: {error}") from error


def with_secret_token(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the inputs with `apiKey` as a Secret, so that no traceback with local variables shows it."""
    token = "apiKey"  # noqa: S105
    if not isinstance(inputs, Mapping) or isinstance(inputs.get(token), Secret | None):
        return inputs
    return {**inputs, token: Secret(revealed(inputs[token]))}
