"""Nothing reaches a user past the catalogues: a language that marks what goes through them shows what does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hex_blocks import Registry
from hex_blocks.cli import cli
from hex_blocks.cli.base import CLICK_WORDS
from hex_blocks.dev.catalogues import is_worded
from hex_blocks.dev.doc_pages import pages
from hex_blocks.errors.classes import Fault, UnknownToolError, hex_error
from hex_blocks.errors.faults import FAULTS
from hex_blocks.errors.sentences import SENTENCES
from hex_blocks.errors.warnings import WARNINGS
from hex_blocks.hosts.javascript.data import core_data, expanded, runs_in_javascript
from hex_blocks.i18n.plurals import Plural
from hex_blocks.i18n.texts import sentence, text
from tests.calling import our_tools
from tests.pseudo import BEGIN, END, LANGUAGE, left_of, unmarked, without_marked, worded

PLACES = re.compile(r"\{(\w+)(?:![rs])?\}")


@pytest.mark.usefixtures("pseudo")
def test_what_is_marked_and_what_is_not_are_told_apart() -> None:
    assert text("Cancel a run", LANGUAGE) == f"{BEGIN}Cancel a run{END}"
    assert unmarked(f"{BEGIN}One {BEGIN}inside{END} another.{END} `code here` 12 https://hex.tech") == ""
    assert unmarked(f"{BEGIN}One{END} and more") == "and more"


@pytest.mark.usefixtures("pseudo")
@pytest.mark.parametrize("tool", our_tools().values(), ids=lambda tool: tool.id)
def test_a_tool_says_nothing_past_the_catalogues(tool: Any) -> None:
    spec = expanded(tool, examples=True)
    said = dict(worded(spec))

    assert said
    # Of a plugin's or Hex's own names, nothing is in a spec.
    assert {place: each for place, each in said.items() if unmarked(text(each, LANGUAGE))} == {}
    assert left_of(tool.input_schema(language=LANGUAGE)) == {}
    assert left_of(tool.output_schema(language=LANGUAGE)) == {}
    assert unmarked(tool.title(LANGUAGE)) == unmarked(tool.description(LANGUAGE)) == ""


@pytest.mark.usefixtures("pseudo")
@pytest.mark.parametrize("key", SENTENCES)
def test_an_error_says_nothing_past_the_catalogues(key: str) -> None:
    values = {name: 7 for part in SENTENCES[key][1:] for name in PLACES.findall(part) if name != "status"}
    error = hex_error(key, status=500, **values)

    assert unmarked(error.message(LANGUAGE)) == unmarked(error.hint(LANGUAGE)) == ""
    assert BEGIN in error.message(LANGUAGE)


@pytest.mark.usefixtures("pseudo")
@pytest.mark.parametrize(("table", "key"), [(each, key) for each in (FAULTS, WARNINGS) for key in each])
def test_a_fault_or_warning_says_nothing_past_the_catalogues(table: dict[str, str], key: str) -> None:
    values = dict.fromkeys(PLACES.findall(table[key]), 7)
    said = sentence(table[key], LANGUAGE, **values)

    assert unmarked(said) == ""
    if table is FAULTS:
        values.pop("input", None)
        assert unmarked(Fault("7", key, values).message(LANGUAGE)) == ""


@pytest.mark.usefixtures("pseudo")
def test_an_unknown_tool_says_nothing_past_the_catalogues() -> None:
    assert unmarked(UnknownToolError("7", ["hex_ask"]).message(LANGUAGE)) == ""


@pytest.mark.usefixtures("pseudo")
def test_the_words_of_click_are_in_the_catalogues() -> None:
    worded = [words for words in CLICK_WORDS if is_worded(words)]

    assert [words for words in worded if unmarked(text(words, LANGUAGE)) or BEGIN not in text(words, LANGUAGE)] == []
    plurals = [words for words in worded if isinstance(words, Plural)]
    assert [words for words in plurals if unmarked(text(words, LANGUAGE, 1))] == []


def commands(command: Any = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))


COMMANDS = sorted({(), *((name,) for name in cli.list_commands(None)), *commands()})  # type: ignore[arg-type]


@pytest.mark.usefixtures("pseudo")
@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_says_nothing_past_the_catalogues(path: tuple[str, ...]) -> None:
    done = CliRunner().invoke(
        cli, [*path, "--help"], prog_name="hex-blocks", env={"LANGUAGE": LANGUAGE, "COLUMNS": "4000"}
    )
    assert done.exit_code == 0, done.output

    bare = without_marked(COMMAND_LINE.sub("", done.output))
    assert [line for line in bare.splitlines() if is_worded(SYNTAX.sub(" ", line))] == []


# A command line that is an example of a call.
COMMAND_LINE = re.compile(r"^ {4}(?:hex-blocks|pass show) .*$", re.MULTILINE)
# Options with what they take, commands' names before what they do, notes of defaults, and metavariables.
SYNTAX = re.compile(
    r"--?[\w-]+(?:[ =][A-Z|]{1,20}\b)?|\[[^\]⟦⟧]*\]|^\s{2,}[a-z][\w-]*(?=\s{2,})"
    r"|\b[A-Z][A-Z_|]+\b|<[^>]*>|\bhex-blocks(?: [a-z-]+)*"
)


@pytest.mark.usefixtures("pseudo")
@pytest.mark.parametrize("experimental", [False, True])
def test_the_javascript_core_is_told_in_the_language(experimental: bool) -> None:
    tools = [tool for tool in our_tools().values() if runs_in_javascript(tool) and tool.experimental == experimental]
    data = core_data(our_tools(), tools, [LANGUAGE])

    known = data["texts"][LANGUAGE]
    assert {place: each for place, each in worded(data["tools"]) if each not in known and unmarked(each)} == {}
    assert str(known).count(BEGIN) >= len(known)


@pytest.mark.usefixtures("pseudo")
def test_pages_say_nothing_past_the_catalogues(pseudo: Path) -> None:
    made = pages(Registry.load(plugins=False), LANGUAGE, pseudo)

    left = {
        f"{path}:{number}": rest
        for path, content in made.items()
        for number, line in enumerate(without_code(content), 1)
        if (rest := unmarked(line))
    }

    assert left == {}


# The names of JSON's types are the same everywhere, and so is what languages call themselves.
TYPES = re.compile(r"\b(?:string|integer|number|boolean|object|array|any)\b(?: \([a-z0-9-]+\))?|English · \w+")


def without_code(content: str) -> list[str]:
    bare = re.sub(r"^ *```.*?^ *```", "", content, flags=re.MULTILINE | re.DOTALL)
    bare = re.sub(r"\]\([^)]*\)|<a id=\"[^\"]*\"></a>|<!--.*?-->", "", bare, flags=re.DOTALL)
    return TYPES.sub(" ", bare).splitlines()
