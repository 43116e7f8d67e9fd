"""Generates the source file of Sim's Hex block."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hex_blocks.hosts.builders.connecting import CUSTOM
from hex_blocks.hosts.sim.fields import Palette, SubBlock, is_json, operation_field, sub_block
from hex_blocks.hosts.sim.offers import offers
from hex_blocks.hosts.sim.operations import TODAY, Operation
from hex_blocks.hosts.sim.tools import REGION, TOKEN, outputs
from hex_blocks.hosts.sim.trigger import TRIGGER, region_options, trigger_outputs
from hex_blocks.hosts.sim.typescript import Code, expression
from hex_blocks.i18n.texts import phrase, text
from hex_blocks.tools.registry import Registry

DESCRIPTION = phrase("Run and manage Hex projects")
LONG = phrase(
    "Integrate Hex into your workflow. Run projects and wait for the runs, fetch their charts, ask Hex's agent, read "
    "and write cells, and manage projects, collections, groups and users. Requires a Hex API token."
)
COLOR = "#14151A"
DOCUMENTATION = "https://docs.sim.ai/integrations/hex"
_OUTPUTS = {"array": "json", "object": "json"}
# Sim parses inputs of type `json`; an array is a string, because it may also be a list separated by commas.
_INPUTS = {"integer": "number", "array": "string"}


def block_source(shown: Sequence[Operation], registry: Registry, language: str) -> str:
    """Return the source of the block."""
    palette = Palette(shown)
    config = {
        "type": "hex",
        "name": "Hex",
        "description": text(DESCRIPTION, language),
        "longDescription": text(LONG, language),
        "docsLink": DOCUMENTATION,
        "category": "tools",
        "integrationType": Code("IntegrationType.Analytics"),
        "bgColor": COLOR,
        "icon": Code("HexIcon"),
        "authMode": Code("AuthMode.ApiKey"),
        "triggerAllowed": True,
        "canvasPresentation": {
            "defaultTitle": "Hex",
            "sentences": {"byOperation": {each.key: _sentence(each, palette, language) for each in shown}},
        },
        "subBlocks": _sub_blocks(shown, palette, registry, language),
        "tools": {
            "access": sorted(each.tool.id for each in shown),
            "config": {
                "tool": Code("(params) => known(params.operation).tool"),
                "params": Code("(params) => inputsOf(params)"),
            },
        },
        "inputs": _inputs(palette, registry, language),
        "outputs": _outputs(shown, registry, language),
        "triggers": {"enabled": True, "available": [TRIGGER]},
    }
    known = {each.key: {"tool": each.tool.id, "fields": palette.of(each.key)} for each in shown}
    return (
        "import { HexIcon } from '@/components/icons'\n"
        "import type { BlockConfig, BlockMeta } from '@/blocks/types'\n"
        "import { AuthMode, IntegrationType } from '@/blocks/types'\n"
        "import type { HexResponse } from '@/tools/hex/types'\n"
        "import { getTrigger } from '@/triggers'\n\n"
        "/** The tool of each operation, and the sub-block that holds each of its inputs. */\n"
        "const OPERATIONS: Record<string, { tool: string; fields: Record<string, string> }> = "
        f"{expression(known)}\n\n"
        f"{_FUNCTIONS}\n"
        f"export const HexBlock: BlockConfig<HexResponse> = {expression(config)}\n\n"
        f"export const HexBlockMeta = {expression(offers(language))} as const satisfies BlockMeta\n"
    )


_FUNCTIONS = f"""\
/** Return what is known of an operation; a workflow that names none runs a project. */
function known(operation: unknown) {{
  const name = String(operation)
  return OPERATIONS[Object.hasOwn(OPERATIONS, name) ? name : '{TODAY[0]}']
}}

/**
 * Return the inputs of an operation's tool. Each is named, so that no other operation's sub-block of the same name
 * takes its place. Values stay as they are: the tool reads numbers, switches, lists and JSON from text by itself.
 */
function inputsOf(params: Record<string, unknown>): Record<string, unknown> {{
  const {{ fields }} = known(params.operation)
  return Object.fromEntries(Object.entries(fields).map(([input, field]) => [input, params[field]]))
}}
"""


def _sentence(operation: Operation, palette: Palette, language: str) -> list[Any]:
    """Return the sentence that the canvas shows on a block, with the value of its first required sub-block."""
    name = operation.name(language)
    sentence = name[:1] + name[1:].lower()
    of = palette.of(operation.key)
    first = next((of[each] for each, field in operation.inputs.items() if field.required), None)
    return [{"text": sentence, "field": first, "core": True}] if first else [sentence]


def _sub_blocks(
    shown: Sequence[Operation], palette: Palette, registry: Registry, language: str
) -> list[SubBlock | Code]:
    own = [sub_block(shared, language) for shared in palette.shared]
    return [
        operation_field(shown, language),
        *(each for each in own if each.get("mode") != "advanced"),
        *_connection(registry, language),
        *(each for each in own if each.get("mode") == "advanced"),
        Code(f"...getTrigger('{TRIGGER}').subBlocks"),
    ]


def _connection(registry: Registry, language: str) -> list[SubBlock]:
    own = registry["hex_get_project"].spec.inputs
    return [
        {
            "id": "apiKey",
            "title": text(own["apiKey"].title, language),
            "type": "short-input",
            "description": text(TOKEN, language),
            "password": True,
            "required": True,
        },
        {
            "id": "region",
            "title": text(phrase("Region"), language),
            "type": "dropdown",
            "description": text(REGION, language),
            "options": region_options(language),
            "value": Code("() => 'app'"),
            "mode": "advanced",
        },
        {
            "id": "baseUrl",
            "title": text(own["baseUrl"].title, language),
            "type": "short-input",
            "description": text(own["baseUrl"].description, language),
            "placeholder": "e.g. https://acme.hex.tech",
            "condition": {"field": "region", "value": CUSTOM},
            "mode": "advanced",
        },
    ]


def _inputs(palette: Palette, registry: Registry, language: str) -> dict[str, Any]:
    own = registry["hex_get_project"].spec.inputs
    made = {
        "operation": {"type": "string", "description": text(phrase("Operation"), language)},
        "apiKey": {"type": "string", "description": text(TOKEN, language)},
        "region": {"type": "string", "description": text(REGION, language)},
        "baseUrl": {"type": "string", "description": text(own["baseUrl"].description, language)},
    }
    for shared in palette.shared:
        kind = "json" if is_json(shared) else _INPUTS.get(shared.input.type, shared.input.type)
        made[shared.id] = {"type": kind, "description": text(shared.input.description, language)}
    return made


def _outputs(shown: Iterable[Operation], registry: Registry, language: str) -> dict[str, Any]:
    """Return the outputs of all operations and the trigger; an output with different types is declared as JSON."""
    made: dict[str, Any] = {}
    every = [outputs(operation, language) for operation in shown]
    for declared in [*every, trigger_outputs(registry, language)]:
        for name, output in declared.items():
            kind = _OUTPUTS.get(output["type"], output["type"])
            known = made.setdefault(name, {"type": kind, "description": output["description"]})
            if known["type"] != kind:
                known["type"] = "json"
    return made
