"""What all commands share: help, usage and errors in the user's language, including click's own texts.

Docstrings and options of commands are English. Texts are translated when they are shown, which costs nothing in
English.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click

from hex_blocks.i18n.formats import colon, full_stop
from hex_blocks.i18n.plurals import Plural
from hex_blocks.i18n.texts import (
    FULL_WIDTH_ENDS,
    SOURCE_LANGUAGE,
    current_language,
    nearest,
    sentence,
    set_language,
    text,
)

# The help of the option --help. click creates it once for each command and caches it.
HELP = "Show this message and exit."
# Texts of click itself, in the supported versions.
CLICK_WORDS = (
    "Usage:",
    "Options",
    "Commands",
    "Positional arguments",
    HELP,
    "Show the version and exit.",
    "%(prog)s, version %(version)s",
    "required",
    "default: {default}",
    "(dynamic)",
    "Error: {message}",
    "Try '{command} {option}' for help.",
    "Missing command.",
    "No such command {name!r}.",
    "No such option {name!r}.",
    "No such option: {name}",
    Plural("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
    "Missing argument",
    "Missing option",
    "Missing parameter",
    "Choose from:\n\t{choices}",
    "Invalid value: {message}",
    "Invalid value for {param_hint}: {message}",
    Plural("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
    Plural("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments."),
    "Option {name!r} does not take a value.",
    Plural("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
    "{value!r} is not a valid {number_type}.",
    "{value} is not in the range {range}.",
    "{name} {filename!r} does not exist.",
    "{name} {filename!r} is a file.",
    "{name} {filename!r} is a directory.",
    "{name} {filename!r} is not readable.",
    "{name} {filename!r} is not writable.",
    "Could not open file {filename!r}: {message}",
    "File",
    "Directory",
    "Path",
    "file",
    "directory",
    "path",
    "integer",
    "float",
    "Error: invalid input",
    "Aborted!",
)
_SPEAKING = ("core", "decorators", "exceptions", "formatting", "parser", "termui", "types")
# The least number of columns for the description of a term.
NARROWEST = 20
_ENTRY = re.compile(r"(?P<term>\S+\s{2,})?(?P<words>.*)")
_NOTES = re.compile(r"(?P<words>.*?)(?P<notes>(?:  \[[^\]]*\])?)", re.DOTALL)

Say = Callable[[str], str]


def say(english: str, **values: Any) -> str:
    """Return a sentence in the language of this command line."""
    return sentence(english, current_language(), **values)


def blocks(help_text: str, say: Say) -> Iterator[tuple[bool, list[str]]]:
    r"""Return the paragraphs of a help text: whether its lines stay as they are, and the lines, through `say`.

    In a block that begins with \b, indented lines are command lines and are not said; others are headings, or a
    term with two blanks and what it means.
    """
    for block in re.split(r"\n\s*\n", inspect.cleandoc(help_text).partition("\f")[0]):
        lines = block.splitlines()
        if lines and lines[0].strip() == "\b":
            yield True, [_raw(line, say) for line in lines[1:]]
        elif lines:
            yield False, [say(" ".join(line.strip() for line in lines))]


def _raw(line: str, say: Say) -> str:
    if line.startswith(" ") or not (entry := _ENTRY.fullmatch(line)):
        return line
    return (entry["term"] or "") + say(entry["words"])


def help_texts(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    """Return every text in the help of a command and of those below it, each with where it is shown."""
    context = click.Context(command, info_name=path)
    said: list[str] = []
    for part in (command.help, command.epilog):
        for _ in blocks(part or "", lambda english: said.append(english) or ""):  # type: ignore[func-returns-value]
            pass
    yield from ((english, path) for english in said)
    for option in command.get_params(context):
        if english := getattr(option, "help", None):
            yield english, f"{path} {max(option.opts, key=len)}"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield in_short(below), f"{path} {name}"
                yield from help_texts(below, f"{path} {name}")


def in_short(command: click.Command) -> str:
    """Return the first sentence of a command's help, for lists of commands."""
    return command.get_short_help_str(limit=10_000)


