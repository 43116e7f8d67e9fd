"""hex-blocks sandbox: run a local Hex to try the tools on."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hex_blocks.cli.listening import port_in_use, speed_option
from hex_blocks.cli.numbers import WholeNumberRange
from hex_blocks.cli.output import print_json, say, warn
from hex_blocks.clock import Clock, FastClock, SystemClock

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection
    from hex_blocks.sandbox import Sandbox


@contextmanager
def running_sandbox(clock: Clock | None = None) -> Iterator[tuple[Sandbox, Connection]]:
    """Run a sandbox and yield it with a connection to it, whose record is separate."""
    from hex_blocks.api.connection import Connection
    from hex_blocks.runs.record.configured import use_record
    from hex_blocks.runs.record.sqlite import SqliteRecord
    from hex_blocks.sandbox import TOKENS, Sandbox

    with (
        tempfile.TemporaryDirectory(prefix="hex-blocks-") as folder,
        Sandbox(clock=clock) as sandbox,
        Connection(
            TOKENS.personal,
            sandbox.base_url,
            allowed_hosts=(sandbox.origin,),
            pinned=True,
            clock=clock,
        ) as connection,
    ):
        use_record(connection, SqliteRecord(Path(folder)))
        yield sandbox, connection


@contextmanager
def sandbox_of_a_call() -> Iterator[Connection]:
    """Connect to the sandbox that `hex-blocks sandbox` runs, or to a new one for this call."""
    from hex_blocks.cli.shared_sandbox import connection_to, find_shared

    if found := find_shared():
        with connection_to(found) as connection:
            yield connection
        return
    with running_sandbox() as (_, connection):
        yield connection


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8765,
    show_default=True,
    type=WholeNumberRange(0, 65535),
    help="Port to listen on; 0 for any.",
)
@speed_option
@click.option("--strict", is_flag=True, help="Refuse booleans and numbers that a body gives as text.")
@click.option("--json", "as_json", is_flag=True, help="Print the address and the tokens as JSON.")
@click.option("--quiet", is_flag=True, help="Do not log requests.")
def sandbox(host: str, port: int, speed: float, strict: bool, as_json: bool, quiet: bool) -> None:
    """Run a local Hex that behaves like the real one, and print its address and tokens.

    It has projects, people and runs to try, Hex's limits and errors, and forgets everything when it stops.

    \b
    Examples:
      hex-blocks sandbox
      hex-blocks sandbox --speed 60 --port 9000
    """
    from hex_blocks.cli.shared_sandbox import shared
    from hex_blocks.sandbox import TOKENS, Sandbox

    clock: Clock = SystemClock() if speed == 1 else FastClock(speed)
    try:
        running = Sandbox(host=host, port=port, clock=clock, log=None if quiet else warn, strict=strict)
        running.start()
    except OSError as error:
        raise port_in_use(host, port, error) from None
    sharing = ExitStack()
    try:
        other = sharing.enter_context(shared(running, TOKENS.personal, speed))
        settings = {
            "HEX_API_BASE_URL": running.base_url,
            "HEX_API_TOKEN": TOKENS.personal,
            "HEX_BLOCKS_ALLOWED_HOSTS": running.origin,
        }
        if as_json:
            print_json({"baseUrl": running.base_url, "tokens": asdict(TOKENS), "environment": settings})
        else:
            click.echo(say("A sandbox Hex is running at {url}. Press Ctrl-C to stop it.", url=running.base_url))
            click.echo(say("To use it from another terminal:"))
            for name, value in settings.items():
                click.echo(f"  export {name}={value}")
            click.echo(say("Other tokens:"))
            for name, value in asdict(TOKENS).items():
                if value != TOKENS.personal:
                    click.echo(f"  {name}: {value}")
        if other:
            warn(say("Calls with --sandbox go to the sandbox at {url}, which was started first.", url=other.url))
        elif not as_json:
            click.echo(say("Calls with --sandbox go to this one while it runs."))
        threading.Event().wait()
    except KeyboardInterrupt:
        warn(say("The sandbox has stopped."))
    finally:
        sharing.close()
        running.stop()


def server_sandbox(open_ones: ExitStack, speed: float) -> Connection:
    """Connect to a sandbox for the life of a server: the shared one, or a new one if its speed differs."""
    if speed == 1:
        return open_ones.enter_context(sandbox_of_a_call())
    return open_ones.enter_context(running_sandbox(FastClock(speed)))[1]
