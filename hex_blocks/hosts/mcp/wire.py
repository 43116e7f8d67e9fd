"""Reading messages with lone surrogates, which the SDK rejects.

JSON can hold half of a surrogate pair, and clients that cut text in the middle of an emoji send it. The SDK does not
read such a line, so the request would never be answered; and it cannot write one, which would end the server.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from hex_blocks.hosts.models.surrogates import replace_surrogates_in

if TYPE_CHECKING:
    from mcp.shared.message import SessionMessage

log = logging.getLogger(__name__)

INVALID_REQUEST = -32600


class RepairingStream:
    """The stream of a client's messages, with those repaired that the SDK could not read.

    A request that is not valid JSON-RPC gets an error reply.
    """

    def __init__(self, reading: Any, writing: Any) -> None:
        self._reading = reading
        self._writing = writing

    @property
    def last_context(self) -> Any:
        """The context of the last message."""
        return self._reading.last_context

    async def receive(self) -> SessionMessage | Exception:
        """Return the next message; the SDK's exception if it could not be repaired."""
        received: SessionMessage | Exception = await self._reading.receive()
        if not isinstance(received, Exception):
            return received
        return await self._repair(received)

    def __aiter__(self) -> RepairingStream:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        from anyio import EndOfStream

        try:
            return await self.receive()
        except EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> RepairingStream:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def close(self) -> None:
        """Close the stream."""
        self._reading.close()

    async def aclose(self) -> None:
        """Close the stream."""
        await self._reading.aclose()

    async def _repair(self, failure: Exception) -> SessionMessage | Exception:
        from mcp.shared.message import SessionMessage
        from mcp_types import jsonrpc_message_adapter
        from pydantic import ValidationError

        document = _document(failure)
        try:
            return SessionMessage(jsonrpc_message_adapter.validate_python(repair_message(document), by_name=False))
        except ValidationError:
            log.debug("a line is not a message", exc_info=True)
        if isinstance(document, dict) and "method" in document and isinstance(document.get("id"), (str, int)):
            error = {"code": INVALID_REQUEST, "message": "This is no request of JSON-RPC 2.0."}
            answer = {"jsonrpc": "2.0", "id": replace_surrogates_in(document["id"]), "error": error}
            await self._writing.send(SessionMessage(jsonrpc_message_adapter.validate_python(answer, by_name=False)))
        return failure


def repair_message(document: Any) -> Any:
    """Return a message without lone surrogates.

    A call's arguments stay unchanged: the tool's input check refuses them.
    """
    repaired = replace_surrogates_in(document)
    params = document.get("params") if isinstance(document, dict) else None
    if (
        isinstance(params, dict)
        and isinstance(params.get("arguments"), dict)
        and document.get("method") == "tools/call"
    ):
        repaired["params"]["arguments"] = params["arguments"]
    return repaired


def _document(failure: Exception) -> Any:
    """Return the message that the SDK could not read, from its validation error; None if it is not JSON at all."""
    from pydantic import ValidationError

    inputs = [each["input"] for each in failure.errors()] if isinstance(failure, ValidationError) else []
    objects = [each for each in inputs if isinstance(each, dict) and "method" in each]
    if objects or not inputs or not isinstance(inputs[0], str):
        return objects[0] if objects else None
    try:
        return json.loads(inputs[0])
    except (ValueError, RecursionError):
        return None
