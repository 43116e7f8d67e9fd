"""The endpoints that call tools. A call that takes longer than its caller waits becomes a job."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hex_blocks.errors.classes import HexError
from hex_blocks.hosts.models.search import refuse_hidden, tool_named
from hex_blocks.hosts.service.callers import Caller
from hex_blocks.hosts.service.jobs.store import FAILED, QUEUED, SUCCEEDED, End, Job
from hex_blocks.hosts.service.messages import (
    WaitPreference,
    idempotency_key,
    json_response,
    problem_response,
    read_json_object,
    wait_preference,
)
from hex_blocks.hosts.service.moments import iso
from hex_blocks.hosts.service.problems import ProblemError, problem_of, problem_of_call, retry_after
from hex_blocks.hosts.service.state import Service, service_of
from hex_blocks.hosts.service.work import (
    KEY_INPUT,
    Work,
    default_key,
    has_secrets,
    is_default_key,
    new_id,
    with_key,
    without_secrets,
)
from hex_blocks.tools.tool import Tool

POLL_SECONDS = 2
# Kinds of errors after which nothing was done in Hex, so that the same key may be used again.
_NOT_DONE = ("busy", "token", "not_found", "input")


async def call_tool(request: Request) -> Response:
    """Call a tool, and respond with its outputs, or with a job if the call takes longer than the caller waits."""
    service = service_of(request)
    caller, language = service.caller_of(request), service.language_of(request)
    preference = wait_preference(request, service.settings.wait, service.settings.longest_wait)
    try:
        tool = tool_named(service.tools, request.path_params["tool"])
        inputs = await read_json_object(request, service.settings.most_bytes)
        return await make_call(service, request, caller, tool, inputs, preference, language)
    except HexError as error:
        problem = problem_of_call(error, language, own_token=caller.own_token)
        return failure(problem, request, language)


async def create_job(request: Request) -> Response:
    """Call a tool as a job, without waiting, for callers that cannot send the header Prefer."""
    service = service_of(request)
    caller, language = service.caller_of(request), service.language_of(request)
    body = await read_json_object(request, service.settings.most_bytes)
    inputs = body.get("inputs") or {}
    try:
        if not isinstance(inputs, dict):
            raise ProblemError("not_an_object")
        tool = tool_named(service.tools, str(body.get("tool", "")))
        return await make_call(service, request, caller, tool, inputs, WaitPreference(0.0), language, as_job=True)
    except HexError as error:
        problem = problem_of_call(error, language, own_token=caller.own_token)
        return failure(problem, request, language)


async def make_call(
    service: Service,
    request: Request,
    caller: Caller,
    tool: Tool,
    inputs: Mapping[str, Any],
    preference: WaitPreference,
    language: str,
    *,
    as_job: bool = False,
) -> Response:
    """Run a tool for a request and return the response.

    Args:
        service: The service.
        request: The request.
        caller: The caller.
        tool: The tool.
        inputs: The inputs as the caller sent them.
        preference: How long the caller wants to wait.
        language: The language of messages.
        as_job: Whether to respond with a job in any case.

    Raises:
        HexError: The inputs are not valid.
        ProblemError: The call cannot be accepted.
    """
    refuse_hidden(tool, inputs)
    key = idempotency_key(request)
    work = Work(new_id(), caller, tool, inputs, language)
    fingerprint = _fingerprint(tool, inputs) if key else None
    work.inputs = with_key(tool, inputs, key or default_key(work.id))
    if key or as_job or preference.wait == 0:
        # A call with invalid inputs fails at once and does not become a job.
        tool.check(inputs)
    if as_job or preference.wait == 0:
        return await _respond_with_job(service, request, work, key, fingerprint, preference, as_job=as_job)
    if key:
        job = service.runner.job_of(work, key=key, fingerprint=fingerprint, answered=False)
        earlier = await run_in_threadpool(_add_or_find_earlier, service, job, tool)
        if earlier is not None:
            return _respond_again(service, request, earlier, job, language, as_job=as_job)
        work.fence = 1
    try:
        service.runner.start(work)
    except ProblemError:
        if key:
            await run_in_threadpool(partial(service.jobs.release, work.id, 1, begun=False))
        raise
    return await _wait_and_respond(service, request, work, preference, language)


def _add_or_find_earlier(service: Service, job: Job, tool: Tool) -> Job | None:
    """Store a job. Return None, or the earlier job with the same key if that key cannot be used again."""
    found = service.jobs.add(job)
    if found.id == job.id:
        return None
    again = found.fingerprint == job.fingerprint and not found.is_open and found.status != SUCCEEDED
    if again and (KEY_INPUT in tool.spec.inputs or (found.problem or {}).get("kind") in _NOT_DONE):
        service.jobs.remove_key(found.id)
        return _add_or_find_earlier(service, job, tool)
    return found


async def submit_job(service: Service, caller: Caller, tool: Tool, inputs: Mapping[str, Any], language: str) -> Job:
    """Store a job for a call with valid inputs, for any process to run, and return it."""
    work = Work(new_id(), caller, tool, inputs, language)
    work.inputs = with_key(tool, inputs, default_key(work.id))
    waits = not has_secrets(tool)
    job = service.runner.job_of(work, key=None, fingerprint=None, answered=True, queued=waits)
    await run_in_threadpool(service.jobs.add, job)
    await _start_job(service, work, waits)
    return job


async def _start_job(service: Service, work: Work, waits: bool) -> None:
    """Start a stored job: in any process, or in this one if only this process has its inputs.

    Raises:
        ProblemError: This process cannot take the call.
    """
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


async def _respond_with_job(
    service: Service,
    request: Request,
    work: Work,
    key: str | None,
    fingerprint: str | None,
    preference: WaitPreference,
    *,
    as_job: bool,
) -> Response:
    """Store a call as a job, for any process to run, and return the response with the job."""
    waits = not has_secrets(work.tool)
    job = service.runner.job_of(work, key=key, fingerprint=fingerprint, answered=True, queued=waits)
    earlier = await run_in_threadpool(_add_or_find_earlier, service, job, work.tool)
    if earlier is not None:
        return _respond_again(service, request, earlier, job, work.language, as_job=as_job)
    await _start_job(service, work, waits)
    return accepted(service, request, job, work.language, preference.applied)


def _respond_again(
    service: Service, request: Request, found: Job, job: Job, language: str | None, *, as_job: bool
) -> Response:
    """Return the response to a call whose key was used before."""
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
        return json_response(found.result, headers=replayed, language=language)
    return failure(found.problem or {}, request, language, replayed)


async def _wait_and_respond(
    service: Service, request: Request, work: Work, preference: WaitPreference, language: str
) -> Response:
    """Wait for a call, and return the response with its result, or with its job when the wait is over."""
    ended = asyncio.wrap_future(work.ended)
    draining: asyncio.Future[Any] = asyncio.ensure_future(service.draining.wait())
    waits: list[asyncio.Future[Any]] = [ended, draining]
    try:
        await asyncio.wait(waits, timeout=preference.wait, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done() and service.draining.is_set() and not work.resumable:
            await asyncio.wait({ended}, timeout=service.settings.grace / 2)
    finally:
        draining.cancel()
    if not ended.done() and await _becomes_job(service, work, ended):
        job = service.runner.job_of(work, key=None, fingerprint=None, answered=True)
        return accepted(service, request, job, language, preference.applied)
    end = await ended
    if end is None:
        # This process stops, and another one continues the job.
        job = service.runner.job_of(work, key=None, fingerprint=None, answered=True, queued=True)
        return accepted(service, request, job, language, preference.applied)
    applied = {"Preference-Applied": preference.applied} if preference.applied else {}
    return _end_response(end, request, language, applied)


async def _becomes_job(service: Service, work: Work, ended: asyncio.Future[Any]) -> bool:
    """Store a call as a job, as soon as the database can be written. Return False if the call has ended before.

    Raises:
        ProblemError: The database cannot be written for too long (`store_unusable`).
    """
    until = service.clock.monotonic() + service.settings.longest_wait
    while True:
        try:
            became_job: bool = await run_in_threadpool(service.runner.make_job, work, answered=True)
        except ProblemError:
            if service.clock.monotonic() >= until or service.draining.is_set():
                raise
        else:
            return became_job
        await asyncio.wait({ended}, timeout=POLL_SECONDS)


def _end_response(end: End, request: Request, language: str, headers: Mapping[str, str]) -> Response:
    if end.status == SUCCEEDED:
        return json_response(end.result, headers=headers, language=language)
    return failure(end.problem or {}, request, language, headers)


def failure(
    problem: Mapping[str, Any], request: Request, language: str | None, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the response with a problem, with the header Retry-After if a later attempt may succeed."""
    after = retry_after(problem) if problem["status"] in (409, 429, 503) else None
    own_headers = {**(headers or {}), **({"Retry-After": after} if after else {})}
    if problem["status"] == 401:
        own_headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return problem_response(problem, request, own_headers, language)