def experimental_option(function: Any) -> Any:
    """Add --experimental."""
    return click.option(
        "--experimental",
        is_flag=True,
        help="Also tools whose form Hex has not confirmed.",
    )(function)


def _log_requests(_context: click.Context, _option: click.Parameter, asked: bool) -> None:
    if asked:
        import logging

        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger = logging.getLogger("hex_blocks.api")
        logger.handlers = [handler]
        logger.setLevel(logging.DEBUG)


def verbose_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --verbose, which the command does not have to handle."""
    option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
        "--verbose",
        is_flag=True,
        expose_value=False,
        callback=_log_requests,
        help="Log each request to Hex on stderr, without the token.",
    )
    return option(function)


quiet_option = click.option("--quiet", "-q", is_flag=True, help="Show no progress.")


def complete_language(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Return the languages that begin with a text."""
    from hex_blocks.i18n.texts import languages

    return [each for each in languages() if each.startswith(incomplete)]


def language_option(function: Any, *, told: bool = True) -> Any:
    """Add --language. `told`: whether the command gets the language as an argument; output follows it in any case."""
    return click.option(
        "--language",
        metavar="L",
        shell_complete=complete_language,
        callback=_known_language,
        expose_value=told,
        help="Language of titles and texts, such as de or pt-BR.",
    )(function)


def _known_language(_context: click.Context, _option: click.Parameter, value: str | None) -> str:
    if value is None:
        return current_language()
    found = nearest(value)
    if found is None:
        from hex_blocks.i18n.texts import languages

        raise click.BadParameter(
            say("There is no {language}; there are {known}.", language=value or '""', known=", ".join(languages()))
        )
    return found


class Formatter(click.HelpFormatter):
    """Writes help in the user's language, breaking lines also where there are no blanks between words."""

    def write_heading(self, heading: str) -> None:
        """Write a translated heading."""
        self.write(f"{'':>{self.current_indent}}{heading}{colon(current_language()).rstrip()}\n")

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the usage line."""
        usage = say("Usage:") if prefix is None else prefix.rstrip()
        super().write_usage(prog, args, usage if usage.endswith(FULL_WIDTH_ENDS) else f"{usage} ")

    def write_text(self, text: str) -> None:
        """Write a help text by paragraphs."""
        indent = " " * self.current_indent
        width = self.width - self.current_indent
        paragraphs = []
        for raw, lines in blocks(text, _one):
            shown = [part for line in lines for part in _entry(line, width)] if raw else wrapped(lines[0], width)
            paragraphs.append("\n".join(indent + line for line in shown))
        self.write("\n\n".join(paragraphs) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write options or commands with their descriptions."""
        if current_language() == SOURCE_LANGUAGE:
            super().write_dl(rows, col_max, col_spacing)
            return
        rows = list(rows)
        column = min(max(_columns(term) for term, _ in rows), col_max) + col_spacing
        indent = " " * self.current_indent
        for term, meaning in rows:
            parts = _NOTES.fullmatch(meaning)
            words = _one(parts["words"]) + parts["notes"] if parts else meaning
            lines = wrapped(words, max(self.width - column - 2, 10))
            room = column - _columns(term)
            first = term + " " * room if room >= col_spacing else f"{term}\n{indent}{' ' * column}"
            joined = f"\n{indent}{' ' * column}".join(lines)
            self.write(f"{indent}{first}{joined}".rstrip() + "\n")


def _entry(line: str, width: int) -> list[str]:
    """Wrap a line of a list of terms so that descriptions stay in their column. A command line is not wrapped."""
    entry = _ENTRY.fullmatch(line)
    term = entry["term"] if entry else None
    if line.startswith(" ") or not entry or not term:
        return [line]
    first, *more = wrapped(entry["words"], max(width - len(term), NARROWEST))
    return [term + first, *(" " * len(term) + each for each in more)]


class Context(click.Context):
    """A context whose help is in the user's language."""

    formatter_class = Formatter


