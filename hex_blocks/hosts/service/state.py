"""The running service: the object that holds its parts, and notifications about changed jobs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from hex_blocks.clock import Clock
from hex_blocks.hosts.service.callers import Caller, Callers
from hex_blocks.hosts.service.database import Database
from hex_blocks.hosts.service.jobs.store import JobStore
from hex_blocks.hosts.service.messages import language_of
from hex_blocks.hosts.service.metrics import Metrics
from hex_blocks.hosts.service.problems import ProblemError
from hex_blocks.hosts.service.runner import Runner
from hex_blocks.hosts.service.settings import Settings
from hex_blocks.hosts.service.workbench.sessions import Sessions
from hex_blocks.tools.registry import Registry

if TYPE_CHECKING:
    from hex_blocks.hosts.service.hooks.dispatch import Dispatcher
    from hex_blocks.hosts.service.hooks.store import HookStore

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0


class JobNotifier:
    """Notifies the subscribers of jobs of changes that this process or another one made."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._subscribers: dict[str, set[asyncio.Event]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def notify(self, job_id: str) -> None:
        """Notify the subscribers of a job. It can be called from any thread."""
        if self._loop and job_id in self._subscribers:
            try:
                self._loop.call_soon_threadsafe(self._set_events, job_id)
            except RuntimeError:
                log.debug("the event loop is closed; a notification is dropped")

    def _set_events(self, job_id: str) -> None:
        for changed in self._subscribers.get(job_id, ()):
            changed.set()

    @asynccontextmanager
    async def subscribe(self, job_id: str) -> AsyncIterator[asyncio.Event]:
        """Subscribe to a job: yield an event that is set whenever the job has changed."""
        changed = asyncio.Event()
        self._subscribers.setdefault(job_id, set()).add(changed)
        try:
            yield changed
        finally:
            self._subscribers[job_id].discard(changed)
            if not self._subscribers[job_id]:
                del self._subscribers[job_id]

    async def poll(self) -> None:
        """Check at intervals, with one query for all subscribers, whether other processes have changed their jobs."""
        self._loop = asyncio.get_running_loop()
        seen: dict[str, int] = {}
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if not self._subscribers:
                continue
            try:
                event_counts = await run_in_threadpool(self._store.event_counts, list(self._subscribers))
            except ProblemError:
                log.warning("the events of jobs cannot be read", exc_info=True)
                continue
            for job_id in self._subscribers:
                if event_counts.get(job_id) != seen.get(job_id):
                    self._set_events(job_id)
            seen = event_counts


@dataclass
class Service:
    """A running service.

    Attributes:
        settings: The settings.
        tools: The tools.
        callers: The callers.
        jobs: The stored jobs.
        runner: Runs the calls of this process.
        notifier: Notifies subscribers of changed jobs.
        metrics: The metrics of this process.
        clock: The clock of all times in the database.
        hooks: The stored hooks and deliveries.
        dispatcher: Sends events to hooks.
        sessions: The sessions of the workbench.
        database: The database.
        draining: Set when the process is to stop.
        documents: The cached OpenAPI documents.
    """

    settings: Settings
    tools: Registry
    callers: Callers
    jobs: JobStore
    runner: Runner
    notifier: JobNotifier
    metrics: Metrics
    clock: Clock
    hooks: HookStore
    dispatcher: Dispatcher
    sessions: Sessions
    database: Database
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    documents: dict[tuple[Any, ...], bytes] = field(default_factory=dict)

    def caller_of(self, request: Request) -> Caller:
        """Return the caller of a request.

        Raises:
            ProblemError: The caller is not allowed to use this server.
        """
        caller = self.callers.from_header(request.headers.get("authorization"))
        request.state.caller = caller.id
        return caller

    def language_of(self, request: Request) -> str:
        """Return the language of a request."""
        return language_of(request, self.settings.language)

    def url(self, request: Request, path: str) -> str:
        """Return the full URL of a path of this service."""
        return self.base_url(request) + path

    def base_url(self, request: Request) -> str:
        """Return the URL of the service for callers, without a trailing slash."""
        if self.settings.public_url:
            return self.settings.public_url.rstrip("/")
        return f"{request.url.scheme}://{request.url.netloc}{self.settings.root_path}"


def service_of(request: Request) -> Service:
    """Return the service that handles a request."""
    service: Service = request.app.state.service
    return service
