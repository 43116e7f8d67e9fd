"""The declarations of the plugin, its credentials and its tools for Dify, in Dify's languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hex_blocks.hosts.builders.connecting import CUSTOM, REGIONS
from hex_blocks.hosts.builders.forms import (
    FAIL_ON_RUN_ERROR,
    NAMED_PROJECTS,
    RAISING,
    has_three_states,
    is_json,
    shown_inputs,
)
from hex_blocks.hosts.dify.limits import LIST_LIMIT, WAIT, WATCH, WATCH_NAME
from hex_blocks.hosts.models.search import description
from hex_blocks.i18n.formats import whole
from hex_blocks.i18n.texts import join_sentences, text
from hex_blocks.tools.spec.block import BlockSpec
from hex_blocks.tools.spec.values import Input, Output
from hex_blocks.tools.tool import Tool

AUTHOR, NAME, PROVIDER = "hex_blocks", "hex_blocks", "hex"
# Dify's languages, and our names of them.
LANGUAGES = {"en_US": "en", "zh_Hans": "zh_Hans", "pt_BR": "pt_BR", "ja_JP": "ja"}
# Outputs of every tool in Dify; variables must have other names.
STANDARD_OUTPUTS = ("text", "json", "files")
LONGEST_TEXT = 1000
MEGABYTE = 1024 * 1024

Declaration = dict[str, Any]


def manifest(block: BlockSpec, version: str) -> Declaration:
    """Return the manifest of the plugin."""
    return {
        "version": version,
        "type": "plugin",
        "author": AUTHOR,
        "name": NAME,
        "label": _in_languages(block.name),
        "description": _in_languages(block.description),
        "icon": "icon.svg",
        "created_at": "2026-01-01T00:00:00Z",
        "privacy": "PRIVACY.md",
        "tags": ["productivity", "business"],
        "resource": {
            "memory": 256 * MEGABYTE,
            "permission": {"storage": {"enabled": True, "size": MEGABYTE}},
        },
        "plugins": {"tools": [f"provider/{PROVIDER}.yaml"]},
        "meta": {
            "version": version,
            "arch": ["amd64", "arm64"],
            "runner": {"language": "python", "version": "3.12", "entrypoint": "main"},
        },
    }


def provider(block: BlockSpec, tools: Sequence[Tool]) -> Declaration:
    """Return the declaration of the provider: its identity, its credentials and its tools."""
    return {
        "identity": {
            "author": AUTHOR,
            "name": PROVIDER,
            "label": _in_languages(block.name),
            "description": _in_languages(block.tagline),
            "icon": "icon.svg",
            "tags": ["productivity", "business"],
        },
        "credentials_for_provider": _credentials(block),
        "tools": [f"tools/{tool.id}.yaml" for tool in tools],
        "extra": {"python": {"source": f"provider/{PROVIDER}.py"}},
    }


def _credentials(block: BlockSpec) -> Declaration:
    key, url = block.connection["apiKey"], block.connection["baseUrl"]
    hosts = {name: address.removeprefix("https://") for name, address in REGIONS.items()}
    options = [
        *({"value": name, "label": {"en_US": host}} for name, host in hosts.items()),
        {"value": CUSTOM, "label": _in_languages(text("Custom"))},
    ]
    return {
        "api_key": {
            "type": "secret-input",
            "required": True,
            "label": _in_languages(key.title),
            "placeholder": {"en_US": "hxtw_…"},
            "help": _in_languages(text("A personal or workspace token. Personal ones expire.")),
            "url": block.authentication.help_url,
        },
        "region": {
            "type": "select",
            "required": True,
            "default": "app",
            "label": _in_languages(text("Region")),
            "options": options,
        },
        "base_url": {
            "type": "text-input",
            "required": False,
            "label": _in_languages(url.title),
            "placeholder": {"en_US": "https://example.hex.tech"},
            "help": _in_languages(text("Only for the region custom: the address where you open Hex.")),
        },
    }


def tool_declaration(tool: Tool) -> Declaration:
    """Return the declaration of a tool: its texts, its parameters and its outputs."""
    parameters = [_parameter(name, field) for name, field in shown_inputs(tool).items()]
    return {
        "identity": {"author": AUTHOR, "name": tool.id, "label": _in_languages(tool.title())},
        "description": {"human": _in_languages(tool.description()), "llm": description(tool, "en")},
        "parameters": [*parameters, *_own_parameters(tool)],
        "output_schema": {
            "type": "object",
            "properties": {
                name: _output(field) for name, field in tool.spec.outputs.items() if name not in STANDARD_OUTPUTS
            },
        },
        "extra": {"python": {"source": f"tools/{tool.id}.py"}},
    }


def _own_parameters(tool: Tool) -> list[Declaration]:
    """Return the parameters that only the plugin's tool has."""
    made = []
    if tool.id in RAISING:
        name = text("Fail where the run fails")
        more = text("Whether a run that does not complete fails the block. If not, the outputs have its status.")
        made.append(_labelled(FAIL_ON_RUN_ERROR, name, more) | {"type": "boolean", "form": "form", "default": True})
    if tool.id == WATCH:
        name = text("Name of the watch")
        more = text(
            "Under this name the plugin remembers what was reported already. Give each workflow its own. "
            "Not used if a cursor is given."
        )
        made.append(_labelled(WATCH_NAME, name, more) | {"type": "string", "form": "form"})
    return [each | {"required": False} for each in made]


