"""Generates the trigger for finished runs and its sub-blocks, which the block shows too."""

from __future__ import annotations

from typing import Any

from hex_blocks.hosts.builders.connecting import CUSTOM, REGIONS
from hex_blocks.hosts.javascript.titles import name_of_value
from hex_blocks.hosts.sim.fields import SubBlock
from hex_blocks.hosts.sim.tools import REGION
from hex_blocks.hosts.sim.typescript import Code, expression
from hex_blocks.i18n.texts import phrase, text
from hex_blocks.tools.registry import Registry

TRIGGER = "hex_run_finished"
TITLE = phrase("Hex run finished")
DESCRIPTION = phrase("Starts the workflow once for each run of the projects that has ended, whoever started it.")
PROJECTS = phrase("Projects")
PROJECTS_HELP = phrase("IDs or addresses of projects, by comma.")
STATUSES = phrase("Statuses to report")
STATUSES_HELP = phrase("Only runs that ended in this way. Default: all.")
TOKEN_HELP = phrase("A token of the workspace: a personal one expires, and the trigger then stops.")
OTHER = phrase("Other address")
STEPS = (
    phrase("Enter the token, best as a variable of the workspace, and the projects."),
    phrase("Deploy the workflow. Sim then looks at the projects about once a minute."),
    phrase("The first check only records what is there: runs that end after it start the workflow."),
)
STEPS_TITLE = phrase("How it works")
TOLD = phrase("When the workflow was started, ISO 8601.")
ENDS = ("COMPLETED", "ERRORED", "KILLED", "UNABLE_TO_ALLOCATE_KERNEL")
TIMESTAMP = "timestamp"


def region_options(language: str) -> list[dict[str, str]]:
    """Return the options for the region."""
    hosts = [{"label": f"{name}.hex.tech", "id": name} for name in REGIONS]
    return [*hosts, {"label": text(OTHER, language), "id": CUSTOM}]


def trigger_outputs(registry: Registry, language: str) -> dict[str, Any]:
    """Return the outputs of the trigger: the run, and the time when the workflow was started."""
    run = registry["hex_watch_runs"].spec.outputs["runs"].items
    fields = run.fields if run and run.fields else {}
    kinds = {"integer": "number", "object": "json", "array": "json", "any": "json"}
    made = {
        name: {"type": kinds.get(field.type, field.type), "description": text(field.description, language)}
        for name, field in fields.items()
    }
    return made | {TIMESTAMP: {"type": "string", "description": text(TOLD, language)}}


def trigger_fields(registry: Registry, language: str) -> list[SubBlock]:
    """Return the sub-blocks of the trigger. Their IDs differ from those of the operations' sub-blocks."""
    own = registry["hex_watch_runs"].spec.inputs

    def say(words: str) -> str:
        return text(words, language)

    steps = "".join(
        f'<div class="mb-3"><strong>{number}.</strong> {say(step)}</div>' for number, step in enumerate(STEPS, 1)
    )
    fields: list[SubBlock] = [
        {
            "id": "triggerApiKey",
            "title": say(own["apiKey"].title),
            "type": "short-input",
            "description": say(TOKEN_HELP),
            "password": True,
            "required": True,
        },
        {
            "id": "triggerProjectIds",
            "title": say(PROJECTS),
            "type": "long-input",
            "description": say(PROJECTS_HELP),
            "placeholder": f"e.g. {registry['hex_get_project'].spec.inputs['projectId'].example}",
            "required": True,
        },
        {
            "id": "triggerStatuses",
            "title": say(STATUSES),
            "type": "dropdown",
            "multiSelect": True,
            "description": say(STATUSES_HELP),
            "options": [{"label": name_of_value(end), "id": end} for end in ENDS],
            "required": False,
        },
        {
            "id": "triggerRegion",
            "title": say(phrase("Region")),
            "type": "dropdown",
            "description": say(REGION),
            "options": region_options(language),
            "value": Code("() => 'app'"),
            "required": False,
        },
        {
            "id": "triggerBaseUrl",
            "title": say(own["baseUrl"].title),
            "type": "short-input",
            "description": say(own["baseUrl"].description),
            "condition": {"field": "triggerRegion", "value": CUSTOM},
            "required": False,
        },
        {
            "id": "triggerInstructions",
            "title": say(STEPS_TITLE),
            "type": "text",
            "hideFromPreview": True,
            "defaultValue": steps,
        },
    ]
    return [each | {"mode": "trigger"} for each in fields]


def trigger_source(registry: Registry, language: str) -> str:
    """Return the source of the trigger."""
    config = {
        "id": TRIGGER,
        "name": text(TITLE, language),
        "provider": "hex",
        "description": text(DESCRIPTION, language),
        "version": "1.0.0",
        "icon": Code("HexIcon"),
        "polling": True,
        "subBlocks": trigger_fields(registry, language),
        "outputs": trigger_outputs(registry, language),
    }
    return (
        "import { HexIcon } from '@/components/icons'\n"
        "import type { TriggerConfig } from '@/triggers/types'\n\n"
        f"export const hexRunFinishedTrigger: TriggerConfig = {expression(config)}\n"
    )
