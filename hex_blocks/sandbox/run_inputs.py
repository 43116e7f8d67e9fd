"""The inputs of a project, as Hex checks them before a run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hex_blocks.sandbox.error_replies import Refusal
from hex_blocks.sandbox.model import Input, Project


def _is_text(value: Any, _: Input) -> bool:
    return isinstance(value, str)


def _is_number(value: Any, _: Input) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_boolean(value: Any, _: Input) -> bool:
    return isinstance(value, bool)


def _is_date(value: Any, _: Input) -> bool:
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def _is_choice(value: Any, wanted: Input) -> bool:
    return value in wanted.choices


def _are_choices(value: Any, wanted: Input) -> bool:
    return isinstance(value, list) and all(item in wanted.choices for item in value)


@dataclass(frozen=True)
class InputKind:
    """The data type that a sort of input cell gives, and which values it takes."""

    data_type: str
    fits: Callable[[Any, Input], bool]


# Hex publishes neither list of words; these follow the examples in its reference.
INPUT_KINDS = {
    "text": InputKind("string", _is_text),
    "number": InputKind("number", _is_number),
    "slider": InputKind("number", _is_number),
    "checkbox": InputKind("boolean", _is_boolean),
    "date": InputKind("date", _is_date),
    "dropdown": InputKind("string", _is_choice),
    "multiselect": InputKind("list", _are_choices),
}


def checked_inputs(project: Project, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs that take effect: those of the notebook that are on the app too.

    Raises a Refusal that names what is unknown and what does not fit.
    """
    known = {wanted.name: wanted for wanted in project.inputs}
    not_found = [name for name in given if name not in known]
    invalid = [
        {
            "dataType": INPUT_KINDS[wanted.kind].data_type,
            "inputCellType": wanted.kind,
            "paramName": name,
            "paramValue": json.dumps(given[name], ensure_ascii=False),
        }
        for name, wanted in known.items()
        if name in given and wanted.on_app and not INPUT_KINDS[wanted.kind].fits(given[name], wanted)
    ]
    if not_found or invalid:
        # Newer Hex names the inputs in its text alone, older Hex in the two lists alone; both can be read here.
        names = [each["paramName"] for each in invalid] + not_found
        reason = "Some input parameters do not fit"
        issues = [{"message": f"{reason}: {name}"} for name in names]
        words = {"message": reason, "code": "UNPROCESSABLE_CONTENT", "issues": issues}
        body = {**words, "invalid": invalid, "notFound": not_found}
        raise Refusal(422, reason, body=body)
    return {name: value for name, value in given.items() if known[name].on_app}
