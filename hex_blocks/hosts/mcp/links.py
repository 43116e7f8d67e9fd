"""Projects, runs and charts as resources: their URIs, links to them in results, and their content."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from hex_blocks.hosts.models.toolbox import Answer
from hex_blocks.i18n.texts import text

PROJECT = "hex://projects/{project}"
RUN = "hex://projects/{project}/runs/{runId}"
CHART = "hex://projects/{project}/runs/{runId}/charts/{staticId}"
MARKDOWN, PNG = "text/markdown", "image/png"
# The first protocol version with resource links in the content of a result.
HAS_LINKS = "2025-06-18"
_URI = re.compile(r"hex://projects/([^/]+)(?:/runs/([^/]+)(?:/charts/([^/]+))?)?/?")

Wire = dict[str, Any]
Read = Callable[[str, dict[str, Any]], Answer]


class Reference(NamedTuple):
    """What a URI names: a project, by ID or title; optionally a run of the project; optionally a chart of the run."""

    project: str
    run: str | None = None
    chart: str | None = None


def parse_uri(uri: str) -> Reference | None:
    """Return what the URI of a project, a run or a chart names; None for any other URI."""
    found = _URI.fullmatch(uri)
    return Reference(*(unquote(part) if part else None for part in found.groups())) if found else None  # type: ignore[arg-type]


def links(answer: Answer, language: str | None = None) -> list[Wire]:
    """Return links to the run and the charts in the outputs of an answer."""
    outputs = answer.outputs.get("result", answer.outputs)
    if not isinstance(outputs, dict) or not all(outputs.get(name) for name in ("projectId", "runId", "runUrl")):
        return []
    names = {"project": quote(str(outputs["projectId"]), safe=""), "runId": quote(str(outputs["runId"]), safe="")}
    page = _link(RUN.format(**names), "run", text("The run and where to see it in Hex", language), MARKDOWN)
    charts = [
        _link(
            CHART.format(**names, staticId=quote(str(chart["staticId"]), safe="")),
            "chart",
            str(chart.get("label") or text("Chart", language)),
            str((chart.get("image") or {}).get("mimeType") or PNG),
        )
        for chart in outputs.get("charts") or []
        if isinstance(chart, dict) and chart.get("staticId")
    ]
    return [page, *charts]


def _link(uri: str, name: str, title: str, mime_type: str) -> Wire:
    return {"type": "resource_link", "uri": uri, "name": name, "title": title, "mimeType": mime_type}


def templates(language: str | None = None) -> list[Wire]:
    """Return the URI templates of projects, runs and charts."""
    rows = (
        (PROJECT, "project", text("A project's inputs", language), MARKDOWN),
        (RUN, "run", text("The run and where to see it in Hex", language), MARKDOWN),
        (CHART, "chart", text("A chart of a run", language), PNG),
    )
    return [
        {"uriTemplate": uri, "name": name, "title": title, "description": title, "mimeType": mime_type}
        for uri, name, title, mime_type in rows
    ]


def read_reference(reference: Reference, read: Read, language: str | None = None) -> Wire | Answer:
    """Return the content of a resource.

    Args:
        reference: What the resource's URI names.
        read: Calls a tool by its name and returns its answer.
        language: The language of headings.

    Returns:
        The content as text or blob with its MIME type, or the answer of a call that failed.
    """
    project = project_id(reference.project, read)
    if isinstance(project, Answer):
        return project
    if reference.run is None:
        return _as_markdown(
            read("hex_get_project_inputs", {"projectId": project}), lambda outputs: _inputs_page(outputs, language)
        )
    named = {"projectId": project, "runId": reference.run}
    if reference.chart is None:
        return _as_markdown(read("hex_get_run_status", named), lambda outputs: _run_page(outputs, language))
    answer = read("hex_get_run_chart_image", {**named, "staticId": reference.chart})
    if answer.error or not answer.pictures:
        return answer
    return {"mimeType": answer.pictures[0].mime_type, "blob": answer.pictures[0].base64}


def project_id(query: str, read: Read) -> str | Answer:
    """Return the ID of the only project that matches; the answer with all matches if there is not exactly one."""
    answer = read("hex_find_project", {"query": query})
    matches = answer.outputs.get("matches", [])
    exact = [match for match in matches if match.get("matchedBy") in ("id", "url", "title")] or matches
    return str(exact[0]["id"]) if len(exact) == 1 else answer


def _as_markdown(answer: Answer, render: Callable[[dict[str, Any]], str]) -> Wire | Answer:
    return answer if answer.error else {"mimeType": MARKDOWN, "text": render(answer.outputs)}


def _run_page(run: dict[str, Any], language: str | None) -> str:
    rows = [("status", run.get("status")), ("startTime", run.get("startTime")), ("endTime", run.get("endTime"))]
    rows += [("elapsedSeconds", run.get("elapsedSeconds")), ("runUrl", run.get("runUrl"))]
    lines = [f"- {name}: {value}" for name, value in rows if value is not None]
    return f"# {text('Run', language)} {run.get('runId')}\n\n" + "\n".join(lines) + "\n"


def _inputs_page(project: dict[str, Any], language: str | None) -> str:
    lines = []
    for each in project.get("inputs") or []:
        choices = ", ".join(str(one.get("value")) for one in each.get("choices") or [])
        lines.append(
            f"- `{each['name']}` ({each['type']}): {each.get('default')}" + (f" ({choices})" if choices else "")
        )
    return f"# {project.get('title')}\n\n" + ("\n".join(lines) or text("None.", language)) + "\n"
