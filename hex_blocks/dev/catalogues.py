"""The catalogues of translations: what is to be translated, gathered from everywhere, and kept current with Babel.

`locales/hex_blocks.pot` holds every English text that users see, `locales/<language>.po` its translations, and
`<language>.mo` beside it what is read at run time. A text stands once, whatever shows it, and says where it is shown
(`tool_specs/hex_cancel_run.json title`) without line numbers, so that catalogues change only when texts do.

This module imports nothing of the project but i18n/, since hatch_build.py compiles with it while the package is
being built.
"""

from __future__ import annotations

import ast
import io
import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NamedTuple

from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from hex_blocks.i18n.plurals import Plural

LANGUAGES = ("de", "es", "fr", "ja", "ko", "pt_BR", "zh_Hans", "zh_Hant")
DOMAIN = "hex_blocks"
TEMPLATE = f"{DOMAIN}.pot"
GUIDES = "docs/guides/"
# A few places say what a text is about; some stand in sixty.
MOST_PLACES = 3

# What marks a text in Python and in templates: the name of the function that says it, and what makes one of two forms.
SAYING = ("text", "say", "phrase", "sentence")
COUNTING = ("Plural", "plural")
# Tables whose every text is said to users.
TABLES = (
    "SENTENCES",
    "RUN_SENTENCES",
    "FAULTS",
    "WARNINGS",
    "NO_TOOL",
    "LOST_ANSWER",
    "CLICK_WORDS",
    "SERVICE_PROBLEMS",
)
# Keys of specs whose values are texts, wherever they stand outside examples.
WORDED = ("title", "description", "tagline", "category")
# Keys of specs below which keys are names.
NAMED = ("inputs", "outputs", "fields", "groups", "connection")
NOT_WORDS = ("$comment", "modelHint", "example", "default", "request", "reply", "inputs", "outputs")

_WORD = re.compile(r"[^\W\d_]{2,}")
# Names of products and kinds of text, which are the same in every language.
_NAMES = (
    r"\b(?:Hex|SQL|ID|UUID|URL|JDBC|JSON|Markdown|Amazon (?:Athena|Redshift)|Google (?:BigQuery|Drive)|ClickHouse|"
    r"Databricks|MotherDuck|MySQL|PostgreSQL|Snowflake|Spark|Starburst|Trino|GitHub|Notion|Confluence|Slack)\b"
)
_NO_WORDS = re.compile(
    _NAMES + r"|`[^`]*`|\{[^{}]*\}|%\(\w+\)s|https?://\S+|\bhex_\w+|\bhex-blocks\b|-{1,2}[a-z][\w-]*"
)
_HEADER = """\
# {title} of hex_blocks.
# This file is distributed under the same license as hex_blocks.
#"""
_BLANK = "␣"
# What differs from one day, machine or version of Babel to the next.
_UNSTEADY_NAMES = ("POT-Creation", "PO-Revision", "Last-Trans", "Report-Msgid", "Generated-By", "Language-Team")
_UNSTEADY = tuple(f'"{name}' for name in _UNSTEADY_NAMES)
# A fixed date: catalogues change when texts do, and at no other time.
_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)

Said = tuple[int, None, str, list[str]]


class Source(NamedTuple):
    """Where texts come from: a repository of ours, or a plugin's package."""

    root: Path
    name: str = "hex_blocks"
    # Gives the texts of the command's help, each with where it is shown.
    help_texts: Callable[[], Iterable[tuple[str, str]]] = tuple

    @property
    def is_ours(self) -> bool:
        """Whether it is this project's repository."""
        return (self.root / "hex_blocks").is_dir()

    @property
    def locales(self) -> Path:
        """The folder of the catalogues."""
        return self.root / "locales"


def template(source: Source) -> Catalog:
    """Gather every text of a repository or of a plugin's package."""
    catalogue = _empty(None, source.name)
    for english, place in every_text(source):
        if is_worded(english):
            key = key_of(english)
            known = catalogue.get(key)
            named = () if known and len(known.locations) >= MOST_PLACES else [(place, None)]
            catalogue.add(key, locations=named)  # type: ignore[arg-type]
    return catalogue


def key_of(english: str) -> str | tuple[str, str]:
    """Return what a catalogue calls a text: its English, or both forms of one that speaks of a number."""
    return (english.one, str(english)) if isinstance(english, Plural) else english


def english_of(message: Message) -> str:
    """Return the English of an entry, a Plural where it has two forms."""
    return Plural(*message.id) if isinstance(message.id, tuple | list) else str(message.id)


def forms_of(message: Message) -> tuple[str, ...]:
    """Return the translations of an entry: one, or each of its plural forms; none where one of them is missing."""
    said = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return tuple(map(str, said)) if said and all(said) else ()


