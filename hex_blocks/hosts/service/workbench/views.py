"""The routes of the workbench: sign-in, palette, forms, history and jobs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial, wraps
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hex_blocks.errors.classes import HexError, InputError, UnknownToolError
from hex_blocks.hosts.models.search import best_matches
from hex_blocks.hosts.models.toolsets import ALL, select_tools
from hex_blocks.hosts.service.callers import SERVER
from hex_blocks.hosts.service.calls import submit_job
from hex_blocks.hosts.service.jobs.endpoints import cancel_job_of_caller, job_events, job_of_caller
from hex_blocks.hosts.service.jobs.store import OPEN, SUCCEEDED, Job
from hex_blocks.hosts.service.messages import read_body
from hex_blocks.hosts.service.problems import ProblemError, problem_of, problem_of_call
from hex_blocks.hosts.service.state import Service, service_of
from hex_blocks.hosts.service.work import is_default_key, without_secrets
from hex_blocks.hosts.service.workbench.forms import (
    PARAMS,
    PROJECT,
    fields_of,
    form_values,
    inputs_of_form,
    project_fields,
    with_faults,
)
from hex_blocks.hosts.service.workbench.pages import LANGUAGE_COOKIE, page, page_language, static_file
from hex_blocks.hosts.service.workbench.results import as_json, display
from hex_blocks.hosts.service.workbench.sessions import FIELD, Session, delete_cookie_of, has_csrf_token, set_cookie_of
from hex_blocks.hosts.service.workbench.snippets import snippets
from hex_blocks.i18n.texts import text
from hex_blocks.run import run
from hex_blocks.tools.tool import Tool

MOST_FIELDS = 1000
# How long the page of a new job waits, so that it shows the result of a fast call at once.
GLANCE_SECONDS = 2.0
LISTED = 100
KIND = "kind:"
FIND, READ_INPUTS = "hex_find_project", "hex_get_project_inputs"
MOST_MATCHES = 20

View = Callable[[Request, Service, Session, str], Awaitable[Response]]


def signed_in(view: View) -> Callable[[Request], Awaitable[Response]]:
    """Return a route that calls a view for signed-in users and redirects others to the sign-in page."""

    @wraps(view)
    async def show(request: Request) -> Response:
        service, language = service_of(request), page_language(request)
        session = service.sessions.of(request)
        is_new = session is None
        if session is None:
            if service.settings.secret is not None or SERVER not in service.callers.known():
                return _redirect(
                    service, f"/sign-in?next={quote(request.url.path.removeprefix(service.settings.root_path))}"
                )
            # Without a secret, everyone who reaches the server may use it, as with the API.
            session = service.sessions.begin(service.callers.server())
        request.state.session = session
        try:
            response = await view(request, service, session, language)
        except ProblemError as error:
            problem = problem_of(error, language)
            response = page(request, "problem", language, status=problem["status"], problem=problem)
        except HexError as error:
            problem = problem_of_call(error, language, own_token=session.caller.own_token)
            response = page(request, "problem", language, status=problem["status"], problem=problem)
        if is_new:
            _set_cookie(request, service, response, session)
        if chosen := request.query_params.get("language"):
            response.set_cookie(LANGUAGE_COOKIE, chosen[:20], path=_cookie_path(service), samesite="lax", httponly=True)
        return response

    return show


def _redirect(service: Service, path: str) -> Response:
    return RedirectResponse(service.settings.root_path + path, 303)


def _cookie_path(service: Service) -> str:
    return service.settings.root_path or "/"


def _set_cookie(request: Request, service: Service, response: Response, session: Session) -> None:
    secure = service.base_url(request).startswith("https://")
    set_cookie_of(response, session, secure=secure, path=_cookie_path(service))


async def _read_form(request: Request, service: Service) -> dict[str, str]:
    """Return the fields of a submitted form.

    Raises:
        ProblemError: It is too large (`too_large`).
    """
    body = await read_body(request, service.settings.most_bytes)
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise ProblemError("too_large", megabytes=0) from None
    return dict(pairs)


async def _read_own_form(request: Request, service: Service, session: Session) -> dict[str, str]:
    """Return the fields of a submitted form that belongs to this session.

    Raises:
        ProblemError: The form has another session's CSRF token, or none (`stale_form`).
    """
    given = await _read_form(request, service)
    if not has_csrf_token(session, given.pop(FIELD, "")):
        raise ProblemError("stale_form")
    return given


async def sign_in(request: Request) -> Response:
    """Show the sign-in page, or start a session for a Hex token or the server's secret."""
    service, language = service_of(request), page_language(request)
    following = request.query_params.get("next", "/")
    if request.method == "GET":
        return page(request, "sign_in", language, following=following)
    given = await _read_form(request, service)
    try:
        caller = service.callers.from_header(f"Bearer {given.get('token', '').strip()}")
    except ProblemError as error:
        problem = problem_of(error, language)
        return page(request, "sign_in", language, status=401, following=following, problem=problem)
    # Never redirect to another site: the path must be one of this server.
    path = following if following.startswith("/") and not following.startswith(("//", "/\\")) else "/"
    response = _redirect(service, path)
    _set_cookie(request, service, response, service.sessions.begin(caller))
    return response


