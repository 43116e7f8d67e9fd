"""hex-blocks call: run a tool."""

from __future__ import annotations

import codecs
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.base import language_option
from hex_blocks.cli.interrupts import stopped_gently, while_somebody_listens
from hex_blocks.cli.output import load_registry, print_json, say, warn
from hex_blocks.cli.progress import shown_progress
from hex_blocks.cli.report import check_report, save_report
from hex_blocks.cli.tools import complete_tool
from hex_blocks.errors.classes import BusyError, HexError

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection
    from hex_blocks.tools.tool import Tool


def complete_input(context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of an input."""
    tool = load_registry()[context.params["tool_id"]]
    return [f"{name}=" for name in tool.spec.inputs if name.startswith(incomplete)]


@click.command()
@click.argument("tool_id", metavar="TOOL", shell_complete=complete_tool)
@click.argument("values", metavar="[NAME=VALUE]...", nargs=-1, shell_complete=complete_input)
@click.option(
    "--input",
    "document",
    metavar="JSON|@FILE|-",
    help="All inputs as one JSON object, from a file with @, or stdin with -.",
)
@click.option(
    "--sandbox",
    "on_sandbox",
    is_flag=True,
    help="Call a local sandbox instead of Hex.",
)
@language_option
@click.option("--yes", is_flag=True, help="Do not ask before changing or removing something.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@click.option("--json", "as_json", is_flag=True, help="Print errors as JSON too.")
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for images and exported projects. Default: the current folder.",
)
@click.option("--raw", is_flag=True, help="Write no files: pictures are printed in base64 as they come.")
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
    language: str,
    yes: bool,
    quiet: bool,
    as_json: bool,
    out: Path | None,
    raw: bool,
    report: Path | None,
) -> None:
    """Run a tool. Its result is printed as JSON on stdout, its progress on stderr.

    \b
    NAME=VALUE       an input; lists by naming it again, parts of an object by NAME.PART=VALUE
    NAME:=JSON       an input whose value is JSON: 3, true, null, [1, 2], {"a": 1}

    \b
    Examples:
      hex-blocks call run_and_wait projectId=PROJECT inputParams.region=EMEA inputParams.year:=2026
      hex-blocks call run_project --input @inputs.json
      hex-blocks call list_projects limit=5 --sandbox
      hex-blocks call get_run_results projectId=PROJECT runId=RUN --out charts
      hex-blocks call run_batch --input @batch.json --report batch.html
    """
    if out and raw:
        raise click.UsageError(say("Give only one of --out and --raw."))
    tool = load_registry()[tool_id]
    if report:
        check_report(tool.id, report)
    inputs = _document(document) | read_values(values)
    with _connection(on_sandbox, inputs) as connection:
        if tool.destructive and not yes and sys.stdin.isatty() and sys.stderr.isatty():
            click.confirm(
                say("{title}: this changes or removes existing data. Continue?", title=tool.title(language)),
                abort=True,
                err=True,
            )
        try:
            result = run_tool(tool, inputs, connection, language, quiet=quiet)
        except HexError as error:
            if report and error.partial:
                save_report(tool.id, error.partial, report, language, quiet=quiet)
            raise
    saved = save_report(tool.id, result, report, language, quiet=quiet) if report else True
    if raw:
        print_json(result)
    else:
        _print_with_files(tool, result, out)
    if result.get("succeeded") is False or not saved:
        # Whoever calls us by a schedule looks at nothing else.
        raise click.exceptions.Exit(1)


def _print_with_files(tool: Tool, result: dict[str, Any], out: Path | None) -> None:
    """Print a result, its pictures written to files; with a folder given, an exported document too."""
    from hex_blocks.cli.images import Files

    files = Files(tool, out or Path())
    result = files.save_images(result)
    print_json(files.save_document(result) if out else result)
    if files.failed:
        raise click.exceptions.Exit(1)


def run_tool(
    tool: Tool, inputs: dict[str, Any], connection: Connection | None, language: str, *, quiet: bool = False
) -> dict[str, Any]:
    """Run a tool, showing its progress and its warnings on stderr."""
    # A listing must not pay for what only a call needs.
    from hex_blocks.client import Hex

    # What only reads can be stopped anywhere.
    gently = stopped_gently() if tool.operation == "mutation" else nullcontext(threading.Event())
    with gently as stop, shown_progress(quiet=quiet) as progress:
        listener = while_somebody_listens(progress, stop)
        try:
            client = Hex(connection=connection, tools=load_registry())
            result = client.call(tool, inputs, progress=listener, stop=stop, language=language)
        except BusyError:
            # It was waiting for its turn, and Hex has done nothing.
            if stop.is_set():
                raise click.Abort from None
            raise
    for warning in result.get("warnings", []):
        warn(say("Note: {message}", message=warning["message"]))
    return result


@contextmanager
def _connection(on_sandbox: bool, inputs: dict[str, Any]) -> Iterator[Connection | None]:
    if not on_sandbox:
        yield None
        return
    from hex_blocks.cli.sandbox import sandbox_of_a_call

    if inputs.get("baseUrl") or inputs.get("apiKey"):
        warn(say("Note: on the sandbox, baseUrl and apiKey are not used."))
        inputs.pop("apiKey", None)
    with sandbox_of_a_call() as connection:
        yield connection


def _document(given: str | None) -> dict[str, Any]:
    if given is None:
        return {}
    try:
        if given == "-":
            given = _decoded(sys.stdin.buffer.read())
        elif given.startswith("@"):
            given = _decoded(Path(given[1:]).read_bytes())
        read = json.loads(given)
    except OSError as error:
        raise click.BadParameter(
            say("{file} cannot be read: {reason}", file=given[1:], reason=error.strerror),
            param_hint="--input",
        ) from None
    except UnicodeDecodeError as error:
        message = say(
            "This is not {encoding}: write it as UTF-8, or with a byte order mark that tells the encoding.",
            encoding=error.encoding.upper(),
        )
        raise click.BadParameter(message, param_hint="--input") from None
    except json.JSONDecodeError as error:
        message = say(
            "This is not JSON: {problem} at line {line}, column {column}.",
            problem=error.msg,
            line=error.lineno,
            column=error.colno,
        )
        raise click.BadParameter(message, param_hint="--input") from None
    except (ValueError, RecursionError):
        raise click.BadParameter(say("This is not JSON."), param_hint="--input") from None
    if not isinstance(read, dict):
        raise click.BadParameter(say("Inputs are a JSON object of names and values."), param_hint="--input")
    return read


# The longer marks first: that of UTF-32 begins as that of UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def _decoded(content: bytes) -> str:
    """Read text in the encoding that its byte order mark tells, else in UTF-8."""
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    return content.decode(encoding)


def read_values(values: tuple[str, ...]) -> dict[str, Any]:
    """Read NAME=VALUE and NAME:=JSON into inputs. A name that comes again makes a list."""
    inputs: dict[str, Any] = {}
    for given in values:
        name, sign, value = given.partition("=")
        if not sign or not name.strip(":"):
            raise click.UsageError(say("{given} is not NAME=VALUE.", given=repr(given[:60])))
        read: Any = value
        if name.endswith(":"):
            name = name[:-1]
            try:
                read = json.loads(value)
            except (ValueError, RecursionError):
                raise click.UsageError(
                    say("The value of {name} is not JSON: {value}", name=name, value=repr(value[:60]))
                ) from None
        *parents, last = name.split(".")
        target = inputs
        for parent in parents:
            target = target.setdefault(parent, {})
            if not isinstance(target, dict):
                raise click.UsageError(say("{name} is given as a value and as an object.", name=parent))
        if last == "idempotencyKey" and isinstance(read, str) and not read.strip():
            # Mostly a variable of the shell that was never set.
            warn(say("Note: {name} is empty, so it counts as not given.", name=last))
        target[last] = [*_as_list(target[last]), read] if last in target else read
    return inputs


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