def every_text(source: Source) -> Iterator[tuple[str, str]]:
    """Return every text and where it stands, in the order of the catalogue."""
    root = source.root
    files = [*root.glob("tool_specs/*.json"), *root.glob("hex_blocks/hosts/models/tools/*.json")]
    specs = sorted(files, key=lambda file: (file.name.startswith("hex_"), file.name))
    for file in [*specs, *sorted(root.glob("hex_blocks/hosts/**/*.json"))]:
        if not file.name.endswith(".schema.json"):
            yield from _in_file(_from_spec, file, root)
    # A plugin's package is the folder itself.
    for file in sorted(root.glob("hex_blocks/**/*.py" if source.is_ours else "**/*.py")):
        yield from _in_file(_from_python, file, root)
    yield from source.help_texts()
    for file in sorted(root.glob("hex_blocks/**/*.j2")):
        yield from _in_file("jinja2", file, root)
    for file in sorted(root.glob(f"{GUIDES}*.md")):
        yield from _in_file(_from_guide, file, root)


def is_worded(english: str) -> bool:
    """Whether a text has words that can be translated, beside names, code and places for values."""
    return bool(_WORD.search(_NO_WORDS.sub(" ", english)))


def _in_file(method: Any, file: Path, root: Path) -> Iterator[tuple[str, str]]:
    place = file.relative_to(root).as_posix()
    keywords: dict[str, Any] = dict.fromkeys(SAYING) | dict.fromkeys(COUNTING, (1, 2))
    with file.open("rb") as opened:
        for _line, english, comments, _context in extract(method, opened, keywords, options={"trimmed": "true"}):
            key = f" {comments[0]}" if comments and callable(method) else ""
            yield (english if isinstance(english, str) else Plural(*english[:2])), place + key


def _from_spec(file: IO[bytes], _keywords: Any, _tags: Collection[str], options: Mapping[str, Any]) -> Iterator[Said]:
    """Extract from a spec, a block file or a plugin's groups.json. The comment is the text's key."""
    yield from _from_value(json.load(file), "")


def _from_value(value: Any, key: str, *, are_names: bool = False) -> Iterator[Said]:
    """Extract from a part of a spec. are_names: whether its keys are names that people gave to what stands there."""
    if isinstance(value, list):
        for number, part in enumerate(value):
            if isinstance(part, str) and key.endswith(".points"):
                yield 0, None, part, [f"{key}[{number}]"]
            else:
                yield from _from_value(part, f"{key}[{number}]")
    elif isinstance(value, dict):
        in_example = key.startswith("examples[")
        for name, part in value.items():
            inner = f"{key}.{name}" if key else name
            if are_names:
                yield from _from_value(part, inner)
            elif isinstance(part, str):
                if name in WORDED:
                    yield 0, None, part, [inner]
            elif name in NAMED and not in_example:
                yield from _from_value(part, inner, are_names=True)
            elif name not in NOT_WORDS:
                yield from _from_value(part, inner)


def _from_python(
    file: IO[bytes], keywords: Collection[str], _tags: Collection[str], options: Mapping[str, Any]
) -> Iterator[Said]:
    """Extract what is said, and the tables of sentences. The comment is the key in its table."""
    told: set[ast.AST] = set()
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.Call) and node.args and node not in told:
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in SAYING:
                yield from ((0, None, english, []) for english in _constants(node.args[0]))
            elif name in COUNTING:
                yield from ((0, None, english, []) for english in _constants(node))
            else:
                continue
            told.update(ast.walk(node.args[0]))
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if (name := getattr(target, "id", "")) in TABLES:
                yield from _from_table(name, node.value)
                told.update(ast.walk(node.value))


def _from_table(name: str, table: ast.expr) -> Iterator[Said]:
    if not isinstance(table, ast.Dict):
        yield from ((0, None, english, [name]) for english in _constants(table))
        return
    for key, value in zip(table.keys, table.values, strict=True):
        place = f"{name}.{key.value}" if isinstance(key, ast.Constant) and isinstance(key.value, str) else name
        yield from ((0, None, english, [place]) for english in _constants(value))


