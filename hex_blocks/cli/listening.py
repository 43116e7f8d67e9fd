"""What commands that serve others share: who may reach them, and which port they take."""

from __future__ import annotations

import click

from hex_blocks.cli.output import say

speed_option = click.option(
    "--speed",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="Speed of the sandbox's clock, as a multiple of real time.",
)


def check_secret(host: str, secret: str | None, variable: str, shortest: int) -> None:
    """Refuse to be reached from outside this machine without a secret.

    Args:
        host: The address to listen on.
        secret: The secret that callers have to bring.
        variable: The name of the environment's variable that holds it.
        shortest: How many characters it has at least.

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
    """Return the error of a port that cannot be listened on."""
    reason = error.strerror or str(error)
    return click.ClickException(
        say("Port {port} of {host} cannot be used: {reason}. Try --port 0.", port=port, host=host, reason=reason)
    )
