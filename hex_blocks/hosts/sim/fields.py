"""The sub-blocks of Sim's Hex block: one for each input, shared by operations with the same input."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hex_blocks.hosts.builders.forms import has_three_states
from hex_blocks.hosts.javascript.render import Code
from hex_blocks.hosts.javascript.titles import name_of_value
from hex_blocks.hosts.sim.operations import TODAY, Operation
from hex_blocks.i18n.texts import phrase, text
from hex_blocks.tools.spec.values import Input

SubBlock = dict[str, Any]
# The IDs of sub-blocks in Sim's current block that differ from the input's name; saved workflows contain them. The
# other tables list which of the current block's sub-blocks are code editors, advanced fields and switches.
NAMED_TODAY = {
    ("update_project", "status"): "projectStatus",
    ("get_project_runs", "statusFilter"): "runStatusFilter",
    ("get_project_runs", "runTriggerFilter"): "runTriggerFilter",
    ("get_group", "groupId"): "groupIdInput",
    ("update_group", "groupId"): "groupIdInput",
    ("delete_group", "groupId"): "groupIdInput",
    ("create_group", "name"): "groupName",
    ("update_group", "name"): "groupName",
    ("create_group", "userIds"): "groupMemberUserIds",
    ("update_group", "addUserIds"): "groupAddUserIds",
    ("update_group", "removeUserIds"): "groupRemoveUserIds",
    ("create_collection", "name"): "collectionName",
    ("update_collection", "name"): "collectionName",
    ("create_collection", "description"): "collectionDescription",
    ("update_collection", "description"): "collectionDescription",
    ("list_projects", "statusFilter"): "statusFilter",
    ("list_users", "groupId"): "groupId",
}
CODE_TODAY = ("categories", "groupMemberUserIds", "groupAddUserIds", "groupRemoveUserIds")
ADVANCED_TODAY = (
    "categories", "creatorEmail", "dryRun", "groupAddUserIds", "groupId", "groupMemberUserIds", "groupRemoveUserIds",
    "includeArchived", "limit", "notifications", "ownerEmail", "runTriggerFilter", "sortBy", "sortDirection",
    "statusFilter", "updateCache", "updatePublishedResults", "useCachedSqlResults", "userIds", "viewId",
)  # fmt: skip
SWITCHES_TODAY = ("dryRun", "includeArchived", "updateCache", "updatePublishedResults", "useCachedSqlResults")
_LONG = ("prompt", "markdown", "collectionDescription")
_PROGRAMS = {"code": "python", "sql": None}
OPERATION = "operation"
ALL = phrase("All")
DEFAULT = phrase("Default")
YES, NO = phrase("yes"), phrase("no")


@dataclass
class Shared:
    """A sub-block: an input and the operations that share it."""

    id: str
    name: str
    input: Input
    descriptions: set[str] = field(default_factory=set)
    keys: list[str] = field(default_factory=list)
    required: list[str] = field(default_factory=list)


class Palette:
    """The sub-blocks of operations.

    Args:
        shown: The operations.
    """

    def __init__(self, shown: Iterable[Operation]) -> None:
        self._shared: dict[str, Shared] = {}
        self._of: dict[str, dict[str, str]] = {}
        for operation in shown:
            self._of[operation.key] = {
                name: self._place(operation, name, each).id for name, each in operation.inputs.items()
            }

    @property
    def shared(self) -> list[Shared]:
        """The sub-blocks; those that an operation requires come first."""
        return sorted(self._shared.values(), key=lambda each: (not each.required, is_advanced(each)))

    def of(self, key: str) -> dict[str, str]:
        """Return the IDs of an operation's sub-blocks, by input."""
        return self._of[key]

    def _place(self, operation: Operation, name: str, given: Input) -> Shared:
        wanted = NAMED_TODAY.get((operation.key, name)) or self._free_name(operation, name, given)
        shared = self._shared.setdefault(wanted, Shared(wanted, name, given))
        shared.keys.append(operation.key)
        shared.descriptions.add(given.description)
        if given.required:
            shared.required.append(operation.key)
        return shared

    def _free_name(self, operation: Operation, name: str, given: Input) -> str:
        own = f"{operation.camel}{name[:1].upper()}{name[1:]}"
        existing = self._shared.get(name)
        taken = name in NAMED_TODAY.values() or (existing is not None and _form(existing.input) != _form(given))
        return own if taken else name


