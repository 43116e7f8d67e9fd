"""hex-blocks demo: run a notebook on the sandbox."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

import click

from hex_blocks.cli.base import language_option
from hex_blocks.cli.call import run_tool
from hex_blocks.cli.output import load_registry, print_json, say, warn
from hex_blocks.cli.sandbox import running_sandbox
from hex_blocks.cli.tables import print_table
from hex_blocks.i18n.formats import shown

TOOL = "hex_run_and_wait"
# Parameters of the sandbox's revenue report, which takes a few seconds.
INPUTS = {
    "projectId": "01234567-89ab-cdef-0123-456789abcdef",
    "inputParams": {"start_date": "2026-01-01", "end_date": "2026-01-31", "region": "EMEA"},
}


@click.command()
@language_option
@click.option("--json", "as_json", is_flag=True, help="Print only the result, as JSON.")
def demo(language: str, as_json: bool) -> None:
    """Run a Hex notebook with parameters on the built-in sandbox, follow it and show its result.

    Nothing leaves this machine, and no token is needed.

    \b
    Example:
      hex-blocks demo
    """
    from hex_blocks.client import Hex

    tool = load_registry()[TOOL]
    parameters = INPUTS["inputParams"]
    assert isinstance(parameters, dict)  # noqa: S101
    line = [*program(), "call", TOOL, f"projectId={INPUTS['projectId']}"]
    line += [f"inputParams.{name}={value}" for name, value in parameters.items()]
    with running_sandbox() as (sandbox, connection):
        if not as_json:
            warn(say("A sandbox Hex is running at {url}.", url=sandbox.base_url))
            warn(say("Starting a project with parameters and waiting for its end, as this command does:"))
            warn(f"  {shlex.join([*line, '--sandbox'])}")
        client = Hex(connection=connection, tools=load_registry(), language=language)
        result = run_tool(client, tool, INPUTS)
    if as_json or not sys.stdout.isatty():
        print_json(result)
    else:
        rows = [[name, shown(value, language, name)] for name, value in result.items()]
        print_table([say("Output"), say("Value")], rows, to_the_minute=False)
    if not as_json:
        warn(say("The same by its title, here and on your own Hex:"))
        warn(f"  {shlex.join([*program(), 'run', 'Revenue report', 'region=EMEA', '--sandbox'])}")
        warn(f"  {shlex.join([*program(), 'login'])}")
        warn(f"  {shlex.join([*program(), 'projects'])}")


def program() -> list[str]:
    """Return the command line that started this program, so that printed commands can be copied."""
    given = Path(sys.argv[0])
    if given.name == "__main__.py":
        return [sys.executable, "-m", "hex_blocks"]
    found = shutil.which(given.name)
    return [given.name] if found and Path(found).resolve() == given.resolve() else [str(given)]
