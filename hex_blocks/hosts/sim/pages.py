"""Generates the pages of Sim's documentation, in all of its languages that we have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hex_blocks.hosts.sim.block import COLOR, DESCRIPTION, LONG
from hex_blocks.hosts.sim.operations import Operation
from hex_blocks.hosts.sim.tools import WARNED, outputs, parameters
from hex_blocks.hosts.sim.trigger import DESCRIPTION as TRIGGER_DESCRIPTION
from hex_blocks.hosts.sim.trigger import TRIGGER, trigger_fields, trigger_outputs
from hex_blocks.i18n.texts import languages, phrase, text
from hex_blocks.tools.registry import Registry

# The language codes of Sim's documentation, by our codes.
LANGUAGES = {"en": "en", "de": "de", "es": "es", "fr": "fr", "ja": "ja", "zh_Hans": "zh"}
INTRODUCTION = (
    phrase(
        "Hex is a platform for data notebooks: people analyze data with SQL and Python in them, and publish the result "
        "as an app that others use."
    ),
    phrase("With this block, a workflow or an agent can:"),
)
ABILITIES = (
    phrase("Run a project with parameters, wait for the run, and continue with its status and its charts."),
    phrase("Start when a run has ended, whoever started it."),
    phrase("Find projects by their titles, and see their runs and the warehouse tables that they query."),
    phrase("Ask Hex's agent, and read and write the cells of a notebook."),
    phrase("Manage collections, groups, users and who may see a project."),
)
USAGE = phrase("Usage instructions")
TOOLS = phrase("Tools")
_SPECIAL = re.compile(r"[\\{}<>|()\[\]]")


def pages(shown: Sequence[Operation], registry: Registry) -> dict[str, bytes]:
    """Return the pages, by path in Sim's repository."""
    known = [language for language in languages() if language in LANGUAGES]
    return {
        f"apps/docs/content/docs/{LANGUAGES[language]}/integrations/hex.mdx": page(shown, registry, language).encode()
        for language in known
    }


def page(shown: Sequence[Operation], registry: Registry, language: str) -> str:
    """Return the page in a language."""

    def say(words: str) -> str:
        return _plain(text(words, language))

    parts = [
        f"---\ntitle: Hex\ndescription: {text(DESCRIPTION, language)}\n---\n",
        'import { BlockInfoCard } from "@/components/ui/block-info-card"\n',
        f'<BlockInfoCard\n  type="hex"\n  color="{COLOR}"\n  name="Hex"\n  href="https://hex.tech"\n/>\n',
        "{/* MANUAL-CONTENT-START:intro */}",
        "\n\n".join(say(words) for words in INTRODUCTION) + "\n",
        "".join(f"- {say(words)}\n" for words in ABILITIES) + "{/* MANUAL-CONTENT-END */}\n",
        f"## {say(USAGE)}\n",
        f"{say(LONG)}\n",
        f"## {say(TOOLS)}\n",
        *(_tool(operation, language) for operation in sorted(shown, key=lambda each: each.tool.id)),
        f"## {say(phrase('Trigger'))}\n",
        _trigger(registry, language),
    ]
    return "\n".join(parts)


def _tool(operation: Operation, language: str) -> str:
    given = [(name, each["type"], each["required"], each) for name, each in parameters(operation, language).items()]
    made = {name: each for name, each in outputs(operation, language).items() if name != WARNED}
    return _section(operation.tool.id, operation.tool.description(language), given, made, language)


def _trigger(registry: Registry, language: str) -> str:
    fields = [each for each in trigger_fields(registry, language) if each["type"] != "text"]
    given = [(each["id"], "string", each["required"], each) for each in fields]
    about = text(TRIGGER_DESCRIPTION, language)
    return _section(TRIGGER, about, given, trigger_outputs(registry, language), language)


def _section(
    name: str, about: str, given: Sequence[tuple[str, str, bool, Mapping[str, Any]]], made: Mapping[str, Any], lang: str
) -> str:
    yes, no = (text(word, lang).capitalize() for word in ("yes", "no"))
    words = {word: text(word, lang) for word in ("Input", "Output", "Parameter", "Type", "Required", "Description")}
    inputs = "".join(
        f"| `{each}` | {kind} | {yes if required else no} | {_plain(declared['description'])} |\n"
        for each, kind, required, declared in given
    )
    outs = "".join(f"| {shown} | {kind} | {_plain(description)} |\n" for shown, kind, description in _rows(made))
    return (
        f"### `{name}`\n\n{_plain(about)}\n\n#### {words['Input']}\n\n"
        f"| {words['Parameter']} | {words['Type']} | {words['Required']} | {words['Description']} |\n"
        f"| --------- | ---- | -------- | ----------- |\n{inputs}\n#### {words['Output']}\n\n"
        f"| {words['Parameter']} | {words['Type']} | {words['Description']} |\n"
        f"| --------- | ---- | ----------- |\n{outs}"
    )


def _rows(made: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[str, str, str]]:
    """Yield the rows of the table of outputs, with nested outputs after their parent."""
    for name, each in made.items():
        yield f"{'  ' * depth}{'↳ ' if depth else ''}`{name}`", each["type"], each["description"]
        inner = each.get("properties") or each.get("items", {}).get("properties") or {}
        yield from _rows(inner, depth + 1)


def _plain(words: str) -> str:
    """Return a text with the characters escaped that have a meaning in MDX."""
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", words).replace("\n", " ")
