"""Correcting small mistakes in the calls of models, and advice in the errors of calls that cannot be corrected.

Accepted are other spellings of names, inputs inside one extra object, and inputs of the called tool beside the
`arguments` of hex_call_tool. Nothing ambiguous is corrected, and no given value is replaced.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from hex_blocks.errors.classes import Fault, HexError, hex_error
from hex_blocks.hosts.models.schemas import for_models, is_hidden
from hex_blocks.tools.inputs.faults import json_problem

if TYPE_CHECKING:
    from hex_blocks.tools.registry import Registry
    from hex_blocks.tools.tool import Tool

# Names that models use for an object around all inputs.
WRAPPERS = frozenset({"arguments", "args", "input", "inputs", "kwargs", "parameters", "params"})
ARGUMENTS, PARAMETERS = "arguments", "inputParams"
# Names that models use for the input `name` of hex_call_tool, folded.
TOOL_NAMES = frozenset({"tool", "toolname", "toolid"})
# The tool that finds the ID for an input.
FINDERS = {
    "projectId": "hex_find_project",
    "projectIds": "hex_find_project",
    "runId": "hex_get_project_runs",
    "userId": "hex_list_users",
    "userIds": "hex_list_users",
    "addUserIds": "hex_list_users",
    "removeUserIds": "hex_list_users",
    "groupId": "hex_list_groups",
    "groupIds": "hex_list_groups",
    "collectionId": "hex_list_collections",
    "collectionIds": "hex_list_collections",
    "dataConnectionId": "hex_list_data_connections",
    "cellId": "hex_list_cells",
    "staticId": "hex_list_cells",
    "threadId": "hex_list_threads",
    "orgGuideFileId": "hex_list_draft_guides",
    "orgGuideFileIds": "hex_list_draft_guides",
}
_SEPARATORS = re.compile(r"[\s_.-]+")
_INDEX = re.compile(r"\[\d+\]$")


def read_arguments(tool: Tool, arguments: Any) -> Mapping[str, Any]:
    """Return the arguments of a call as an object.

    Raises:
        InputError: They are neither an object, nor JSON text of an object, nor empty.
    """
    if arguments is None or (isinstance(arguments, str) and not arguments.strip()):
        return {}
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except json.JSONDecodeError as error:
            raise _bad_arguments(tool, "bad_json", json_problem(error)) from None
        except (ValueError, RecursionError):
            raise _bad_arguments(tool, "json_too_deep", {}) from None
    if not isinstance(arguments, Mapping):
        raise _bad_arguments(tool, "not_an_inputs_object", {"found": type(arguments).__name__})
    return arguments


def match_names(tool: Tool, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return inputs with other spellings of names replaced by the names of the tool's inputs, if unambiguous."""
    given = _unwrapped(tool, given)
    named = {name: value for name, value in given.items() if name in tool.spec.inputs}
    for name, value in given.items():
        if name not in named:
            match = _matching_input(tool, name, named, given)
            named[match if match and match not in given else name] = value
    return named


def nest_arguments(tool: Tool, given: Mapping[str, Any], tools: Registry) -> Mapping[str, Any]:
    """Return the inputs of hex_call_tool with misplaced inputs of the called tool moved into `arguments`.

    Args:
        tool: hex_call_tool.
        given: Its inputs.
        tools: The tools that it can call.

    Raises:
        InputError: An input is given both in `arguments` and beside it.
    """
    beside = {name: value for name, value in given.items() if name not in tool.spec.inputs}
    name, arguments = given.get("name"), as_mapping(given.get("arguments") or {})
    if not isinstance(name, str) or name not in tools or arguments is None:
        return given
    matched = match_names(tools[name], beside)
    moved = {each: value for each, value in matched.items() if each in tools[name].spec.inputs}
    if twice := [each for each in moved if each in arguments]:
        faults = tuple(Fault(each, "goes_inside") for each in twice)
        raise hex_error("bad_inputs", tool=tool.id, faults=faults)
    unknown = {each: value for each, value in matched.items() if each not in moved}
    own = {each: value for each, value in given.items() if each in tool.spec.inputs}
    return own | unknown | {"arguments": match_names(tools[name], {**arguments, **moved})}


def as_mapping(arguments: Any) -> Mapping[str, Any] | None:
    """Return an object, parsed if it is JSON text, even if it was encoded twice; None if it is not an object."""
    try:
        for _ in range(2):
            if isinstance(arguments, str):
                arguments = json.loads(arguments) if arguments.strip() else {}
    except (ValueError, RecursionError):
        return None
    return arguments if isinstance(arguments, Mapping) else None


def with_advice(error: HexError, tools: Registry, can_call: Callable[[str], bool]) -> HexError:
    """Return an error that also says which tool finds a missing ID, and which inputs a tool has.

    Args:
        error: The error of a call.
        tools: All tools.
        can_call: Returns whether the model can call a tool.
    """
    name = error.values.get("tool")
    if error.key != "bad_inputs" or not isinstance(name, str) or name not in tools:
        return error
    spec = for_models(tools[name].spec)
    added: list[Fault] = []
    for fault in error.faults:
        at = _INDEX.sub("", fault.input)
        finder = FINDERS.get(at)
        if fault.key in ("missing", "not_uuid") and finder and finder != name and can_call(finder):
            added.append(Fault(at, "found_by", {"tool": finder}))
        elif fault.key == "unknown" and "." not in at and at not in tools[name].spec.inputs:
            names = ", ".join(spec.inputs)
            added.append(Fault(name, "takes", {"names": names}) if names else Fault(name, "takes_nothing"))
    more = [fault for place, fault in enumerate(added) if fault not in added[:place]]
    return hex_error("bad_inputs", faults=(*error.faults, *more), **error.values) if more else error


def _unwrapped(tool: Tool, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the inputs from inside an object around all of them, if there is one."""
    if len(given) != 1:
        return given
    ((name, value),) = given.items()
    inside = None if _folded(name) not in WRAPPERS or name in tool.spec.inputs else as_mapping(value or {})
    return given if inside is None else inside


def _matching_input(tool: Tool, name: str, named: Mapping[str, Any], given: Mapping[str, Any]) -> str | None:
    """Return the input that an unknown name stands for; None if there is none or more than one.

    Args:
        tool: The tool.
        name: A name that no input of the tool has.
        named: The inputs that are matched already.
        given: All inputs of the call.
    """
    inputs, folded = tool.spec.inputs, _folded(name)
    if folded in WRAPPERS:
        # It holds the project's inputs only if the tool's own required inputs are given beside it.
        required = [each for each, field in inputs.items() if field.required and not is_hidden(field)]
        complete = all(each in named for each in required if each != ARGUMENTS)
        return next((each for each in (ARGUMENTS, PARAMETERS) if each in inputs and complete), None)
    if folded in TOOL_NAMES and ARGUMENTS in inputs:
        return "name"
    if folded == "id":
        ids = [each for each, field in inputs.items() if field.required and each.endswith("Id") and each not in given]
        return ids[0] if len(ids) == 1 else None
    found = [each for each in inputs if _folded(each) in (folded, f"{folded}id") and each not in named]
    return found[0] if len(found) == 1 else None


def _folded(name: str) -> str:
    return _SEPARATORS.sub("", name).casefold()


def _bad_arguments(tool: Tool, fault: str, values: dict[str, Any]) -> HexError:
    return hex_error("bad_inputs", tool=tool.id, faults=(Fault("arguments", fault, values),))
