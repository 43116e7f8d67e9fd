"""hex-blocks serve: the tools over HTTP, for every platform that can call an address."""

from __future__ import annotations

import os
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.base import language_option
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
from hex_blocks.postgres.address import RECORD_VARIABLE

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection
    from hex_blocks.hosts.service.settings import Settings

NEEDED = ("starlette", "uvicorn", "prometheus_client", "cryptography")


@click.command()
@connection_options
@speed_option
@address_options(8767)
@click.option("--public-url", metavar="URL", help="The address that callers use, where a proxy is in front.")
@click.option("--root-path", default="", metavar="PATH", help="The part of every path that a proxy takes off.")
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="An origin such as https://app.example.com whose pages may call it from a browser. Can be repeated.",
)
@click.option(
    "--wait",
    default=25.0,
    show_default=True,
    type=NumberRange(0, 300),
    metavar="SECONDS",
    help="How long a call is waited for before it is answered with a job.",
)
@click.option(
    "--keep",
    default=24.0,
    show_default=True,
    type=NumberRange(0, min_open=True),
    metavar="HOURS",
    help="How long jobs are kept after their end, with their results.",
)
@click.option(
    "--watch",
    default=30.0,
    show_default=True,
    type=NumberRange(5),
    metavar="SECONDS",
    help="How often finished runs are looked for, for hooks.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of jobs and hooks, instead of the server that HEX_BLOCKS_RECORD names.",
)
@click.option("--mcp", is_flag=True, help="Serve agents as well, over the Model Context Protocol at /mcp.")
@click.option("--hooks-to-loopback", is_flag=True, help="Let events be sent to this machine, without TLS too.")
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the log."
)
@click.option("--quiet", is_flag=True, help="Do not log requests.")
@language_option
def serve(**given: Any) -> None:
    """Serve the tools over HTTP: POST /v1/tools/NAME with the inputs as JSON.

    Callers send their Hex API token as a bearer token. Who reaches the server over the network without one of their
    own sends the secret in HEX_BLOCKS_SERVE_SECRET, and the server's token is used. Calls that take long become
    jobs; events are sent to hooks. The OpenAPI document is at /openapi.json. Replicas on several machines share jobs
    and hooks in the PostgreSQL server that HEX_BLOCKS_RECORD names.

    \b
    Examples:
      hex-blocks serve --sandbox
      hex-blocks serve --port 9000 --log-format json
      hex-blocks serve --host 0.0.0.0 --public-url https://hex-blocks.example.com
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        said = say('This needs {names}: pip install "hex-blocks[serve]"', names=", ".join(missing))
        raise click.ClickException(said)
    if given["mcp"] and not sdk_is_installed():
        raise click.ClickException(say('This needs the MCP SDK: pip install "hex-blocks[mcp]"'))
    from hex_blocks.hosts.service.app import make_service
    from hex_blocks.hosts.service.logs import log_to_stderr
    from hex_blocks.hosts.service.problems import ProblemError
    from hex_blocks.hosts.service.serving import Serving

    settings = _settings(**given)
    log_to_stderr(as_json=given["log_format"] == "json", requests=not given["quiet"])
    with ExitStack() as open_ones:
        connection, has_token = _connection(open_ones, given["on_sandbox"], given["profile"], given["speed"])
        if not has_token:
            warn(say("The server has no Hex token of its own: callers send theirs."))
        try:
            service = make_service(settings, load_registry(), connection, has_token=has_token)
        except ProblemError as error:
            place = RECORD_VARIABLE if settings.server else settings.folder
            said = say("Jobs and hooks cannot be kept in {place}: {reason}", place=place, reason=error.__cause__)
            raise click.ClickException(said) from None
        open_ones.callback(service.database.close)
        try:
            Serving(service, given["port"], lambda url: warn(say("Serving on {url}", url=url))).run()
        except OSError as error:
            raise port_in_use(settings.host, given["port"], error) from None


def _settings(**given: Any) -> Settings:
    """Return the settings of the options; raise a usage error for unsafe ones."""
    from hex_blocks.hosts.service.settings import HOUR, KEY_VARIABLE, MIN_SECRET, SECRET_VARIABLE, Settings
    from hex_blocks.runs.record.sqlite import default_folder

    secret = os.environ.get(SECRET_VARIABLE, "").strip() or None
    if secret is not None and len(secret) < MIN_SECRET:
        raise click.UsageError(
            say("{variable} is shorter than {length} characters.", variable=SECRET_VARIABLE, length=MIN_SECRET)
        )
    check_secret(given["host"], secret, SECRET_VARIABLE, MIN_SECRET)
    names = (*given["allowed_hosts"], *filter(None, [given["public_url"]]))
    check_names(given["host"], names, "--public-url URL, --allow-host NAME")
    return Settings(
        folder=given["data"] or default_folder() / ("service-sandbox" if given["on_sandbox"] else "service"),
        server=None if given["on_sandbox"] or given["data"] else _server(),
        host=given["host"],
        secret=secret,
        key=os.environ.get(KEY_VARIABLE, "").strip() or None,
        public_url=_address(given["public_url"]),
        root_path=_root_path(given["root_path"]),
        allowed_hosts=given["allowed_hosts"],
        origins=tuple(origin.rstrip("/") for origin in given["origins"]),
        wait=given["wait"],
        kept=given["keep"] * HOUR,
        watch=given["watch"],
        loopback_hooks=given["hooks_to_loopback"],
        language=given["language"],
        mcp=given["mcp"],
    )


def _server() -> str | None:
    """Return the address of the PostgreSQL server that replicas share, or None."""
    from hex_blocks.errors.classes import hex_error
    from hex_blocks.postgres.address import address_of_record, fault_of

    if fault := fault_of(address_of_record()) if address_of_record() else None:
        raise hex_error("bad_record", variable=RECORD_VARIABLE, reason=fault)
    return address_of_record() or None


def _address(url: str | None) -> str | None:
    from urllib.parse import urlsplit

    if url is not None and not (urlsplit(url).scheme in ("http", "https") and urlsplit(url).netloc):
        raise click.UsageError(say("{url} is not an address such as https://hex-blocks.example.com", url=url))
    return url


def _root_path(path: str) -> str:
    plain = path.strip("/")
    return f"/{plain}" if plain else ""


def _connection(open_ones: ExitStack, on_sandbox: bool, profile: str | None, speed: float) -> tuple[Connection, bool]:
    """Return the connection of calls without a token of their own, and whether it has a token."""
    from hex_blocks.api.connection import Connection
    from hex_blocks.errors.classes import HexError

    refuse_both(on_sandbox, profile)
    if on_sandbox:
        from hex_blocks.cli.sandbox import server_sandbox

        return server_sandbox(open_ones, speed), True
    connection = open_ones.enter_context(Connection(profile=profile, pinned=True))
    try:
        _ = connection.api
    except HexError as error:
        if error.key != "token_missing":
            raise
        return connection, False
    return connection, True
