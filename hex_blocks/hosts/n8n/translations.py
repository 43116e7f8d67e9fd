"""The translations of the node's texts for self-hosted editors. Texts without a translation stay in English.

n8n finds a translation by the name of a field alone, so a field whose description differs between operations has no
translated description.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hex_blocks.hosts.n8n.description import Form
from hex_blocks.i18n.texts import languages, text

# Languages with another code in n8n.
LOCALES = {"pt_BR": "pt-BR", "zh_Hans": "zh-CN", "zh_Hant": "zh-TW"}

Words = dict[str, Any]


def translations(forms: Sequence[Form], groups: Mapping[str, Mapping[str, Any]]) -> dict[str, bytes]:
    """Return the files with translations, by path in the node's folder.

    Args:
        forms: The forms of the operations.
        groups: The groups of the palette, whose titles are names of resources.
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
    # One group of the palette, people, is two resources of the node.
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
    """Return the texts of inputs; fields of a collection are nested in it."""
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
    """Return the texts of the fields of the node itself."""
    return {
        "returnAll": {"displayName": text("Return all", language)},
        "limit": {"displayName": text("Limit", language)},
        "simplify": {"displayName": text("Simplify", language)},
        "waitForCompletion": {"displayName": text("Wait for completion", language)},
        "inputParams": {"displayName": text("Input parameters", language)},
        "inputParamsJson": {"displayName": text("Input parameters", language)},
    }
