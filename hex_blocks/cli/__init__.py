"""The command line: hex-blocks run, call, tools, login and the others.

Each command is a module that is imported when it is called, so that the command starts quickly.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from functools import partial
from importlib import import_module
from typing import Any, TextIO

import click

from hex_blocks import __version__
from hex_blocks.cli.base import Group, language_option, localized
from hex_blocks.cli.hints import hint_of
from hex_blocks.cli.output import print_json, say, warn
from hex_blocks.errors.classes import HexError, SpecError, UnknownToolError, without_tokens
from hex_blocks.i18n.texts import current_language, join_sentences

COMMANDS = {
    "tools": "hex_blocks.cli.tools:tools",
    "show": "hex_blocks.cli.show:show",
    "call": "hex_blocks.cli.call:call",
    "run": "hex_blocks.cli.runs:run",
    "follow": "hex_blocks.cli.runs:follow",
    "cancel": "hex_blocks.cli.runs:cancel",
    "runs": "hex_blocks.cli.runs:runs",
    "projects": "hex_blocks.cli.projects:projects",
    "open": "hex_blocks.cli.projects:open_",
    "login": "hex_blocks.cli.login:login",
    "logout": "hex_blocks.cli.login:logout",
    "auth": "hex_blocks.cli.login:auth",
    "demo": "hex_blocks.cli.demo:demo",
    "sandbox": "hex_blocks.cli.sandbox:sandbox",
    "docs": "hex_blocks.cli.docs:docs",
    "strings": "hex_blocks.cli.strings:strings",
    "check": "hex_blocks.cli.check:check",
    "drift": "hex_blocks.cli.drift:drift",
    "new-tool": "hex_blocks.cli.new_tool:new_tool",
    "mcp": "hex_blocks.cli.mcp:mcp",
    "serve": "hex_blocks.cli.serve:serve",
    "export": "hex_blocks.cli.export:export",
}
# Set by a shell that asks for its completion script or for completions.
COMPLETION = "_HEX_BLOCKS_COMPLETE"
DONE, FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130


class LazyGroup(Group):
    """A group whose commands are imported on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return localized(command)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Return the command; for a mistyped one, raise an error that suggests the nearest."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            if guess := get_close_matches(args[0], COMMANDS, 1):
                message = join_sentences(error.message, say("Did you mean {name}?", name=guess[0]))
                raise click.UsageError(message, ctx) from None
            raise


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: hex-blocks demo",
)
@partial(language_option, told=False)
@click.version_option(__version__, "-V", "--version", prog_name="hex-blocks")
def cli() -> None:
    """Run Hex notebooks and manage the workspace around them.

    \b
    Examples:
      hex-blocks demo
      hex-blocks tools --group runs
      hex-blocks show run_and_wait
      hex-blocks login
      hex-blocks run "Revenue report" region=EMEA
      hex-blocks call run_and_wait projectId=PROJECT inputParams.region=EMEA

    The token is that of --profile, else HEX_API_TOKEN with the host in HEX_API_BASE_URL, else that of a login.
    """


def main() -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 wrong usage or inputs, 130 interrupted."""
    # A scheduler ends processes by SIGTERM; it is handled like Ctrl-C.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = _run()
        sys.stdout.flush()
    except OSError as error:
        # The reader of our output has closed the pipe, or the device is full.
        if not isinstance(error, BrokenPipeError):
            reason = error.strerror or str(error)
            if error.filename:
                warn(say("{file} cannot be written: {reason}", file=error.filename, reason=reason))
            else:
                warn(say("The output cannot be written: {reason}", reason=reason))
        with contextlib.suppress(OSError):
            _drop(sys.stdout)
        code = FAILED
    _flush_or_drop(sys.stderr)
    sys.exit(code)


def _flush_or_drop(stream: TextIO | None) -> None:
    """Flush a stream. If Python did it at exit, a closed pipe would change the exit code."""
    if stream is None:
        return
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            _drop(stream)


def _drop(stream: TextIO) -> None:
    """Discard what a stream has buffered, so that Python does not report the error again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _run() -> int:
    code = DONE
    if COMPLETION in os.environ:
        from hex_blocks.cli.shells import register_shells

        register_shells()
    try:
        # click returns the exit code of a command that calls ctx.exit().
        code = cli.main(prog_name="hex-blocks", standalone_mode=False) or DONE
    except click.ClickException as error:
        said = io.StringIO()
        error.show(said)
        if _wants_json():
            print_json({"error": "wrong_use", "kind": "input", "message": without_tokens(error.format_message())})
        warn(without_tokens(said.getvalue().rstrip()))
        code = error.exit_code
    except HexError as error:
        code = show_error(error)
    except UnknownToolError as error:
        message = error.message(current_language())
        if _wants_json():
            print_json({"error": "unknown_tool", "kind": "input", "message": message})
        warn(message)
        code = WRONG_USE
    except SpecError as error:
        warn(str(error))
        code = FAILED
    except (click.Abort, KeyboardInterrupt):
        if COMPLETION not in os.environ:
            warn(say("Stopped."))
        code = INTERRUPTED
    return code


def show_error(error: HexError) -> int:
    """Print an error to stderr, and as JSON to stdout if that was requested; return the exit code."""
    language = current_language()
    if _wants_json():
        print_json(error.document(language))
    warn(error.message(language))
    names = cli.list_commands(click.Context(cli))
    command = next((each for each in sys.argv[1:] if each in names), None)
    if hint := hint_of(error, command, language):
        warn(hint)
    if error.trace_id:
        warn(say("Hex's trace ID: {trace_id}", trace_id=error.trace_id))
    if "interrupted" in error.key or error.key == "call_stopped":
        return INTERRUPTED
    return WRONG_USE if error.kind == "input" and error.status is None else FAILED


def _wants_json() -> bool:
    context = click.get_current_context(silent=True)
    return bool(context and context.params.get("as_json")) or "--json" in sys.argv


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
