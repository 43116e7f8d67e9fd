"""The fields of Run Project that do not correspond to one input: the parameters and the wait."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from hex_blocks.hosts.n8n.fields import Property
from hex_blocks.hosts.n8n.words import describe
from hex_blocks.tools.registry import Registry

if TYPE_CHECKING:
    from hex_blocks.tools.spec.values import Input

RUN_PROJECT = "hex_run_project"
# Inputs of hex_run_and_wait that Run Project has as options for its wait.
WAITS = ("timeout", "pollInterval", "cancelOnTimeout", "cancelActiveRuns")
KINDS = {
    "boolean": "Boolean",
    "date": "Date",
    "dateTime": "Date and Time",
    "json": "JSON",
    "list": "List",
    "number": "Number",
    "string": "String",
}


def run_options(inputs: Mapping[str, Input]) -> dict[str, Input]:
    """Return the optional inputs of Run Project, including those of its wait."""
    return {**inputs, **_waits()}


@cache
def _waits() -> dict[str, Input]:
    inputs = Registry.load(plugins=False)["hex_run_and_wait"].spec.inputs
    return {name: inputs[name] for name in WAITS}


def run_fields(parameters: Input) -> list[Property]:
    """Return the fields for the parameters and the wait."""
    description = describe(parameters.description)
    return [
        {
            "displayName": "Specify Input Parameters",
            "name": "specifyInputParams",
            "type": "options",
            "options": [
                {"name": "Using Fields Below", "value": "keypair"},
                {"name": "Using JSON", "value": "json"},
            ],
            "default": "keypair",
            "description": "How to give the values for the inputs of the published app",
        },
        {
            "displayName": "Input Parameters",
            "name": "inputParams",
            "type": "fixedCollection",
            "typeOptions": {"multipleValues": True},
            "placeholder": "Add Parameter",
            "default": {},
            "description": description,
            "options": [{"displayName": "Parameter", "name": "values", "values": _row()}],
            "displayOptions": {"show": {"specifyInputParams": ["keypair"]}},
        },
        {
            "displayName": "Input Parameters",
            "name": "inputParamsJson",
            "type": "json",
            "default": "",
            "placeholder": 'e.g. { "region": "EMEA", "year": 2026 }',
            "description": description,
            "displayOptions": {"show": {"specifyInputParams": ["json"]}},
        },
        {
            "displayName": "Wait for Completion",
            "name": "waitForCompletion",
            "type": "boolean",
            "default": True,
            "description": "Whether to wait until the run has ended. Otherwise the item is there at once.",
        },
    ]


def _row() -> list[Property]:
    """Return the fields of one parameter; each type has its own field for the value."""
    return [
        {
            "displayName": "Name",
            "name": "name",
            "type": "string",
            "default": "",
            "placeholder": "e.g. region",
            "description": "Variable name of the input in the published app",
        },
        {
            "displayName": "Type",
            "name": "type",
            "type": "options",
            "options": [{"name": title, "value": value} for value, title in sorted(KINDS.items(), key=lambda k: k[1])],
            "default": "string",
            "description": "Type of the value",
        },
        _value("string", "string", "", "e.g. EMEA"),
        _value("number", "number", 0, None),
        _value("boolean", "boolean", False, None),
        _value("date", "string", "", "e.g. 2026-03-01"),
        _value("dateTime", "dateTime", "", None),
        _value("list", "string", "", 'e.g. ["EMEA", "APAC"]'),
        _value("json", "json", "", 'e.g. { "from": 1 }'),
    ]


def _value(kind: str, type_: str, default: object, placeholder: str | None) -> Property:
    words = {
        "boolean": "Whether the input is on",
        "date": "Day as year-month-day",
        "list": "Values as a JSON array",
        "json": "Value as JSON",
    }
    made: Property = {
        "displayName": "Value",
        "name": "value",
        "type": type_,
        "default": default,
        "description": words.get(kind, "Value of the input"),
        "displayOptions": {"show": {"type": [kind]}},
    }
    return made | ({"placeholder": placeholder} if placeholder else {})
