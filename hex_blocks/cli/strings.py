"""hex-blocks strings: the catalogues of translations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hex_blocks.cli.output import say
from hex_blocks.texts import PACKAGE

if TYPE_CHECKING:
    from hex_blocks.strings import Source


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; say what is missing or broken, by language.")
@click.option(
    "--package",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of a plugin's package, instead of our own texts.",
)
@click.option("--language", "languages", metavar="L", multiple=True, help="Begin this language too, such as nl.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def strings(check: bool, package: Path | None, languages: tuple[str, ...], as_json: bool) -> None:
    """Gather all texts that users see, bring every language's catalogue up to date and compile it.

    \b
    Examples:
      hex-blocks strings
      hex-blocks strings --check
      hex-blocks strings --package my_plugin --language de
    """
    from hex_blocks.strings import compile_catalogues, refresh

    found = source(package)
    if not check:
        changed = refresh(found, languages)
        compile_catalogues(found.locales)
        for file in changed:
            click.echo(say("Wrote {file}", file=file))


def source(package: Path | None) -> Source:
    """Find what is translated; refuse where there is nothing to be written, as in an installed package."""
    try:
        from hex_blocks.strings import Source
    except ImportError:
        raise click.ClickException(say("This needs Babel: pip install {name}", name="hex-blocks[strings]")) from None
    if package is not None:
        return Source(package.resolve(), package.resolve().name)
    if not (PACKAGE.parent / "locales").is_dir():
        raise click.ClickException(say("There is no folder of translations here: run this in the repository."))
    return Source(PACKAGE.parent)
