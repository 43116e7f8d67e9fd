"""hex-blocks strings: update and check the translation catalogues."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hex_blocks.cli.base import help_texts
from hex_blocks.cli.output import plain, print_json, say
from hex_blocks.cli.tables import print_table
from hex_blocks.i18n.texts import PACKAGE

if TYPE_CHECKING:
    from hex_blocks.dev.catalogue_check import Report
    from hex_blocks.dev.catalogues import Source
    from hex_blocks.dev.translation_check import Problem

SHOWN = 20
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Za-z0-9]+)*")


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; say what is missing or broken, by language.")
@click.option("--compile", "only_compile", is_flag=True, help="Only compile the catalogues as they are.")
@click.option(
    "--package",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of a plugin's package, instead of our own texts.",
)
@click.option(
    "--language",
    "languages",
    metavar="L",
    multiple=True,
    help="Only this language; its catalogue is created if it is new.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what --check finds as JSON, all of it.")
def strings(check: bool, only_compile: bool, package: Path | None, languages: tuple[str, ...], as_json: bool) -> None:
    """Gather all texts that users see, bring every language's catalogue up to date and compile it.

    \b
    Examples:
      hex-blocks strings
      hex-blocks strings --check
      hex-blocks strings --package my_plugin --language de
    """
    found = source(package)
    _refuse_languages(found, languages, known_only=check)
    _refuse_files(found, catalogues=not check)
    if check:
        _check(found, languages, as_json=as_json)
        return
    from hex_blocks.dev.catalogues import compile_catalogues, refresh

    if not only_compile:
        for file in refresh(found, languages):
            click.echo(say("Wrote {file}", file=file))
    compile_catalogues(found.locales)


def _refuse_languages(found: Source, languages: tuple[str, ...], *, known_only: bool) -> None:
    """Refuse what cannot be the name of a language, and with `known_only` a language without a catalogue."""
    known = sorted(file.stem for file in found.locales.glob("*.po"))
    for language in languages:
        if not _LANGUAGE.fullmatch(language) or (known_only and language not in known):
            message = say(
                "There is no {language}; there are {known}.", language=language or '""', known=", ".join(known)
            )
            raise click.BadParameter(message, param_hint="'--language'")


def _refuse_files(found: Source, *, catalogues: bool) -> None:
    """Refuse specs and catalogues that cannot be read; the check reports what is wrong inside a catalogue itself."""
    from babel.messages.pofile import PoFileError

    from hex_blocks.dev.catalogues import read_catalogue

    for file in [*sorted(found.root.glob("tool_specs/*.json")), *sorted(found.locales.glob("*.po"))]:
        try:
            content = file.read_bytes().decode()
            if file.suffix == ".json":
                json.loads(content)
            elif catalogues:
                read_catalogue(file)
        except (ValueError, RecursionError, PoFileError, OSError) as error:
            reason = plain(str(error) or type(error).__name__)
            raise click.ClickException(say("{file} cannot be read: {reason}", file=file, reason=reason)) from None


def needs_babel() -> str:
    """Return the sentence that says how to install Babel."""
    return say("This needs Babel: pip install {name}", name='"hex-blocks[strings]"')


def source(package: Path | None = None) -> Source:
    """Return the source of texts; raise an error where none can be written, as in an installed package."""
    try:
        from hex_blocks.dev.catalogues import Source
    except ImportError:
        raise click.ClickException(needs_babel()) from None
    if package is not None:
        return Source(package.resolve(), package.resolve().name)
    if not (PACKAGE.parent / "locales").is_dir():
        raise click.ClickException(say("There is no folder of translations here: run this in the repository."))
    return our_source()


def our_source() -> Source:
    """Return the source of hex_blocks' own texts."""
    from hex_blocks.cli import cli
    from hex_blocks.dev.catalogues import Source

    return Source(PACKAGE.parent, help_texts=lambda: help_texts(cli, "hex-blocks"))


def _check(found: Source, languages: tuple[str, ...], *, as_json: bool) -> None:
    from hex_blocks.dev.catalogue_check import places, report

    made = report(found)
    if languages:
        made.languages = {name: each for name, each in made.languages.items() if name in languages}
    if as_json:
        print_json(made.document())
    else:
        standing = places(found)
        for language, each in made.languages.items():
            for problem in each.problems[:SHOWN]:
                click.echo(_line(language, problem, standing))
            if len(each.problems) > SHOWN:
                click.echo(
                    say(
                        "{language}: {count} more, all with --json", language=language, count=len(each.problems) - SHOWN
                    )
                )
        if not made.template_is_current:
            click.echo(say("{file} is out of date", file=f"{found.locales / 'hex_blocks.pot'}"))
        _summary(made)
    if not made.is_good:
        raise click.exceptions.Exit(1)


def _line(language: str, problem: Problem, standing: dict[str, list[str]]) -> str:
    place = standing.get(problem.english, [""])[0]
    parts = [f"{language}: {problem.kind}", repr(problem.english[:80]), problem.detail, place and f"({place})"]
    return " ".join(part for part in parts if part)


def _summary(made: Report) -> None:
    columns = [say("Language"), say("Texts"), say("Translated"), "%", say("Problems")]
    rows = [
        [language, str(each.texts), str(each.translated), str(each.coverage), str(len(each.problems))]
        for language, each in made.languages.items()
    ]
    print_table(columns, rows)
