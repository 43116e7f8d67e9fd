"""hex-blocks run, follow, cancel and runs: shortcuts to tools."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.base import language_option, quiet_option
from hex_blocks.cli.browser import open_page
from hex_blocks.cli.call import run_tool
from hex_blocks.cli.completion import complete_parameter
from hex_blocks.cli.connecting import connection_options, open_client
from hex_blocks.cli.formats import Form, check_columns, form_of_list, form_options, print_result
from hex_blocks.cli.inputs import read_inputs
from hex_blocks.cli.naming import find_project, find_run, titles_of
from hex_blocks.cli.numbers import NumberRange, WholeNumberRange
from hex_blocks.cli.output import load_registry, plain, say, warn
from hex_blocks.i18n.formats import number

if TYPE_CHECKING:
    from hex_blocks.client import Hex

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, errors too.")
COLUMNS = ("runId", "status", "startTime", "elapsedTime", "runUrl")
timeout_option = click.option(
    "--timeout", type=NumberRange(1, 86_400), metavar="SECONDS", help="How long to wait. Default: 600."
)
project_option = click.option(
    "--project", metavar="PROJECT", help="The project of the run, where it is not known here."
)


@click.command()
@click.argument("project", required=False, metavar="[PROJECT]")
@click.argument("values", metavar="[NAME=VALUE]...", nargs=-1, shell_complete=complete_parameter)
@click.option("--input", "document", metavar="JSON|@FILE|-", help="The input parameters as one JSON object.")
@click.option("--no-wait", is_flag=True, help="Start the run and end.")
@timeout_option
@click.option(
    "--key", metavar="KEY", help="Idempotency key: with the same key the same run is returned, even after a crash."
)
@click.option("--check-inputs", is_flag=True, help="Check the parameters against the project's own inputs first.")
@click.option("--open", "opened", is_flag=True, help="Open the run's page in the browser.")
@connection_options
@form_options
@language_option
@quiet_option
@json_option
def run(
    project: str | None,
    values: tuple[str, ...],
    document: str | None,
    *,
    no_wait: bool,
    timeout: float | None,
    key: str | None,
    check_inputs: bool,
    opened: bool,
    on_sandbox: bool,
    profile: str | None,
    form: Form,
    language: str,
    quiet: bool,
) -> None:
    """Run a project with parameters, wait for its end with progress, and print the finished run.

    PROJECT is its title, its ID or its address. On a terminal it can be picked from a list.

    \b
    NAME=VALUE       a parameter; lists by naming it again
    NAME:=JSON       a parameter whose value is JSON: 3, true, null, [1, 2]
    NAME=@FILE       a parameter whose value is the text of a file

    \b
    Examples:
      hex-blocks run "Revenue report" region=EMEA year:=2026
      hex-blocks run "Revenue report" --no-wait --open
      hex-blocks run --sandbox
    """
    parameters = read_inputs(document, values)
    tool = "hex_run_project" if no_wait else "hex_run_and_wait"
    check_columns(form, load_registry()[tool])
    with open_client(on_sandbox, profile, language) as client:
        found = find_project(client, project)
        inputs: dict[str, Any] = {"projectId": found["id"]}
        inputs |= {"inputParams": parameters} if parameters else {}
        inputs |= {"idempotencyKey": key} if key is not None else {}
        if key is not None and not key.strip():
            warn(say("Note: {name} is empty, so it counts as not given.", name="--key"))
        inputs |= {"checkInputs": True} if check_inputs else {}
        inputs |= {"timeout": timeout} if timeout is not None and not no_wait else {}
        load_registry()[tool].check(inputs)
        if not quiet:
            warn(plain(say("Running {title}", title=found.get("title") or found["id"])))
        _finish(client, tool, inputs, form, quiet=quiet, opened=opened, title=found.get("title"))


@click.command()
@click.argument("run_id", metavar="RUN")
@project_option
@timeout_option
@click.option("--open", "opened", is_flag=True, help="Open the run's page in the browser.")
@connection_options
@form_options
@language_option
@quiet_option
@json_option
def follow(
    run_id: str,
    *,
    project: str | None,
    timeout: float | None,
    opened: bool,
    on_sandbox: bool,
    profile: str | None,
    form: Form,
    language: str,
    quiet: bool,
) -> None:
    """Wait for a run to end, wherever it was started, and print it.

    RUN is its address, or its ID.

    \b
    Examples:
      hex-blocks follow 78c33d18-170c-44d3-a227-b3194f134f73
      hex-blocks follow 78c33d18-170c-44d3-a227-b3194f134f73 --project "Revenue report" --timeout 3600
    """
    check_columns(form, load_registry()["hex_wait_for_run"])
    with open_client(on_sandbox, profile, language) as client:
        inputs: dict[str, Any] = find_run(client, run_id, project)
        inputs |= {"timeout": timeout} if timeout is not None else {}
        title = None if quiet else titles_of(client, [inputs["projectId"]]).get(inputs["projectId"])
        if title:
            warn(plain(say("Following a run of {title}", title=title)))
        _finish(client, "hex_wait_for_run", inputs, form, quiet=quiet, opened=opened, title=title)


@click.command()
@click.argument("run_id", metavar="RUN")
@project_option
@connection_options
@language_option
@json_option
def cancel(
    run_id: str, *, project: str | None, on_sandbox: bool, profile: str | None, language: str, as_json: bool
) -> None:
    """Cancel a run. RUN is its address, or its ID.

    \b
    Examples:
      hex-blocks cancel 78c33d18-170c-44d3-a227-b3194f134f73
    """
    with open_client(on_sandbox, profile, language) as client:
        inputs = find_run(client, run_id, project)
        result = run_tool(client, load_registry()["hex_cancel_run"], inputs, quiet=True)
    if as_json or not sys.stdout.isatty():
        print_result(result, Form("json"))
    else:
        click.echo(say("The run is cancelled."))


@click.command()
@click.argument("project", required=False, metavar="[PROJECT]")
@click.option(
    "--limit", type=WholeNumberRange(1, 100), default=25, show_default=True, help="How many, the newest first."
)
@click.option(
    "--status",
    type=click.Choice(["PENDING", "RUNNING", "ERRORED", "COMPLETED", "KILLED", "UNABLE_TO_ALLOCATE_KERNEL"]),
    help="Only runs in this state.",
)
@connection_options
@form_options
@language_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as is done when piped.")
def runs(
    project: str | None,
    *,
    limit: int,
    status: str | None,
    on_sandbox: bool,
    profile: str | None,
    form: Form,
    language: str,
) -> None:
    """List the runs of a project, the newest first.

    \b
    Examples:
      hex-blocks runs "Revenue report"
      hex-blocks runs "Revenue report" --status ERRORED --output csv
    """
    tool = load_registry()["hex_get_project_runs"]
    check_columns(form, tool)
    with open_client(on_sandbox, profile, language) as client:
        inputs: dict[str, Any] = {"projectId": find_project(client, project)["id"], "limit": limit}
        inputs |= {"statusFilter": status} if status else {}
        result = run_tool(client, tool, inputs, quiet=True)
    print_result(result, form_of_list(form, COLUMNS), tool)


def _finish(
    client: Hex,
    tool_id: str,
    inputs: dict[str, Any],
    form: Form,
    *,
    quiet: bool,
    opened: bool,
    title: str | None,
) -> None:
    """Run a tool that returns one run and print it: a sentence and URL on a terminal, else the document."""
    tool = load_registry()[tool_id]
    result = run_tool(client, tool, inputs, quiet=quiet, title=title)
    if opened and result.get("runUrl") and not open_page(result["runUrl"]):
        warn(say("There is no browser here. The run's page: {url}", url=result["runUrl"]))
    if form.name or form.filter or form.columns or not sys.stdout.isatty():
        print_result(result, form, tool)
        return
    seconds = result.get("elapsedSeconds")
    if seconds is None:
        click.echo(plain(say("Started run {runId}", runId=result["runId"])))
    else:
        named = {"title": title or result["runId"], "status": result["status"]}
        click.echo(plain(say("{title}: {status} in {seconds} s", **named, seconds=number(seconds, client.language))))
    click.echo(plain(str(result.get("runUrl") or "")))
