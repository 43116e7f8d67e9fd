"""The node's words in the languages of self-hosted editors; what has no translation stays as the description has it.

n8n looks a word up by the field's name alone, so a field that is described in different words in different operations
has no translated description.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hex_blocks.hosts.n8n.description import Form
from hex_blocks.i18n.texts import languages, text

# Where n8n calls a language otherwise.
LOCALES = {"pt_BR": "pt-BR", "zh_Hans": "zh-CN", "zh_Hant": "zh-TW"}

Words = dict[str, Any]


def translations(forms: Sequence[Form], groups: Mapping[str, Mapping[str, Any]]) -> dict[str, bytes]:
    """Return the files of translations, by their paths below the node's folder.

    Args:
        forms: What the editor shows of each operation.
        groups: The groups of the palette, which resources are called after.
    """
    return {
        f"translations/{LOCALES.get(language, language)}/hex.json": _file(forms, groups, language)
        for language in languages()
        if language != "en"
    }


def _file(forms: Sequence[Form], groups: Mapping[str, Mapping[str, Any]], language: str) -> bytes:
    view: Words = {
        "resource": _with_options(_resources(forms, groups, language)),
        "operation": _with_options(_operations(forms, language)),
        **_fields(forms, language),
        **_own_words(language),
    }
    document = {"hex": {"header": {"displayName": "Hex"}, "nodeView": view}}
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _with_options(options: Words) -> Words:
    return {"options": options}


def _resources(forms: Sequence[Form], groups: Mapping[str, Mapping[str, Any]], language: str) -> Words:
    # People and groups are one group of the palette and two resources of the node.
    several = {"user", "group"}
    named = {form.operation.resource: str(groups[form.operation.tool.group]["title"]) for form in forms}
    return {
        resource: {"displayName": text(title, language)} for resource, title in named.items() if resource not in several
    }


def _operations(forms: Sequence[Form], language: str) -> Words:
    return {
        form.operation.value: {
            "displayName": form.operation.tool.title(language),
            "description": form.operation.tool.description(language),
        }
        for form in forms
    }


def _fields(forms: Sequence[Form], language: str) -> Words:
    """Return the words of the tools' inputs: those of the collections stand in them, the others at the top."""
    top: dict[str, list[Any]] = {}
    collections: dict[str, dict[str, list[Any]]] = {}
    for form in forms:
        inputs = form.operation.tool.spec.inputs
        for name in form.plan["top"]:
            top.setdefault(name, []).append(inputs[name])
        for name in form.plan["optional"]:
            if name in inputs:
                collections.setdefault(form.plan["collection"], {}).setdefault(name, []).append(inputs[name])
    made = {name: _words(fields, language) for name, fields in top.items()}
    return made | {
        collection: _with_options({name: _words(fields, language) for name, fields in fields_of.items()})
        for collection, fields_of in collections.items()
    }


def _words(fields: Iterable[Any], language: str) -> Words:
    every = list(fields)
    made: Words = {"displayName": text(every[0].title, language)}
    if len({field.description for field in every}) == 1:
        made["description"] = text(every[0].description, language)
    return made


def _own_words(language: str) -> Words:
    """Return the words of the fields that are the node's own."""
    return {
        "returnAll": {"displayName": text("Return all", language)},
        "limit": {"displayName": text("Limit", language)},
        "simplify": {"displayName": text("Simplify", language)},
        "waitForCompletion": {"displayName": text("Wait for completion", language)},
        "inputParams": {"displayName": text("Input parameters", language)},
        "inputParamsJson": {"displayName": text("Input parameters", language)},
    }
