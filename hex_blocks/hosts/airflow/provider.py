"""The metadata of the provider. It imports nothing of Airflow, because Airflow reads it while providers load."""

from __future__ import annotations

from typing import Any

PACKAGE = "hex_blocks.hosts.airflow"
INTEGRATION = "Hex"


def get_provider_info() -> dict[str, Any]:
    """Return the metadata of the provider, in Airflow's schema."""
    return {
        "package-name": "hex-blocks",
        "name": "Hex",
        "description": "Run Hex projects, and follow, cancel and watch their runs.",
        "integrations": [
            {"integration-name": INTEGRATION, "external-doc-url": "https://learn.hex.tech/docs", "tags": ["service"]}
        ],
        "hooks": [{"integration-name": INTEGRATION, "python-modules": [f"{PACKAGE}.hook"]}],
        "operators": [
            {"integration-name": INTEGRATION, "python-modules": [f"{PACKAGE}.operators", f"{PACKAGE}.batches"]}
        ],
        "sensors": [{"integration-name": INTEGRATION, "python-modules": [f"{PACKAGE}.sensor"]}],
        "triggers": [
            {"integration-name": INTEGRATION, "python-modules": [f"{PACKAGE}.trigger", f"{PACKAGE}.watching"]}
        ],
        "connection-types": [
            {
                "connection-type": "hex",
                "hook-name": "Hex",
                "hook-class-name": f"{PACKAGE}.hook.HexHook",
                "ui-field-behaviour": ui_field_behaviour(),
                "conn-fields": {},
            }
        ],
        "extra-links": [f"{PACKAGE}.link.HexRunLink"],
    }


def ui_field_behaviour() -> dict[str, Any]:
    """Return how the connection's form shows its fields."""
    return {
        "hidden-fields": ["login", "schema", "port", "extra"],
        "relabeling": {"password": "API token", "host": "Base URL"},
        "placeholders": {
            "password": "hxtp_…",
            "host": "https://app.hex.tech, or the address where you open Hex",
        },
    }
