"""What a model means by a call that is not quite right, and what it is told to send where that is not clear.

Names are understood in other spellings, inputs in one wrapping more than is due, and inputs of the tool to be called
beside `arguments`. Nothing is understood that could mean two things, and nothing that is given is replaced.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from hex_blocks.errors.classes import Fault, HexError, hex_error
from hex_blocks.hosts.models.schemas import for_models, is_hidden

if TYPE_CHECKING:
    from hex_blocks.tools.registry import Registry
    from hex_blocks.tools.tool import Tool

# What models call the inputs as a whole.
WRAPPERS = frozenset({"arguments", "args", "input", "inputs", "kwargs", "parameters", "params"})
ARGUMENTS, PARAMETERS = "arguments", "inputParams"
# What they call the tool to be called.
TOOL = frozenset({"tool", "toolname", "toolid"})
# Which tool finds the ID that an input takes.
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
_LINKS = re.compile(r"[\s_.-]+")
_PLACE = re.compile(r"\[\d+\]$")


def read_arguments(tool: Tool, arguments: Any) -> Mapping[str, Any]:
    """Read the arguments of a call: an object, JSON text of one, or nothing. Raises InputError for anything else."""
    if arguments is None or (isinstance(arguments, str) and not arguments.strip()):
        return {}
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except json.JSONDecodeError as error:
            values = {"problem": error.msg, "line": error.lineno, "column": error.colno}
            raise _refused(tool, "bad_json", values) from None
        except (ValueError, RecursionError):
            raise _refused(tool, "json_too_deep", {}) from None
    if not isinstance(arguments, Mapping):
        raise _refused(tool, "not_an_inputs_object", {"found": type(arguments).__name__})
    return arguments


def understood(tool: Tool, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return inputs under the names that a tool has for them, as far as that is clear."""
    given = _unwrapped(tool, given)
    named = {name: value for name, value in given.items() if name in tool.spec.inputs}
    for name, value in given.items():
        if name not in named:
            meant = _meant(tool, name, named, given)
            named[meant if meant and meant not in given else name] = value
    return named


def put_inside(tool: Tool, given: Mapping[str, Any], tools: Registry) -> Mapping[str, Any]:
    """Return a call of hex_call_tool with what stands beside `arguments` inside, where nothing else can be meant."""
    beside = {name: value for name, value in given.items() if name not in tool.spec.inputs}
    name, arguments = given.get("name"), as_mapping(given.get("arguments") or {})
    if not isinstance(name, str) or name not in tools or arguments is None:
        return given
    inside = understood(tools[name], beside)
    fitting = {each: value for each, value in inside.items() if each in tools[name].spec.inputs}
    if twice := [each for each in fitting if each in arguments]:
        faults = tuple(Fault(each, "goes_inside") for each in twice)
        raise hex_error("bad_inputs", tool=tool.id, faults=faults)
    left = {each: value for each, value in inside.items() if each not in fitting}
    kept = {each: value for each, value in given.items() if each in tool.spec.inputs}
    return kept | left | {"arguments": understood(tools[name], {**arguments, **fitting})}


def as_mapping(arguments: Any) -> Mapping[str, Any] | None:
    """Read an object, or JSON text of one, also where it was written twice; None where it is neither."""
    try:
        for _ in range(2):
            if isinstance(arguments, str):
                arguments = json.loads(arguments) if arguments.strip() else {}
    except (ValueError, RecursionError):
        return None
    return arguments if isinstance(arguments, Mapping) else None


def with_advice(error: HexError, tools: Registry, reaches: Callable[[str], bool]) -> HexError:
    """Return an error that says, too, which tool finds an ID, and what a tool takes.

    Args:
        error: The error.
        tools: The tools there are.
        reaches: Whether a tool can be called here.
    """
    name = error.values.get("tool")
    if error.key != "bad_inputs" or not isinstance(name, str) or name not in tools:
        return error
    spec = for_models(tools[name].spec)
    added: list[Fault] = []
    for fault in error.faults:
        at = _PLACE.sub("", fault.input)
        finder = FINDERS.get(at)
        if fault.key in ("missing", "not_uuid") and finder and finder != name and reaches(finder):
            added.append(Fault(at, "found_by", {"tool": finder}))
        elif fault.key == "unknown" and "." not in at and at not in tools[name].spec.inputs:
            names = ", ".join(spec.inputs)
            added.append(Fault(name, "takes", {"names": names}) if names else Fault(name, "takes_nothing"))
    more = [fault for place, fault in enumerate(added) if fault not in added[:place]]
    return hex_error("bad_inputs", faults=(*error.faults, *more), **error.values) if more else error


def _unwrapped(tool: Tool, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take inputs out of one object around all of them."""
    if len(given) != 1:
        return given
    ((name, value),) = given.items()
    inside = None if _folded(name) not in WRAPPERS or name in tool.spec.inputs else as_mapping(value or {})
    return given if inside is None else inside


def _meant(tool: Tool, name: str, named: Mapping[str, Any], given: Mapping[str, Any]) -> str | None:
    """Return the input that is meant by a name that no input has; None where none is, or several may be."""
    inputs, said = tool.spec.inputs, _folded(name)
    if said in WRAPPERS:
        # A project's own inputs are meant only where the tool's are there.
        due = [each for each, field in inputs.items() if field.required and not is_hidden(field)]
        whole = all(each in named for each in due if each != ARGUMENTS)
        return next((each for each in (ARGUMENTS, PARAMETERS) if each in inputs and whole), None)
    if said in TOOL and ARGUMENTS in inputs:
        return "name"
    if said == "id":
        ids = [each for each, field in inputs.items() if field.required and each.endswith("Id") and each not in given]
        return ids[0] if len(ids) == 1 else None
    found = [each for each in inputs if _folded(each) in (said, f"{said}id") and each not in named]
    return found[0] if len(found) == 1 else None


def _folded(name: str) -> str:
    return _LINKS.sub("", name).casefold()


def _refused(tool: Tool, fault: str, values: dict[str, Any]) -> HexError:
    return hex_error("bad_inputs", tool=tool.id, faults=(Fault("arguments", fault, values),))
