"""Generates the documentation pages from specs, errors and guides, in every language.

The pages are docs/<language>/index.md, errors.md, tools/<group>.md and guides/<guide>.md. Texts without a translation
are in English and marked as such.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from babel import Locale
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hex_blocks.api.limits.groups import ALL, HEX_LIMITS
from hex_blocks.dev.catalogues import is_worded, read_catalogue
from hex_blocks.dev.guides import in_words, title_of
from hex_blocks.dev.possible_errors import EVERYWHERE, possible_errors, reported_errors, requests
from hex_blocks.errors.classes import BusyError, HexDownError, HexError, InputError, NotFoundError, RunError, TokenError
from hex_blocks.errors.faults import FAULTS
from hex_blocks.errors.sentences import BY_STATUS, SENTENCES
from hex_blocks.i18n.formats import colon, full_stop, number
from hex_blocks.i18n.plurals import MANY, Plural, count_in
from hex_blocks.i18n.texts import SOURCE_LANGUAGE, text
from hex_blocks.tools.registry import Registry
from hex_blocks.tools.spec.tool import Example, Request
from hex_blocks.tools.spec.values import InputField, OutputField
from hex_blocks.tools.tool import Tool

NOT_TRANSLATED = " <sup>en</sup>"
ENTRIES = Plural("{range} entry", "{range} entries", "last")
CHARACTERS = Plural("{range} character", "{range} characters", "last")
KINDS: tuple[type[HexError], ...] = (InputError, TokenError, NotFoundError, BusyError, HexDownError, RunError)
# The order of how-to guides. A guide that is not listed is about an integration and comes after them.
GUIDES = (
    "getting-started",
    "running-notebooks",
    "automated-reporting",
    "data-pipelines",
    "parameter-driven-analysis",
    "monitoring-and-alerting",
    "limits-and-retries",
    "from-one-machine-to-many",
    "tokens-and-security",
    "troubleshooting",
    "writing-a-plugin",
    "adding-a-host",
)
_TEST_MARK = re.compile(r"^<!-- test(?:: \w+)? -->\n", re.MULTILINE)
_LINE_BREAK = re.compile(r"\s*\n\s*")
_CODE_SPAN = re.compile(r"(`[^`]*`)")
_SPECIAL = re.compile(r"[\\|<*\[\]]|(?<!\w)_|_(?!\w)")
_PLAIN_VALUE = re.compile(r"[^\s\"'\\{}\[\]$`!*?;&|<>()#~]+")


@dataclass(frozen=True)
class Row:
    """A row of a table of inputs or outputs."""

    name: str
    depth: int
    type: Markup
    required: bool
    nullable: bool
    default: Markup
    allowed: Markup
    description: str


class Guide(NamedTuple):
    """A guide: the name of its file, its English title and its Markdown."""

    name: str
    title: str
    markdown: str


class Words:
    """The texts of pages in a language. Those without a translation are English and marked."""

    def __init__(self, language: str, locales: Path) -> None:
        self.language = language
        self._file = locales / f"{language}.po"

    @cached_property
    def _translations(self) -> Mapping[str, str]:
        if not self._file.is_file():
            return {}
        return {
            str(message.id): str(message.string)
            for message in read_catalogue(self._file)
            if message.id and message.string and not message.fuzzy and not message.pluralizable
        }

    def found(self, english: str, count: float = MANY) -> str | None:
        """Return the translation of a text, or None. `count` is the number that selects the form of a Plural."""
        if self.language == SOURCE_LANGUAGE or not is_worded(english):
            return text(english, None, count)
        compiled = text(english, self.language, count)
        untold = text(english, None, count)
        return self._translations.get(english) or (compiled if compiled != untold else None)

    def say(self, english: str, **values: object) -> Markup:
        """Return a text as Markdown, with its placeholders filled."""
        count = count_in(values, english.by) if isinstance(english, Plural) else MANY
        words = self.found(english, count)
        said = escaped(text(english, None, count) if words is None else words)
        filled = said.format(**{name: escaped(value) for name, value in values.items()}) if values else said
        return markdown(filled + NOT_TRANSLATED if words is None else filled)

    def say_markdown(self, english: str) -> str:
        """Return a text that is Markdown itself."""
        words = self.found(english)
        return english + NOT_TRANSLATED if words is None else words

    def number(self, value: float) -> str:
        """Return a number in the format of the language."""
        return number(value, self.language)


def markdown(written: str) -> Markup:
    """Return Markdown marked as such, so that it is not escaped."""
    return Markup(written)  # noqa: S704 - Markdown of ours; what comes from specs has been escaped


def escaped(value: object) -> str:
    """Return text escaped for Markdown, also inside a table. Code spans are unchanged."""
    if isinstance(value, Markup):
        return str(value)
    parts = _CODE_SPAN.split(_LINE_BREAK.sub(" ", str(value)))
    return "".join(part.replace("|", r"\|") if part.startswith("`") else _SPECIAL.sub(_escape, part) for part in parts)


def _escape(found: re.Match[str]) -> str:
    return "&lt;" if found.group() == "<" else f"\\{found.group()}"


def code(value: object) -> Markup:
    """Return a value as inline code."""
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return markdown(f"`{shown}`".replace("|", r"\|"))


def pages(registry: Registry, language: str, sources: Path) -> dict[str, str]:
    """Return all pages of a language: their content by path below docs/<language>/.

    Args:
        registry: The tools.
        language: The language.
        sources: The repository, for guides and catalogues.
    """
    words = Words(language, sources / "locales")
    environment = _environment(words)
    guides = _guides(sources / "docs" / "guides")
    shown = {name: [tool for tool in registry.values() if tool.group == name] for name in registry.groups}
    common = {"registry": registry, "tools": shown, "language": language}
    made = {
        "index.md": environment.get_template("index.md.j2").render(
            common,
            guides=[guide for guide in guides if guide.name in GUIDES],
            integrations=[guide for guide in guides if guide.name not in GUIDES],
            languages=names_of(all_languages(sources)),
        ),
        "errors.md": environment.get_template("errors.md.j2").render(
            common, kinds=_errors_by_kind(), statuses=BY_STATUS, faults=FAULTS, everywhere=EVERYWHERE
        ),
    }
    group_page = environment.get_template("group.md.j2")
    for name, tools in shown.items():
        made[f"tools/{name}.md"] = group_page.render(common, name=name, group=registry.block.groups[name], shown=tools)
    made = {path: _tidied(content) for path, content in made.items()}
    for guide in guides:
        made[f"guides/{guide.name}.md"] = in_words(_TEST_MARK.sub("", guide.markdown), words.say_markdown)
    return made


def navigation(made: Iterable[str], language: str) -> list[dict[str, Any]]:
    """Return the navigation of pages: each section's title with its page or pages."""
    paths = list(made)
    guides = [path for path in paths if path.startswith("guides/")]
    return [
        {text("Overview", language): "index.md"},
        {text("How-to guides", language): [path for path in guides if Path(path).stem in GUIDES]},
        {text("Integrations", language): [path for path in guides if Path(path).stem not in GUIDES]},
        {text("Tools", language): [path for path in paths if path.startswith("tools/")]},
        {text("Errors", language): "errors.md"},
    ]


