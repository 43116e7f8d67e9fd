"""Projects by what people have at hand: in a builder's form a title or an address stands where an ID is due."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from hex_blocks.api.connection import Connection
from hex_blocks.errors.classes import Fault, HexError, hex_error
from hex_blocks.hosts.builders.forms import NAMED_PROJECTS
from hex_blocks.run import run
from hex_blocks.tools.inputs.ids import UUID, id_in
from hex_blocks.tools.registry import Registry
from hex_blocks.tools.spec.values import InputField
from hex_blocks.tools.tool import Tool

FIND = "hex_find_project"
MOST_NAMED = 5
LONGEST_TITLE = 500


def with_project_ids(
    tool: Tool, inputs: Mapping[str, Any], tools: Registry, connection: Connection, language: str | None
) -> dict[str, Any]:
    """Return inputs in which each project that was named by its title or address stands by its ID.

    Raises:
        InputError: No project fits, or several do.
        HexError: The projects could not be read.
    """
    return _Names(tool, tools, connection, language).in_fields(inputs, tool.spec.inputs)


class _Names:
    """The projects that one call names; each is looked for once."""

    def __init__(self, tool: Tool, tools: Registry, connection: Connection, language: str | None) -> None:
        self._tool = tool
        self._tools = tools
        self._connection = connection
        self._language = language
        self._known: dict[str, str] = {}

    def in_fields(self, values: Mapping[str, Any], fields: Mapping[str, InputField]) -> dict[str, Any]:
        return {
            name: self._in_value(name, value, fields[name]) if name in fields else value
            for name, value in values.items()
        }

    def _in_value(self, name: str, value: Any, field: InputField) -> Any:
        if name == NAMED_PROJECTS[0]:
            return self._id(value, name)
        entries = field.items
        if field.type != "array" or entries is None or not (name in NAMED_PROJECTS or entries.fields):
            return value
        listed = _list(value)
        if listed is None:
            return value
        if name in NAMED_PROJECTS:
            return [self._id(each, f"{name}[{place}]") for place, each in enumerate(listed)]
        parts = entries.fields or {}
        return [self.in_fields(each, parts) if isinstance(each, Mapping) else each for each in listed]

    def _id(self, value: Any, place: str) -> Any:
        if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TITLE or _is_id(value):
            return value
        title = value.strip()
        if title not in self._known:
            self._known[title] = self._found(title, place)
        return self._known[title]

    def _found(self, title: str, place: str) -> str:
        answer = run(self._tools[FIND], {"query": title}, self._tools, self._connection, language=self._language)
        matches = answer["matches"]
        if len(matches) == 1:
            return str(matches[0]["id"])
        if not matches:
            reason = " ".join(each["message"] for each in answer.get("warnings", []))
            raise self._refused(Fault(place, "no_project_named", {"found": repr(title), "reason": reason}))
        named = ", ".join(f"{each['title']} ({each['id']})" for each in matches[:MOST_NAMED])
        named += ", …" if len(matches) > MOST_NAMED else ""
        raise self._refused(Fault(place, "several_projects", {"found": repr(title), "named": named}))

    def _refused(self, fault: Fault) -> HexError:
        return hex_error("bad_inputs", tool=self._tool.id, faults=(fault,))


def _is_id(value: str) -> bool:
    """Whether the tool's own check reads it: an ID, or an address that holds one."""
    try:
        return bool(UUID.fullmatch(id_in("project", value.strip())))
    except PydanticCustomError:
        # An address of an app, or of something else: the search reads the one, and refuses the other.
        return False


def _list(value: Any) -> list[Any] | None:
    """Return the entries of a list, or of what a form writes for one; None where it is none."""
    if isinstance(value, list | tuple):
        return list(value)
    if not isinstance(value, str) or not value.strip():
        return None
    if value.strip().startswith("["):
        try:
            read = json.loads(value)
        except (ValueError, RecursionError):
            return None
        return read if isinstance(read, list) else None
    return [each.strip() for each in value.split(",") if each.strip()]
