"""Checks the parameters of a run against the inputs of the project."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from hex_blocks.errors.classes import Fault, HexError, hex_error
from hex_blocks.i18n.texts import phrase
from hex_blocks.runs.project_file import ProjectFile, ProjectFileError, ProjectInput, read_project_file, value_label
from hex_blocks.tools.inputs.faults import printable_path, shown
from hex_blocks.tools.tool_call import ToolCall

MAX_FAULTS = 20
MAX_NAMED = 20
MAX_NAME_LENGTH = 60
MIN_SIMILARITY = 0.6


def project_file(call: ToolCall, request: Mapping[str, Any]) -> ProjectFile:
    """Export a project and return its parsed file.

    Args:
        call: The call.
        request: The inputs of hex_export_project.

    Raises:
        HexError: The token may not export projects (`export_refused`), or the file cannot be read (`not_hex`).
    """
    try:
        reply = call.request(request, "hex_export_project")
    except HexError as error:
        if error.key != "not_enabled":
            raise
        raise hex_error(
            "export_refused", status=error.status, trace_id=error.trace_id, reason=error.values["reason"]
        ) from error
    content = (reply or {}).get("content")
    if not isinstance(content, str):
        raise call.reply_lacks("content")
    try:
        return read_project_file(content)
    except ProjectFileError as error:
        reason = phrase("its file of the project cannot be read: {fault}", fault=str(error))
        raise hex_error("not_hex", host=call.connection.api.host, reason=reason) from None


def check_parameters(call: ToolCall, project_id: str, sets: Mapping[str, Mapping[str, Any]]) -> None:
    """Check parameters against the inputs of the published project before a run is started.

    If the inputs cannot be read, the parameters are not checked and a warning is added; Hex checks them too.

    Args:
        call: The call.
        project_id: The project.
        sets: Sets of parameters, by the path of the input that contains them.

    Raises:
        InputError: A parameter is not an input of the project, or its value is not allowed (`bad_inputs`).
    """
    try:
        file = project_file(call, {"projectId": project_id, "version": "latest"})
    except HexError as error:
        call.warn("inputs_unchecked", reason=error.message(call.language))
        return
    inputs = {each.name: each for each in file.inputs}
    faults = [fault for place, given in sets.items() for fault in _faults(place, given, inputs, file)]
    if faults:
        raise hex_error("bad_inputs", tool=call.tool.id, faults=tuple(faults[:MAX_FAULTS]))
    unseen = dict.fromkeys(
        name for given in sets.values() for name in given if name in inputs and inputs[name].on_app is False
    )
    if unseen:
        call.warn("inputs_not_on_app", names=", ".join(unseen))


def _faults(
    place: str, given: Mapping[str, Any], inputs: Mapping[str, ProjectInput], file: ProjectFile
) -> Iterator[Fault]:
    """Yield the faults of one set of parameters."""
    settable = [name for name, each in inputs.items() if each.settable]
    for name, value in given.items():
        where = printable_path(f"{place}.{name}")
        if name not in inputs:
            # Imported components can have inputs that are not in the file.
            if file.complete:
                yield _unknown(where, name, settable)
        elif not inputs[name].settable:
            yield Fault(where, "not_settable", {"kind": inputs[name].kind})
        elif value is not None and (fault := _fault_of_value(inputs[name], value)):
            key, values = fault
            yield Fault(where, key, values)


def _unknown(where: str, name: str, known: list[str]) -> Fault:
    folded = {each.casefold(): each for each in known}
    wanted = name[:MAX_NAME_LENGTH].casefold()
    near = [folded[each] for each in get_close_matches(wanted, folded, 1, MIN_SIMILARITY)]
    if near:
        return Fault(where, "no_such_parameter_near", {"near": near[0]})
    return Fault(where, "no_such_parameter", {"known": ", ".join(known[:MAX_NAMED]) or "-"})


# By JSON type, the key of the fault of a value of another type, and the check.
_TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "string": ("not_string", lambda value: isinstance(value, str)),
    "number": ("not_number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "boolean": ("not_boolean", lambda value: isinstance(value, bool)),
    "array": ("not_array", lambda value: isinstance(value, list)),
}


def _fault_of_value(wanted: ProjectInput, value: Any) -> tuple[str, dict[str, Any]] | None:
    """Return the key and values of a value's fault, or None if the project's file does not rule the value out."""
    if wanted.type in _TYPES:
        key, fits = _TYPES[wanted.type]
        if not fits(value):
            return key, {"found": shown(value)}
    if wanted.choices is not None:
        allowed = [each.value for each in wanted.choices]
        wrong = [each for each in (value if wanted.type == "array" else [value]) if not _is_among(each, allowed)]
        if wrong:
            known = ", ".join(map(value_label, allowed[:MAX_NAMED]))
            return "not_allowed", {"found": shown(wrong[0]), "allowed": known}
    if wanted.minimum is not None and value < wanted.minimum:
        return "too_small", {"found": shown(value), "limit": wanted.minimum}
    if wanted.maximum is not None and value > wanted.maximum:
        return "too_large", {"found": shown(value), "limit": wanted.maximum}
    return None


def _is_among(value: Any, allowed: list[Any]) -> bool:
    """Return whether a value is one of those allowed. Booleans are compared separately, as True == 1 in Python."""
    return any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in allowed)
