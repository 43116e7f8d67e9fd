"""Finding projects by title or URL, for forms in which users enter these instead of an ID."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hex_blocks.api.connection import Connection
from hex_blocks.errors.classes import Fault, HexError, hex_error
from hex_blocks.hosts.builders.forms import NAMED_PROJECTS
from hex_blocks.run import run
from hex_blocks.tools.inputs.faults import InvalidValueError
from hex_blocks.tools.inputs.ids import UUID, id_in
from hex_blocks.tools.registry import Registry
from hex_blocks.tools.spec.values import InputField
from hex_blocks.tools.tool import Tool

FIND = "hex_find_project"
MAX_NAMED = 5
MAX_TITLE_LENGTH = 500


def with_project_ids(
    tool: Tool, inputs: Mapping[str, Any], tools: Registry, connection: Connection, language: str | None
) -> dict[str, Any]:
    """Return inputs with each project's title or URL replaced by its ID.

    Args:
        tool: The tool that is called.
        inputs: Its inputs.
        tools: All tools.
        connection: The connection to Hex.
        language: The language of messages.

    Raises:
        InputError: No project matches, or several do.
        HexError: The projects could not be read.
    """
    return _ProjectResolver(tool, tools, connection, language).in_fields(inputs, tool.spec.inputs)


class _ProjectResolver:
    """Resolves the titles and URLs of projects in one call; each is searched for once."""

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
        if not isinstance(value, str) or not value.strip() or len(value) > MAX_TITLE_LENGTH or _is_id(value):
            return value
        title = value.strip()
        if title not in self._known:
            self._known[title] = self._find(title, place)
        return self._known[title]

    def _find(self, title: str, place: str) -> str:
        answer = run(self._tools[FIND], {"query": title}, self._tools, self._connection, language=self._language)
        matches = answer["matches"]
        if len(matches) == 1:
            return str(matches[0]["id"])
        if not matches:
            reason = " ".join(each["message"] for each in answer.get("warnings", []))
            raise self._bad_inputs(Fault(place, "no_project_named", {"found": repr(title), "reason": reason}))
        named = ", ".join(f"{each['title']} ({each['id']})" for each in matches[:MAX_NAMED])
        named += ", …" if len(matches) > MAX_NAMED else ""
        raise self._bad_inputs(Fault(place, "several_projects", {"found": repr(title), "named": named}))

    def _bad_inputs(self, fault: Fault) -> HexError:
        return hex_error("bad_inputs", tool=self._tool.id, faults=(fault,))


def _is_id(value: str) -> bool:
    """Return whether the tool's input check accepts the value: an ID, or a URL that contains one."""
    try:
        return bool(UUID.fullmatch(id_in("project", value.strip())))
    except InvalidValueError:
        # A URL without a project ID: the search finds the project of an app's URL and refuses other URLs.
        return False


def _list(value: Any) -> list[Any] | None:
    """Return the items of a list, or of its text in a form (JSON, or separated by commas); None if it is neither."""
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
