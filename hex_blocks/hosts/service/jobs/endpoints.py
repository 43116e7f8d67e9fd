"""The endpoints of jobs: get, list, cancel, and follow the events of a job."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hex_blocks.hosts.service.callers import Caller
from hex_blocks.hosts.service.calls import POLL_SECONDS, accepted, job_document
from hex_blocks.hosts.service.jobs.store import FAILED, OPEN, QUEUED, SUCCEEDED, End, Job
from hex_blocks.hosts.service.messages import NO_STORE, as_json, json_response
from hex_blocks.hosts.service.problems import ProblemError, problem_of
from hex_blocks.hosts.service.state import Service, service_of

PING_SECONDS = 15.0
MOST_LISTED = 200


async def job_of_caller(service: Service, caller: Caller, job_id: str) -> Job:
    """Return a job of a caller.

    Raises:
        ProblemError: The caller has no such job (`no_such_job`).
    """
    job: Job | None = await run_in_threadpool(service.jobs.get, caller.id, job_id)
    if job is None:
        raise ProblemError("no_such_job")
    if job.status == QUEUED:
        # The job may have waited for the token that this request brought.
        service.runner.wake()
    return job


async def get_job(request: Request) -> Response:
    """Respond with a job."""
    service = service_of(request)
    job = await job_of_caller(service, service.caller_of(request), request.path_params["job"])
    after = {"Retry-After": str(POLL_SECONDS)} if job.is_open else {}
    return json_response(job_document(service, request, job), headers=after)


async def list_jobs(request: Request) -> Response:
    """Respond with the jobs of a caller, without their results."""
    service = service_of(request)
    caller = service.caller_of(request)
    limit = request.query_params.get("limit", "50")
    status = request.query_params.get("status") or None
    if not limit.isdecimal() or not 1 <= int(limit) <= MOST_LISTED:
        raise ProblemError("bad_query", name="limit", reason=f"1 … {MOST_LISTED}")
    if status not in (None, *OPEN, SUCCEEDED, FAILED, "cancelled"):
        raise ProblemError("bad_query", name="status", reason="queued, running, succeeded, failed, cancelled")
    jobs = await run_in_threadpool(service.jobs.list_jobs, caller.id, limit=int(limit), status=status)
    shown = [job_document(service, request, job) for job in jobs]
    return json_response({"jobs": [{name: each[name] for name in each if name != "result"} for each in shown]})


async def cancel_job(request: Request) -> Response:
    """Cancel a job, and respond with it."""
    service = service_of(request)
    caller, language = service.caller_of(request), service.language_of(request)
    job = await cancel_job_of_caller(service, caller, request.path_params["job"], language)
    return accepted(service, request, job, language, None)


async def cancel_job_of_caller(service: Service, caller: Caller, job_id: str, language: str) -> Job:
    """Cancel a job of a caller, and return it.

    Raises:
        ProblemError: The caller has no such job (`no_such_job`).
    """
    now = service.clock.time()
    end = End("cancelled", problem=problem_of(ProblemError("job_cancelled"), language))
    expires_at = now + service.settings.kept
    job: Job | None = await run_in_threadpool(service.jobs.cancel, caller.id, job_id, end, now, expires_at)
    if job is None:
        raise ProblemError("no_such_job")
    service.runner.cancel(job.id)
    service.notifier.notify(job.id)
    return job


async def follow_job(request: Request) -> Response:
    """Respond with a stream of a job's events."""
    service = service_of(request)
    job = await job_of_caller(service, service.caller_of(request), request.path_params["job"])
    return job_events(service, job, request)


def job_events(service: Service, job: Job, request: Request) -> Response:
    """Return the response with a stream of a job's events, after the last one that the client has."""
    seen = request.headers.get("last-event-id") or request.query_params.get("after") or "0"
    if not seen.isdecimal():
        raise ProblemError("bad_query", name="Last-Event-ID", reason="0, 1, 2 …")
    headers = {**NO_STORE, "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(service, job, int(seen)), media_type="text/event-stream", headers=headers)


async def _events(service: Service, job: Job, seen: int) -> AsyncIterator[bytes]:
    """Yield the events of a job after a number, as text/event-stream, until the job has ended."""
    yield b"retry: 2000\n\n"
    async with service.notifier.subscribe(job.id) as changed:
        while not service.draining.is_set():
            changed.clear()
            for event in await run_in_threadpool(service.jobs.events_after, job.id, seen):
                yield f"id: {event.number}\nevent: {event.name}\ndata: ".encode() + as_json(event.data) + b"\n\n"
                seen = event.number
            now = await run_in_threadpool(service.jobs.get, job.caller, job.id)
            if now is None or (not now.is_open and seen >= now.events):
                return
            if not await _wait_for_change(service, changed):
                yield b"event: ping\ndata: {}\n\n"


async def _wait_for_change(service: Service, changed: asyncio.Event) -> bool:
    """Wait until a job has new events or the service is stopping. Return False after PING_SECONDS without either."""
    waits = [asyncio.ensure_future(each.wait()) for each in (changed, service.draining)]
    try:
        done, _ = await asyncio.wait(waits, timeout=PING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return bool(done)
