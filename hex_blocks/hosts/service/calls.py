"""Calling tools over HTTP: POST /v1/tools/{id}, and the jobs that calls become."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hex_blocks.errors.classes import HexError
from hex_blocks.hosts.models.search import refuse_hidden, tool_named
from hex_blocks.hosts.service.callers import Caller
from hex_blocks.hosts.service.jobs.store import FAILED, OPEN, QUEUED, SUCCEEDED, End, Job
from hex_blocks.hosts.service.messages import (
    NO_STORE,
    Preferred,
    answer,
    as_json,
    idempotency_key,
    inputs_of,
    preferred,
    problem_answer,
)
from hex_blocks.hosts.service.moments import iso
from hex_blocks.hosts.service.problems import ProblemError, problem_of, problem_of_call, retry_after
from hex_blocks.hosts.service.state import Service, service_of
from hex_blocks.hosts.service.work import (
    KEY_INPUT,
    Work,
    has_secrets,
    is_own_key,
    new_id,
    own_key,
    with_key,
    without_secrets,
)
from hex_blocks.tools.tool import Tool

POLL_SECONDS = 2
PING_SECONDS = 15.0
MOST_LISTED = 200
# What came of these is as if nothing had been done, so that the same key may be used again.
_NOT_DONE = ("busy", "token", "not_found", "input")


async def call_tool(request: Request) -> Response:
    """Call a tool and answer with its outputs; with a job where it takes longer than its caller waits."""
    service = service_of(request)
    caller, language = service.caller_of(request), service.language_of(request)
    wish = preferred(request, service.settings.wait, service.settings.longest_wait)
    try:
        tool = tool_named(service.tools, request.path_params["tool"])
        inputs = await inputs_of(request, service.settings.most_bytes)
        return await make_call(service, request, caller, tool, inputs, wish, language)
    except HexError as error:
        problem = problem_of_call(error, language, own_token=caller.own_token)
        return failure(problem, request, language)


async def create_job(request: Request) -> Response:
    """Call a tool without waiting, for callers that cannot send headers."""
    service = service_of(request)
    caller, language = service.caller_of(request), service.language_of(request)
    body = await inputs_of(request, service.settings.most_bytes)
    inputs = body.get("inputs") or {}
    try:
        if not isinstance(inputs, dict):
            raise ProblemError("not_an_object")
        tool = tool_named(service.tools, str(body.get("tool", "")))
        return await make_call(service, request, caller, tool, inputs, Preferred(0.0), language, as_job=True)
    except HexError as error:
        problem = problem_of_call(error, language, own_token=caller.own_token)
        return failure(problem, request, language)


async def make_call(
    service: Service,
    request: Request,
    caller: Caller,
    tool: Tool,
    inputs: Mapping[str, Any],
    wish: Preferred,
    language: str,
    *,
    as_job: bool = False,
) -> Response:
    """Make a call and return its answer. Raises HexError for inputs that are wrong."""
    refuse_hidden(tool, inputs)
    key = idempotency_key(request)
    work = Work(new_id(), caller, tool, inputs, language)
    fingerprint = _fingerprint(tool, inputs) if key else None
    work.inputs = with_key(tool, inputs, key or own_key(work.id))
    if key or as_job or wish.wait == 0:
        # What becomes a job is never one with wrong inputs.
        tool.check(inputs)
    if as_job or wish.wait == 0:
        return await _queued(service, request, work, key, fingerprint, wish, as_job=as_job)
    if key:
        job = service.runner.job_of(work, key=key, fingerprint=fingerprint, answered=False)
        earlier = await run_in_threadpool(_added, service, job, tool)
        if earlier is not None:
            return _repeated(service, request, earlier, job, language, as_job=as_job)
        work.fence = 1
    try:
        service.runner.start(work)
    except ProblemError:
        if key:
            await run_in_threadpool(partial(service.jobs.release, work.id, 1, begun=False))
        raise
    return await _awaited(service, request, work, wish, language)


def _added(service: Service, job: Job, tool: Tool) -> Job | None:
    """Write a job down; return the one that has its key, unless the key may be used again."""
    found = service.jobs.add(job)
    if found.id == job.id:
        return None
    again = found.fingerprint == job.fingerprint and not found.is_open and found.status != SUCCEEDED
    if again and (KEY_INPUT in tool.spec.inputs or (found.problem or {}).get("kind") in _NOT_DONE):
        service.jobs.free(found.id)
        return _added(service, job, tool)
    return found


async def begin_job(service: Service, caller: Caller, tool: Tool, inputs: Mapping[str, Any], language: str) -> Job:
    """Leave a call with checked inputs to whoever has time for it, and return its job."""
    work = Work(new_id(), caller, tool, inputs, language)
    work.inputs = with_key(tool, inputs, own_key(work.id))
    waits = not has_secrets(tool)
    job = service.runner.job_of(work, key=None, fingerprint=None, answered=True, queued=waits)
    await run_in_threadpool(service.jobs.add, job)
    await _begin(service, work, waits)
    return job


async def _begin(service: Service, work: Work, waits: bool) -> None:
    """Let a job be begun: by whoever has time for it, or here where only this process has its inputs."""
    if waits:
        service.runner.wake()
        return
    work.fence = 1
    try:
        service.runner.start(work)
    except ProblemError as error:
        end = End(FAILED, problem=problem_of(error, work.language))
        now = service.clock.time()
        await run_in_threadpool(service.jobs.end, work.id, 1, end, now, now + service.settings.kept)
        raise


async def _queued(
    service: Service,
    request: Request,
    work: Work,
    key: str | None,
    fingerprint: str | None,
    wish: Preferred,
    *,
    as_job: bool,
) -> Response:
    """Leave a call to whoever has time for it, and answer with its job."""
    waits = not has_secrets(work.tool)
    job = service.runner.job_of(work, key=key, fingerprint=fingerprint, answered=True, queued=waits)
    earlier = await run_in_threadpool(_added, service, job, work.tool)
    if earlier is not None:
        return _repeated(service, request, earlier, job, work.language, as_job=as_job)
    await _begin(service, work, waits)
    return accepted(service, request, job, work.language, wish.applied)


def _repeated(
    service: Service, request: Request, found: Job, job: Job, language: str | None, *, as_job: bool
) -> Response:
    """Answer a call whose key was used before."""
    if found.fingerprint != job.fingerprint:
        raise ProblemError("key_of_other_call")
    replayed = {"Idempotency-Replayed": "true"}
    if found.is_open or as_job:
        alive = found.leased_until is not None and found.leased_until >= service.clock.time()
        if found.is_open and not found.answered and alive:
            address = _address(service, request, found)
            more = {"jobId": found.id, "statusUrl": address}
            raise ProblemError("key_in_use", headers={"Retry-After": str(POLL_SECONDS), "Location": address}, more=more)
        return accepted(service, request, found, language, None, replayed)
    if found.status == SUCCEEDED:
        return answer(found.result, headers=replayed, language=language)
    return failure(found.problem or {}, request, language, replayed)


async def _awaited(service: Service, request: Request, work: Work, wish: Preferred, language: str) -> Response:
    """Answer with how a call ended, or with its job after the wait."""
    ended = asyncio.wrap_future(work.ended)
    draining: asyncio.Future[Any] = asyncio.ensure_future(service.draining.wait())
    waits: list[asyncio.Future[Any]] = [ended, draining]
    try:
        await asyncio.wait(waits, timeout=wish.wait, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done() and service.draining.is_set() and not work.resumable:
            await asyncio.wait({ended}, timeout=service.settings.grace / 2)
    finally:
        draining.cancel()
    if not ended.done() and await _is_kept(service, work, ended):
        job = service.runner.job_of(work, key=None, fingerprint=None, answered=True)
        return accepted(service, request, job, language, wish.applied)
    end = await ended
    if end is None:
        # The process stops: another one goes on with the job.
        job = service.runner.job_of(work, key=None, fingerprint=None, answered=True, queued=True)
        return accepted(service, request, job, language, wish.applied)
    applied = {"Preference-Applied": wish.applied} if wish.applied else {}
    return _ended(end, request, language, applied)


async def _is_kept(service: Service, work: Work, ended: asyncio.Future[Any]) -> bool:
    """Make a call a job, as soon as that can be written down; False where it has ended meanwhile.

    Raises ProblemError (`store_unusable`) where that is longer than anybody may wait.
    """
    until = service.clock.monotonic() + service.settings.longest_wait
    while True:
        try:
            kept: bool = await run_in_threadpool(service.runner.keep, work, answered=True)
        except ProblemError:
            if service.clock.monotonic() >= until or service.draining.is_set():
                raise
        else:
            return kept
        await asyncio.wait({ended}, timeout=POLL_SECONDS)


def _ended(end: End, request: Request, language: str, headers: Mapping[str, str]) -> Response:
    if end.status == SUCCEEDED:
        return answer(end.result, headers=headers, language=language)
    return failure(end.problem or {}, request, language, headers)


def failure(
    problem: Mapping[str, Any], request: Request, language: str | None, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with a problem, and when to try again."""
    after = retry_after(problem) if problem["status"] in (409, 429, 503) else None
    said = {**(headers or {}), **({"Retry-After": after} if after else {})}
    if problem["status"] == 401:
        said["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return problem_answer(problem, request, said, language)


def accepted(
    service: Service,
    request: Request,
    job: Job,
    language: str | None,
    applied: str | None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with the job that a call has become."""
    said = {
        "Location": _address(service, request, job),
        "Retry-After": str(POLL_SECONDS),
        **({"Preference-Applied": applied} if applied else {}),
        **(headers or {}),
    }
    return answer(job_document(service, request, job), 202, said, language)


def _address(service: Service, request: Request, job: Job) -> str:
    return service.address(request, f"/v1/jobs/{job.id}")


def _fingerprint(tool: Tool, inputs: Mapping[str, Any]) -> str:
    canonical = json.dumps([tool.id, without_secrets(tool, inputs)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def job_document(service: Service, request: Request, job: Job) -> dict[str, Any]:
    """Return a job as its caller sees it."""
    moments = {
        "createdAt": job.created_at,
        "startedAt": job.started_at,
        "endedAt": job.ended_at,
        "expiresAt": job.expires_at,
    }
    # Nobody has its token: it goes on when its caller asks for it, with the token.
    waiting = job.status == QUEUED and job.sealed is None and job.caller not in service.callers.known()
    told: dict[str, Any] = {
        "jobId": job.id,
        "tool": job.tool,
        "status": job.status,
        "statusUrl": _address(service, request, job),
        **{name: iso(moment) for name, moment in moments.items() if moment is not None},
        "waitingForToken": waiting or None,
        "progress": job.progress if job.is_open else None,
        "inputs": {name: value for name, value in job.inputs.items() if not is_own_key(name, value, job.id)},
        "result": job.result,
        "problem": job.problem,
    }
    return {name: value for name, value in told.items() if value is not None}


async def found_job(service: Service, caller: Caller, job_id: str) -> Job:
    """Return a caller's job. Raises ProblemError (`no_such_job`)."""
    job: Job | None = await run_in_threadpool(service.jobs.get, caller.id, job_id)
    if job is None:
        raise ProblemError("no_such_job")
    if job.status == QUEUED:
        # The caller has just brought the token that it may be waiting for.
        service.runner.wake()
    return job


async def get_job(request: Request) -> Response:
    """Answer with a job."""
    service = service_of(request)
    job = await found_job(service, service.caller_of(request), request.path_params["job"])
    after = {"Retry-After": str(POLL_SECONDS)} if job.is_open else {}
    return answer(job_document(service, request, job), headers=after)


async def list_jobs(request: Request) -> Response:
    """Answer with a caller's jobs, without their results."""
    service = service_of(request)
    caller = service.caller_of(request)
    limit = request.query_params.get("limit", "50")
    status = request.query_params.get("status") or None
    if not limit.isdecimal() or not 1 <= int(limit) <= MOST_LISTED:
        raise ProblemError("bad_query", name="limit", reason=f"1 … {MOST_LISTED}")
    if status not in (None, *OPEN, SUCCEEDED, FAILED, "cancelled"):
        raise ProblemError("bad_query", name="status", reason="queued, running, succeeded, failed, cancelled")
    jobs = await run_in_threadpool(service.jobs.listed, caller.id, limit=int(limit), status=status)
    shown = [job_document(service, request, job) for job in jobs]
    return answer({"jobs": [{name: each[name] for name in each if name != "result"} for each in shown]})


async def cancel_job(request: Request) -> Response:
    """Stop a job, and answer with it."""
    service = service_of(request)
    caller, language = service.caller_of(request), service.language_of(request)
    job = await cancelled(service, caller, request.path_params["job"], language)
    return accepted(service, request, job, language, None)


async def cancelled(service: Service, caller: Caller, job_id: str, language: str) -> Job:
    """Stop a caller's job. Raises ProblemError (`no_such_job`)."""
    now = service.clock.time()
    end = End("cancelled", problem=problem_of(ProblemError("job_cancelled"), language))
    kept = now + service.settings.kept
    job: Job | None = await run_in_threadpool(service.jobs.cancel, caller.id, job_id, end, now, kept)
    if job is None:
        raise ProblemError("no_such_job")
    service.runner.cancel(job.id)
    service.hub.notify(job.id)
    return job


async def follow_job(request: Request) -> Response:
    """Answer with a job's events as they come."""
    service = service_of(request)
    job = await found_job(service, service.caller_of(request), request.path_params["job"])
    return job_events(service, job, request)


def job_events(service: Service, job: Job, request: Request) -> Response:
    """Answer with a job's events after the last one that was seen."""
    seen = request.headers.get("last-event-id") or request.query_params.get("after") or "0"
    if not seen.isdecimal():
        raise ProblemError("bad_query", name="Last-Event-ID", reason="0, 1, 2 …")
    headers = {**NO_STORE, "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(service, job, int(seen)), media_type="text/event-stream", headers=headers)


async def _events(service: Service, job: Job, seen: int) -> AsyncIterator[bytes]:
    """Yield the events of a job after a number, until it has ended."""
    yield b"retry: 2000\n\n"
    async with service.hub.following(job.id) as happened:
        while not service.draining.is_set():
            happened.clear()
            for event in await run_in_threadpool(service.jobs.events_after, job.id, seen):
                yield f"id: {event.number}\nevent: {event.name}\ndata: ".encode() + as_json(event.data) + b"\n\n"
                seen = event.number
            now = await run_in_threadpool(service.jobs.get, job.caller, job.id)
            if now is None or (not now.is_open and seen >= now.events):
                return
            if not await _happens(service, happened):
                yield b"event: ping\ndata: {}\n\n"


async def _happens(service: Service, happened: asyncio.Event) -> bool:
    """Wait until something happens; False where nothing has for a while."""
    waits = [asyncio.ensure_future(each.wait()) for each in (happened, service.draining)]
    try:
        done, _ = await asyncio.wait(waits, timeout=PING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return bool(done)
