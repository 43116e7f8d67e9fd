"""Converts inputs of tools to fields of n8n's editor."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hex_blocks.hosts.javascript.titles import name_of_value, title_case
from hex_blocks.hosts.n8n.words import describe, describe_switch
from hex_blocks.i18n.formats import whole

if TYPE_CHECKING:
    from hex_blocks.tools.spec.values import Input, InputField

Property = dict[str, Any]

# n8n requires options to be sorted if there are at least this many.
SORTED_FROM = 5
EXPRESSIONS = "https://docs.n8n.io/code/expressions/"
LIST_DESCRIPTION = f'Choose from the list, or specify IDs using an <a href="{EXPRESSIONS}">expression</a>'
# Descriptions of switches that are optional, for which the usual beginning is not correct.
SWITCHES = {"hasFeedback": "Whether threads have feedback"}
ONE_DESCRIPTION = f'Choose from the list, or specify an ID using an <a href="{EXPRESSIONS}">expression</a>.'
ROWS = {"prompt": 4, "description": 4, "code": 8, "sql": 8, "markdown": 8}


@dataclass(frozen=True)
class Picker:
    """A field whose value is picked from a list: its label, and the method that loads the list."""

    title: str
    method: str
    address: str = ""
    depends_on: tuple[str, ...] = ()


APP = "https://app.hex.tech/acme"
# Pickers for one ID, by input.
LOCATORS = {
    "projectId": Picker("Project", "searchProjects", f"{APP}/hex/5a8591dd-4039-49df-9202-96385ba3eff8/draft/logic"),
    "collectionId": Picker("Collection", "searchCollections"),
    "groupId": Picker("Group", "searchGroups"),
    "userId": Picker("User", "searchUsers"),
    "dataConnectionId": Picker("Data Connection", "searchDataConnections"),
    "attachmentDataConnectionId": Picker("Attached Data Connection", "searchDataConnections"),
    "threadId": Picker("Thread", "searchThreads"),
    "runId": Picker("Run", "searchRuns"),
    "staticId": Picker("Chart", "searchCharts"),
}
# Pickers for several IDs, by input.
LISTS = {
    "projectIds": Picker("Project", "getProjects"),
    "attachmentProjectIds": Picker("Attached Project", "getProjects"),
    "userIds": Picker("User", "getUsers"),
    "addUserIds": Picker("Add User", "getUsers"),
    "removeUserIds": Picker("Remove User", "getUsers"),
    "groupIds": Picker("Group", "getGroups"),
    "collectionIds": Picker("Collection", "getCollections"),
    "orgGuideFileIds": Picker("Guide Draft", "getDraftGuides"),
    "charts": Picker("Chart", "getCharts", depends_on=("projectId.value",)),
    "topicIds": Picker("Topic", "getTopics"),
}
# Pickers for values that are in use. n8n keeps null in such a field, but makes it blank in a text field.
ONE_OF = {"status": Picker("Status", "getStatuses")}


def property_of(name: str, field: Input, *, required: bool = False) -> Property:
    """Return the field for an input.

    Args:
        name: The name of the input and of the field.
        field: The input.
        required: Whether the editor requires a value.
    """
    made = _by_kind(name, field)
    if required and not field.nullable:
        made["required"] = True
    return made


def _by_kind(name: str, field: Input) -> Property:
    # The notebook tools accept any text that names a run, so it is typed.
    if name in LOCATORS and field.format == "uuid":
        return locator(name, LOCATORS[name], field)
    if name in LISTS and field.type == "array":
        return _list(name, LISTS[name], field)
    if field.type == "boolean" and field.nullable:
        return _of_three_states(name, field)
    if name in ONE_OF and field.null_means == "null":
        return _one_of(name, ONE_OF[name], field)
    head = {"displayName": title_case(field.title), "name": name}
    text = SWITCHES.get(name, field.description)
    match field.type:
        case "boolean":
            return head | {"type": "boolean", "default": bool(field.default), "description": describe_switch(text)}
        case "integer" | "number":
            return head | _number(field)
        case "array" if field.items and field.items.enum:
            return head | _choices("multiOptions", field.items.enum, field.default or [], field)
        case "array" if field.items and field.items.type == "string":
            return head | _texts(field)
        case "array" | "object" | "any":
            return head | _json(field)
        case _ if field.enum:
            return head | _choices("options", field.enum, field.default or field.enum[0], field)
        case _ if field.format == "json-object":
            return head | _json(field)
        case _:
            return head | _text(name, field)


def locator(name: str, picker: Picker, field: Input) -> Property:
    """Return the resource locator for an ID: picked from a list, or given as ID or URL."""
    modes: list[Property] = [
        {
            "displayName": "From List",
            "name": "list",
            "type": "list",
            "placeholder": f"Select a {picker.title.lower()}...",
            "typeOptions": {"searchListMethod": picker.method, "searchable": True},
        }
    ]
    if picker.address:
        modes.append(
            {"displayName": "By URL", "name": "url", "type": "string", "placeholder": f"e.g. {picker.address}"}
        )
    by_id: Property = {"displayName": "By ID", "name": "id", "type": "string"}
    if field.example:
        by_id["placeholder"] = f"e.g. {field.example}"
    return {
        "displayName": picker.title,
        "name": name,
        "type": "resourceLocator",
        "default": {"mode": "list", "value": ""},
        "description": describe(field.description),
        "modes": [*modes, by_id],
    }


def _list(name: str, picker: Picker, _field: Input) -> Property:
    options: Property = {"loadOptionsMethod": picker.method}
    if picker.depends_on:
        options["loadOptionsDependsOn"] = list(picker.depends_on)
    return {
        "displayName": f"{picker.title} Names or IDs",
        "name": name,
        "type": "multiOptions",
        "typeOptions": options,
        "default": [],
        "description": LIST_DESCRIPTION,
    }


def _one_of(name: str, picker: Picker, field: Input) -> Property:
    return {
        "displayName": f"{picker.title} Name or ID",
        "name": name,
        "type": "options",
        "typeOptions": {"loadOptionsMethod": picker.method},
        "default": "",
        "description": f"{field.description} {ONE_DESCRIPTION}",
    }


def _of_three_states(name: str, field: Input) -> Property:
    """Return the field for a boolean that may also be not given, which n8n's switch cannot express."""
    return {
        "displayName": title_case(field.title),
        "name": name,
        "type": "options",
        "options": [
            {"name": "Default", "value": ""},
            {"name": "False", "value": False},
            {"name": "True", "value": True},
        ],
        "default": "",
        "description": describe(field.description),
    }


