"""hex-blocks check: whether every spec, text and page is right."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec

import click

from hex_blocks.cli.base import language_option
from hex_blocks.cli.output import load_registry, print_json, say, warn
from hex_blocks.cli.strings import needs_babel, our_source
from hex_blocks.i18n.plurals import Plural
from hex_blocks.i18n.texts import PACKAGE, SOURCE_LANGUAGE, join_sentences, phrase


@click.command()
@click.option("--fix", is_flag=True, help="Rewrite what is generated.")
@partial(language_option, told=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(fix: bool, as_json: bool) -> None:
    """Check every spec, text and page; say where something is wrong and what would be right.

    Translations and pages are looked at in the repository, where they are made.

    \b
    Example:
      hex-blocks check --fix
    """
    from hex_blocks.dev.check_specs import problems, write_schemas

    registry = load_registry()
    if fix:
        write_schemas(registry.folder)
    found = [*problems(registry), *_of_texts_and_pages(fix=fix)]
    if as_json:
        print_json({"tools": len(registry), "problems": found})
    else:
        for problem in found:
            click.echo(problem)
        click.echo(
            say(
                "{tools}, {problems}",
                tools=phrase(Plural("{count} tool", "{count} tools"), count=len(registry)),
                problems=phrase(Plural("{count} problem", "{count} problems"), count=len(found)),
            )
        )
    if found:
        raise click.exceptions.Exit(1)


def _of_texts_and_pages(*, fix: bool) -> Iterator[str]:
    """Return the problems of the catalogues and the committed pages, which an installed package does not have."""
    repository = PACKAGE.parent
    if not (repository / "locales" / "hex_blocks.pot").is_file():
        return
    if find_spec("babel") is None:
        warn(join_sentences(say("Texts and pages were not checked."), needs_babel()))
        return
    from collections import Counter

    from hex_blocks.dev.catalogue_check import report
    from hex_blocks.dev.catalogues import every_text, refresh
    from hex_blocks.dev.style import mannered

    source = our_source()
    if fix:
        refresh(source)
    made = report(source)
    if not made.template_is_current:
        yield "locales/hex_blocks.pot: not what the texts are; run hex-blocks strings"
    for language, each in made.languages.items():
        for kind, count in Counter(problem.kind for problem in each.problems).items():
            yield f"locales/{language}.po: {kind}: {count}; run hex-blocks strings --check"
    yield from map(str, mannered([*every_text(source), ((repository / "README.md").read_text("utf-8"), "README.md")]))
    if (repository / "docs" / "guides").is_dir():
        yield from _of_pages(fix=fix)


def _of_pages(*, fix: bool) -> Iterator[str]:
    from hex_blocks.dev.doc_pages import pages, stale, write
    from hex_blocks.tools.registry import Registry

    repository = PACKAGE.parent
    registry = Registry.load(plugins=False)
    folder = repository / "docs" / SOURCE_LANGUAGE
    made = pages(registry, SOURCE_LANGUAGE, repository)
    if fix:
        write(folder, made)
    if count := len(list(stale(folder, made))):
        yield f"docs/{SOURCE_LANGUAGE}: stale pages: {count}; run hex-blocks docs"