def switches(language: str) -> dict[str, str]:
    """Return the labels of the light and dark switch, by the mode in which each is shown."""
    return {"light": text("Switch to dark mode", language), "dark": text("Switch to light mode", language)}


def write(folder: Path, made: Mapping[str, str]) -> list[Path]:
    """Write the pages of a language, delete obsolete ones, and return the files that changed."""
    changed = list(stale(folder, made))
    for file in changed:
        path = file.relative_to(folder).as_posix()
        if path in made:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(made[path], encoding="utf-8", newline="\n")
        else:
            file.unlink()
    return changed


def stale(folder: Path, made: Mapping[str, str]) -> Iterator[Path]:
    """Yield the pages of a language that are missing, different or obsolete."""
    for path, content in made.items():
        file = folder / path
        if not file.is_file() or file.read_text(encoding="utf-8") != content:
            yield file
    yield from (file for file in sorted(folder.rglob("*.md")) if file.relative_to(folder).as_posix() not in made)


def all_languages(sources: Path) -> list[str]:
    """Return the languages that have pages."""
    return [SOURCE_LANGUAGE, *sorted(file.stem for file in (sources / "locales").glob("*.po"))]


def names_of(languages: Iterable[str]) -> dict[str, str]:
    """Return the name of every language in that language."""
    names = {language: Locale.parse(language).display_name or language for language in languages}
    return {language: name[:1].upper() + name[1:] for language, name in names.items()}


def _guides(folder: Path) -> list[Guide]:
    """Return the guides in their order: those that are not named by their titles."""
    read = {file.stem: file.read_text(encoding="utf-8") for file in folder.glob("*.md")}
    guides = [Guide(name, title_of(markdown), markdown) for name, markdown in read.items()]
    place = {name: number for number, name in enumerate(GUIDES)}
    return sorted(guides, key=lambda guide: (place.get(guide.name, len(GUIDES)), guide.title.casefold()))


