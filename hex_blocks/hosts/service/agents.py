"""The MCP endpoint of the service at /mcp, with the same callers, tokens and secret as the rest of the service."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.routing import Route

from hex_blocks.hosts.mcp.guard import Receive, Scope, Send
from hex_blocks.hosts.mcp.server import HexServer
from hex_blocks.hosts.mcp.serving import MAX_SESSIONS, PATH, sdk_app
from hex_blocks.hosts.models.toolbox import Answer, Toolbox
from hex_blocks.hosts.service.callers import Caller
from hex_blocks.hosts.service.messages import read_body
from hex_blocks.hosts.service.problems import ProblemError

if TYPE_CHECKING:
    from mcp_types import CallToolRequestParams

    from hex_blocks.api.connection import Connection
    from hex_blocks.hosts.service.state import Service

SESSION_HEADER = b"mcp-session-id"


class _Server(HexServer):
    """An MCP server that uses the connection of each request's caller."""

    def __init__(self, service: Service) -> None:
        toolbox = Toolbox(registry=service.tools, language=service.settings.language)
        super().__init__(toolbox, service.callers.connection)
        self._service = service

    def connection_of(self, context: Any) -> Connection | Answer | None:
        """Return the connection of a request's caller."""
        return _caller(context).connection

    def release(self, own: Connection) -> None:
        """Leave the connection open, because the caller's next call uses it too."""

    def caller_of(self, context: Any) -> str:
        """Return the ID of a request's caller."""
        return _caller(context).id

    async def call_tool(self, context: Any, params: CallToolRequestParams) -> dict[str, Any]:
        """Run a tool, count the call in the metrics, and return the result of tools/call."""
        service = self._service
        began = service.clock.monotonic()
        result = await super().call_tool(context, params)
        if params.name in self.toolbox.shown:
            outcome = "failed" if result.get("isError") else "succeeded"
            service.metrics.count_call(params.name, outcome, service.clock.monotonic() - began)
        return result


def _caller(context: Any) -> Caller:
    caller: Caller = context.request.scope["state"]["caller_of_agent"]
    return caller


class Agents:
    """The MCP endpoint.

    Args:
        service: The service that it belongs to.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._app = sdk_app(_Server(service), service.settings.host)
        self._callers: OrderedDict[str, str] = OrderedDict()

    @property
    def routes(self) -> Sequence[Route]:
        """The routes of the endpoint, with and without a trailing slash: proxies may not serve a redirect's address."""
        return [Route(path, self) for path in (PATH, f"{PATH}/")]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the endpoint while the context is open."""
        async with self._app.router.lifespan_context(self._app):
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request.

        Raises:
            ProblemError: The caller is not allowed to use this server.
        """
        request = Request(scope, receive)
        caller = self._service.caller_of(request)
        request.state.caller_of_agent = caller
        if session := request.headers.get(SESSION_HEADER.decode()):
            self._check_session(session, caller)
        if request.method != "GET":
            receive = _replay_body(await read_body(request, self._service.settings.most_bytes), receive)

        async def send_response(message: Any) -> None:
            for name, value in message.get("headers", ()):
                if name.lower() == SESSION_HEADER:
                    self._remember_session(value.decode("latin-1"), caller)
            await send(message)

        scope = {**scope, "path": scope["path"].rstrip("/")}
        if request.method == "GET":
            await self._serve_stream(scope, receive, send_response)
        else:
            await self._app(scope, receive, send_response)

    async def _serve_stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a stream of events, and end it when the process is to stop: an open stream would delay the stop."""
        responded = False

        async def send_response(message: Any) -> None:
            nonlocal responded
            responded = True
            await send(message)

        serving = asyncio.ensure_future(self._app(scope, receive, send_response))
        draining = asyncio.ensure_future(self._service.draining.wait())
        try:
            await asyncio.wait({serving, draining}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                await serving
                return
        finally:
            for each in (serving, draining):
                each.cancel()
            await asyncio.gather(serving, draining, return_exceptions=True)
        if responded:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _check_session(self, session: str, caller: Caller) -> None:
        """Raise ProblemError (`no_such_page`) if the session belongs to another caller."""
        if self._callers.get(session) != caller.id:
            raise ProblemError("no_such_page")

    def _remember_session(self, session: str, caller: Caller) -> None:
        self._callers[session] = caller.id
        self._callers.move_to_end(session)
        while len(self._callers) > MAX_SESSIONS:
            self._callers.popitem(last=False)


def _replay_body(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that first returns a body that was already read, and then calls the given `receive`."""
    given = False

    async def receive_again() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