def _parameter(name: str, field: Input) -> Declaration:
    sentences = _description_of(name, field)
    made = _labelled(name, field.title, *sentences) | _kind(field) | {"required": field.required}
    made["form"] = "form" if _is_set_by_person(field) else "llm"
    if made["form"] == "llm":
        made["llm_description"] = join_sentences(*sentences)
    default = _default(name, field)
    return made if default is None else made | {"default": default}


def _is_set_by_person(field: Input) -> bool:
    """Return whether a person sets an input in the form, not the model: switches, numbers and advanced inputs."""
    return not field.required and (field.advanced or field.type in ("boolean", "number", "integer"))


def _description_of(name: str, field: Input) -> list[str]:
    """Return the sentences that describe an input."""
    sentences = [field.description]
    if name == "timeout":
        sentences.append(
            text("The block itself waits 240 seconds unless this says more, then it gives the state so far.")
        )
    if name in NAMED_PROJECTS:
        sentences.append(text("Title, address or ID."))
    if is_json(field):
        sentences.append(text("As JSON text."))
    return sentences


def _kind(field: Input) -> Declaration:
    if field.enum:
        return {"type": "select", "options": [{"value": each, "label": {"en_US": each}} for each in field.enum]}
    if has_three_states(field):
        return {"type": "select", "options": [{"value": each, "label": {"en_US": each}} for each in ("true", "false")]}
    if field.type in ("integer", "number"):
        bounds = {"min": field.minimum, "max": field.maximum, "precision": 0 if field.type == "integer" else None}
        return {"type": "number", **{name: whole(bound) for name, bound in bounds.items() if bound is not None}}
    return {"type": "boolean" if field.type == "boolean" else "string"}


def _default(name: str, field: Input) -> Any:
    if name == "limit" and field.type == "integer":
        return min(LIST_LIMIT, int(field.maximum or LIST_LIMIT))
    if name == "timeout" and field.default is not None:
        return int(min(WAIT.usual, field.default))
    if is_json(field):
        return None
    return field.default


def _output(field: Output) -> Declaration:
    types = {"integer": "number", "any": "string"}
    made: Declaration = {"type": types.get(field.type, field.type), "description": field.description}
    if field.type == "array" and field.items is not None:
        made["items"] = {"type": types.get(field.items.type, field.items.type)}
    return made


def _labelled(name: str, title: str, *described: str) -> Declaration:
    return {"name": name, "label": _in_languages(title), "human_description": _in_languages(*described)}


def _in_languages(*sentences: str) -> dict[str, str]:
    """Return sentences joined to a text in each of Dify's languages; without a translation, Dify shows the English."""
    made: dict[str, str] = {}
    for dify_language, language in LANGUAGES.items():
        joined = join_sentences(*(text(each, language) for each in sentences))[:LONGEST_TEXT]
        if joined != made.get("en_US"):
            made[dify_language] = joined
    return made
