"""hex-blocks docs: the pages people read."""

from __future__ import annotations

import click


@click.command()
def docs() -> None:
    """Write the pages on every tool, error and subject, in every language."""