def _errors_by_kind() -> dict[str, list[tuple[str, str, str]]]:
    return {
        kind.kind: [(key, each.message, each.hint) for key, each in SENTENCES.items() if each.kind == kind.kind]
        for kind in KINDS
    }


def _environment(words: Words) -> Environment:
    made = Environment(
        loader=PackageLoader("hex_blocks.dev"),
        undefined=StrictUndefined,
        # Everything is escaped for Markdown unless it is marked as Markdown; autoescape would escape it for HTML.
        finalize=escaped,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals |= {
        "say": words.say,
        "code": code,
        "colon": lambda: colon(words.language),
        "full_stop": lambda: full_stop(words.language),
        "inputs_of": lambda tool: list(_rows(tool.spec.inputs, words)),
        "outputs_of": lambda tool: list(_rows(tool.spec.outputs, words)),
        "errors_of": possible_errors,
        "reported_of": reported_errors,
        "requests_of": requests,
        "limits_of": lambda request: _limits(request, words),
        "all_limits": lambda: _limit(ALL, words),
        "command_of": command,
        "to_json": lambda value: markdown(json.dumps(value, indent=2, ensure_ascii=False)),
        "link": lambda english, target: markdown(f"[{words.say(english)}]({target})"),
    }
    return made


def _rows(fields: Mapping[str, Any], words: Words, depth: int = 0) -> Iterator[Row]:
    for name, field in fields.items():
        value: InputField | OutputField = field
        default = getattr(value, "default", None)
        yield Row(
            name=name,
            depth=depth,
            type=_type(value),
            required=getattr(value, "required", False),
            nullable=value.nullable,
            default=code(default) if default is not None else markdown(""),
            allowed=_allowed(value, words),
            description=value.description,
        )
        nested = value.fields or (value.items.fields if value.items else None)
        if nested:
            yield from _rows(nested, words, depth + 1)


def _type(value: InputField | OutputField) -> Markup:
    if value.type == "array":
        return markdown(f"{_type(value.items)}[]" if value.items else "array")
    return markdown(f"{value.type} ({value.format})" if value.format else value.type)


def _allowed(value: InputField | OutputField, words: Words) -> Markup:
    entry = value.items if value.items is not None else value
    parts = [", ".join(map(code, entry.enum))] if entry.enum else []
    if bounds := _between(value.minimum, value.maximum, words):
        parts.append(bounds)
    if length := _between(value.min_length, value.max_length, words):
        unit = ENTRIES if value.type == "array" else CHARACTERS
        # The word after a range agrees with its last number.
        last = value.min_length if value.max_length is None else value.max_length
        parts.append(words.say(unit, range=length, last=last))
    return markdown("; ".join(parts))


def _between(least: float | None, most: float | None, words: Words) -> str:
    if least is not None and most is not None:
        return f"{words.number(least)}–{words.number(most)}"
    if least is not None:
        return f"≥ {words.number(least)}"
    return f"≤ {words.number(most)}" if most is not None else ""


def _limits(request: Request, words: Words) -> Markup:
    if (group := request.limit_group) is None:
        return markdown("")
    numbers = _limit(group, words)
    return markdown(f"{code(group)} ({numbers})") if numbers else code(group)


def _limit(group: str, words: Words) -> Markup:
    said: dict[int, Callable[[str], Markup]] = {
        60: lambda count: words.say("{count} a minute", count=count),
        3600: lambda count: words.say("{count} an hour", count=count),
    }
    return markdown(", ".join(said[seconds](words.number(count)) for count, seconds in HEX_LIMITS[group]))


def command(tool: Tool, example: Example) -> Markup:
    """Return an example as a call on the command line, with line breaks if it is long."""
    words = [f"hex-blocks call {tool.id}", *_given(example.inputs, "")]
    line = " ".join(words)
    return markdown(line if len(line) <= 110 else " \\\n    ".join(words))


def _given(inputs: Mapping[str, Any], parent: str) -> Iterator[str]:
    for name, value in inputs.items():
        if isinstance(value, str) and value.strip():
            given = f"{parent}{name}={value}"
        elif isinstance(value, dict) and value and all(re.fullmatch(r"\w+", part) for part in value):
            yield from _given(value, f"{parent}{name}.")
            continue
        else:
            given = f"{parent}{name}:={json.dumps(value, ensure_ascii=False)}"
        yield given if _PLAIN_VALUE.fullmatch(given) else shlex.quote(given)


def _tidied(content: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", content).strip("\n") + "\n"
