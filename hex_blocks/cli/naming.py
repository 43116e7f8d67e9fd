"""Projects and runs as users name them: by title, ID or address, or picked from a list."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.numbers import WholeNumberRange
from hex_blocks.cli.output import can_ask, plain, say, warn
from hex_blocks.errors.classes import HexError
from hex_blocks.i18n.texts import join_sentences

if TYPE_CHECKING:
    from hex_blocks.client import Hex

MAX_NAMED = 5
MAX_SHOWN = 120
# Seconds to wait for titles, which are only displayed.
TITLES_WITHIN = 5.0

Named = dict[str, Any]


def find_project(client: Hex, given: str | None) -> Named:
    """Return the project that matches; on a terminal, let the user pick one if none is given or several match.

    Raises:
        click.UsageError: None is given, or none or several match, and there is no terminal to ask on.
        HexError: The request failed.
    """
    if given is None or not given.strip():
        if given is not None or not can_ask():
            raise click.UsageError(say("Give a project: its title, its ID or its address."))
        return _picked(published(client), say("Which project?"))
    found = client.call("hex_find_project", {"query": given})
    matches = found["matches"]
    if len(matches) == 1:
        return dict(matches[0])
    if not matches:
        said = [say("No project is {given}.", given=repr(given[:MAX_SHOWN]))]
        said += [each["message"] for each in found.get("warnings", ())]
        raise click.UsageError(join_sentences(*said))
    if can_ask():
        return _picked(matches, say("Several projects fit. Which one?"))
    named = "; ".join(f"{each['title']} ({each['id']})" for each in matches[:MAX_NAMED])
    raise click.UsageError(
        say("Several projects fit {given}: {projects}. Give the ID.", given=repr(given[:MAX_SHOWN]), projects=named)
    )


def published(client: Hex) -> list[Named]:
    """Return the published projects, latest first."""
    asked = {"fetchAll": True, "sortBy": "LAST_PUBLISHED_AT", "sortDirection": "DESC"}
    listed = client.call("hex_list_projects", asked)["projects"]
    return [each for each in listed if each.get("lastPublishedAt")]


def find_run(client: Hex, given: str, project: str | None = None) -> Named:
    """Return the project ID and the run ID of a run, by its address or its ID.

    An ID is looked up in the record of started runs, then in the runs of the latest published projects.

    Raises:
        click.UsageError: It is neither an address nor an ID.
        HexError: The run was not found.
    """
    from hex_blocks.tools.inputs.ids import UUID, ids_in_address

    in_address = ids_in_address(given)
    run_id = in_address.get("run", given.strip())
    if not UUID.fullmatch(run_id):
        raise click.UsageError(say("{given} is not the ID or the address of a run.", given=repr(given[:MAX_SHOWN])))
    if "project" in in_address:
        project_id = in_address["project"]
    else:
        project_id = _project_of(client, run_id) if project is None else find_project(client, project)["id"]
    return {"projectId": project_id, "runId": run_id}


def _project_of(client: Hex, run_id: str) -> str:
    """Return the project of a run: from the record, which a search for the run fills."""
    known = _on_record(client, run_id)
    if known is None:
        client.call("hex_get_notebook_run_status", {"runId": run_id})
        known = _on_record(client, run_id)
    if known is None:
        raise click.UsageError(say("Give the project of the run, too: --project, or the run's address."))
    return known


def _on_record(client: Hex, run_id: str) -> str | None:
    """Return the project of a run in the record; None also if the record cannot be read."""
    from hex_blocks.runs.record.configured import record_of
    from hex_blocks.runs.record.store import RecordError

    try:
        return record_of(client.connection).project_of(client.connection.base_url, run_id)
    except RecordError as error:
        warn(say("Note: {message}", message=str(error)))
        return None


def titles_of(client: Hex, project_ids: Iterable[str]) -> dict[str, str]:
    """Return the titles of projects by ID. Titles that do not arrive in time are left out."""
    stop = threading.Event()
    timer = threading.Timer(TITLES_WITHIN, stop.set)
    timer.start()
    titles: dict[str, str] = {}
    try:
        for project_id in project_ids:
            with suppress(HexError):
                title = client.call("hex_get_project", {"projectId": project_id}, stop=stop).get("title")
                titles |= {project_id: title} if title else {}
    finally:
        timer.cancel()
    return titles


def _picked(projects: list[Named], question: str) -> Named:
    """Let the user pick a project."""
    if not projects:
        raise click.UsageError(say("There is no published project that this token can see."))
    try:
        import questionary
    except ImportError:
        return _picked_by_number(projects, question)
    choices = [questionary.Choice(plain(f"{each['title']}  {each['id']}"), value=each) for each in projects]
    # Ctrl-C then raises KeyboardInterrupt, which is reported in the user's language.
    picking = questionary.select(
        question,
        choices=choices,
        instruction=say("(arrow keys to move, letters to search)"),
        use_search_filter=True,
        use_jk_keys=False,
    )
    return dict(picking.unsafe_ask())


def _picked_by_number(projects: list[Named], question: str) -> Named:
    for number, each in enumerate(projects, 1):
        warn(plain(f"{number:>4}  {each['title']}  {each['id']}"))
    number = click.prompt(question, type=WholeNumberRange(1, len(projects)), err=True)
    return projects[number - 1]
