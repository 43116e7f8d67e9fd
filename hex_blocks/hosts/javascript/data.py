"""The data that the JavaScript core reads: expanded specs, sentences of errors, rate limits and translations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from hex_blocks import __version__
from hex_blocks.api.limits.groups import HEX_LIMITS
from hex_blocks.errors.faults import FAULTS
from hex_blocks.errors.sentences import BY_STATUS, LOST_ANSWER, SENTENCES
from hex_blocks.errors.warnings import WARNINGS
from hex_blocks.i18n.formats import whole
from hex_blocks.i18n.plurals import Plural
from hex_blocks.i18n.texts import SOURCE_LANGUAGE, plural_forms, plural_formula, text
from hex_blocks.tools.registry import Registry
from hex_blocks.tools.spec.reading import spec_as_json
from hex_blocks.tools.tool import Tool

CORE = Path(__file__).with_name("core")
# The tools that handlers of the core call, whether or not an export shows them.
HELPERS = (
    "hex_cancel_active_runs",
    "hex_cancel_run",
    "hex_continue_thread",
    "hex_create_thread",
    "hex_export_project",
    "hex_get_cell_output",
    "hex_get_current_user",
    "hex_get_project",
    "hex_get_project_runs",
    "hex_get_run_chart_image",
    "hex_get_run_status",
    "hex_get_thread",
    "hex_list_cells",
    "hex_list_projects",
    "hex_run_project",
)
# The tools that `listings.js` calls for lists in forms; a host with such lists needs them too.
LISTED = (
    "hex_list_collections",
    "hex_list_data_connections",
    "hex_list_draft_guides",
    "hex_list_groups",
    "hex_list_projects",
    "hex_list_threads",
    "hex_list_topics",
    "hex_list_users",
)
_HANDLER = re.compile(r"^  '([a-z_.]+:[a-z_]+)': \w+,$", re.MULTILINE)
_STRING = r"""(?:'((?:[^'\\\n]|\\.)*)'|"([^"\\\n]*)")"""
_SENTENCE_CALL = re.compile(rf"\b(?:phrase|say)\(\s*{_STRING}")
_PLURAL_CALL = re.compile(rf"\bplural\(\s*{_STRING},\s*{_STRING}")
_TRANSLATED_KEYS = ("title", "description")


@cache
def core_files() -> dict[str, bytes]:
    """Return the files of the core, by name."""
    return {file.name: file.read_bytes() for file in sorted(CORE.glob("*.js"))}


@cache
def _handlers() -> frozenset[str]:
    return frozenset(_HANDLER.findall(core_files()["handlers.js"].decode()))


def runs_in_javascript(tool: Tool) -> bool:
    """Return whether the core can run a tool: it is one request, or the core has its handler."""
    handler = tool.spec.handler
    return tool.spec.request is not None if handler is None else handler in _handlers()


def core_data(
    registry: Registry, tools: Iterable[Tool], languages: Iterable[str] = (), *, more: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the data of the core, for a JSON file.

    Args:
        registry: The registry that the tools come from.
        tools: The tools that the host shows.
        languages: The languages of translations.
        more: English sentences of the host that are to be translated too.
    """
    shown = {tool.id: expanded(tool) for tool in tools}
    helpers = {name: expanded(registry[name]) for name in HELPERS if name not in shown}
    tables: dict[str, Any] = {
        "errors": {key: each._asdict() for key, each in SENTENCES.items()},
        "faults": dict(FAULTS),
        "warnings": dict(WARNINGS),
        "byStatus": {str(status): key for status, key in BY_STATUS.items()},
        "lostAnswer": LOST_ANSWER[0],
    }
    sentences = [*_sentences_of_tools(shown), *_sentences_in_tables(tables), *said_in_core(), *more]
    translated = [language for language in sorted(languages) if language != SOURCE_LANGUAGE]
    return {
        "version": __version__,
        "tools": shown,
        "helpers": helpers,
        "tables": _with_plural_forms(tables),
        "limits": {group: [list(pair) for pair in pairs] for group, pairs in HEX_LIMITS.items()},
        "texts": {language: translations(sentences, language) for language in translated},
        "plurals": {language: plural_formula(language) for language in translated},
    }


def expanded(tool: Tool, *, examples: bool = False) -> dict[str, Any]:
    """Return the spec of a tool as JSON, including the inputs of the connection and of paging."""
    spec = tool.spec
    left_out = {"schema_", "comment"} | (set() if examples else {"examples"})
    raw = spec_as_json(spec, left_out)
    if spec.paging is not None:
        raw["paging"] = spec_as_json(spec.paging, defaults=True)
    if tool.plugin:
        raw["plugin"] = tool.plugin
    whole: dict[str, Any] = _whole_numbers(raw)
    return whole


def as_json(value: Any) -> bytes:
    """Return a value as indented JSON in UTF-8."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def translations(sentences: Iterable[str], language: str) -> dict[str, str | list[str]]:
    """Return the translations of sentences, without those that are the same as in English.

    The key of a Plural is its singular, and its value is the list of all plural forms of the language.
    """
    known: dict[str, str | list[str]] = {}
    for english in dict.fromkeys(sentences):
        if isinstance(english, Plural):
            if forms := plural_forms(english, language):
                known[english.one] = forms
        elif (translation := text(english, language)) != english:
            known[english] = translation
    return known


def _with_plural_forms(value: Any) -> Any:
    """Return a value with each Plural replaced by an object with both forms."""
    if isinstance(value, Plural):
        return {"one": value.one, "many": str(value), "by": value.by}
    return {name: _with_plural_forms(part) for name, part in value.items()} if isinstance(value, dict) else value


def _whole_numbers(value: Any) -> Any:
    """Return a value with each float that is a whole number replaced by an integer."""
    if isinstance(value, dict):
        return {name: _whole_numbers(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(part) for part in value]
    return whole(value)


def _sentences_of_tools(value: Any) -> Iterator[str]:
    """Yield the titles and descriptions in specs."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name in _TRANSLATED_KEYS and isinstance(part, str):
                yield part
            else:
                yield from _sentences_of_tools(part)
    elif isinstance(value, list):
        for part in value:
            yield from _sentences_of_tools(part)


def _sentences_in_tables(tables: dict[str, Any]) -> Iterator[str]:
    for each in tables["errors"].values():
        yield from (sentence for sentence in (each["message"], each["hint"]) if sentence)
    yield from tables["faults"].values()
    yield from tables["warnings"].values()
    yield tables["lostAnswer"]


@cache
def said_in_core() -> tuple[str, ...]:
    """Return the sentences in the source of the core."""
    sources = [content.decode() for content in core_files().values()]
    plain = [
        single.replace("\\'", "'") or double for each in sources for single, double in _SENTENCE_CALL.findall(each)
    ]
    counted = [found for each in sources for found in _PLURAL_CALL.findall(each)]
    forms = [[part.replace("\\'", "'") for part in found if part] for found in counted]
    return (*plain, *(Plural(one, many) for one, many in forms))
