"""The fields of the trigger and the credential."""

from __future__ import annotations

from hex_blocks.hosts.n8n.fields import EXPRESSIONS, Property

EVENTS = {
    "runCompleted": ("Run Completed", "COMPLETED"),
    "runErrored": ("Run Errored", "ERRORED"),
    "runKilled": ("Run Killed", "KILLED"),
    "runNoKernel": ("Run Without Kernel", "UNABLE_TO_ALLOCATE_KERNEL"),
}
REGIONS = {
    "app": "app.hex.tech (Multi-Tenant)",
    "eu": "eu.hex.tech (EU)",
    "hc": "hc.hex.tech (HIPAA)",
    "custom": "Custom (Single Tenant)",
}


def trigger_fields() -> list[Property]:
    """Return the fields of the trigger."""
    return [
        {
            "displayName": "Project Names or IDs",
            "name": "projectIds",
            "type": "multiOptions",
            "typeOptions": {"loadOptionsMethod": "getProjects"},
            "default": [],
            "required": True,
            "description": (
                "The projects to watch. Choose from the list, or specify IDs using an "
                f'<a href="{EXPRESSIONS}">expression</a>.'
            ),
        },
        {
            "displayName": "Events",
            "name": "events",
            "type": "multiOptions",
            "options": [{"name": title, "value": key} for key, (title, _) in EVENTS.items()],
            "default": list(EVENTS),
            "required": True,
            "description": "The ends of runs that start the workflow",
        },
        {
            "displayName": "Simplify",
            "name": "simplify",
            "type": "boolean",
            "default": True,
            "description": "Whether to return a simplified version of the response instead of the raw data",
        },
        {
            "displayName": (
                "The first check only takes note of the runs there are. Runs that end after it start the workflow, "
                "each exactly once. Use a token of the workspace: personal ones expire."
            ),
            "name": "notice",
            "type": "notice",
            "default": "",
        },
    ]


def credential_fields() -> list[Property]:
    """Return the fields of the credential."""
    return [
        {
            "displayName": "API Token",
            "name": "apiKey",
            "type": "string",
            "typeOptions": {"password": True},
            "default": "",
            "required": True,
            "description": "Token from Settings > API Keys in Hex. Triggers need one of the workspace.",
        },
        {
            "displayName": "Region",
            "name": "region",
            "type": "options",
            "options": [{"name": title, "value": key} for key, title in REGIONS.items()],
            "default": "app",
            "description": "Where you open Hex",
        },
        {
            "displayName": "Base URL",
            "name": "baseUrl",
            "type": "string",
            "default": "",
            "placeholder": "e.g. https://acme.hex.tech",
            "description": "Address where you open Hex. The token is sent only to hosts under hex.tech.",
            "displayOptions": {"show": {"region": ["custom"]}},
        },
    ]