class Group(click.Group):
    """A group whose help, and that of the commands in it, is in the user's language."""

    context_class = Context

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Create the context and set the language that the command line requests."""
        if parent is None:
            set_language(requested_language(args) or _configured_language())
            if current_language() != SOURCE_LANGUAGE:
                _translate_click()
        return super().make_context(info_name, args, parent, **extra)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command."""
        command = super().get_command(ctx, cmd_name)
        return command and localized(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with the full first sentence of each."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, in_short(command)) for name, command in commands if command and not command.hidden]
        if rows:
            with formatter.section(say("Commands")):
                formatter.write_dl(rows)


class Command(click.Command):
    """A command whose help is in the user's language."""

    context_class = Context


def localized(command: click.Command) -> click.Command:
    """Return a command whose help is in the user's language."""
    command.context_class = Context
    return command


def _configured_language() -> str | None:
    """Return the language set in config.toml, or None."""
    from hex_blocks.api.configuration import CONFIG, configuration
    from hex_blocks.errors.classes import HexError

    try:
        wanted = configuration().get("language")
    except HexError:
        # Commands that need the file report what is wrong with it; here it is ignored.
        return None
    found = nearest(wanted) if wanted else None
    if wanted and found is None:
        from hex_blocks.i18n.texts import languages

        known = ", ".join(languages())
        click.echo(say("Note: language in {file} is not one of {known}.", file=CONFIG, known=known), err=True)
    return found


def requested_language(args: list[str]) -> str | None:
    """Return the language that the option --language requests anywhere in a command line, or None if it is unknown.

    Help and errors are in that language even if the option comes last.
    """
    found = None
    for number, arg in enumerate(args):
        if arg == "--":
            break
        if arg == "--language" and number + 1 < len(args):
            found = nearest(args[number + 1]) or found
        elif arg.startswith("--language="):
            found = nearest(arg.partition("=")[2]) or found
    return found


def wrapped(words: str, width: int) -> list[str]:
    """Wrap text to a width in terminal columns; a Han, Kana or Hangul character takes two."""
    lines, line, columns = [], "", 0
    for part in _breakable(words):
        size = _columns(part)
        if columns + _columns(part.rstrip()) > width and line.strip():
            lines.append(line.rstrip())
            line, columns = "", 0
            part = part.lstrip()
            size = _columns(part)
        line, columns = line + part, columns + size
    return [*lines, line.rstrip()]


def _breakable(words: str) -> list[str]:
    """Split text where a line may end: after a space, and around wide characters except before punctuation."""
    return re.findall(
        r"(?:[\u2e80-\u9fff\uf900-\ufaff\u3000-\u30ff]|[^\s\u2e80-\u9fff\uf900-\ufaff]+)"
        r"(?:\s*[、。，．」』）：；！？々ー])*\s*|\s+",
        words,
    )


def _columns(words: str) -> int:
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(character) in "WF" else 1 for character in words)


def _translate_click() -> None:
    """Translate click's own texts with our catalogues, because click's gettext domain cannot follow --language."""
    from importlib import import_module

    for name in _SPEAKING:
        module = import_module(f"click.{name}")
        for function, ours in (("_", _by_click), ("ngettext", _plural)):
            if hasattr(module, function):
                setattr(module, function, ours)
    click.MissingParameter.format_message = _missing  # type: ignore[method-assign, assignment]


_MISSING_BY_CLICK = click.MissingParameter.format_message


def _missing(error: click.MissingParameter) -> str:
    """Return the sentence for a missing parameter, to which click itself appends the quoted name."""
    stop = full_stop(current_language())
    return _MISSING_BY_CLICK(error).replace("'. ", f"'{stop}").replace("'.", f"'{stop.rstrip()}")


def _by_click(english: str) -> str:
    """Return a text of click in the user's language; a text that click caches stays English and is translated later."""
    return english if english == HELP else _one(english)


def _one(english: str) -> str:
    return text(english, current_language())


def _plural(one: str, many: str, count: int) -> str:
    return text(Plural(one, many), current_language(), count)