def _constants(node: ast.expr) -> Iterator[str]:
    """Return the texts in an expression: one, those of a choice, of a call or of a table; never a call's keywords."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and node.value:
            yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _constants(node.body)
        yield from _constants(node.orelse)
    elif isinstance(node, ast.Call):
        if getattr(node.func, "id", "") in COUNTING:
            # What gets its forms from elsewhere has none to be gathered here.
            forms = [str(form.value) for form in node.args[:2] if isinstance(form, ast.Constant)]
            yield from [Plural(*forms)] if len(forms) == 2 else []
            return
        for argument in node.args:
            yield from _constants(argument)
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        for entry in node.elts:
            yield from _constants(entry)


def _from_guide(file: IO[bytes], _keywords: Any, _tags: Collection[str], options: Mapping[str, Any]) -> Iterator[Said]:
    from hex_blocks.dev.guides import texts_of

    yield from ((0, None, english, []) for english in texts_of(file.read().decode()))


def _empty(language: str | None, name: str) -> Catalog:
    title = f"{language} translation" if language else "Texts"
    made = Catalog(
        locale=language,
        project=name,
        version="",
        header_comment=_HEADER.format(title=title),
        copyright_holder=name,
        language_team=language or "",
        creation_date=_NO_DATE,
        revision_date=_NO_DATE,
        charset="utf-8",
        fuzzy=False,
    )
    made.project, made.version = name, ""
    return made


def read_catalogue(file: Path) -> Catalog:
    """Read a .po file. Raises PoFileError, naming the line, where it is broken."""
    with file.open("rb") as opened:
        return read_po(opened, locale=file.stem if file.suffix == ".po" else None, abort_invalid=True)


def updated(file: Path, new: Catalog, name: str) -> Catalog:
    """Return a language's catalogue with exactly the texts of the template; no guesses, nothing obsolete."""
    catalogue = _empty(file.stem, name)
    if file.is_file():
        before = read_catalogue(file)
        _keep_plurals(catalogue, before)
        for message in before:
            if message.id and "fuzzy" not in message.flags:
                catalogue[message.id] = message
    catalogue.update(new, no_fuzzy_matching=True, update_header_comment=False, update_creation_date=False)
    catalogue.obsolete.clear()
    return catalogue


def _keep_plurals(catalogue: Catalog, of: Catalog) -> None:
    """Give a catalogue the formula that its translations were written for: versions of Babel differ in theirs."""
    catalogue.mime_headers = [("Plural-Forms", of.plural_forms)]


def written(catalogue: Catalog) -> bytes:
    """Return a catalogue as the file it is, with one place to a line."""
    for message in catalogue:
        # Babel would break lines inside a place that has a blank.
        message.locations = [(place.replace(" ", _BLANK), line) for place, line in message.locations]
        if "%(" not in str(message.id):
            message.flags.discard("python-format")
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=110, include_lineno=False)
    lines = []
    for line in buffer.getvalue().decode().splitlines():
        if line.startswith("#: "):
            lines += [f"#: {place}".replace(_BLANK, " ") for place in line[3:].split(" ")]
        elif not line.startswith(_UNSTEADY):
            lines.append(line.replace(f': {catalogue.project} \\n"', f': {catalogue.project}\\n"'))
    return ("\n".join(lines).rstrip("\n") + "\n").encode()


def refresh(source: Source, languages: Collection[str] = ()) -> list[Path]:
    """Write the template and every language's catalogue anew; give the files that changed."""
    source.locales.mkdir(exist_ok=True)
    new = template(source)
    contents = {source.locales / TEMPLATE: written(template(source))}
    for language in sorted({*languages, *languages_of(source)}):
        file = source.locales / f"{language}.po"
        contents[file] = written(updated(file, new, source.name))
    changed = [file for file, content in contents.items() if not file.is_file() or file.read_bytes() != content]
    for file in changed:
        file.write_bytes(contents[file])
    return changed


def languages_of(source: Source) -> list[str]:
    """Name the languages that have a catalogue."""
    return sorted(file.stem for file in source.locales.glob("*.po"))


def compile_catalogues(locales: Path) -> list[Path]:
    """Compile every .po file of a folder to the .mo beside it; give the .mo files.

    The guides' paragraphs are left out: they are read from the .po when pages are made, and nowhere else.
    """
    made = []
    for file in sorted(locales.glob("*.po")):
        whole = read_catalogue(file)
        catalogue = Catalog(locale=file.stem, project=whole.project, version="", charset="utf-8", fuzzy=False)
        catalogue.creation_date = catalogue.revision_date = _NO_DATE
        _keep_plurals(catalogue, whole)
        for message in whole:
            in_guides_only = all(place.startswith(GUIDES) for place, _ in message.locations) and message.locations
            if message.id and forms_of(message) and not message.fuzzy and not in_guides_only:
                catalogue.add(message.id, message.string)
        compiled, writing = file.with_suffix(".mo"), file.with_suffix(f".{os.getpid()}.tmp")
        with writing.open("wb") as opened:
            write_mo(opened, catalogue)
        # Whoever reads it meanwhile has the old one or the new one, whole.
        writing.replace(compiled)
        made.append(compiled)
    return made