def _number(field: Input) -> Property:
    limits: Property = {}
    if field.minimum is not None:
        limits["minValue"] = whole(field.minimum)
    if field.maximum is not None:
        limits["maxValue"] = whole(field.maximum)
    if field.type == "integer":
        limits["numberPrecision"] = 0
    default = field.default if field.default is not None else field.minimum
    made: Property = {"type": "number", "default": whole(default or 0), "description": describe(field.description)}
    return made | ({"typeOptions": limits} if limits else {})


def _choices(kind: str, values: Iterable[str], default: Any, field: InputField) -> Property:
    return {"type": kind, "options": choices(values), "default": default, "description": describe(field.description)}


def choices(values: Iterable[str]) -> list[Property]:
    """Return the options for values of Hex's API, in the order that n8n requires."""
    named = [{"name": name_of_value(value), "value": value} for value in values]
    return sorted(named, key=lambda each: each["name"]) if len(named) >= SORTED_FROM else named


def _texts(field: Input) -> Property:
    made: Property = {
        "type": "string",
        "typeOptions": {"multipleValues": True, "multipleValueButtonText": "Add Value"},
        "default": [],
        "description": describe(field.description),
    }
    return made | _placeholder(field.example[0] if field.example else None)


def _json(field: Input) -> Property:
    example = field.example
    if example is not None and not isinstance(example, str):
        example = json.dumps(example, ensure_ascii=False)
    return {"type": "json", "default": "", "description": describe(field.description)} | _placeholder(example)


def _text(name: str, field: Input) -> Property:
    made: Property = {"type": "string", "default": field.default or "", "description": describe(field.description)}
    if name in ROWS:
        made["typeOptions"] = {"rows": ROWS[name]}
    example = "name@email.com" if field.format == "email" else field.example
    return made | _placeholder(example)


def _placeholder(example: Any) -> Property:
    text = str(example) if example is not None else ""
    # A placeholder must fit in one line.
    return {"placeholder": f"e.g. {text}"} if text and "\n" not in text and len(text) <= 120 else {}
