"""hex-blocks login, logout and auth status: stored tokens."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from hex_blocks.cli.base import Group, language_option
from hex_blocks.cli.connecting import complete_profile
from hex_blocks.cli.output import can_ask, load_registry, plain, print_json, say, wants_json, warn
from hex_blocks.errors.classes import HexError

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection
    from hex_blocks.api.profiles import Profile


@click.command()
@click.option("--profile", metavar="P", default="default", show_default=True, help="Name to keep the token under.")
@click.option(
    "--base-url",
    metavar="URL",
    help="The host where you open Hex. Default: https://app.hex.tech. Asked for on a terminal.",
)
@click.option("--no-check", is_flag=True, help="Keep the token without asking Hex whether it is valid.")
@language_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def login(profile: str, base_url: str | None, no_check: bool, language: str, as_json: bool) -> None:
    """Keep a Hex API token, in the system's keyring if there is one.

    The token is asked for on a terminal, else it is read from stdin. Create tokens in Hex under Settings → API keys.

    \b
    Examples:
      hex-blocks login
      hex-blocks login --profile eu --base-url https://eu.hex.tech
      pass show hex | hex-blocks login
    """
    from hex_blocks.api.base_url import DEFAULT_BASE_URL
    from hex_blocks.api.connection import Connection
    from hex_blocks.api.profiles import KEYRING, check_name, save_profile
    from hex_blocks.api.secret import Secret

    check_name(profile)
    on_terminal = can_ask()
    if base_url is None:
        base_url = DEFAULT_BASE_URL
        if on_terminal:
            base_url = click.prompt(say("Host where you open Hex"), default=base_url.partition("/api/")[0], err=True)
    asked = say("API token (it is not shown)")
    token = Secret(click.prompt(asked, hide_input=True, err=True) if on_terminal else sys.stdin.readline())
    if not token.get_secret_value().strip():
        raise click.UsageError(say("There is no token on stdin: pipe it in, or log in on a terminal."))
    connection = Connection(token, base_url)
    # A malformed token and a host that is not allowed are refused even with --no-check.
    api = connection.api
    found = {} if no_check else _checked(connection, language)
    try:
        kept = save_profile(profile, connection.base_url, Secret(token.get_secret_value().strip()))
    except OSError as error:
        raise click.ClickException(
            say("The token cannot be kept: {reason}", reason=error.strerror or str(error))
        ) from None
    if as_json:
        print_json({"profile": profile, "baseUrl": kept.base_url, "keptIn": kept.place, "user": found.get("user")})
        return
    if found:
        warn(say("Logged in to {host} as {name}.", host=api.host, name=_name(found)))
    if kept.place == KEYRING:
        warn(say("The token of profile {profile} is in the system's keyring.", profile=profile))
    else:
        warn(
            say(
                "There is no keyring here: the token of profile {profile} is in a file that only you can read.",
                profile=profile,
            )
        )
        if find_spec("keyring") is None:
            warn(say("To keep tokens in the system's keyring, install hex-blocks[cli]."))


@click.command()
@click.option(
    "--profile", metavar="P", shell_complete=complete_profile, help="The profile to forget. Default: the default one."
)
@language_option
def logout(profile: str | None, language: str) -> None:
    """Forget a profile and its token. The token stays valid in Hex: revoke it there.

    \b
    Examples:
      hex-blocks logout
      hex-blocks logout --profile eu
    """
    from hex_blocks.api.profiles import chosen_profile, remove_profile

    found = chosen_profile(profile)
    if found is None:
        raise click.UsageError(say("There is no profile. Nothing was changed."))
    try:
        remove_profile(found)
    except OSError as error:
        raise click.ClickException(
            say("The token cannot be removed: {reason}", reason=error.strerror or str(error))
        ) from None
    warn(say("Profile {profile} and its token are forgotten here.", profile=found.name))


@click.group(cls=Group)
def auth() -> None:
    """Say which token is used, and whether it is valid.

    \b
    Example:
      hex-blocks auth status
    """


@auth.command()
@click.option("--profile", metavar="P", shell_complete=complete_profile, help="The profile to look at.")
@language_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as is done when piped.")
def status(profile: str | None, language: str, as_json: bool) -> None:
    """Say which token is used, where it leads, and whether Hex takes it.

    \b
    Examples:
      hex-blocks auth status
      hex-blocks auth status --profile eu --json
    """
    from hex_blocks.api.connection import Connection
    from hex_blocks.api.profiles import profiles

    with Connection(profile=profile) as connection:
        source = connection.source
        try:
            found = _checked(connection, language)
        except HexError:
            # Which token and which host, is what one needs to know then.
            if source != "none":
                warn("\n".join(_where(connection)))
            raise
    kept = profiles().values()
    if wants_json(as_json):
        document: dict[str, Any] = {"source": source, "baseUrl": connection.base_url, "connection": found}
        print_json(document | {"profiles": [_shown(each) for each in kept]})
        return
    click.echo("\n".join(_where(connection)))
    click.echo(say("User: {name}", name=_name(found)))
    if kept:
        click.echo(say("Profiles: {names}", names=", ".join(each.name for each in kept)))


def _where(connection: Connection) -> list[str]:
    """Return lines that say where calls go, and where the token is from."""
    host = urlsplit(connection.base_url).netloc
    return [say("Host: {host}", host=host), say("Token from: {source}", source=connection.source)]


def _checked(connection: Connection, language: str) -> dict[str, Any]:
    """Return Hex's answer to whether the token is valid, and whose it is."""
    from hex_blocks.client import Hex

    return Hex(connection=connection, tools=load_registry(), language=language).call("hex_check_connection")


def _name(found: Mapping[str, Any]) -> str:
    """Return the name of the token's user, if Hex tells it."""
    user = found.get("user") or {}
    return plain(str(user.get("name") or user.get("email") or say("a token whose user Hex does not say")))


def _shown(profile: Profile) -> dict[str, str]:
    return {"name": profile.name, "baseUrl": profile.base_url, "keptIn": profile.place}
