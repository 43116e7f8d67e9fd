"""Generates the TypeScript sources of the piece: index, connection, actions and trigger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hex_blocks.hosts.activepieces.actions import about, file_of, output_fields, variable_of
from hex_blocks.hosts.activepieces.props import form_of
from hex_blocks.hosts.activepieces.words import Words
from hex_blocks.hosts.javascript.forms import API_KEY_HELP, BASE_URL_HELP, REGION_HELP, REGIONS
from hex_blocks.hosts.javascript.render import Code, literal
from hex_blocks.i18n.texts import phrase
from hex_blocks.tools.tool import Tool

FRAMEWORK = "@activepieces/pieces-framework"
SHARED = "@activepieces/shared"
DESCRIPTION = phrase("Run notebooks and projects, fetch their charts, and ask Hex's agent.")
RELEASE = "0.82.0"
TRIGGER = "run_finished"
_RUN_FINISHED = phrase("Starts the flow once for each run of the projects that has ended, whoever started it.")
_TOKEN = phrase("A token of Hex's API, and where you open Hex.")


def index(tools: Iterable[Tool], logo: str, words: Words) -> str:
    """Return `src/index.ts`."""
    shown = list(tools)
    imports = "".join(f"import {{ {variable_of(tool)} }} from './lib/actions/{file_of(tool)}';\n" for tool in shown)
    piece = {
        "displayName": "Hex",
        "description": words.text(DESCRIPTION),
        "auth": Code("hexAuth"),
        "minimumSupportedRelease": RELEASE,
        "logoUrl": logo,
        "authors": ["hex-blocks"],
        "categories": Code("[PieceCategory.BUSINESS_INTELLIGENCE]"),
        "actions": [Code(variable_of(tool)) for tool in shown],
        "triggers": [Code("runFinished")],
    }
    return f"""\
import {{ createPiece }} from '{FRAMEWORK}';
import {{ PieceCategory }} from '{SHARED}';
import {{ hexAuth }} from './lib/auth';
{imports}import {{ runFinished }} from './lib/triggers/run-finished';

export const hex = createPiece({literal(piece)});
"""


def auth(words: Words) -> str:
    """Return `src/lib/auth.ts`."""
    regions = [{"label": words.text(label), "value": key} for key, label in REGIONS.items()]
    token = {"displayName": words.label(phrase("API token")), "description": words.text(API_KEY_HELP), "required": True}
    region = {
        "displayName": words.label(phrase("Region")),
        "description": words.text(REGION_HELP),
        "required": True,
        "defaultValue": "app",
        "options": {"options": regions},
    }
    base = {"displayName": words.label(phrase("Base URL")), "description": words.text(BASE_URL_HELP), "required": False}
    made = {
        "description": words.text(_TOKEN),
        "required": True,
        "props": {
            "apiKey": Code(f"PieceAuth.SecretText({literal(token, 2)})"),
            "region": Code(f"Property.StaticDropdown({literal(region, 2)})"),
            "baseUrl": Code(f"Property.ShortText({literal(base, 2)})"),
        },
        "validate": Code("async ({ auth }) => validated(auth)"),
    }
    return f"""\
import {{ PieceAuth, Property }} from '{FRAMEWORK}';
import {{ validated }} from './runtime/hex';

export const hexAuth = PieceAuth.CustomAuth({literal(made)});
"""


def action(tool: Tool, words: Words) -> str:
    """Return the source of an action."""
    props = form_of(tool, words)
    used = {name for name in ("oneFrom", "manyFrom") if any(code.startswith(f"{name}(") for code in props.values())}
    pickers = f"import {{ {', '.join(sorted(used))} }} from '../runtime/pickers';\n" if used else ""
    framework = "createAction, Property" if any("Property." in code for code in props.values()) else "createAction"
    made = {
        "auth": Code("hexAuth"),
        **about(tool, words),
        "props": props,
        "run": Code(f"async (context) => runTool({literal(tool.id)}, context)"),
    }
    return f"""\
import {{ {framework} }} from '{FRAMEWORK}';
import {{ hexAuth }} from '../auth';
{pickers}import {{ runTool }} from '../runtime/tools';

export const {variable_of(tool)} = createAction({literal(made)});
"""


def trigger(watch: Tool, words: Words) -> str:
    """Return `src/lib/triggers/run-finished.ts`."""
    inputs = watch.spec.inputs
    runs = watch.spec.outputs["runs"].items
    ends = inputs["statuses"].items
    assert runs is not None  # noqa: S101
    assert ends is not None  # noqa: S101
    projects = {
        "displayName": words.label(phrase("Projects")),
        "description": words.text(inputs["projectIds"].description),
        "required": True,
    }
    statuses = {
        "displayName": words.label(phrase("Statuses to report")),
        "description": words.text(inputs["statuses"].description),
        "required": False,
        "options": {"options": [{"label": words.value(end), "value": end} for end in ends.enum or ()]},
    }
    sample: Mapping[str, Any] = watch.raw["examples"][0]["outputs"]["runs"][0]
    made = {
        "auth": Code("hexAuth"),
        "name": TRIGGER,
        "displayName": words.label(phrase("Run finished")),
        "description": words.text(_RUN_FINISHED),
        "type": Code("TriggerStrategy.POLLING"),
        "props": {
            "projectIds": Code(f"manyFrom('projects', {literal(projects, 2)})"),
            "statuses": Code(f"Property.StaticMultiSelectDropdown({literal(statuses, 2)})"),
        },
        "sampleData": dict(sample),
        "outputSchema": {"fields": output_fields(runs.fields or {})},
        "onEnable": Code("async (context) => enabled(context)"),
        "onDisable": Code("async () => undefined"),
        "run": Code("async (context) => endedRuns(context)"),
        "test": Code("async (context) => latestRuns(context)"),
    }
    return f"""\
import {{ createTrigger, Property, TriggerStrategy }} from '{FRAMEWORK}';
import {{ hexAuth }} from '../auth';
import {{ manyFrom }} from '../runtime/pickers';
import {{ enabled, endedRuns, latestRuns }} from '../runtime/watching';

export const runFinished = createTrigger({literal(made)});
"""
