"""The way of a call: check the inputs, call the handler, keep the declared outputs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from hex_blocks.api.connection import Connection
from hex_blocks.tools.registry import Tool
from hex_blocks.tools.tool_call import Call, ProgressCallback


def run(
    tool: Tool,
    inputs: Mapping[str, Any],
    connection: Connection | None = None,
    *,
    progress: ProgressCallback | None = None,
    stop: threading.Event | None = None,
    language: str | None = None,
) -> dict[str, Any]:
    """Run a tool and give its outputs, in declared order; `warnings` beside them where there are any.

    inputs: by name, as people, forms and models send them; null and blank mean not given.
    connection: the token and host; those of the environment where none is given. apiKey and baseUrl among the
    inputs go before it.
    progress: told how far long calls are. stop: set it to end a wait early. Raises HexError.
    """
    inputs = sealed(inputs)
    given = tool.check(inputs)
    connection = (connection or Connection()).with_inputs(given.pop("apiKey", None), given.pop("baseUrl", None))
    call = Call(tool, connection, language, progress, stop or threading.Event())
    outputs = tool.keep(tool.handler(call, given), given)
    if call.warnings:
        outputs["warnings"] = call.warnings
    return outputs


def sealed(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the inputs with the token wrapped, so that no traceback with local variables shows it."""
    token = "apiKey"  # noqa: S105
    if not isinstance(inputs, Mapping) or isinstance(inputs.get(token), SecretStr | None):
        return inputs
    return {**inputs, token: SecretStr(inputs[token])}


async def run_async(
    tool: Tool,
    inputs: Mapping[str, Any],
    connection: Connection | None = None,
    *,
    progress: ProgressCallback | None = None,
    language: str | None = None,
) -> dict[str, Any]:
    """Run a tool in a thread of its own, so that the event loop goes on. Cancelling it ends its waits."""
    stop = threading.Event()
    inputs = sealed(inputs)
    try:
        return await asyncio.to_thread(run, tool, inputs, connection, progress=progress, stop=stop, language=language)
    finally:
        stop.set()
