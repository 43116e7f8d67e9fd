"""The handler of hex_find_project: finds projects by title, by an address of Hex, or by ID."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from difflib import get_close_matches
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

from hex_blocks.errors.classes import NotFoundError
from hex_blocks.handlers.one_request import read_list
from hex_blocks.tools.handler import handler
from hex_blocks.tools.inputs.ids import UUID
from hex_blocks.tools.tool_call import ToolCall

# The end of a published app's address: the words of the title, and 22 characters that are not the project's ID.
SLUG = re.compile(r"(?:(?P<words>.*)-)?[0-9A-Za-z]{22}")
# The parts of an address that come before a project.
BEFORE_PROJECT = ("hex", "app")
MAX_PROJECTS = 1000
NEAREST = 3

Project = dict[str, Any]


@handler(uses=("hex_get_project", "hex_list_projects"))
def find_project(call: ToolCall, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return all projects that match a title, an address or an ID."""
    query = inputs["query"].strip()
    if UUID.fullmatch(query):
        return _outputs(_by_id(call, query, "id"))
    named = _named_in_address(query)
    if named and UUID.fullmatch(named):
        return _outputs(_by_id(call, named, "url"))
    slug = SLUG.fullmatch(named) if named else None
    projects = _all_projects(call, inputs)
    if slug:
        wanted = _words(slug["words"] or "")
        matches = _by_words(projects, wanted)
    else:
        wanted = _folded(query)
        matches = _by_title(projects, wanted)
    if not matches:
        _warn_no_match(call, wanted, projects)
    return _outputs(matches)


def _by_id(call: ToolCall, project_id: str, matched_by: str) -> list[Project]:
    try:
        project = call.request({"projectId": project_id}, "hex_get_project") or {}
    except NotFoundError as error:
        call.warn("no_such_project", reason=error.message(call.language))
        return []
    return [project | {"matchedBy": matched_by}]


def _named_in_address(address: str) -> str | None:
    """Return the ID or slug of a project in an address, or None if there is none."""
    path = re.split(r"[?#]", address, maxsplit=1)[0]
    parts = [unquote(part) for part in path.split("/") if part]
    after = [part for before, part in pairwise(parts) if before.lower() in BEFORE_PROJECT]
    return next((part for part in after if UUID.fullmatch(part) or SLUG.fullmatch(part)), None)


def _all_projects(call: ToolCall, inputs: dict[str, Any]) -> list[Project]:
    most = inputs.get("maxProjects", MAX_PROJECTS)
    asked = {"includeComponents": True, "includeArchived": inputs.get("includeArchived", False)}
    # The warning of a list cut at `most` is replaced by one of this tool.
    listing = replace(call, tool=call.tools["hex_list_projects"], warnings=[])
    listed = read_list(listing, asked | {"fetchAll": True, "maxItems": most})
    for warning in listing.warnings:
        if warning["warning"] == "list_cut":
            call.warn("projects_unread", count=most)
        else:
            call.warnings.append(warning)
    return listed.get("values") or []


def _by_title(projects: list[Project], wanted: str) -> list[Project]:
    """Return the projects with a title, or else those whose title contains it."""
    same = [project | {"matchedBy": "title"} for project in projects if _folded(_title(project)) == wanted]
    return same or [project | {"matchedBy": "part"} for project in projects if wanted in _folded(_title(project))]


def _by_words(projects: list[Project], wanted: str) -> list[Project]:
    """Return the projects whose title has the words of a slug, or else those whose title contains them."""
    if not wanted:
        return []
    same = [project | {"matchedBy": "url"} for project in projects if _words(_title(project)) == wanted]
    # Slugs are cut for long titles.
    return same or [
        project | {"matchedBy": "part"} for project in projects if f" {wanted}" in f" {_words(_title(project))}"
    ]


def _title(project: Project) -> str:
    return str(project.get("title") or "")


def _folded(title: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", title).casefold().split())


def _words(title: str) -> str:
    """Return the words of a title as they are in a slug: letters and digits without accents, in lower case."""
    plain = "".join(part for part in unicodedata.normalize("NFKD", title) if not unicodedata.combining(part))
    return " ".join(re.findall(r"[^\W_]+", plain.casefold()))


def _warn_no_match(call: ToolCall, wanted: str, projects: list[Project]) -> None:
    titles = {_folded(_title(project)): _title(project) for project in projects}
    nearest = [titles[name] for name in get_close_matches(wanted, titles, NEAREST, 0.5)]
    if nearest:
        call.warn("no_project_found_nearest", count=len(projects), nearest=", ".join(map(repr, nearest)))
    else:
        call.warn("no_project_found", count=len(projects))


def _outputs(matches: list[Project]) -> dict[str, Any]:
    return {"matches": matches}
