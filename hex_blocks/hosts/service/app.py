"""The service as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from hex_blocks.clock import Clock
from hex_blocks.errors.classes import HexError
from hex_blocks.hosts.mcp.guard import App, with_host_check
from hex_blocks.hosts.service import calls, pages
from hex_blocks.hosts.service.callers import Callers
from hex_blocks.hosts.service.configured import database_of
from hex_blocks.hosts.service.database import kept
from hex_blocks.hosts.service.hooks import endpoints as hooks
from hex_blocks.hosts.service.hooks.dispatch import Dispatcher
from hex_blocks.hosts.service.hooks.store import HookStore
from hex_blocks.hosts.service.jobs.store import JobStore
from hex_blocks.hosts.service.logs import Logged
from hex_blocks.hosts.service.messages import answer_to_error
from hex_blocks.hosts.service.metrics import Metrics
from hex_blocks.hosts.service.problems import ProblemError, problem_of, problem_of_call
from hex_blocks.hosts.service.runner import Runner
from hex_blocks.hosts.service.settings import Settings
from hex_blocks.hosts.service.state import Hub, Service, service_of
from hex_blocks.hosts.service.vault import Vault
from hex_blocks.hosts.service.workbench import views
from hex_blocks.hosts.service.workbench.pages import is_for_people, page, page_language
from hex_blocks.hosts.service.workbench.sessions import Sessions
from hex_blocks.tools.registry import Registry

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection
    from hex_blocks.hosts.service.agents import Agents

log = logging.getLogger(__name__)

# Reading and writing what is kept takes a thread for a moment; calls have threads of their own.
STORE_THREADS = 100
EXPOSED = ("Location", "Retry-After", "Preference-Applied", "Idempotency-Replayed")
BROUGHT = ("Authorization", "Content-Type", "Prefer", "Idempotency-Key", "Last-Event-ID")

ROUTES = (
    Route("/v1/tools", pages.list_tools, methods=["GET"]),
    Route("/v1/tools/{tool}", pages.get_tool, methods=["GET"]),
    Route("/v1/tools/{tool}", calls.call_tool, methods=["POST"]),
    Route("/v1/jobs", calls.create_job, methods=["POST"]),
    Route("/v1/jobs", calls.list_jobs, methods=["GET"]),
    Route("/v1/jobs/{job}", calls.get_job, methods=["GET"]),
    Route("/v1/jobs/{job}", calls.cancel_job, methods=["DELETE"]),
    Route("/v1/jobs/{job}/events", calls.follow_job, methods=["GET"]),
    Route("/v1/hooks", hooks.create_hook, methods=["POST"]),
    Route("/v1/hooks", hooks.list_hooks, methods=["GET"]),
    Route("/v1/hooks/samples", hooks.list_samples, methods=["GET"]),
    Route("/v1/hooks/{hook}", hooks.get_hook, methods=["GET"]),
    Route("/v1/hooks/{hook}", hooks.delete_hook, methods=["DELETE"]),
    Route("/v1/hooks/{hook}/deliveries", hooks.list_deliveries, methods=["GET"]),
    Route("/v1/hooks/{hook}/deliveries/{delivery}/replay", hooks.replay_delivery, methods=["POST"]),
    Route("/openapi.json", pages.openapi, methods=["GET"]),
    Route("/healthz", pages.healthz, methods=["GET"]),
    Route("/readyz", pages.readyz, methods=["GET"]),
    Route("/metrics", pages.metrics, methods=["GET"]),
    *views.ROUTES,
)


def make_service(
    settings: Settings, tools: Registry, server: Connection, *, has_token: bool = True, clock: Clock | None = None
) -> Service:
    """Make the parts of a service and join them.

    has_token: whether the server's connection has a Hex token.
    """
    database = database_of(settings)
    jobs, kept_hooks = JobStore(database), HookStore(database)
    callers = Callers(server, kept(database, "salt"), Vault(settings.key), secret=settings.secret, has_token=has_token)
    metrics, hub, owner = Metrics(), Hub(jobs), uuid.uuid4().hex
    clock = clock or database.clock
    runner = Runner(tools, jobs, callers, settings, metrics, clock, owner, hub.notify)
    dispatcher = Dispatcher(tools, kept_hooks, callers, settings, metrics, clock, owner)
    sessions = Sessions(clock)
    return Service(
        settings, tools, callers, jobs, runner, hub, metrics, clock, kept_hooks, dispatcher, sessions, database
    )


def make_app(service: Service) -> App:
    """Make the application of a service."""
    settings = service.settings
    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(settings.origins),
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=list(BROUGHT),
        expose_headers=list(EXPOSED),
        max_age=600,
    )
    agents = _agents(service) if settings.mcp else None
    app = Starlette(
        routes=[*ROUTES, *(agents.routes if agents else ())],
        middleware=[cors] if settings.origins else [],
        exception_handlers={
            ProblemError: _own_problem,
            HexError: _call_problem,
            HTTPException: _no_page,
            Exception: _failed,
        },
        lifespan=_lifespan,
    )
    app.state.service, app.state.agents = service, agents
    return Logged(with_host_check(app, settings.host, settings.names, settings.origins))


def _agents(service: Service) -> Agents:
    # Only here: the SDK need not be installed where no agents are served.
    from hex_blocks.hosts.service.agents import Agents

    return Agents(service)


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    service: Service = app.state.service
    anyio.to_thread.current_default_thread_limiter().total_tokens = STORE_THREADS
    looking = asyncio.create_task(service.hub.look())
    service.runner.begin()
    service.dispatcher.begin()
    try:
        async with app.state.agents.running() if app.state.agents else contextlib.nullcontext():
            yield
    finally:
        service.draining.set()
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking
        service.dispatcher.close()
        await anyio.to_thread.run_sync(service.runner.close)
        service.callers.close()


def _handler(
    answer_to: Callable[[Request, Exception], Response],
) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        return answer_to(request, error)

    return handle


@_handler
def _own_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101
    if error.__cause__ is not None:
        log.error("%s: %s", error.key, error.__cause__)
    return answer_to_error(error, request, service_of(request).language_of(request))


@_handler
def _call_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HexError)  # noqa: S101
    language = service_of(request).language_of(request)
    return calls.failure(problem_of_call(error, language), request, language)


@_handler
def _no_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    language = service_of(request).language_of(request)
    if error.status_code == 405:
        allowed = {"Allow": ", ".join(_methods(request))}
        made = ProblemError("no_such_method", method=request.method, headers=allowed)
        return answer_to_error(made, request, language)
    nothing = ProblemError("no_such_page")
    if is_for_people(request):
        return page(request, "problem", page_language(request), status=404, problem=problem_of(nothing, language))
    return answer_to_error(nothing, request, language)


def _methods(request: Request) -> list[str]:
    """Return the methods that an address takes: those of all routes of the path that it is first found by."""
    found = [each for each in request.app.routes if each.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for each in found if each.path == found[0].path for method in each.methods})


@_handler
def _failed(request: Request, error: Exception) -> Response:
    log.error("a request failed", exc_info=error)
    return answer_to_error(ProblemError("failed"), request, service_of(request).language_of(request))
