"""Runs the components: reads their fields, calls a tool, and returns the result as data, table and message.

Saved flows contain the source of components, which calls the public functions here: their names must not change.
"""

from __future__ import annotations

import asyncio
import base64
import mimetypes
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from lfx.schema import Data, DataFrame, Message

from hex_blocks.api.connection import Connection
from hex_blocks.errors.classes import HexError
from hex_blocks.hosts.builders.calling import Outcome, ToolCaller, WaitLimits
from hex_blocks.hosts.builders.connecting import connection_of
from hex_blocks.hosts.builders.forms import FAIL_ON_RUN_ERROR, shown_inputs
from hex_blocks.hosts.builders.words import failure_text
from hex_blocks.hosts.langflow.fields import CONNECTION, TOKEN_VARIABLE, tool_fields
from hex_blocks.hosts.langflow.palette import actions, input_name, is_action
from hex_blocks.hosts.models.schemas import PICTURE_NUMBER
from hex_blocks.hosts.models.toolbox import Picture, in_own_thread
from hex_blocks.tools.registry import Registry

# Langflow has no time limit for components, so only the form limits a wait.
WAIT = WaitLimits(usual=600.0, longest=86_400.0)
PICTURES = "hex-blocks-"
# The attribute of a component that holds the result of its last call.
RESULT = "_hex_result"
# Fields that every component has in a form, besides those of the action.
STANDARD_FIELDS = ("code", "_type", "tools_metadata")


class ComponentError(Exception):
    """Raised if a call failed. Langflow shows its text and passes it to agents."""


async def as_data(component: Any, tool: str) -> Data:
    """Return the complete result of a component."""
    outcome = await _outcome(component, tool, "data")
    component.status = outcome.sentence
    return Data(data=_with_paths(outcome))


async def as_table(component: Any, tool: str) -> DataFrame:
    """Return the rows of a component's result: the items of its list, or the result as one row."""
    outcome = await _outcome(component, tool, "table")
    return DataFrame(rows_of(_with_paths(outcome)))


async def as_message(component: Any, tool: str) -> Message:
    """Return a sentence about the result of a component."""
    outcome = await _outcome(component, tool, "message")
    return Message(text=outcome.sentence)


def tools_of(component: Any) -> list[Any]:
    """Return the tools of a toolset component for an agent."""
    from hex_blocks.hosts.langchain import toolkit

    names = [each for each in component.tool_names or [] if each]
    if hidden := [each for each in names if not is_action(each)]:
        raise ComponentError(f"{', '.join(hidden)} cannot be used here.")
    try:
        made: list[Any] = toolkit(_connection(component), names, search=False)
    except HexError as error:
        raise ComponentError(failure_text(error)) from None
    return made


def with_fields_of_action(build_config: Any, action: str) -> Any:
    """Return a form with the fields of an action. Fields that it already had keep their values."""
    registry = _caller().registry
    fields = {each.name: each for each in tool_fields(registry, action)} if action in registry else {}
    permanent = {"action", *CONNECTION, *STANDARD_FIELDS}
    for name in [each for each in build_config if each not in permanent and each not in fields]:
        del build_config[name]
    for name, field in fields.items():
        if name not in build_config:
            build_config[name] = field.to_dict()
    build_config["action"]["options"] = actions(registry)
    return build_config


def action_tool(component: Any) -> str:
    """Return the ID of the selected action's tool."""
    action = str(component.action or "").strip()
    registry = _caller().registry
    if action not in registry or not is_action(registry[action].id):
        raise ComponentError(f"Choose an action: {action or 'none'} is not one.")
    return registry[action].id


def rows_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the items of a document's list of objects; the document itself if it has no such list."""
    lists = [part for name, part in document.items() if isinstance(part, list) and name != "warnings"]
    found = next((part for part in lists if all(isinstance(each, dict) for each in part)), None)
    return [dict(document)] if found is None else [dict(each) for each in found]


@cache
def _caller() -> ToolCaller:
    return ToolCaller(Registry.load(), WAIT)


def _connection(component: Any) -> Connection:
    token, region, base_url = (_value(component, name) for name in CONNECTION)
    if str(getattr(token, "get_secret_value", lambda: token)()) == TOKEN_VARIABLE:
        # Langflow replaces variables only in fields that are marked for it, which generated flows may not do.
        token = os.environ.get(TOKEN_VARIABLE)
    return connection_of(token, region, base_url)


async def _outcome(component: Any, tool: str, output: str) -> Outcome:
    """Return the result of a component, with one call for all its outputs.

    If an output is requested a second time, or inputs have changed, the tool is called again.
    """
    given = _field_values(component, tool)
    lock, taken, called, known = component.__dict__.setdefault(RESULT, (asyncio.Lock(), set(), None, None))
    async with lock:
        _, taken, called, known = component.__dict__[RESULT]
        if known is None or output in taken or called != (tool, given):
            known = await _call(component, tool, given)
            taken, called = set(), (tool, given)
        component.__dict__[RESULT] = (lock, {*taken, output}, called, known)
    outcome: Outcome = known
    if outcome.error:
        raise ComponentError(failure_text(outcome.error))
    return outcome


async def _call(component: Any, tool: str, given: dict[str, Any]) -> Outcome:
    inputs = dict(given)
    fail = inputs.pop(FAIL_ON_RUN_ERROR, None)
    stop = threading.Event()
    try:
        connection = _connection(component)
    except HexError as error:
        return Outcome({}, error=error)
    return await in_own_thread(
        lambda: _caller().call(tool, inputs, connection, fail_on_run_error=fail is not False, stop=stop), stop.set
    )


def _field_values(component: Any, tool: str) -> dict[str, Any]:
    """Return the values of a component's fields, by the names of the tool's inputs."""
    names = [*shown_inputs(_caller().registry[tool]), FAIL_ON_RUN_ERROR]
    values = {name: _value(component, input_name(name)) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _value(component: Any, name: str) -> Any:
    value = getattr(component, name, None)
    if isinstance(value, Message):
        return value.text
    return value.data if isinstance(value, Data) else value


def _with_paths(outcome: Outcome) -> dict[str, Any]:
    """Return the document of a result, with the pictures written to files and their paths added beside them."""
    if not outcome.pictures:
        return outcome.document
    files = list(_write_pictures(outcome.pictures))
    document: dict[str, Any] = _add_paths(outcome.document, files)
    return document


def _add_paths(value: Any, files: list[str]) -> Any:
    if isinstance(value, list):
        return [_add_paths(part, files) for part in value]
    if not isinstance(value, dict):
        return value
    made = {name: _add_paths(part, files) for name, part in value.items()}
    for part in value.values():
        if isinstance(part, dict) and PICTURE_NUMBER in part:
            made["path"] = files[part[PICTURE_NUMBER] - 1]
    return made


def _write_pictures(pictures: tuple[Picture, ...]) -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix=PICTURES))
    for number, picture in enumerate(pictures, 1):
        path = folder / f"chart-{number}{mimetypes.guess_extension(picture.mime_type) or ''}"
        path.write_bytes(base64.b64decode(picture.base64))
        yield str(path)
