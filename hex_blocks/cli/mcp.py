"""hex-blocks mcp: the tools for agents, over the Model Context Protocol."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.base import experimental_option, language_option
from hex_blocks.cli.completion import complete_tools
from hex_blocks.cli.connecting import connection_options, refuse_both
from hex_blocks.cli.listening import (
    address_options,
    check_names,
    check_secret,
    port_in_use,
    sdk_is_installed,
    speed_option,
)
from hex_blocks.cli.numbers import NumberRange
from hex_blocks.cli.output import load_registry, say, warn
from hex_blocks.hosts.mcp.clients import CLIENTS
from hex_blocks.hosts.models.toolsets import DEFAULT, EXPERIMENTAL

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection

SECRET_VARIABLE = "HEX_BLOCKS_MCP_SECRET"  # noqa: S105
TOKEN_VARIABLE = "HEX_API_TOKEN"  # noqa: S105
MIN_SECRET = 16
INTERRUPTED = 130
# A stopped call may still have to cancel its run in Hex.
LAST_WORD_SECONDS = 10.0


@click.command()
@click.option(
    "--toolset",
    "toolsets",
    shell_complete=complete_tools,
    metavar="NAMES",
    default=None,
    help="Toolsets or tools to show, by comma: default, run, projects, cells, threads, people and so on.",
)
@click.option("--all", "everything", is_flag=True, help="Show every tool.")
@click.option("--read-only", is_flag=True, help="Neither show nor call a tool that writes.")
@experimental_option
@click.option("--no-search", is_flag=True, help="Leave out the two tools that find and call all other tools.")
@click.option(
    "--schemas",
    type=click.Choice(["short", "whole"]),
    default="short",
    show_default=True,
    help="How much detail of each tool's inputs and outputs to show.",
)
@click.option(
    "--longest-wait",
    type=NumberRange(1),
    metavar="SECONDS",
    help="Return after this many seconds even if a run is still active, for clients that give up on long calls.",
)
@language_option
@click.option("--http", is_flag=True, help="Serve over HTTP instead of stdin and stdout.")
@address_options(8766)
@click.option(
    "--token-from-header",
    is_flag=True,
    help="Each request sends its caller's own Hex token in the header X-Hex-Token. None is kept.",
)
@connection_options
@speed_option
@click.option(
    "--config", "client", type=click.Choice(list(CLIENTS)), help="Print the configuration for a client and end."
)
@click.option(
    "--uvx",
    is_flag=True,
    help="With --config: let the client start the server with uvx, so that nothing need be installed.",
)
def mcp(
    toolsets: str | None,
    experimental: bool,
    everything: bool,
    read_only: bool,
    no_search: bool,
    schemas: str,
    longest_wait: float | None,
    language: str,
    http: bool,
    host: str,
    port: int,
    allowed_hosts: tuple[str, ...],
    token_from_header: bool,
    on_sandbox: bool,
    profile: str | None,
    speed: float,
    client: str | None,
    uvx: bool,
) -> None:
    """Serve the tools to agents over the Model Context Protocol, on stdin and stdout or over HTTP.

    The default set is what running and following notebooks needs; hex_find_tool and hex_call_tool reach the rest.
    The token is read from HEX_API_TOKEN and never shown to a model. Whoever reaches the server over the network must
    send the secret in HEX_BLOCKS_MCP_SECRET as a bearer token.

    \b
    Examples:
      hex-blocks mcp
      hex-blocks mcp --config claude
      hex-blocks mcp --config codex --uvx
      hex-blocks mcp --toolset run,projects --read-only
      hex-blocks mcp --http --port 9000
      hex-blocks mcp --sandbox
    """
    if not http:
        _refuse_options_of_http()
    if client:
        if http:
            raise click.UsageError(say("--config is for clients that start the server: give it without --http."))
        _print_configuration(client, uvx)
        return
    if uvx:
        raise click.UsageError(say("--uvx goes with --config: it says how a client starts this."))
    secret = os.environ.get(SECRET_VARIABLE, "").strip() or None
    if http:
        check_secret(host, secret, SECRET_VARIABLE, MIN_SECRET)
        check_names(host, allowed_hosts, "--allow-host NAME")
    if not sdk_is_installed():
        raise click.ClickException(say('This needs the MCP SDK: pip install "hex-blocks[mcp]"'))

    from hex_blocks.hosts.mcp.server import TOKEN_HEADER, HexServer
    from hex_blocks.hosts.mcp.serving import start_quickly
    from hex_blocks.hosts.models.toolbox import Toolbox
    from hex_blocks.hosts.models.toolsets import ALL

    start_quickly()
    names = (ALL,) if everything else tuple(name.strip() for name in (toolsets or DEFAULT).split(",") if name.strip())
    toolbox = Toolbox(
        (*names, EXPERIMENTAL) if experimental else names,
        registry=load_registry(),
        read_only=read_only,
        search=not no_search,
        longest_wait=longest_wait,
        language=language,
    )
    refuse_both(on_sandbox, profile)
    if not (on_sandbox or token_from_header):
        _warn_without_token(profile)
    interrupted = False
    with ExitStack() as open_ones:
        server = HexServer(
            toolbox,
            _connection(open_ones, profile, speed, on_sandbox=on_sandbox),
            whole_schemas=schemas == "whole",
            token_header=TOKEN_HEADER if token_from_header else None,
        )
        try:
            _serve(server, http, host, port, allowed_hosts, secret)
        except KeyboardInterrupt:
            interrupted = True
    if interrupted:
        _leave()


def _refuse_options_of_http() -> None:
    """Refuse options that were given and that only a server over HTTP has."""
    context = click.get_current_context()
    if context.params["token_from_header"]:
        raise click.UsageError(say("--token-from-header goes with --http: there are no headers on stdin."))
    for name, option in (("host", "--host"), ("port", "--port"), ("allowed_hosts", "--allow-host")):
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(say("{option} goes with --http.", option=option))


def _warn_without_token(profile: str | None) -> None:
    """Warn if there is no token. A profile that is named has to exist."""
    from hex_blocks.api.profiles import chosen_profile

    if profile is None and os.environ.get(TOKEN_VARIABLE):
        return
    if chosen_profile(profile) is None:
        warn(say("There is no token: tools are listed, and calls fail until there is one. See: hex-blocks login"))


def _leave() -> None:
    """Exit at once with 130: Python would wait for a thread of the SDK that reads stdin."""
    from hex_blocks.hosts.models.toolbox import wait_for_calls

    warn(say("Stopped."))
    wait_for_calls(LAST_WORD_SECONDS)
    sys.stderr.flush()
    os._exit(INTERRUPTED)


def _serve(server: Any, http: bool, host: str, port: int, allowed_hosts: tuple[str, ...], secret: str | None) -> None:
    from hex_blocks.hosts.mcp.serving import run_http, run_stdio

    if not http:
        if sys.stdin.isatty():
            warn(say("Waiting for a client on stdin, which is meant to start this by itself: see --config."))
        run_stdio(server)
        return
    try:
        run_http(server, host, port, allowed_hosts, secret, lambda url: warn(say("Serving on {url}", url=url)))
    except OSError as error:
        raise port_in_use(host, port, error) from None


def _connection(open_ones: ExitStack, profile: str | None, speed: float, *, on_sandbox: bool) -> Connection | None:
    """Return the connection of all calls, or None to use the environment's at the first call."""
    if on_sandbox:
        from hex_blocks.cli.sandbox import server_sandbox

        return server_sandbox(open_ones, speed)
    if profile is None:
        return None
    from hex_blocks.api.connection import Connection

    return Connection(profile=profile, pinned=True)


def _print_configuration(client: str, uvx: bool) -> None:
    from hex_blocks.api.base_url import ALLOWED_HOSTS
    from hex_blocks.api.connection import BASE_URL_VARIABLE
    from hex_blocks.hosts.mcp.clients import configuration, find_uvx, place

    found = find_uvx()
    if uvx and found is None:
        raise click.ClickException(say("uv is not on PATH. Install it, or leave out --uvx."))
    context = click.get_current_context()
    given = [
        (name, value)
        for name, value in context.params.items()
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        and name not in ("client", "uvx")
    ]
    options = {parameter.name: parameter.opts[0] for parameter in context.command.params}
    arguments: list[str] = []
    for name, value in given:
        for each in value if isinstance(value, tuple) else (value,):
            arguments += [str(options[name])] if each is True else [str(options[name]), str(each)]
    warn(say("For {place}:", place=place(client)))
    if found and not uvx:
        warn(say("With --uvx, the client starts it without an installation."))
    # A client does not read the shell's variables.
    settings = {name: os.environ[name] for name in (BASE_URL_VARIABLE, ALLOWED_HOSTS) if os.environ.get(name)}
    click.echo(configuration(client, arguments, uvx=found if uvx else None, settings=settings))
