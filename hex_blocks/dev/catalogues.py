"""Extracts the texts for translation, and updates and compiles the catalogues, with Babel.

`locales/hex_blocks.pot` has every English text that users see, `locales/<language>.po` its translations, and
`<language>.mo` is read at run time. Each text is listed once, with the places where it is shown
(`tool_specs/hex_cancel_run.json title`) but without line numbers, so that catalogues only change when texts do.

This module only imports i18n/ from the project, because hatch_build.py runs it while the package is built.
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
# How many places of a text are listed; some texts have sixty.
MOST_PLACES = 3

# The functions whose arguments are texts, in Python and in templates, and the class of texts with two forms.
SAYING = ("text", "say", "phrase", "sentence")
COUNTING = ("Plural", "plural")
# Tables whose values are all texts.
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
# Keys of specs whose values are texts, except inside examples.
WORDED = ("title", "description", "tagline", "category")
# Keys of specs whose values are objects with names as keys.
NAMED = ("inputs", "outputs", "fields", "groups", "connection")
NOT_WORDS = ("$comment", "modelHint", "example", "default", "request", "reply", "inputs", "outputs")

_WORD = re.compile(r"[^\W\d_]{2,}")
# Names of products and formats, which are the same in every language.
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
# Headers that differ by day, machine or version of Babel.
_UNSTEADY_NAMES = ("POT-Creation", "PO-Revision", "Last-Trans", "Report-Msgid", "Generated-By", "Language-Team")
_UNSTEADY = tuple(f'"{name}' for name in _UNSTEADY_NAMES)
# A fixed date, so that catalogues only change when texts do.
_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)

Said = tuple[int, None, str, list[str]]


class Source(NamedTuple):
    """The source of texts: this repository, or a plugin's package."""

    root: Path
    name: str = "hex_blocks"
    # Returns the texts of the command line's help, each with its place.
    help_texts: Callable[[], Iterable[tuple[str, str]]] = tuple

    @property
    def is_ours(self) -> bool:
        """Whether it is this repository."""
        return (self.root / "hex_blocks").is_dir()

    @property
    def locales(self) -> Path:
        """The folder of the catalogues."""
        return self.root / "locales"


def template(source: Source) -> Catalog:
    """Return a catalogue of all texts of a repository or of a plugin's package."""
    catalogue = _empty(None, source.name)
    for english, place in every_text(source):
        if is_worded(english):
            key = key_of(english)
            known = catalogue.get(key)
            named = () if known and len(known.locations) >= MOST_PLACES else [(place, None)]
            catalogue.add(key, locations=named)  # type: ignore[arg-type]
    return catalogue


def key_of(english: str) -> str | tuple[str, str]:
    """Return the key of a text in a catalogue: the text, or both forms of a Plural."""
    return (english.one, str(english)) if isinstance(english, Plural) else english


def english_of(message: Message) -> str:
    """Return the English of an entry: a Plural if it has two forms."""
    return Plural(*message.id) if isinstance(message.id, tuple | list) else str(message.id)


def forms_of(message: Message) -> tuple[str, ...]:
    """Return the translations of an entry: one, or all plural forms; empty if one of them is missing."""
    said = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return tuple(map(str, said)) if said and all(said) else ()


def every_text(source: Source) -> Iterator[tuple[str, str]]:
    """Yield every text with its place, in the order of the catalogue."""
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
    """Return whether a text has words to translate, apart from names, code and placeholders."""
    return bool(_WORD.search(_NO_WORDS.sub(" ", english)))


def _in_file(method: Any, file: Path, root: Path) -> Iterator[tuple[str, str]]:
    place = file.relative_to(root).as_posix()
    keywords: dict[str, Any] = dict.fromkeys(SAYING) | dict.fromkeys(COUNTING, (1, 2))
    with file.open("rb") as opened:
        for _line, english, comments, _context in extract(method, opened, keywords, options={"trimmed": "true"}):
            key = f" {comments[0]}" if comments and callable(method) else ""
            yield (english if isinstance(english, str) else Plural(*english[:2])), place + key


def _from_spec(file: IO[bytes], _keywords: Any, _tags: Collection[str], options: Mapping[str, Any]) -> Iterator[Said]:
    """Extract the texts of a spec, a block file or a plugin's groups.json. The comment is the text's key."""
    yield from _from_value(json.load(file), "")


def _from_value(value: Any, key: str, *, are_names: bool = False) -> Iterator[Said]:
    """Extract the texts of a part of a spec. `are_names`: its keys are names of inputs, outputs or groups."""
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
    """Extract the texts of calls and of tables in Python. The comment is the key in the table."""
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
    """Return the texts in an expression: a constant, a conditional, a call or a table, without keyword arguments."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and node.value:
            yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _constants(node.body)
        yield from _constants(node.orelse)
    elif isinstance(node, ast.Call):
        if getattr(node.func, "id", "") in COUNTING:
            # A Plural whose forms are not constants is extracted elsewhere.
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
    """Return the catalogue in a .po file.

    Raises:
        PoFileError: The file is broken; the error names the line.
    """
    with file.open("rb") as opened:
        return read_po(opened, locale=file.stem if file.suffix == ".po" else None, abort_invalid=True)


def updated(file: Path, new: Catalog, name: str) -> Catalog:
    """Return a language's catalogue with exactly the texts of the template, without fuzzy and obsolete entries."""
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
    """Set the plural formula of a catalogue to the one in the file, because versions of Babel have different ones."""
    catalogue.mime_headers = [("Plural-Forms", of.plural_forms)]


def written(catalogue: Catalog) -> bytes:
    """Return a catalogue as the text of its file, with one place per line."""
    for message in catalogue:
        # Babel would break lines at spaces inside a place.
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
    """Write the template and all catalogues, and return the files that changed."""
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
    """Return the languages that have a catalogue."""
    return sorted(file.stem for file in source.locales.glob("*.po"))


def compile_catalogues(locales: Path) -> list[Path]:
    """Compile all .po files of a folder to .mo files, and return those.

    The paragraphs of guides are left out: pages read them from the .po file, and nothing else does.
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
        # Replaced atomically, because another process may be reading it.
        writing.replace(compiled)
        made.append(compiled)
    return made
