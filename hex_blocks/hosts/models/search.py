"""Tool search: hex_find_tool finds and describes tools that a model is not shown, and hex_call_tool calls them."""

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
# By part of a tool's ID, or by whole ID: the search words of each language, in the forms that people use.
WORDS = Path(__file__).with_name("words.json")
MAX_FOUND = 8
# The first results come with the schemas of their inputs.
MAX_DESCRIBED = 3
# How much a word of the query counts, by where it is found: in a tool's name, title, group or other texts.
IN_NAME, IN_TITLE, IN_GROUP, IN_TEXT = 6, 4, 3, 1
STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a all an and are as at by can do for from get give hex how i in into is it list me my of on one or our show "
        "some that the their them these this to tool tools want what with",
    )
)


class PartialRegistry(Registry):
    """A registry with some of the tools of another: those that a model may call."""

    def __init__(self, registry: Registry, tools: Sequence[Tool]) -> None:
        self.__dict__.update(registry.__dict__)
        self._tools = {tool.id: tool for tool in tools}


def find_tool(call: ToolCall, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the tools that match a query, the best ones with their inputs; the names of all tools without a query."""
    tools = list(call.tools.values())
    query = inputs.get("query", "").strip()
    if not query:
        return {"tools": [_summary(tool, call.language) for tool in tools]}
    found = [call.tools[query]] if query in call.tools else best_matches(call.tools, query, call.language)
    described = [
        _summary(tool, call.language)
        | {
            "description": description(tool, call.language),
            "inputSchema": inputs_of(tool, call.language) if rank < MAX_DESCRIBED else None,
        }
        for rank, tool in enumerate(found)
    ]
    return {"tools": described}


def call_tool(call: ToolCall, inputs: dict[str, Any]) -> dict[str, Any]:
    """Call another tool by its name and return its outputs.

    Raises:
        InputError: There is no such tool, or the model may not call it.
    """
    tool = tool_named(call.tools, inputs["name"])
    arguments = inputs.get("arguments", {})
    refuse_hidden(tool, arguments)
    return {"result": call.use(tool.id, arguments)}


def tool_named(registry: Registry, name: str) -> Tool:
    """Return a tool by its name.

    Raises:
        InputError: There is no tool of that name (`unknown_tool`).
    """
    try:
        return registry[name]
    except UnknownToolError as error:
        guess = text("Did you mean {names}?").format(names=", ".join(error.nearest)) if error.nearest else ""
        raise hex_error("unknown_tool", name=repr(name[:80]), guess=guess) from None


def refuse_hidden(tool: Tool, arguments: Mapping[str, Any]) -> None:
    """Raise InputError if the arguments contain what a model may not set: a token, a base URL or a local file."""
    hidden = [name for name, field in tool.spec.inputs.items() if is_hidden(field)]
    if given := [name for name in ("apiKey", "baseUrl", *hidden) if arguments.get(name) not in (None, "")]:
        faults = tuple(Fault(name, "unknown") for name in dict.fromkeys(given))
        raise hex_error("bad_inputs", tool=tool.id, faults=faults)


def description(tool: Tool, language: str | None = None, *, short: bool = False) -> str:
    """Return the description of a tool for a model.

    It is the tool's description, or its first sentence, followed by the hint for models. In languages other than
    English the tool's search words are added, for clients that search tools by words: a description has them in other
    grammatical forms.

    Args:
        tool: The tool.
        language: The language.
        short: Whether to use only the first sentence of the tool's description.
    """
    whole = tool.description(language)
    parts = [first_sentence(whole) if short else whole, tool.raw.get("modelHint"), search_words(tool, language)]
    return " ".join(part for part in parts if part)


@cache
def _known_words() -> dict[str, dict[str, str]]:
    return dict(json.loads(WORDS.read_text(encoding="utf-8")))


def search_words(tool: Tool, language: str | None) -> str:
    """Return the search words of a tool in a language, in parentheses; empty for English, which needs none.

    They are the words of its title, and those of WORDS for the parts of its ID.
    """
    known = _known_words()
    parts = [*tool.id.removeprefix(PREFIX).split("_"), tool.id]
    words = [word for part in parts for word in known.get(part, {}).get(language or "", "").split()]
    return f"({' '.join(dict.fromkeys([*tool.title(language).split(), *words]))})" if words else ""


def best_matches(tools: Registry, query: str, language: str | None = None) -> list[Tool]:
    """Return the tools that match a query, best first."""
    words = [word for word in _words(query) if word not in STOP_WORDS] or _words(query)
    scores = {
        tool.id: sum(_score(tool, tools.groups.get(tool.group, {}), word, language) for word in words)
        for tool in tools.values()
    }
    matching = [tool for tool in tools.values() if scores[tool.id]]
    return sorted(matching, key=lambda tool: (-scores[tool.id], len(tool.id)))[:MAX_FOUND]


def _score(tool: Tool, group: Mapping[str, Any], word: str, language: str | None) -> int:
    other_texts = " ".join([tool.description(), tool.description(language), *tool.raw.get("inputs", {})])
    texts = {
        IN_NAME: tool.id.replace("_", " "),
        IN_TITLE: f"{tool.title()} {tool.title(language)}",
        IN_GROUP: f"{tool.group} {group.get('title', '')} {text(group.get('title', ''), language)}",
        IN_TEXT: other_texts,
    }
    # Search words are listed in all their forms, so they are compared exactly: similar words of two languages would
    # match by chance.
    listed = any(word == each or _same_in_hangul(word, each) for each in _all_search_words(tool.id))
    found = (weight for weight, searched in texts.items() if any(_similar(word, each) for each in _words(searched)))
    return (IN_TITLE if listed else 0) + sum(found)


@cache
def _all_search_words(tool_id: str) -> frozenset[str]:
    """Return the search words of a tool in all languages, because a model may search in its user's language."""
    known = _known_words()
    parts = [*tool_id.removeprefix(PREFIX).split("_"), tool_id]
    return frozenset(word for part in parts for listed in known.get(part, {}).values() for word in _words(listed))


def _similar(word: str, other: str) -> bool:
    """Return whether two words are the same except for their endings."""
    if word == other:
        return True
    if _same_in_hangul(word, other):
        return True
    shorter = min(len(word), len(other))
    return shorter >= 4 and word[: shorter - 1] == other[: shorter - 1] and abs(len(word) - len(other)) <= 3


def _same_in_hangul(word: str, other: str) -> bool:
    """Return whether two Korean words are the same except for attached particles and endings."""
    shorter = min(len(word), len(other))
    return shorter >= 2 and word[:shorter] == other[:shorter] and bool(_HANGUL.match(word))


def _words(written: str) -> list[str]:
    # Names such as inputParams are split into words; Chinese and Japanese have no spaces between words.
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", written)
    return re.findall(r"[぀-ヿ]+|[一-鿿]|[^\W_]+", apart.casefold())


def _summary(tool: Tool, language: str | None) -> dict[str, Any]:
    return {
        "name": tool.id,
        "title": tool.title(language),
        "readOnly": tool.operation == "query",
        "destructive": tool.destructive,
    }
