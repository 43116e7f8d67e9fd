"""What people call projects and runs on the command line: a title, an ID, or an address; or picked from a list."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.output import plain, say, warn
from hex_blocks.errors.classes import HexError

if TYPE_CHECKING:
    from hex_blocks.client import Hex

UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
# A run's address: the project's, and the run in its query or as a part of its path.
_OF_PROJECT = re.compile(rf"/(?:hex|app|projects)/(?P<project>{UUID})(?=[/?#]|$)")
_OF_RUN = re.compile(rf"(?:[?&]runId=|/runs/)(?P<run>{UUID})(?=[/?&#]|$)")
MOST_NAMED = 5

Named = dict[str, Any]


def find_project(client: Hex, given: str | None) -> Named:
    """Return the one project that is meant; on a terminal, pick it where none or several are.

    Raises:
        click.UsageError: No project was given, or none or several fit, and nobody can be asked.
        HexError: Hex refused or did not answer.
    """
    if given is None:
        if not _can_ask():
            raise click.UsageError(say("Give a project: its title, its ID or its address."))
        return _picked(published(client), say("Which project?"))
    found = client.call("hex_find_project", {"query": given})
    matches = found["matches"]
    if len(matches) == 1:
        return dict(matches[0])
    if not matches:
        said = [say("No project is {given}.", given=repr(given))]
        raise click.UsageError(" ".join(said + [each["message"] for each in found.get("warnings", ())]))
    if _can_ask():
        return _picked(matches, say("Several projects fit. Which one?"))
    named = "; ".join(f"{each['title']} ({each['id']})" for each in matches[:MOST_NAMED])
    raise click.UsageError(
        say("Several projects fit {given}: {projects}. Give the ID.", given=repr(given), projects=named)
    )


def published(client: Hex) -> list[Named]:
    """Return the projects that can be run, those published last first."""
    asked = {"fetchAll": True, "sortBy": "LAST_PUBLISHED_AT", "sortDirection": "DESC"}
    listed = client.call("hex_list_projects", asked)["projects"]
    return [each for each in listed if each.get("lastPublishedAt")]


def find_run(client: Hex, given: str, project: str | None = None) -> Named:
    """Return the project's and the run's ID of a run, by its address or its ID.

    A bare ID is looked for in the record of started runs, then in the projects published last.

    Raises:
        click.UsageError: It is neither an address nor an ID.
        HexError: The run was not found.
    """
    address = _OF_RUN.search(given)
    run_id = address["run"] if address else given.strip()
    if not re.fullmatch(UUID, run_id):
        raise click.UsageError(say("{given} is not the ID or the address of a run.", given=repr(given[:120])))
    in_address = _OF_PROJECT.search(given)
    if in_address:
        return {"projectId": in_address["project"], "runId": run_id}
    if project is not None:
        return {"projectId": find_project(client, project)["id"], "runId": run_id}
    return {"projectId": _project_of(client, run_id), "runId": run_id}


def _project_of(client: Hex, run_id: str) -> str:
    """Return the project of a run: from the record of runs, which a search writes to."""
    from hex_blocks.runs.record.configured import record_of

    record, url = record_of(client.connection), client.connection.base_url
    known = record.project_of(url, run_id)
    if known is None:
        client.call("hex_get_notebook_run_status", {"runId": run_id})
        known = record.project_of(url, run_id)
    if known is None:
        raise click.UsageError(say("Give the project of the run, too: --project, or the run's address."))
    return known


def title_of(client: Hex, project_id: str) -> str | None:
    """Return a project's title; None where it cannot be had, which is no reason to fail."""
    try:
        title: str | None = client.call("hex_get_project", {"projectId": project_id}).get("title")
    except HexError:
        return None
    return title


def _can_ask() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _picked(projects: list[Named], question: str) -> Named:
    """Let a person pick a project."""
    if not projects:
        raise click.UsageError(say("There is no published project that this token can see."))
    try:
        import questionary
    except ImportError:
        return _picked_by_number(projects, question)
    choices = [questionary.Choice(plain(f"{each['title']}  {each['id']}"), value=each) for each in projects]
    chosen = questionary.select(question, choices=choices, use_search_filter=True, use_jk_keys=False).ask()
    if chosen is None:
        raise click.Abort
    return dict(chosen)


def _picked_by_number(projects: list[Named], question: str) -> Named:
    for number, each in enumerate(projects, 1):
        warn(plain(f"{number:>4}  {each['title']}  {each['id']}"))
    number = click.prompt(question, type=click.IntRange(1, len(projects)), err=True)
    return projects[number - 1]
