"""What the parts of a running service share."""

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

LOOK_SECONDS = 1.0


class Hub:
    """Tells those who follow jobs that something has happened to them, in this process or in another."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._followers: dict[str, set[asyncio.Event]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def notify(self, job_id: str) -> None:
        """Tell the followers of a job; from any thread."""
        if self._loop and job_id in self._followers:
            try:
                self._loop.call_soon_threadsafe(self._tell, job_id)
            except RuntimeError:
                log.debug("nobody follows any longer")

    def _tell(self, job_id: str) -> None:
        for happened in self._followers.get(job_id, ()):
            happened.set()

    @asynccontextmanager
    async def following(self, job_id: str) -> AsyncIterator[asyncio.Event]:
        """Give what is set whenever something has happened to a job."""
        happened = asyncio.Event()
        self._followers.setdefault(job_id, set()).add(happened)
        try:
            yield happened
        finally:
            self._followers[job_id].discard(happened)
            if not self._followers[job_id]:
                del self._followers[job_id]

    async def look(self) -> None:
        """Look now and then whether other processes have done something, for all followers together."""
        self._loop = asyncio.get_running_loop()
        seen: dict[str, int] = {}
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not self._followers:
                continue
            try:
                counted = await run_in_threadpool(self._store.counted, list(self._followers))
            except ProblemError:
                log.warning("jobs cannot be looked at", exc_info=True)
                continue
            for job_id in self._followers:
                if counted.get(job_id) != seen.get(job_id):
                    self._tell(job_id)
            seen = counted


@dataclass
class Service:
    """A running service.

    Attributes:
        draining: Is set when the process has been told to stop.
        documents: OpenAPI documents that were asked for lately.
    """

    settings: Settings
    tools: Registry
    callers: Callers
    jobs: JobStore
    runner: Runner
    hub: Hub
    metrics: Metrics
    clock: Clock
    hooks: HookStore
    dispatcher: Dispatcher
    sessions: Sessions
    database: Database
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    documents: dict[tuple[Any, ...], bytes] = field(default_factory=dict)

    def caller_of(self, request: Request) -> Caller:
        """Return who calls. Raises ProblemError where it is nobody whom this server serves."""
        caller = self.callers.of_header(request.headers.get("authorization"))
        request.state.caller = caller.id
        return caller

    def language_of(self, request: Request) -> str:
        """Return the language that a request asks for."""
        return language_of(request, self.settings.language)

    def address(self, request: Request, path: str) -> str:
        """Return the whole address of a path of this service."""
        return self.base(request) + path

    def base(self, request: Request) -> str:
        """Return the address that callers use, without a slash at its end."""
        if self.settings.public_url:
            return self.settings.public_url.rstrip("/")
        return f"{request.url.scheme}://{request.url.netloc}{self.settings.root_path}"


def service_of(request: Request) -> Service:
    """Return the service that a request has come to."""
    service: Service = request.app.state.service
    return service
