"""The connection of a command: to a sandbox, or to Hex by a profile or the environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.base import verbose_option
from hex_blocks.cli.output import load_registry, say, warn

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection
    from hex_blocks.client import Hex


def complete_profile(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of profiles that begin with a text."""
    from hex_blocks.api.profiles import profiles
    from hex_blocks.errors.classes import HexError

    try:
        return [name for name in profiles() if name.startswith(incomplete)]
    except HexError:
        return []


def connection_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --sandbox, --profile and --verbose."""
    sandbox = click.option("--sandbox", "on_sandbox", is_flag=True, help="Call a local sandbox instead of Hex.")
    profile = click.option(
        "--profile",
        metavar="P",
        shell_complete=complete_profile,
        help="Use the token and the base URL of this profile. See: hex-blocks login",
    )
    return sandbox(profile(verbose_option(function)))


def refuse_both(on_sandbox: bool, profile: str | None) -> None:
    """Raise a usage error if both --sandbox and --profile are given."""
    if on_sandbox and profile:
        raise click.UsageError(say("Give only one of --sandbox and --profile."))


@contextmanager
def open_connection(
    on_sandbox: bool, profile: str | None, inputs: dict[str, Any] | None = None
) -> Iterator[Connection]:
    """Connect to the sandbox, or to Hex with a profile or the environment.

    Args:
        on_sandbox: Whether to use a sandbox. apiKey and baseUrl are then removed from the inputs.
        profile: The value of --profile.
        inputs: The inputs of the call.
    """
    refuse_both(on_sandbox, profile)
    if on_sandbox:
        from hex_blocks.cli.sandbox import sandbox_of_a_call

        if inputs and (inputs.get("baseUrl") or inputs.get("apiKey")):
            warn(say("Note: on the sandbox, baseUrl and apiKey are not used."))
            inputs.pop("apiKey", None)
        with sandbox_of_a_call() as connection:
            yield connection
        return
    from hex_blocks.api.connection import Connection

    with Connection(profile=profile) as connection:
        yield connection


@contextmanager
def open_client(on_sandbox: bool, profile: str | None, language: str) -> Iterator[Hex]:
    """Return a client for commands that run one tool."""
    from hex_blocks.client import Hex

    with open_connection(on_sandbox, profile) as connection:
        yield Hex(connection=connection, tools=load_registry(), language=language)
