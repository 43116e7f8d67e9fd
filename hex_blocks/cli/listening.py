"""Options and checks that the commands with a server share: address, names and secret."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

import click

from hex_blocks.cli.numbers import NumberRange, WholeNumberRange
from hex_blocks.cli.output import say

Command = TypeVar("Command", bound=Callable[..., Any])

# The first version in which idle sessions end.
SDK_MAJOR, SDK_MINOR = 2, 2
speed_option = click.option(
    "--speed",
    default=1.0,
    show_default=True,
    type=NumberRange(0, min_open=True),
    help="Speed of the sandbox's clock, as a multiple of real time.",
)


def address_options(port: int) -> Callable[[Command], Command]:
    """Add the options for a server's address and host names. `port`: the default."""
    options = (
        click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on."),
        click.option(
            "--port",
            default=port,
            show_default=True,
            type=WholeNumberRange(0, 65535),
            help="Port to listen on; 0 for any.",
        ),
        click.option(
            "--allow-host",
            "allowed_hosts",
            multiple=True,
            metavar="NAME",
            help="A name under which clients reach the server, beside this machine's own. Can be repeated.",
        ),
    )

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def check_names(host: str, names: tuple[str, ...], option: str) -> None:
    """Refuse to listen on every address without host names, which would allow DNS rebinding by pages in a browser.

    Args:
        host: The address to listen on.
        names: The names under which clients reach the server.
        option: The option that gives a name.

    Raises:
        click.UsageError: The host stands for every address of this machine, and there is no name.
    """
    from hex_blocks.hosts.mcp.guard import is_anywhere

    if is_anywhere(host) and not names:
        raise click.UsageError(
            say(
                "{host} is every address of this machine. Name the host that clients use: {option}",
                host=host,
                option=option,
            )
        )


def sdk_is_installed() -> bool:
    """Return whether a supported version of the SDK of the Model Context Protocol is installed."""
    try:
        major, minor = (int(part) for part in version("mcp").split(".")[:2])
    except PackageNotFoundError:
        return False
    return major == SDK_MAJOR and minor >= SDK_MINOR


def check_secret(host: str, secret: str | None, variable: str, shortest: int) -> None:
    """Refuse to listen for other machines without a secret.

    Args:
        host: The address to listen on.
        secret: The secret that callers have to send.
        variable: The environment variable with the secret.
        shortest: The minimum length of the secret, in characters.

    Raises:
        click.UsageError: The host is reached from other machines, and there is no such secret.
    """
    from hex_blocks.hosts.mcp.guard import is_loopback

    if is_loopback(host) or (secret is not None and len(secret) >= shortest):
        return
    raise click.UsageError(
        say(
            "{host} is reached from other machines. Set {variable} to a secret of at least {length} characters, "
            "which clients send as a bearer token.",
            host=host,
            variable=variable,
            length=shortest,
        )
    )


def port_in_use(host: str, port: int, error: OSError) -> click.ClickException:
    """Return the error of a port that is in use."""
    reason = error.strerror or str(error)
    return click.ClickException(
        say("Port {port} of {host} cannot be used: {reason}. Try --port 0.", port=port, host=host, reason=reason)
    )
