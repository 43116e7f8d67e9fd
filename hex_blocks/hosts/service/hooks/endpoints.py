"""The endpoints of hooks: subscribe, list, unsubscribe, samples, deliveries and replay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hex_blocks.errors.classes import HexError
from hex_blocks.hosts.openapi.parts import HOOK_EVENTS
from hex_blocks.hosts.service.callers import Caller
from hex_blocks.hosts.service.calls import failure
from hex_blocks.hosts.service.hooks.messages import RUN_EVENTS, samples
from hex_blocks.hosts.service.hooks.sending import RefusedError, check_url, resolve
from hex_blocks.hosts.service.hooks.signing import new_secret
from hex_blocks.hosts.service.hooks.store import Delivery, Hook
from hex_blocks.hosts.service.messages import json_response, read_json_object
from hex_blocks.hosts.service.moments import iso
from hex_blocks.hosts.service.problems import ProblemError, problem_of_call
from hex_blocks.hosts.service.settings import KEY_VARIABLE
from hex_blocks.hosts.service.state import Service, service_of
from hex_blocks.hosts.service.work import new_id
from hex_blocks.i18n.plurals import Plural
from hex_blocks.i18n.texts import Phrase, phrase

MOST_PROJECTS = 50
MOST_DELIVERIES = 100


async def create_hook(request: Request) -> Response:
    """Subscribe a URL to events, and respond with the hook and its secret."""
    service = service_of(request)
    caller, language = service.caller_of(request), service.language_of(request)
    body = await read_json_object(request, service.settings.most_bytes)
    target, events, projects = _read_hook(body)
    try:
        await run_in_threadpool(_check_target, target, service.settings.loopback_hooks)
        of_runs = any(event in RUN_EVENTS.values() for event in events)
        if of_runs and caller.own_token and not service.callers.vault.has_key:
            raise ProblemError("hook_needs_key", variable=KEY_VARIABLE)
        cursor = await _first_cursor(service, caller, projects, language) if of_runs else None
    except HexError as error:
        return failure(problem_of_call(error, language, own_token=caller.own_token), request, language)
    secret, now = new_secret(), service.clock.time()
    hook = Hook(
        id=new_id(),
        caller=caller.id,
        target_url=target,
        events=events,
        projects=projects,
        created_at=now,
        secret=service.callers.vault.encrypt(secret),
        encrypted_token=service.callers.encrypted_token(caller) if of_runs else None,
        language=language,
        cursor=cursor,
        looked_at=now,
    )
    await run_in_threadpool(service.hooks.add, hook)
    location = {"Location": service.url(request, f"/v1/hooks/{hook.id}")}
    return json_response({**hook_document(hook), "secret": secret}, 201, location)


async def _first_cursor(service: Service, caller: Caller, projects: tuple[str, ...], language: str) -> str:
    if not projects:
        raise _bad_hook("/filter/projectIds", phrase("Name the projects whose runs are reported."))
    cursor: str = await run_in_threadpool(service.dispatcher.first_cursor, caller, projects, language)
    return cursor


def _read_hook(body: Mapping[str, Any]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return the target URL, the events and the projects of a requested hook.

    Raises:
        ProblemError: One of them is not valid (`bad_hook`).
    """
    field = "targetUrl" if "targetUrl" in body else "url"
    target, events, only = body.get(field), body.get("events"), body.get("filter") or {}
    if not isinstance(target, str):
        raise _bad_hook("/targetUrl", phrase("Give the https address that events are sent to."))
    if isinstance(events, str):
        events = [events]
    if not isinstance(events, list) or not events or not all(event in HOOK_EVENTS for event in events):
        raise _bad_hook("/events", phrase("Give a list of events: {events}.", events=", ".join(HOOK_EVENTS)))
    projects = only.get("projectIds") or [] if isinstance(only, dict) else None
    if not isinstance(projects, list) or not all(isinstance(each, str) for each in projects):
        raise _bad_hook("/filter/projectIds", phrase("Give a list of project IDs."))
    if len(projects) > MOST_PROJECTS:
        most = Plural("Give at most {most} project.", "Give at most {most} projects.", "most")
        raise _bad_hook("/filter/projectIds", phrase(most, most=MOST_PROJECTS))
    return target, tuple(dict.fromkeys(events)), tuple(dict.fromkeys(projects))


