"""The service as an ASGI application: its parts, routes, error handlers and lifespan."""

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
from hex_blocks.hosts.service.database import stored_random
from hex_blocks.hosts.service.hooks import endpoints as hooks
from hex_blocks.hosts.service.hooks.dispatch import Dispatcher
from hex_blocks.hosts.service.hooks.store import HookStore
from hex_blocks.hosts.service.jobs import endpoints as job_endpoints
from hex_blocks.hosts.service.jobs.store import JobStore
from hex_blocks.hosts.service.logs import RequestLogger
from hex_blocks.hosts.service.messages import error_response
from hex_blocks.hosts.service.metrics import Metrics
from hex_blocks.hosts.service.problems import ProblemError, problem_of, problem_of_call
from hex_blocks.hosts.service.runner import Runner
from hex_blocks.hosts.service.settings import Settings
from hex_blocks.hosts.service.state import JobNotifier, Service, service_of
from hex_blocks.hosts.service.vault import Vault
from hex_blocks.hosts.service.workbench import views
from hex_blocks.hosts.service.workbench.pages import is_page_request, page, page_language
from hex_blocks.hosts.service.workbench.sessions import Sessions
from hex_blocks.tools.registry import Registry

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection
    from hex_blocks.hosts.service.agents import Agents

log = logging.getLogger(__name__)

# Threads for reading and writing the database. Calls run in other threads.
STORE_THREADS = 100
EXPOSED_HEADERS = ("Location", "Retry-After", "Preference-Applied", "Idempotency-Replayed")
REQUEST_HEADERS = ("Authorization", "Content-Type", "Prefer", "Idempotency-Key", "Last-Event-ID")

ROUTES = (
    Route("/v1/tools", pages.list_tools, methods=["GET"]),
    Route("/v1/tools/{tool}", pages.get_tool, methods=["GET"]),
    Route("/v1/tools/{tool}", calls.call_tool, methods=["POST"]),
    Route("/v1/jobs", calls.create_job, methods=["POST"]),
    Route("/v1/jobs", job_endpoints.list_jobs, methods=["GET"]),
    Route("/v1/jobs/{job}", job_endpoints.get_job, methods=["GET"]),
    Route("/v1/jobs/{job}", job_endpoints.cancel_job, methods=["DELETE"]),
    Route("/v1/jobs/{job}/events", job_endpoints.follow_job, methods=["GET"]),
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
    """Return a service with all its parts.

    Args:
        settings: The settings.
        tools: The tools.
        server: The connection for callers who use the server's Hex token.
        has_token: Whether this connection has a Hex token.
        clock: The clock. Default: the database's.
    """
    database = database_of(settings)
    jobs, hook_store = JobStore(database), HookStore(database)
    callers = Callers(
        server, stored_random(database, "salt"), Vault(settings.key), secret=settings.secret, has_token=has_token
    )
    metrics, notifier, owner = Metrics(), JobNotifier(jobs), uuid.uuid4().hex
    clock = clock or database.clock
    runner = Runner(tools, jobs, callers, settings, metrics, clock, owner, notifier.notify)
    dispatcher = Dispatcher(tools, hook_store, callers, settings, metrics, clock, owner)
    sessions = Sessions(clock)
    return Service(
        settings, tools, callers, jobs, runner, notifier, metrics, clock, hook_store, dispatcher, sessions, database
    )


def make_app(service: Service) -> App:
    """Return the ASGI application of a service."""
    settings = service.settings
    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(settings.origins),
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=list(REQUEST_HEADERS),
        expose_headers=list(EXPOSED_HEADERS),
        max_age=600,
    )
    agents = _agents(service) if settings.mcp else None
    app = Starlette(
        routes=[*ROUTES, *(agents.routes if agents else ())],
        middleware=[cors] if settings.origins else [],
        exception_handlers={
            ProblemError: _answer_problem_error,
            HexError: _answer_hex_error,
            HTTPException: _answer_http_exception,
            Exception: _answer_unexpected_error,
        },
        lifespan=_lifespan,
    )
    app.state.service, app.state.agents = service, agents
    return RequestLogger(with_host_check(app, settings.host, settings.names, settings.origins))


def _agents(service: Service) -> Agents:
    # Imported here, because the MCP SDK is only installed if agents are served.
    from hex_blocks.hosts.service.agents import Agents

    return Agents(service)


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    service: Service = app.state.service
    anyio.to_thread.current_default_thread_limiter().total_tokens = STORE_THREADS
    polling = asyncio.create_task(service.notifier.poll())
    service.runner.start_threads()
    service.dispatcher.start_threads()
    try:
        async with app.state.agents.running() if app.state.agents else contextlib.nullcontext():
            yield
    finally:
        service.draining.set()
        polling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await polling
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
def _answer_problem_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101
    if error.__cause__ is not None:
        log.error("%s: %s", error.key, error.__cause__)
    return error_response(error, request, service_of(request).language_of(request))


@_handler
def _answer_hex_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HexError)  # noqa: S101
    language = service_of(request).language_of(request)
    return calls.failure(problem_of_call(error, language), request, language)


@_handler
def _answer_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    language = service_of(request).language_of(request)
    if error.status_code == 405:
        allowed = {"Allow": ", ".join(_methods(request))}
        refused = ProblemError("no_such_method", method=request.method, headers=allowed)
        return error_response(refused, request, language)
    not_found = ProblemError("no_such_page")
    if is_page_request(request):
        return page(request, "problem", page_language(request), status=404, problem=problem_of(not_found, language))
    return error_response(not_found, request, language)


def _methods(request: Request) -> list[str]:
    """Return the HTTP methods of an address: those of all routes with the path of the first route that matches."""
    found = [each for each in request.app.routes if each.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for each in found if each.path == found[0].path for method in each.methods})


@_handler
def _answer_unexpected_error(request: Request, error: Exception) -> Response:
    log.error("a request failed", exc_info=error)
    return error_response(ProblemError("failed"), request, service_of(request).language_of(request))
