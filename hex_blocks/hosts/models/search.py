"""The two tools by which a model reaches every other: one finds and describes them, one calls them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hex_blocks.errors.classes import Fault, UnknownToolError, hex_error
from hex_blocks.hosts.models.schemas import first_sentence, inputs_of, is_hidden
from hex_blocks.i18n.texts import text
from hex_blocks.tools.registry import PREFIX, Registry
from hex_blocks.tools.tool import Tool

if TYPE_CHECKING:
    from hex_blocks.tools.tool_call import ToolCall

_HANGUL = re.compile("[가-힯]")
# By part of an ID, or by a whole one: how people ask in each language, in the forms that they use.
WORDS = Path(__file__).with_name("words.json")
MOST_FOUND = 8
# So many of those found come with their inputs.
MOST_DESCRIBED = 3
# How much it says about a tool that a word stands in its name, its title, its group or elsewhere.
IN_NAME, IN_TITLE, IN_GROUP, IN_TEXT = 6, 4, 3, 1
LITTLE_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a all an and are as at by can do for from get give hex how i in into is it list me my of on one or our show "
        "some that the their them these this to tool tools want what with",
    )
)


class Reachable(Registry):
    """A registry with some of another's tools: those that a model may reach."""

    def __init__(self, registry: Registry, tools: Sequence[Tool]) -> None:
        self.__dict__.update(registry.__dict__)
        self._tools = {tool.id: tool for tool in tools}


def find_tool(call: ToolCall, inputs: dict[str, Any]) -> dict[str, Any]:
    """Find tools by what is to be done, and describe the best ones; name all where nothing is asked."""
    tools = list(call.tools.values())
    query = inputs.get("query", "").strip()
    if not query:
        return {"tools": [_named(tool, call.language) for tool in tools]}
    named = query in call.tools
    found = [call.tools[query]] if named else best(call.tools, query, call.language)
    described = [
        _named(tool, call.language)
        | {
            "description": description(tool, call.language),
            "inputSchema": inputs_of(tool, call.language) if place < MOST_DESCRIBED else None,
        }
        for place, tool in enumerate(found)
    ]
    return {"tools": described}


def call_tool(call: ToolCall, inputs: dict[str, Any]) -> dict[str, Any]:
    """Call another tool by its name. Raises InputError for one that is not to be reached."""
    tool = reached(call.tools, inputs["name"])
    arguments = inputs.get("arguments", {})
    refuse_hidden(tool, arguments)
    return {"result": call.use(tool.id, arguments)}


def reached(registry: Registry, name: str) -> Tool:
    """Return the tool of a name. Raises InputError (`unknown_tool`)."""
    try:
        return registry[name]
    except UnknownToolError as error:
        guess = text("Did you mean {names}?").format(names=", ".join(error.nearest)) if error.nearest else ""
        raise hex_error("unknown_tool", name=repr(name[:80]), guess=guess) from None


def refuse_hidden(tool: Tool, arguments: Mapping[str, Any]) -> None:
    """Raise InputError where a model gives what is not its to give: a token, a base URL, a file of this machine."""
    hidden = [name for name, field in tool.spec.inputs.items() if is_hidden(field)]
    if given := [name for name in ("apiKey", "baseUrl", *hidden) if arguments.get(name) not in (None, "")]:
        faults = tuple(Fault(name, "unknown") for name in dict.fromkeys(given))
        raise hex_error("bad_inputs", tool=tool.id, faults=faults)


def description(tool: Tool, language: str | None = None, *, short: bool = False) -> str:
    """Describe a tool for a model: the description, or its first sentence, and the hint that is for models only.

    In another language than English the words come last by which people ask for it, for clients that search their
    tools by words: a description bends them in its own way.
    """
    said = tool.description(language)
    parts = [first_sentence(said) if short else said, tool.raw.get("modelHint"), asked_by(tool, language)]
    return " ".join(part for part in parts if part)


@cache
def _words_asked() -> dict[str, dict[str, str]]:
    return dict(json.loads(WORDS.read_text(encoding="utf-8")))


def asked_by(tool: Tool, language: str | None) -> str:
    """Return the words by which people ask for a tool in a language, in brackets; English needs none.

    They are its title's, and those of the parts that its ID is made of.
    """
    known = _words_asked()
    parts = [*tool.id.removeprefix(PREFIX).split("_"), tool.id]
    words = [word for part in parts for word in known.get(part, {}).get(language or "", "").split()]
    return f"({' '.join(dict.fromkeys([*tool.title(language).split(), *words]))})" if words else ""


def best(tools: Registry, query: str, language: str | None = None) -> list[Tool]:
    """Return the tools that fit a query, best first."""
    words = [word for word in _words(query) if word not in LITTLE_WORDS] or _words(query)
    scores = {
        tool.id: sum(_score(tool, tools.groups.get(tool.group, {}), word, language) for word in words)
        for tool in tools.values()
    }
    fitting = [tool for tool in tools.values() if scores[tool.id]]
    return sorted(fitting, key=lambda tool: (-scores[tool.id], len(tool.id)))[:MOST_FOUND]


def _score(tool: Tool, group: Mapping[str, Any], word: str, language: str | None) -> int:
    told = " ".join([tool.description(), tool.description(language), *tool.raw.get("inputs", {})])
    places = {
        IN_NAME: tool.id.replace("_", " "),
        IN_TITLE: f"{tool.title()} {tool.title(language)}",
        IN_GROUP: f"{tool.group} {group.get('title', '')} {text(group.get('title', ''), language)}",
        IN_TEXT: told,
    }
    # These stand there in every form; a likeness between words of two languages would be chance.
    asked = IN_TITLE if any(word == each or _same_in_hangul(word, each) for each in _every_word_asked(tool.id)) else 0
    return asked + sum(weight for weight, said in places.items() if any(_alike(word, each) for each in _words(said)))


@cache
def _every_word_asked(tool_id: str) -> frozenset[str]:
    """Return the words by which people ask for a tool in any language: a model may ask in its user's."""
    known = _words_asked()
    parts = [*tool_id.removeprefix(PREFIX).split("_"), tool_id]
    return frozenset(word for part in parts for said in known.get(part, {}).values() for word in _words(said))


def _alike(word: str, other: str) -> bool:
    """Whether two words are the same but for their endings."""
    if word == other:
        return True
    if _same_in_hangul(word, other):
        return True
    begins = min(len(word), len(other))
    return begins >= 4 and word[: begins - 1] == other[: begins - 1] and abs(len(word) - len(other)) <= 3


def _same_in_hangul(word: str, other: str) -> bool:
    """Whether two words of Korean are the same but for the particles and endings that are written on."""
    begins = min(len(word), len(other))
    return begins >= 2 and word[:begins] == other[:begins] and bool(_HANGUL.match(word))


def _words(said: str) -> list[str]:
    # Names such as inputParams are words too, and Chinese and Japanese have no spaces.
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", said)
    return re.findall(r"[぀-ヿ]+|[一-鿿]|[^\W_]+", apart.casefold())


def _named(tool: Tool, language: str | None) -> dict[str, Any]:
    return {
        "name": tool.id,
        "title": tool.title(language),
        "readOnly": tool.operation == "query",
        "destructive": tool.destructive,
    }
