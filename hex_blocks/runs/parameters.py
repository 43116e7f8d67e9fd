"""A project's own inputs, and whether the parameters of a run fit them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from hex_blocks.errors.classes import Fault, HexError, hex_error
from hex_blocks.i18n.texts import phrase
from hex_blocks.runs.project_file import ProjectFile, ProjectFileError, ProjectInput, read_project_file, value_label
from hex_blocks.tools.inputs.faults import place_shown, shown
from hex_blocks.tools.tool_call import ToolCall

MOST_FAULTS = 20
MOST_NAMED = 20
LONGEST_NAME = 60
NEAREST_LIKENESS = 0.6


def project_file(call: ToolCall, asked: Mapping[str, Any]) -> ProjectFile:
    """Export a project and read it.

    Raises:
        HexError: `export_refused` where Hex does not let this token export, `not_hex` where the file is not one.
    """
    try:
        reply = call.request(asked, "hex_export_project")
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
    """Check parameters against the inputs of the published project, and name what is wrong before Hex does.

    Where the inputs cannot be read, a warning says so, and the run starts: Hex checks it too.

    Args:
        call: The call.
        project_id: The project.
        sets: The parameters, by the name of the input that gives them.

    Raises:
        InputError: A parameter is not an input of the project, or does not fit it (`bad_inputs`).
    """
    try:
        file = project_file(call, {"projectId": project_id, "version": "latest"})
    except HexError as error:
        call.warn("inputs_unchecked", reason=error.message(call.language))
        return
    inputs = {each.name: each for each in file.inputs}
    faults = [fault for place, given in sets.items() for fault in _faults(place, given, inputs, file)]
    if faults:
        raise hex_error("bad_inputs", tool=call.tool.id, faults=tuple(faults[:MOST_FAULTS]))
    unseen = dict.fromkeys(
        name for given in sets.values() for name in given if name in inputs and inputs[name].on_app is False
    )
    if unseen:
        call.warn("inputs_not_on_app", names=", ".join(unseen))


def _faults(
    place: str, given: Mapping[str, Any], inputs: Mapping[str, ProjectInput], file: ProjectFile
) -> Iterator[Fault]:
    """Find what is wrong with one set of parameters."""
    settable = [name for name, each in inputs.items() if each.settable]
    for name, value in given.items():
        where = place_shown(f"{place}.{name}")
        if name not in inputs:
            # An imported component may bring inputs that the file does not hold.
            if file.complete:
                yield _unknown(where, name, settable)
        elif not inputs[name].settable:
            yield Fault(where, "not_settable", {"kind": inputs[name].kind})
        elif value is not None and (fault := _misfit(inputs[name], value)):
            key, values = fault
            yield Fault(where, key, values)


def _unknown(where: str, name: str, known: list[str]) -> Fault:
    folded = {each.casefold(): each for each in known}
    wanted = name[:LONGEST_NAME].casefold()
    near = [folded[each] for each in get_close_matches(wanted, folded, 1, NEAREST_LIKENESS)]
    if near:
        return Fault(where, "no_such_parameter_near", {"near": near[0]})
    return Fault(where, "no_such_parameter", {"known": ", ".join(known[:MOST_NAMED]) or "-"})


# The key of a fault by the type that a parameter is not of, as inputs of tools have them.
_TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "string": ("not_string", lambda value: isinstance(value, str)),
    "number": ("not_number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "boolean": ("not_boolean", lambda value: isinstance(value, bool)),
    "array": ("not_array", lambda value: isinstance(value, list)),
}


def _misfit(wanted: ProjectInput, value: Any) -> tuple[str, dict[str, Any]] | None:
    """Return what is wrong with a value, as far as the file says it for certain."""
    if wanted.type in _TYPES:
        key, fits = _TYPES[wanted.type]
        if not fits(value):
            return key, {"found": shown(value)}
    if wanted.choices is not None:
        allowed = [each.value for each in wanted.choices]
        wrong = [each for each in (value if wanted.type == "array" else [value]) if not _is_among(each, allowed)]
        if wrong:
            known = ", ".join(map(value_label, allowed[:MOST_NAMED]))
            return "not_allowed", {"found": shown(wrong[0]), "allowed": known}
    if wanted.minimum is not None and value < wanted.minimum:
        return "too_small", {"found": shown(value), "limit": wanted.minimum}
    if wanted.maximum is not None and value > wanted.maximum:
        return "too_large", {"found": shown(value), "limit": wanted.maximum}
    return None


def _is_among(value: Any, allowed: list[Any]) -> bool:
    """Tell whether a value is one of those allowed; to Python, True is 1 as well."""
    return any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in allowed)
