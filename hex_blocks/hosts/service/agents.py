"""Agents, over the Model Context Protocol at /mcp: the same callers, tokens and secret as everywhere in the service."""

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
from hex_blocks.hosts.service.messages import body_of
from hex_blocks.hosts.service.problems import ProblemError

if TYPE_CHECKING:
    from mcp_types import CallToolRequestParams

    from hex_blocks.api.connection import Connection
    from hex_blocks.hosts.service.state import Service

SESSION_HEADER = b"mcp-session-id"


class _Server(HexServer):
    """The protocol's requests, each with its caller's connection, which the service keeps."""

    def __init__(self, service: Service) -> None:
        toolbox = Toolbox(registry=service.tools, language=service.settings.language)
        super().__init__(toolbox, service.callers.connection)
        self._service = service

    def connection_of(self, context: Any) -> Connection | Answer | None:
        """Return the connection of a request's caller."""
        return _caller(context).connection

    def release(self, own: Connection) -> None:
        """Keep it: the caller's next call uses it too."""

    def caller_of(self, context: Any) -> str:
        """Return a name for a request's caller."""
        return _caller(context).id

    async def call_tool(self, context: Any, params: CallToolRequestParams) -> dict[str, Any]:
        """Answer tools/call, and count it."""
        service = self._service
        began = service.clock.monotonic()
        answered = await super().call_tool(context, params)
        if params.name in self.toolbox.shown:
            outcome = "failed" if answered.get("isError") else "succeeded"
            service.metrics.answered(params.name, outcome, service.clock.monotonic() - began)
        return answered


def _caller(context: Any) -> Caller:
    caller: Caller = context.request.scope["state"]["caller_of_agent"]
    return caller


class Agents:
    """What serves agents.

    Args:
        service: The service that they reach.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._app = sdk_app(_Server(service), service.settings.host)
        self._callers: OrderedDict[str, str] = OrderedDict()

    @property
    def routes(self) -> Sequence[Route]:
        """Where they reach it. With a slash at the end too: a redirect would lead past the proxies in front."""
        return [Route(path, self) for path in (PATH, f"{PATH}/")]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve as long as this is open."""
        async with self._app.router.lifespan_context(self._app):
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request. Raises ProblemError for nobody whom this server serves."""
        request = Request(scope, receive)
        caller = self._service.caller_of(request)
        request.state.caller_of_agent = caller
        if session := request.headers.get(SESSION_HEADER.decode()):
            self._check(session, caller)
        if request.method != "GET":
            receive = _again(await body_of(request, self._service.settings.most_bytes), receive)

        async def answer(message: Any) -> None:
            for name, value in message.get("headers", ()):
                if name.lower() == SESSION_HEADER:
                    self._remember(value.decode("latin-1"), caller)
            await send(message)

        scope = {**scope, "path": scope["path"].rstrip("/")}
        if request.method == "GET":
            await self._until_the_stop(scope, receive, answer)
        else:
            await self._app(scope, receive, answer)

    async def _until_the_stop(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve who only listens: it would hold the process up when that is to stop."""
        begun = False

        async def answer(message: Any) -> None:
            nonlocal begun
            begun = True
            await send(message)

        serving = asyncio.ensure_future(self._app(scope, receive, answer))
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
        if begun:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _check(self, session: str, caller: Caller) -> None:
        """Refuse a session that another caller has begun. Raises ProblemError (`no_such_page`)."""
        if self._callers.get(session) != caller.id:
            raise ProblemError("no_such_page")

    def _remember(self, session: str, caller: Caller) -> None:
        self._callers[session] = caller.id
        self._callers.move_to_end(session)
        while len(self._callers) > MAX_SESSIONS:
            self._callers.popitem(last=False)


def _again(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read once more, and then what else comes."""
    given = False

    async def again() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
