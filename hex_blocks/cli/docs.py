"""hex-blocks docs: write the documentation pages."""

from __future__ import annotations

from pathlib import Path

import click

from hex_blocks.cli.output import say, warn
from hex_blocks.cli.strings import source
from hex_blocks.i18n.plurals import Plural
from hex_blocks.i18n.texts import SOURCE_LANGUAGE, nearest


@click.command()
@click.option(
    "--language",
    metavar="L",
    default=SOURCE_LANGUAGE,
    show_default=True,
    help="Write the pages in this language; all for every language.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the languages' folders. Default: docs in the repository.",
)
@click.option("--check", is_flag=True, help="Write nothing; say which pages are not what they should be.")
def docs(language: str, out: Path | None, check: bool) -> None:
    """Write the pages on every tool, error and subject.

    The English ones are kept in the repository; the site is built in every language.

    \b
    Examples:
      hex-blocks docs
      hex-blocks docs --language de --out /tmp/pages
      hex-blocks docs --check
    """
    repository = source(None).root
    from hex_blocks.dev.doc_pages import all_languages, pages, stale, write
    from hex_blocks.tools.registry import Registry

    known = all_languages(repository)
    languages = known if language == "all" else [found] if (found := nearest(language)) in known else []
    if not languages:
        raise click.BadParameter(
            say("There is no {language}; there are {known}.", language=language or '""', known=", ".join(known)),
            param_hint="'--language'",
        )
    registry = Registry.load(plugins=False)
    changed: list[Path] = []
    for each in languages:
        folder = (out or repository / "docs") / each
        made = pages(registry, each, repository)
        changed += stale(folder, made) if check else write(folder, made)
    for file in changed:
        click.echo(say("{file} is out of date", file=file) if check else say("Wrote {file}", file=file))
    if check and changed:
        warn(
            say(
                Plural(
                    "{count} page is out of date; run hex-blocks docs.",
                    "{count} pages are out of date; run hex-blocks docs.",
                ),
                count=len(changed),
            )
        )
        raise click.exceptions.Exit(1)
