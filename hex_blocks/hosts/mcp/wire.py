"""What goes over the wire though the SDK cannot read or write it: text that holds half of a surrogate pair.

JSON can hold such halves, and clients that cut a text in the middle of an emoji send them. The SDK reads no line with
one, so that the request would never be answered, and cannot write one, which would end the server.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from hex_blocks.hosts.models.writable import writable_value

if TYPE_CHECKING:
    from mcp.shared.message import SessionMessage

log = logging.getLogger(__name__)

INVALID_REQUEST = -32600


class Mended:
    """The messages of a client, those that the SDK could not read among them, as far as they can be read.

    Where one is no message but asks for an answer all the same, it is told so.
    """

    def __init__(self, reading: Any, writing: Any) -> None:
        self._reading = reading
        self._writing = writing

    @property
    def last_context(self) -> Any:
        """The context that came with the last message."""
        return self._reading.last_context

    async def receive(self) -> SessionMessage | Exception:
        """Return the next message."""
        came: SessionMessage | Exception = await self._reading.receive()
        if not isinstance(came, Exception):
            return came
        return await self._mend(came)

    def __aiter__(self) -> Mended:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        from anyio import EndOfStream

        try:
            return await self.receive()
        except EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Mended:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def close(self) -> None:
        """Read no more."""
        self._reading.close()

    async def aclose(self) -> None:
        """Read no more."""
        await self._reading.aclose()

    async def _mend(self, failure: Exception) -> SessionMessage | Exception:
        from mcp.shared.message import SessionMessage
        from mcp_types import jsonrpc_message_adapter
        from pydantic import ValidationError

        document = _document(failure)
        try:
            return SessionMessage(jsonrpc_message_adapter.validate_python(readable(document), by_name=False))
        except ValidationError:
            log.debug("a line is no message", exc_info=True)
        if isinstance(document, dict) and "method" in document and isinstance(document.get("id"), (str, int)):
            error = {"code": INVALID_REQUEST, "message": "This is no request of JSON-RPC 2.0."}
            answer = {"jsonrpc": "2.0", "id": writable_value(document["id"]), "error": error}
            await self._writing.send(SessionMessage(jsonrpc_message_adapter.validate_python(answer, by_name=False)))
        return failure


def readable(document: Any) -> Any:
    """Make a message readable for the SDK. The arguments of a call stay as they are: their own check refuses them."""
    made = writable_value(document)
    params = document.get("params") if isinstance(document, dict) else None
    if (
        isinstance(params, dict)
        and isinstance(params.get("arguments"), dict)
        and document.get("method") == "tools/call"
    ):
        made["params"]["arguments"] = params["arguments"]
    return made


def _document(failure: Exception) -> Any:
    """Read what the SDK could not: the line where it is no JSON for it, else the object; None where there is none."""
    from pydantic import ValidationError

    inputs = [each["input"] for each in failure.errors()] if isinstance(failure, ValidationError) else []
    objects = [each for each in inputs if isinstance(each, dict) and "method" in each]
    if objects or not inputs or not isinstance(inputs[0], str):
        return objects[0] if objects else None
    try:
        return json.loads(inputs[0])
    except (ValueError, RecursionError):
        return None
