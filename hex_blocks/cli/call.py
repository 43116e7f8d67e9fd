"""hex-blocks call: run a tool."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.base import Command, language_option, quiet_option, requested_language
from hex_blocks.cli.completion import complete_input, complete_tool
from hex_blocks.cli.confirming import confirm
from hex_blocks.cli.connecting import connection_options, open_connection
from hex_blocks.cli.formats import Form, check_columns, form_options, print_result
from hex_blocks.cli.inputs import read_inputs
from hex_blocks.cli.interrupts import stop_event_on_signal, stop_when_unread
from hex_blocks.cli.output import load_registry, say, warn
from hex_blocks.cli.progress import shown_progress
from hex_blocks.cli.report import check_report, save_report
from hex_blocks.errors.classes import BusyError, HexError
from hex_blocks.errors.sentences import LOST_ANSWER
from hex_blocks.i18n.texts import current_language

if TYPE_CHECKING:
    from hex_blocks.client import Hex
    from hex_blocks.tools.tool import Tool


class CallCommand(Command):
    """The command `call`. With a tool, its help is the tool's."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; --help after a tool shows the tool."""
        before = args[: args.index("--")] if "--" in args else args
        named = [each for each in before if each not in ctx.help_option_names]
        if len(named) < len(before) and named and named[0] in load_registry():
            from hex_blocks.cli.show import print_tool

            print_tool(load_registry()[named[0]], requested_language(args) or current_language())
            ctx.exit()
        return super().parse_args(ctx, args)


@click.command(cls=CallCommand)
@click.argument("tool_id", metavar="TOOL", shell_complete=complete_tool)
@click.argument("values", metavar="[NAME=VALUE]...", nargs=-1, shell_complete=complete_input)
@click.option(
    "--input",
    "document",
    metavar="JSON|@FILE|-",
    help="All inputs as one JSON object, from a file with @, or stdin with -.",
)
@connection_options
@language_option
@click.option("--yes", is_flag=True, help="Do not ask before something is deleted.")
@quiet_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, errors too.")
@form_options
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for images and exported projects. Default: they are not written.",
)
@click.option("--raw", is_flag=True, help="Print pictures in base64 as they come.")
@click.option(
    "--report",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write a page about a pipeline or batch: what ran when, what it waited for, and how it ended.",
)
def call(
    tool_id: str,
    values: tuple[str, ...],
    document: str | None,
    on_sandbox: bool,
    profile: str | None,
    language: str,
    yes: bool,
    quiet: bool,
    form: Form,
    out: Path | None,
    raw: bool,
    report: Path | None,
) -> None:
    """Run a tool. Its result is printed as JSON on stdout, its progress on stderr.

    \b
    NAME=VALUE       an input; lists by naming it again, parts of an object by NAME.PART=VALUE
    NAME:=JSON       an input whose value is JSON: 3, true, null, [1, 2], {"a": 1}
    NAME=@FILE       an input whose value is in a file; @@ for a text that begins with @

    \b
    Examples:
      hex-blocks call run_and_wait projectId=PROJECT inputParams.region=EMEA inputParams.year:=2026
      hex-blocks call run_project --input @inputs.json
      hex-blocks call list_projects limit=5 --sandbox --output table --columns id,title
      hex-blocks call get_run_results projectId=PROJECT runId=RUN --out charts
      hex-blocks call run_batch --input @batch.json --report batch.html
    """
    if out and raw:
        raise click.UsageError(say("Give only one of --out and --raw."))
    tool = load_registry()[tool_id]
    check_columns(form, tool)
    if report:
        check_report(tool.id, report)
    single = [name for name, field in tool.spec.inputs.items() if field.type not in ("array", "any")]
    inputs = read_inputs(document, values, single)
    with open_connection(on_sandbox, profile, inputs) as connection:
        from hex_blocks.client import Hex

        client = Hex(connection=connection, tools=load_registry(), language=language)
        confirm(client, tool, inputs, yes=yes)
        try:
            result = run_tool(client, tool, inputs, quiet=quiet)
        except HexError as error:
            if report and error.partial:
                save_report(client, tool.id, error.partial, report, quiet=quiet)
            raise
        saved = save_report(client, tool.id, result, report, quiet=quiet) if report else True
    written = True if raw else _print_with_files(tool, result, form, out)
    if raw:
        print_result(result, form, tool)
    if result.get("succeeded") is False or not saved or not written:
        # The exit code is all that a scheduler looks at.
        raise click.exceptions.Exit(1)


def _print_with_files(tool: Tool, result: dict[str, Any], form: Form, out: Path | None) -> bool:
    """Print a result. Pictures and an exported document are written to a folder, or left out if there is none."""
    from hex_blocks.cli.images import Files

    files = Files(tool, out)
    shown = files.save_images(result)
    print_result(files.save_document(shown) if out else shown, form, tool)
    if files.left_out:
        warn(say("Note: pictures are not shown here. Give --out DIR to write them, or --raw for base64."))
    return not files.failed


def run_tool(
    client: Hex, tool: Tool, inputs: dict[str, Any], *, quiet: bool = False, title: str | None = None
) -> dict[str, Any]:
    """Run a tool, showing its progress and its warnings on stderr.

    Args:
        client: Runs it.
        tool: The tool.
        inputs: Its inputs.
        quiet: Whether to show no progress.
        title: The title of the project, where it is known.
    """
    # A tool that only reads can be interrupted anywhere.
    gently = stop_event_on_signal() if tool.operation == "mutation" else nullcontext(threading.Event())
    with gently as stop, shown_progress(quiet=quiet, title=title) as progress:
        listener = stop_when_unread(progress, stop)
        try:
            result = client.call(tool, inputs, progress=listener, stop=stop)
        except BusyError:
            # Nothing had been sent to Hex.
            if stop.is_set():
                raise click.Abort from None
            raise
        except KeyboardInterrupt:
            if tool.operation == "query":
                raise
            # The second signal came while the reply to a request was awaited.
            warn(say(LOST_ANSWER[0]))
            raise click.Abort from None
    for warning in result.get("warnings", []):
        warn(say("Note: {message}", message=warning["message"]))
    return result