@signed_in
async def sign_out(request: Request, service: Service, session: Session, _language: str) -> Response:
    """End the session."""
    await _read_own_form(request, service, session)
    service.sessions.end(session)
    response = _redirect(service, "/sign-in")
    delete_cookie_of(response, path=_cookie_path(service))
    return response


@signed_in
async def palette(request: Request, service: Service, _session: Session, language: str) -> Response:
    """Show the tools by group, or those that match a search."""
    words = request.query_params.get("q", "").strip()[:200]
    tools = select_tools(service.tools, [ALL])
    if words:
        fitting = {tool.id for tool in tools} & {tool.id for tool in best_matches(service.tools, words, language)}
        found = [tool for tool in best_matches(service.tools, words, language) if tool.id in fitting]
        return page(request, "palette", language, words=words, found=found)
    groups = [
        (
            text(group["title"], language),
            text(group["description"], language),
            [tool for tool in tools if tool.group == key],
        )
        for key, group in service.tools.groups.items()
    ]
    return page(request, "palette", language, words="", groups=[each for each in groups if each[2]])


def _tool(service: Service, request: Request) -> Tool:
    try:
        return service.tools[request.path_params["tool"]]
    except UnknownToolError:
        raise ProblemError("no_such_page") from None


@signed_in
async def tool_page(request: Request, service: Service, session: Session, language: str) -> Response:
    """Show the form of a tool, with values from the query."""
    tool = _tool(service, request)
    return await _form_page(request, service, session, tool, language, dict(request.query_params))


@signed_in
async def run_tool(request: Request, service: Service, session: Session, language: str) -> Response:
    """Handle a submitted form: run the tool, show the code for the call, or load the project's inputs."""
    tool = _tool(service, request)
    given = await _read_own_form(request, service, session)
    action = given.get("do", "run")
    inputs = inputs_of_form(tool, given, _kinds(given))
    matches = await _matching_projects(service, session, tool, inputs, language) if action != "show" else None
    if matches and len(matches) == 1:
        inputs[PROJECT] = given[PROJECT] = matches[0]["id"]
        matches = None
    show = partial(_form_page, request, service, session, tool, language, given)
    if matches is not None:
        return await show(status=422, matches=matches)
    if action != "run":
        return await show()
    if tool.destructive and "confirmed" not in given:
        return await show(status=422, unconfirmed=True)
    try:
        tool.check(inputs)
    except InputError as error:
        return await show(status=422, error=error)
    job = await submit_job(service, session.caller, tool, inputs, language)
    return _redirect(service, f"/jobs/{job.id}?glance=1")


def _kinds(given: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(KIND): kind for name, kind in given.items() if name.startswith(KIND)}


async def _matching_projects(
    service: Service, session: Session, tool: Tool, inputs: Mapping[str, Any], language: str
) -> list[dict[str, Any]] | None:
    """Return the projects that match if the form has a project's title instead of an ID; otherwise None."""
    value = inputs.get(PROJECT)
    spec = tool.spec.inputs.get(PROJECT)
    if not isinstance(value, str) or spec is None or spec.format != "uuid":
        return None
    try:
        tool.check(inputs)
    except InputError as error:
        if not any(fault.input == PROJECT and fault.key == "not_uuid" for fault in error.faults):
            return None
        found = await _run_tool(service, session, FIND, {"query": value[:200]}, language)
        matches: list[dict[str, Any]] = found["matches"][:MOST_MATCHES]
        return matches
    return None


async def _run_tool(
    service: Service, session: Session, tool: str, inputs: Mapping[str, Any], language: str
) -> dict[str, Any]:
    response: dict[str, Any] = await run_in_threadpool(
        run, service.tools[tool], inputs, service.tools, session.caller.connection, language=language
    )
    return response


async def _form_page(
    request: Request,
    service: Service,
    session: Session,
    tool: Tool,
    language: str,
    given: Mapping[str, str],
    *,
    status: int = 200,
    error: InputError | None = None,
    matches: list[dict[str, Any]] | None = None,
    unconfirmed: bool = False,
) -> Response:
    fields, general = with_faults(fields_of(tool, given, language), error.faults if error else (), language)
    own, unread = await _project_fields(service, session, tool, language, given)
    inputs = inputs_of_form(tool, given, {each.name: each.kind for each in own} or _kinds(given))
    return page(
        request,
        "tool",
        language,
        status=status,
        tool=tool,
        fields=fields,
        own=own,
        unread=unread,
        takes_own=_takes_project_inputs(tool),
        general=general,
        matches=matches,
        unconfirmed=unconfirmed,
        snippets=snippets(tool.id, _checked_inputs(tool, inputs), service.base_url(request)),
    )