def accepted(
    service: Service,
    request: Request,
    job: Job,
    language: str | None,
    applied: str | None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the response 202 with the job of a call."""
    own_headers = {
        "Location": _address(service, request, job),
        "Retry-After": str(POLL_SECONDS),
        **({"Preference-Applied": applied} if applied else {}),
        **(headers or {}),
    }
    return json_response(job_document(service, request, job), 202, own_headers, language)


def _address(service: Service, request: Request, job: Job) -> str:
    return service.url(request, f"/v1/jobs/{job.id}")


def _fingerprint(tool: Tool, inputs: Mapping[str, Any]) -> str:
    canonical = json.dumps([tool.id, without_secrets(tool, inputs)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def job_document(service: Service, request: Request, job: Job) -> dict[str, Any]:
    """Return the JSON document of a job, without members that are null."""
    moments = {
        "createdAt": job.created_at,
        "startedAt": job.started_at,
        "endedAt": job.ended_at,
        "expiresAt": job.expires_at,
    }
    # No process has the caller's token: the job continues when the caller sends a request with it.
    waiting = job.status == QUEUED and job.encrypted_token is None and job.caller not in service.callers.known()
    document: dict[str, Any] = {
        "jobId": job.id,
        "tool": job.tool,
        "status": job.status,
        "statusUrl": _address(service, request, job),
        **{name: iso(moment) for name, moment in moments.items() if moment is not None},
        "waitingForToken": waiting or None,
        "progress": job.progress if job.is_open else None,
        "inputs": {name: value for name, value in job.inputs.items() if not is_default_key(name, value, job.id)},
        "result": job.result,
        "problem": job.problem,
    }
    return {name: value for name, value in document.items() if value is not None}
