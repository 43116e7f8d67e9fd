"""hex-blocks projects and open: find projects and open their pages."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.base import language_option
from hex_blocks.cli.browser import open_page
from hex_blocks.cli.call import run_tool
from hex_blocks.cli.connecting import connection_options, open_client
from hex_blocks.cli.formats import Form, check_columns, form_of_list, form_options, print_result
from hex_blocks.cli.naming import MAX_SHOWN, find_project, find_run
from hex_blocks.cli.output import load_registry, say
from hex_blocks.errors.classes import HexError

if TYPE_CHECKING:
    from hex_blocks.client import Hex

FOUND = ("title", "id", "ownerEmail", "lastPublishedAt")
LISTED = ("title", "id", "owner.email", "lastPublishedAt")


@click.command()
@click.argument("words", required=False, metavar="[TEXT]")
@click.option("--archived", is_flag=True, help="Archived projects, too.")
@connection_options
@form_options
@language_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as is done when piped.")
def projects(
    words: str | None,
    *,
    archived: bool,
    on_sandbox: bool,
    profile: str | None,
    form: Form,
    language: str,
) -> None:
    """List the projects that the token can see; with TEXT, those it may mean: a part of a title, an ID, an address.

    The columns of both are different: see hex-blocks show list_projects, and with TEXT find_project.

    \b
    Examples:
      hex-blocks projects
      hex-blocks projects revenue
      hex-blocks projects --output csv --columns id,title,owner.email
    """
    with open_client(on_sandbox, profile, language) as client:
        if words:
            tool = load_registry()["hex_find_project"]
            inputs: dict[str, Any] = {"query": words, "includeArchived": archived}
        else:
            tool = load_registry()["hex_list_projects"]
            inputs = {"fetchAll": True, "includeArchived": archived}
        check_columns(form, tool)
        result = run_tool(client, tool, inputs, quiet=not sys.stderr.isatty())
    print_result(result, form_of_list(form, FOUND if words else LISTED), tool)


@click.command("open")
@click.argument("name", metavar="PROJECT|RUN")
@click.option("--print", "printed", is_flag=True, help="Print the address instead of opening it.")
@connection_options
@language_option
def open_(name: str, *, printed: bool, on_sandbox: bool, profile: str | None, language: str) -> None:
    """Open a project or a run in the browser.

    It is named by a title, an ID or an address. Where there is no browser, the address is printed.

    \b
    Examples:
      hex-blocks open "Revenue report"
      hex-blocks open 78c33d18-170c-44d3-a227-b3194f134f73
    """
    with open_client(on_sandbox, profile, language) as client:
        address = _address(client, name)
    if printed or not open_page(address):
        click.echo(address)


def _page_in_hex(client: Hex, address: str) -> str:
    """Return an address, if it is one of the connection's host or of another host of Hex."""
    from urllib.parse import urlsplit

    from hex_blocks.api.base_url import base_url

    try:
        own, given = urlsplit(client.connection.base_url), urlsplit(address.strip())
        base_url(f"{given.scheme}://{given.netloc}", (f"{own.scheme}://{own.netloc}",))
    except (ValueError, HexError):
        said = say("{address} is not an address of Hex.", address=repr(address[:MAX_SHOWN]))
        raise click.UsageError(said) from None
    return address.strip()


def _address(client: Hex, name: str) -> str:
    """Return the URL of a project or a run. An ID can be that of either."""
    if "://" in name:
        return _page_in_hex(client, name)
    from hex_blocks.tools.inputs.ids import UUID

    if UUID.fullmatch(name.strip()) and not client.call("hex_find_project", {"query": name})["matches"]:
        found = client.call("hex_get_run_status", find_run(client, name))
        return str(found["runUrl"])
    project_id = find_project(client, name)["id"]
    return f"{client.connection.base_url.partition('/api/')[0]}/hex/{project_id}"