def _form(given: Input) -> tuple[Any, ...]:
    items = given.items.type if given.items else None
    return given.title, given.type, items, given.enum


def is_advanced(shared: Shared) -> bool:
    """Return whether a sub-block is in the advanced section."""
    return not shared.required and (shared.input.advanced or shared.id in ADVANCED_TODAY)


def sub_block(shared: Shared, language: str) -> SubBlock:
    """Return the declaration of a sub-block."""
    given = shared.input
    made: SubBlock = {"id": shared.id, "title": text(given.title, language), **_kind(shared, language)}
    if len(shared.descriptions) == 1:
        made["description"] = text(given.description, language)
    if given.example is not None and "options" not in made:
        made["placeholder"] = f"e.g. {_plain(given.example)}"
    made["condition"] = _when(shared.keys)
    if shared.required:
        made["required"] = True if shared.required == shared.keys else _when(shared.required)
    if is_advanced(shared):
        made["mode"] = "advanced"
    return made


def _kind(shared: Shared, language: str) -> SubBlock:
    given, name = shared.input, shared.name
    if given.enum:
        return _dropdown(given, language, optional=shared.required != shared.keys)
    if given.type == "boolean":
        return _switch(shared, language)
    if is_json(shared) or given.format == "json-object":
        return {"type": "code", "language": "json", "wandConfig": _wand(given)}
    if name in _PROGRAMS:
        language_of = _PROGRAMS[name]
        return {"type": "code", **({"language": language_of} if language_of else {})}
    return {"type": "long-input" if name in _LONG or shared.id in _LONG else "short-input"}


def _switch(shared: Shared, language: str) -> SubBlock:
    if shared.id in SWITCHES_TODAY:
        return {"type": "switch"}
    if not has_three_states(shared.input):
        return {"type": "switch", **({"defaultValue": True} if shared.input.default else {})}
    options = [(DEFAULT, ""), (YES, "true"), (NO, "false")]
    return {
        "type": "dropdown",
        "options": [{"label": text(label, language).capitalize(), "id": value} for label, value in options],
        "value": Code("() => ''"),
    }


def _dropdown(given: Input, language: str, *, optional: bool) -> SubBlock:
    blank = ALL if given.default is None and given.place == "query" else DEFAULT
    options = [{"label": text(blank, language), "id": ""}] if optional else []
    options += [{"label": name_of_value(value), "id": value} for value in given.enum or ()]
    return {"type": "dropdown", "options": options, "value": Code(f"() => '{options[0]['id']}'")}


def is_json(shared: Shared) -> bool:
    """Return whether the value of a sub-block is JSON text for an object or a list."""
    given = shared.input
    entries = given.items.type if given.items else "string"
    holds_objects = given.type == "array" and entries not in ("string", "integer")
    return shared.id in CODE_TODAY or given.type in ("object", "any") or holds_objects


def _wand(given: Input) -> SubBlock:
    """Return the prompt for Sim's assistant, which writes such a value for users."""
    kind = "array" if given.type == "array" else "object"
    prompt = (
        f"Write the JSON {kind} for the field {given.title} of a Hex block.\n{given.description}\n"
        "Current value: {context}\nAnswer with the JSON alone: no explanation, no code fence."
    )
    about = "Describe the values you need..."
    return {
        "enabled": True,
        "maintainHistory": True,
        "prompt": prompt,
        "placeholder": about,
        "generationType": "json-object",
    }


def _plain(example: Any) -> str:
    return example if isinstance(example, str) else json.dumps(example, ensure_ascii=False)


def _when(keys: list[str]) -> SubBlock:
    return {"field": OPERATION, "value": keys[0] if len(keys) == 1 else list(keys)}


def operation_field(shown: Iterable[Operation], language: str) -> SubBlock:
    """Return the dropdown for the operation."""
    options = [{"label": each.name(language), "id": each.key} for each in shown]
    return {
        "id": OPERATION,
        "title": text(phrase("Operation"), language),
        "type": "dropdown",
        "options": options,
        "value": Code(f"() => '{TODAY[0]}'"),
    }