def _check_target(target: str, loopback: bool) -> None:
    try:
        resolve(check_url(target, loopback=loopback), loopback=loopback)
    except RefusedError as error:
        reason = phrase("Events are not sent to this address: {reason}.", reason=error.reason)
        raise _bad_hook("/targetUrl", reason) from None


def _bad_hook(pointer: str, detail: Phrase) -> ProblemError:
    return ProblemError("bad_hook", faults=((pointer, detail),))


async def _own_hook(request: Request) -> tuple[Service, Hook]:
    service = service_of(request)
    caller = service.caller_of(request)
    hook = await run_in_threadpool(service.hooks.get, caller.id, request.path_params["hook"])
    if hook is None:
        raise ProblemError("no_such_hook")
    return service, hook


async def list_hooks(request: Request) -> Response:
    """Respond with the hooks of a caller."""
    service = service_of(request)
    hooks = await run_in_threadpool(service.hooks.list_hooks, service.caller_of(request).id)
    return json_response({"hooks": [hook_document(hook) for hook in hooks]})


async def get_hook(request: Request) -> Response:
    """Respond with a hook."""
    _, hook = await _own_hook(request)
    return json_response(hook_document(hook))


async def delete_hook(request: Request) -> Response:
    """Remove a hook."""
    service = service_of(request)
    caller = service.caller_of(request)
    if not await run_in_threadpool(service.hooks.remove, caller.id, request.path_params["hook"]):
        raise ProblemError("no_such_hook")
    return Response(status_code=204)


async def list_samples(request: Request) -> Response:
    """Respond with sample messages of all events, or of one."""
    service = service_of(request)
    service.caller_of(request)
    event = request.query_params.get("event") or None
    if event is not None and event not in HOOK_EVENTS:
        raise ProblemError("bad_query", name="event", reason=", ".join(HOOK_EVENTS))
    return json_response(samples(service.clock.time(), event))


async def list_deliveries(request: Request) -> Response:
    """Respond with the deliveries of a hook."""
    service, hook = await _own_hook(request)
    found = await run_in_threadpool(service.hooks.deliveries, hook.id, MOST_DELIVERIES)
    return json_response({"deliveries": [delivery_document(each) for each in found]})


async def replay_delivery(request: Request) -> Response:
    """Send a message again, and respond with its delivery."""
    service, hook = await _own_hook(request)
    name = request.path_params["delivery"]
    found = await run_in_threadpool(service.hooks.replay, hook.id, name, service.clock.time())
    if found is None:
        raise ProblemError("no_such_delivery")
    return json_response(delivery_document(found), 202)


def hook_document(hook: Hook) -> dict[str, Any]:
    """Return the JSON document of a hook, without its secret."""
    document: dict[str, Any] = {
        "id": hook.id,
        "targetUrl": hook.target_url,
        "events": list(hook.events),
        "filter": {"projectIds": list(hook.projects)},
        "status": hook.status,
        "reason": hook.reason,
        "createdAt": iso(hook.created_at),
    }
    return {name: value for name, value in document.items() if value is not None}


def delivery_document(delivery: Delivery) -> dict[str, Any]:
    """Return the JSON document of a delivery."""
    document: dict[str, Any] = {
        "id": delivery.id,
        "event": delivery.event,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "createdAt": iso(delivery.created_at),
        "nextAttemptAt": iso(delivery.next_at) if delivery.next_at is not None else None,
        "lastStatus": delivery.last_status,
        "lastError": delivery.last_error,
    }
    return {name: value for name, value in document.items() if value is not None}
