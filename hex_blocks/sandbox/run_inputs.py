"""Validates the inputs of a run, as Hex does before it starts one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hex_blocks.sandbox.error_replies import Refusal
from hex_blocks.sandbox.model import NotebookInput, Project
from hex_blocks.sandbox.request import OperationCall
from hex_blocks.sandbox.validation import Flag, Kind, ListOf, Number, Obj, Text


class Moment(Kind):
    """A date, or a date and time."""

    def problems(self, value: Any, where: str) -> Iterator[str]:
        """Yield what is wrong with a value."""
        try:
            datetime.fromisoformat(value)
        except (TypeError, ValueError):
            yield f"{where} must be a date"


@dataclass(frozen=True)
class InputKind:
    """The data type of a type of input cell, and the values that it accepts."""

    data_type: str
    kind_for: Callable[[NotebookInput], Kind]


# Hex documents neither list of names; these are from the examples in its reference.
INPUT_KINDS = {
    "text": InputKind("string", lambda _: Text()),
    "number": InputKind("number", lambda _: Number()),
    "slider": InputKind("number", lambda _: Number()),
    "checkbox": InputKind("boolean", lambda _: Flag()),
    "date": InputKind("date", lambda _: Moment()),
    "dropdown": InputKind("string", lambda wanted: Text(choices=wanted.choices)),
    "multiselect": InputKind("list", lambda wanted: ListOf(Text(choices=wanted.choices))),
}


def checked_inputs(call: OperationCall, project: Project) -> dict[str, Any]:
    """Return the inputs of a run that take effect: those of the notebook that are also on the app.

    Raises:
        Refusal: Inputs are unknown, or their values are not valid.
    """
    given = call.body.get("inputParams", {})
    known = {wanted.name: wanted for wanted in project.inputs}
    kinds = {
        name: INPUT_KINDS[wanted.kind].kind_for(wanted) if wanted.on_app else Kind() for name, wanted in known.items()
    }
    problems = list(Obj(kinds, closed=True).problems(given, "inputParams"))
    if problems:
        invalid = [
            {
                "dataType": INPUT_KINDS[wanted.kind].data_type,
                "inputCellType": wanted.kind,
                "paramName": name,
                "paramValue": json.dumps(given[name], ensure_ascii=False),
            }
            for name, wanted in known.items()
            if name in given and any(kinds[name].problems(given[name], name))
        ]
        # Newer versions of Hex name the inputs in the text only, older ones in the two lists only. The sandbox does
        # both.
        told = {"invalid": invalid, "notFound": [name for name in given if name not in known]}
        raise Refusal(
            call.operation.invalid,
            "Some input parameters do not fit",
            problems=problems,
            extra={"traceId": call.trace_id, **told},
        )
    return {name: value for name, value in given.items() if known[name].on_app}
