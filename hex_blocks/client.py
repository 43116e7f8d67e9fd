"""The client `Hex`: a connection, the tools, and what calls share."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hex_blocks.api.connection import Connection
from hex_blocks.run import run, with_secret_token
from hex_blocks.runs.record.configured import use_record
from hex_blocks.tools.registry import Registry

if TYPE_CHECKING:
    from hex_blocks.api.secret import HoldsSecret
    from hex_blocks.runs.record.store import Record
    from hex_blocks.tools.progress import ProgressCallback
    from hex_blocks.tools.tool import Tool


class Hex:
    """A client of Hex with one token. It runs tools, and its calls share network connections, budget and record.

    >>> with Hex("hxtp_…") as hex:
    ...     run = hex.call("hex_run_and_wait", {"projectId": "…", "inputParams": {"region": "EMEA"}})

    Args:
        api_key: A Hex API token, personal or of a workspace. Default: HEX_API_TOKEN, else the token of the default
            profile.
        base_url: The host where you open Hex, with or without /api/v1. Default: HEX_API_BASE_URL, else app.hex.tech.
        connection: An existing connection, instead of a token, a base URL and settings.
        tools: The tools that can be called. Default: the built-in ones and those of installed plugins.
        record: Where started runs are recorded. Default: a file in the platform's data folder.
        language: The language of errors, warnings and progress. Default: that of the environment.
        settings: Further arguments of `Connection`, such as a profile, or timeout and patience in seconds.

    Raises:
        TypeError: A connection was given together with a token, a base URL or settings.
    """

    def __init__(
        self,
        api_key: str | HoldsSecret | None = None,
        base_url: str | None = None,
        *,
        connection: Connection | None = None,
        tools: Registry | None = None,
        record: Record | None = None,
        language: str | None = None,
        **settings: Any,
    ) -> None:
        if connection is not None and (api_key is not None or base_url is not None or settings):
            raise TypeError("give a connection, or a token, base URL and settings")
        self.connection = connection or Connection(api_key, base_url, **settings)
        del api_key  # so that no traceback with local variables shows it
        self.language = language
        self._tools = tools
        if record is not None:
            use_record(self.connection, record)

    def __repr__(self) -> str:
        return f"Hex({self.connection!r})"

    def __enter__(self) -> Hex:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the open network connections. The client can be used again afterwards."""
        self.connection.close()

    @property
    def tools(self) -> Registry:
        """The tools that can be called, by ID."""
        if self._tools is None:
            self._tools = Registry.load()
        return self._tools

    def call(
        self,
        tool: str | Tool,
        inputs: Mapping[str, Any] | None = None,
        *,
        progress: ProgressCallback | None = None,
        stop: threading.Event | None = None,
        language: str | None = None,
    ) -> dict[str, Any]:
        """Run a tool and return its outputs.

        Args:
            tool: The tool's ID, with or without `hex_`, or the tool itself.
            inputs: Values by name; null and blank mean not given.
            progress: Is called with the progress of a long call.
            stop: An event that ends waits early when it is set.
            language: The language of this call's errors, warnings and progress. Default: the client's.

        Returns:
            The outputs in declared order, and `warnings` if there are any.

        Raises:
            HexError: The call failed.
            UnknownToolError: There is no such tool.
        """
        inputs = with_secret_token(inputs if inputs is not None else {})
        found = self.tools[tool] if isinstance(tool, str) else tool
        language = language or self.language
        return run(found, inputs, self.tools, self.connection, progress=progress, stop=stop, language=language)

    async def call_async(
        self,
        tool: str | Tool,
        inputs: Mapping[str, Any] | None = None,
        *,
        progress: ProgressCallback | None = None,
        language: str | None = None,
    ) -> dict[str, Any]:
        """Run a tool in a worker thread, without blocking the event loop, and return its outputs.

        Arguments and errors are those of `call`. Cancelling the task ends the waits of the call.
        """
        # Imported here because the command line does not need it and starts faster without it.
        import asyncio

        stop = threading.Event()
        inputs = with_secret_token(inputs if inputs is not None else {})
        try:
            return await asyncio.to_thread(self.call, tool, inputs, progress=progress, stop=stop, language=language)
        finally:
            stop.set()
