"""The endpoints that describe the service: its tools, its OpenAPI document, its health and its metrics."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hex_blocks.errors.classes import UnknownToolError
from hex_blocks.hosts.mcp.guard import is_loopback
from hex_blocks.hosts.models.schemas import inputs_of
from hex_blocks.hosts.models.search import best_matches, tool_named
from hex_blocks.hosts.models.toolsets import ALL, select_tools
from hex_blocks.hosts.openapi.dialects import VERSIONS, in_version
from hex_blocks.hosts.openapi.document import DocumentRequest, document
from hex_blocks.hosts.openapi.importers import DEFAULT_TOOLS, HOSTS, TooManyError, for_host
from hex_blocks.hosts.service.messages import NO_STORE, as_json, json_response
from hex_blocks.hosts.service.metrics import CONTENT_TYPE
from hex_blocks.hosts.service.problems import ProblemError
from hex_blocks.hosts.service.state import Service, service_of
from hex_blocks.tools.registry import Registry
from hex_blocks.tools.tool import Tool

# How many OpenAPI documents are cached, because a large one takes time to generate.
MOST_DOCUMENTS = 32


async def list_tools(request: Request) -> Response:
    """Respond with the tools, filtered by group or by words."""
    service = service_of(request)
    service.caller_of(request)
    language = service.language_of(request)
    group, words = request.query_params.get("group"), request.query_params.get("q", "").strip()
    if group and group not in service.tools.groups:
        raise ProblemError("bad_query", name="group", reason=", ".join(service.tools.groups))
    shown = select_tools(service.tools, [group or ALL])
    if words:
        matching = [tool.id for tool in best_matches(service.tools, words[:200], language)]
        shown = sorted((tool for tool in shown if tool.id in matching), key=lambda tool: matching.index(tool.id))
    tools = [{**tool.headline(language), "url": _url(service, request, tool)} for tool in shown]
    return json_response({"tools": tools}, language=language)


async def get_tool(request: Request) -> Response:
    """Respond with a tool: its inputs, outputs and examples."""
    service = service_of(request)
    service.caller_of(request)
    language = service.language_of(request)
    name = request.path_params["tool"]
    tool = tool_named(service.tools, name)
    inputs = inputs_of(tool, language)
    hidden = set(tool.spec.inputs) - set(inputs["properties"])
    document = {
        **tool.headline(language),
        "url": _url(service, request, tool),
        "inputSchema": inputs,
        "outputSchema": tool.output_schema(language=language),
        "examples": [
            {"inputs": {key: each.inputs[key] for key in each.inputs if key not in hidden}, "outputs": each.outputs}
            for each in tool.spec.examples
        ],
    }
    return json_response(document, language=language)


def _url(service: Service, request: Request, tool: Tool) -> str:
    return service.url(request, f"/v1/tools/{tool.id}")


async def openapi(request: Request) -> Response:
    """Respond with the OpenAPI document, in the requested version or for the requested host."""
    service = service_of(request)
    query = request.query_params
    version, host = query.get("version", VERSIONS[0]), query.get("host") or None
    if version not in VERSIONS:
        raise ProblemError("bad_query", name="version", reason=", ".join(VERSIONS))
    if host is not None and host not in HOSTS:
        raise ProblemError("bad_query", name="host", reason=", ".join(HOSTS))
    names = tuple(name.strip() for name in query.get("tools", "").split(",") if name.strip())
    language = service.language_of(request)
    request_key = (names, language, service.base_url(request), version, host)
    if request_key not in service.documents:
        while len(service.documents) >= MOST_DOCUMENTS:
            service.documents.pop(next(iter(service.documents)))
        service.documents[request_key] = await run_in_threadpool(_render_document, service.tools, *request_key)
    headers = {"Vary": "Accept-Language"}
    return Response(service.documents[request_key], media_type="application/json", headers=headers)


def _render_document(
    tools: Registry, names: tuple[str, ...], language: str, url: str, version: str, host: str | None
) -> bytes:
    """Return an OpenAPI document as JSON."""
    wanted = names or (DEFAULT_TOOLS.get(host, (ALL,)) if host else (ALL,))
    try:
        request_key = DocumentRequest(tools, tuple(select_tools(tools, wanted)), language, url)
    except UnknownToolError as error:
        raise ProblemError("bad_query", name="tools", reason=error.message(language)) from None
    try:
        return as_json(for_host(request_key, host) if host else in_version(document(request_key), version))
    except TooManyError as error:
        raise ProblemError("bad_query", name="tools", reason=f"{error.requested} > {error.most}") from None


async def healthz(_request: Request) -> Response:
    """Respond that the process is alive."""
    return json_response({"status": "ok"})


async def readyz(request: Request) -> Response:
    """Respond whether the service accepts calls."""
    service = service_of(request)
    if service.draining.is_set():
        return json_response({"status": "stopping"}, 503)
    await run_in_threadpool(service.jobs.by_status)
    return json_response({"status": "ready"})


async def metrics(request: Request) -> Response:
    """Respond with the metrics. If the service can be reached from other machines, the caller must be allowed."""
    service = service_of(request)
    if not is_loopback(service.settings.host):
        service.caller_of(request)
    page = await run_in_threadpool(service.metrics.render, service.runner.busy, service.jobs.by_status)
    return Response(page, media_type=CONTENT_TYPE, headers=NO_STORE)
