"""What the JavaScript core reads: expanded specs, tables of sentences, limits, and texts in languages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from hex_blocks import __version__
from hex_blocks.api.limits.budget import HEX_LIMITS
from hex_blocks.errors.faults import FAULTS
from hex_blocks.errors.sentences import BY_STATUS, LOST_ANSWER, SENTENCES
from hex_blocks.errors.warnings import WARNINGS
from hex_blocks.i18n.plurals import Plural
from hex_blocks.i18n.texts import SOURCE_LANGUAGE, plural_forms, plural_formula, text
from hex_blocks.tools.registry import Registry
from hex_blocks.tools.tool import Tool

CORE = Path(__file__).with_name("core")
# What the core's own handlers ask Hex with, whatever tools an export shows.
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
# What forms list by `listings.js`; a host with such lists has these among its tools.
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
_WORDED = r"""(?:'((?:[^'\\\n]|\\.)*)'|"([^"\\\n]*)")"""
_QUOTED = re.compile(rf"\b(?:phrase|say)\(\s*{_WORDED}")
_COUNTED = re.compile(rf"\bplural\(\s*{_WORDED},\s*{_WORDED}")
_WORDS = ("title", "description")


@cache
def core_files() -> dict[str, bytes]:
    """Return the files of the core, by their names."""
    return {file.name: file.read_bytes() for file in sorted(CORE.glob("*.js"))}


@cache
def _handlers() -> frozenset[str]:
    return frozenset(_HANDLER.findall(core_files()["handlers.js"].decode()))


def runs_in_javascript(tool: Tool) -> bool:
    """Tell whether the core runs a tool: it is one request, or the core has what its handler does."""
    handler = tool.spec.handler
    return tool.spec.request is not None if handler is None else handler in _handlers()


def core_data(
    registry: Registry, tools: Iterable[Tool], languages: Iterable[str] = (), *, more: Iterable[str] = ()
) -> dict[str, Any]:
    """Return what the core reads, as JSON.

    Args:
        registry: Where the tools are from.
        tools: Those that are shown.
        languages: What is translated beside English.
        more: English sentences of the host, which are translated as well.
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
    said = [*_said_of_tools(shown), *_said_in_tables(tables), *said_in_core(), *more]
    spoken = [language for language in sorted(languages) if language != SOURCE_LANGUAGE]
    return {
        "version": __version__,
        "tools": shown,
        "helpers": helpers,
        "tables": _in_both_forms(tables),
        "limits": {group: [list(pair) for pair in pairs] for group, pairs in HEX_LIMITS.items()},
        "texts": {language: translations(said, language) for language in spoken},
        "plurals": {language: plural_formula(language) for language in spoken},
    }


def expanded(tool: Tool, *, examples: bool = False) -> dict[str, Any]:
    """Return a tool's spec as JSON with all that it has: the connection's inputs and those of lists among its own."""
    spec = tool.spec
    left_out = {"schema_", "comment"} | (set() if examples else {"examples"})
    raw = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=left_out)
    if spec.paging is not None:
        raw["paging"] = spec.paging.model_dump(mode="json", by_alias=True)
    if tool.plugin:
        raw["plugin"] = tool.plugin
    whole: dict[str, Any] = _whole(raw)
    return whole


def as_json(value: Any) -> bytes:
    """Write JSON as exports have it: the same bytes each time, and readable."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def translations(sentences: Iterable[str], language: str) -> dict[str, str | list[str]]:
    """Return what sentences are in a language, without those that are the same in it.

    A Plural stands under its form of one, with all the forms of the language.
    """
    known: dict[str, str | list[str]] = {}
    for english in dict.fromkeys(sentences):
        if isinstance(english, Plural):
            if forms := plural_forms(english, language):
                known[english.one] = forms
        elif (said := text(english, language)) != english:
            known[english] = said
    return known


def _in_both_forms(value: Any) -> Any:
    """Write what speaks of a number with both its forms."""
    if isinstance(value, Plural):
        return {"one": value.one, "many": str(value), "by": value.by}
    return {name: _in_both_forms(part) for name, part in value.items()} if isinstance(value, dict) else value


def _whole(value: Any) -> Any:
    """Write whole numbers without a fraction, as people do."""
    if isinstance(value, dict):
        return {name: _whole(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_whole(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _said_of_tools(value: Any) -> Iterator[str]:
    """Return the titles and descriptions in specs."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name in _WORDS and isinstance(part, str):
                yield part
            else:
                yield from _said_of_tools(part)
    elif isinstance(value, list):
        for part in value:
            yield from _said_of_tools(part)


def _said_in_tables(tables: dict[str, Any]) -> Iterator[str]:
    for each in tables["errors"].values():
        yield from (said for said in (each["message"], each["hint"]) if said)
    yield from tables["faults"].values()
    yield from tables["warnings"].values()
    yield tables["lostAnswer"]


@cache
def said_in_core() -> tuple[str, ...]:
    """Return the sentences that the core itself says."""
    written = [content.decode() for content in core_files().values()]
    said = [single.replace("\\'", "'") or double for each in written for single, double in _QUOTED.findall(each)]
    counted = [found for each in written for found in _COUNTED.findall(each)]
    forms = [[part.replace("\\'", "'") for part in found if part] for found in counted]
    return (*said, *(Plural(one, many) for one, many in forms))