def _checked_inputs(tool: Tool, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the inputs of a form with their JSON types and without secrets, as far as they are valid."""
    try:
        return without_secrets(tool, tool.check(inputs))
    except InputError:
        return without_secrets(tool, inputs)


def _takes_project_inputs(tool: Tool) -> bool:
    return PARAMS in tool.spec.inputs and PROJECT in tool.spec.inputs


async def _project_fields(
    service: Service, session: Session, tool: Tool, language: str, given: Mapping[str, str]
) -> tuple[list[Any], str]:
    """Return the fields of the project's inputs if the form asks for them; or no fields, and the error's message."""
    requested = given.get("load") or given.get("do") == "load" or any(name.startswith(KIND) for name in given)
    if not requested or not _takes_project_inputs(tool) or not given.get(PROJECT, "").strip():
        return [], ""
    try:
        found = await _run_tool(service, session, READ_INPUTS, {PROJECT: given[PROJECT]}, language)
    except HexError as error:
        return [], error.message(language)
    return project_fields(found["inputs"], given), ""


@signed_in
async def history(request: Request, service: Service, session: Session, language: str) -> Response:
    """Show the list of earlier calls."""
    jobs = await run_in_threadpool(service.jobs.list_jobs, session.caller.id, limit=LISTED)
    rows = [(job, service.tools.get(job.tool), _form_path(job)) for job in jobs]
    return page(request, "history", language, rows=rows)


def _form_path(job: Job) -> str:
    """Return the path of the tool's form, filled in with a job's inputs."""
    given = form_values({name: value for name, value in job.inputs.items() if not is_default_key(name, value, job.id)})
    return f"/tools/{job.tool}" + (f"?{urlencode(given)}" if given else "")


@signed_in
async def job_page(request: Request, service: Service, session: Session, language: str) -> Response:
    """Show the progress or the result of a job."""
    job = await job_of_caller(service, session.caller, request.path_params["job"])
    if job.is_open and "glance" in request.query_params:
        job = await _wait_briefly(service, session, job)
    tool = service.tools.get(job.tool)
    given = {name: value for name, value in job.inputs.items() if not is_default_key(name, value, job.id)}
    return page(
        request,
        "job",
        language,
        job=job,
        title=tool.title(language) if tool else job.tool,
        again=_form_path(job),
        given=as_json(given) if given else "",
        result=display(job.result) if job.status == SUCCEEDED else None,
        whole=as_json(job.result) if job.status == SUCCEEDED else "",
        is_open=job.status in OPEN,
    )


async def _wait_briefly(service: Service, session: Session, job: Job) -> Job:
    """Wait GLANCE_SECONDS for a job to end, and return it."""
    until = time.monotonic() + GLANCE_SECONDS
    async with service.notifier.subscribe(job.id) as changed:
        while job.is_open and (left := until - time.monotonic()) > 0:
            changed.clear()
            job = await job_of_caller(service, session.caller, job.id)
            if job.is_open:
                try:
                    await asyncio.wait_for(changed.wait(), left)
                except TimeoutError:
                    return job
    return job


@signed_in
async def cancel(request: Request, service: Service, session: Session, language: str) -> Response:
    """Cancel a job."""
    await _read_own_form(request, service, session)
    job = await cancel_job_of_caller(service, session.caller, request.path_params["job"], language)
    return _redirect(service, f"/jobs/{job.id}?glance=1")


@signed_in
async def events(request: Request, service: Service, session: Session, _language: str) -> Response:
    """Send the events of a job to its page."""
    job = await job_of_caller(service, session.caller, request.path_params["job"])
    return job_events(service, job, request)


ROUTES = (
    Route("/", palette, methods=["GET"]),
    Route("/sign-in", sign_in, methods=["GET", "POST"]),
    Route("/sign-out", sign_out, methods=["POST"]),
    Route("/tools/{tool}", tool_page, methods=["GET"]),
    Route("/tools/{tool}", run_tool, methods=["POST"]),
    Route("/jobs", history, methods=["GET"]),
    Route("/jobs/{job}", job_page, methods=["GET"]),
    Route("/jobs/{job}/cancel", cancel, methods=["POST"]),
    Route("/jobs/{job}/events", events, methods=["GET"]),
    Route("/static/{file}", static_file, methods=["GET"]),
)
