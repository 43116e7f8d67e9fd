"""The web pages behind the URLs that the API returns."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from hex_blocks.i18n.texts import sentence, text
from hex_blocks.sandbox.model import Project, Run, Thread
from hex_blocks.sandbox.workspace import World

STYLE = "body{font:16px system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem;color:#312634}"


def web_page(
    world: World, method: str, path: str, query: Mapping[str, list[str]], now: float, language: str | None = None
) -> str | None:
    """Return the page at a path, or None if there is none."""
    parts = path.strip("/").split("/")
    if method != "GET":
        return None
    with world.lock:
        if parts == [""]:
            return _first_page(world, language)
        if len(parts) in (2, 3, 4) and parts[0] == "hex":
            return _project_page(world, parts[1], now, language)
        if len(parts) == 5 and parts[0] == "hex" and parts[2:4] == ["app", "runs"]:
            return _run_page(world, parts[4], now, language)
        if len(parts) == 2 and parts[0] == "threads":
            thread = world.get(Thread, parts[1])
            return _page(text("Thread", language), *(turn.prompt for turn in thread.turns)) if thread else None
        if len(parts) == 2 and parts[0] == "embed":
            return _embedded_page(world, parts[1], query.get("signature", [""])[0], now, language)
    return None


def _first_page(world: World, language: str | None) -> str:
    projects = sorted(world.all(Project), key=lambda project: project.title)
    entries = [_entry(f"/hex/{project.id}", project.title, project.id) for project in projects]
    return _page(text("Hex sandbox", language), text("The API is at /api/v1. Its projects:", language), entries=entries)


def _project_page(world: World, project_id: str, now: float, language: str | None) -> str | None:
    """Return a project's page: its runs, newest first."""
    project = world.get(Project, project_id)
    if project is None:
        return None
    entries = [
        _entry(f"/hex/{project.id}/app/runs/{run.id}", run.state(now).status, run.id) for run in world.runs(project.id)
    ]
    return _page(project.title, project.id, text("Its runs:", language), entries=entries)


def _entry(path: str, name: str, id_: str) -> str:
    return f'<li><a href="{html.escape(path)}">{html.escape(name)}</a> <code>{html.escape(id_)}</code></li>'


def _run_page(world: World, run_id: str, now: float, language: str | None) -> str | None:
    run = world.get(Run, run_id)
    project = world.get(Project, run.project_id) if run else None
    if run is None or project is None:
        return None
    inputs = [f"{name} = {value!r}" for name, value in run.inputs.items()]
    title = sentence("{project}: a run", language, project=project.title)
    return _page(title, sentence("It is {status}.", language, status=run.state(now).status), *inputs)


def _embedded_page(world: World, project_id: str, signature: str, now: float, language: str | None) -> str | None:
    """Return an embedded app. Its URL works once, and only until it expires."""
    signed_project, expires_at = world.signed_urls.pop(signature, ("", 0.0))
    project = world.get(Project, project_id)
    if project is None or signed_project != project.id or expires_at <= now:
        return None
    return _page(project.title, text("Here Hex would show the app.", language))


def _page(title: str, *lines: str, entries: Sequence[str] = ()) -> str:
    paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    head = f"<meta charset=utf-8><title>{html.escape(title)}</title><style>{STYLE}</style>"
    listed = f"<ul>{''.join(entries)}</ul>" if entries else ""
    return f"<!doctype html>{head}<h1>{html.escape(title)}</h1>{paragraphs}{listed}"
