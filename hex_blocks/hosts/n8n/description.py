"""The node's description: its resources, their operations, and the fields of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hex_blocks.hosts.n8n.fields import SORTED_FROM, Property, property_of
from hex_blocks.hosts.n8n.operations import Operation
from hex_blocks.hosts.n8n.run_fields import RUN_PROJECT, run_fields, run_options
from hex_blocks.hosts.n8n.words import describe

if TYPE_CHECKING:
    from hex_blocks.tools.spec.tool import ToolSpec
    from hex_blocks.tools.spec.values import Input, OutputField

NOTEBOOK = "notebook"
# Inputs that the fields Return All and Limit replace.
PAGING_INPUTS = ("limit", "after", "before", "offset", "fetchAll", "maxItems")
# Inputs that the node does not show: one is deprecated, the others need the record, local files or interrupts.
NOT_SHOWN = ("idempotencyKey", "updateCache", "cancelOnInterrupt", "file", "debug")
# Tools without paging whose output list becomes items.
ENTRIES = {"hex_find_project": "matches"}
# Operations with more outputs than this have the option Simplify.
MAX_OUTPUTS = 10
SIMPLIFIED = {
    "run": (
        "projectId", "runId", "runUrl", "status", "startTime", "endTime", "elapsedSeconds", "traceId",
        "projectVersion", "runTrigger", "charts", "sqlOutputs",
    ),
    "project": (
        "id", "title", "description", "status", "type", "creator", "owner", "lastEditedAt", "lastPublishedAt",
        "createdAt",
    ),
    "thread": (
        "id", "threadId", "status", "response", "error", "title", "url", "creditsUsed", "userId", "createdAt",
        "updatedAt",
    ),
    "dataConnection": (
        "id", "name", "type", "description", "connectViaSsh", "includeMagic", "allowWritebackCells",
        "schemaRefreshAccess", "schemaRefreshSchedule", "sharing",
    ),
}  # fmt: skip
# Operations that wait, so several items are run in parallel.
WAITING = ("hex_run_project", "hex_wait_for_run", "hex_ask")


@dataclass(frozen=True)
class Form:
    """The form of an operation in the editor, and its plan at run time.

    Attributes:
        operation: The operation.
        fields: Its fields, without the condition that shows them for this operation.
        plan: What the node reads at run time: the tool, the places of its inputs, and its outputs.
    """

    operation: Operation
    fields: list[Property]
    plan: dict[str, Any]


def form_of(operation: Operation) -> Form:
    """Return the form of an operation."""
    spec = operation.tool.spec
    shown = {name: field for name, field in spec.inputs.items() if _is_shown(name, field, spec)}
    top = [name for name, field in shown.items() if field.required or operation.resource == NOTEBOOK]
    others = {name: field for name, field in shown.items() if name not in top}
    collection = "filters" if spec.paging else "options"
    fields = [property_of(name, shown[name], required=shown[name].required) for name in top]
    if operation.tool.id == RUN_PROJECT:
        fields += run_fields(spec.inputs["inputParams"])
        others.pop("inputParams")
        others = run_options(others)
    if spec.paging:
        fields += _paging_fields()
    outputs = _outputs(spec)
    simple = simplified(operation.resource, outputs)
    if simple:
        fields.append(_simplify())
    options = [property_of(name, field) for name, field in others.items()]
    if operation.tool.id in WAITING:
        options += [*own_options(operation.tool.id)]
    if options:
        fields.append(_collection(collection, options))
    plan = {
        "tool": operation.tool.id,
        "top": top,
        "collection": collection if options else None,
        "optional": list(others),
        "entries": entries_of(spec),
        "pages": spec.paging is not None,
        "deletes": bool(spec.request and spec.request.method == "DELETE" and operation.value.startswith("delete")),
        "simple": simple,
    }
    return Form(operation, fields, plan)


def _is_shown(name: str, field: Input, spec: ToolSpec) -> bool:
    if field.place == "connection" or field.secret or name in NOT_SHOWN:
        return False
    return not (spec.paging and name in PAGING_INPUTS)


def entries_of(spec: ToolSpec) -> str | None:
    """Return the output whose entries become items; None if the whole document is one item."""
    return spec.paging.items if spec.paging else ENTRIES.get(spec.id)


def _outputs(spec: ToolSpec) -> Mapping[str, OutputField]:
    name = entries_of(spec)
    if name is None:
        return spec.outputs
    entry = spec.outputs[name].items
    return (entry.fields if entry else None) or {}


def simplified(resource: str, outputs: Iterable[str]) -> list[str] | None:
    """Return the outputs that Simplify keeps; None if there are too few to simplify."""
    names = list(outputs)
    if len(names) <= MAX_OUTPUTS:
        return None
    simple = [name for name in names if name in SIMPLIFIED.get(resource, ())]
    return simple or names[:MAX_OUTPUTS]


def _paging_fields() -> list[Property]:
    return [
        {
            "displayName": "Return All",
            "name": "returnAll",
            "type": "boolean",
            "default": False,
            "description": "Whether to return all results or only up to a given limit",
        },
        {
            "displayName": "Limit",
            "name": "limit",
            "type": "number",
            "typeOptions": {"minValue": 1},
            "default": 50,
            "description": "Max number of results to return",
            "displayOptions": {"show": {"returnAll": [False]}},
        },
    ]


def _simplify() -> Property:
    return {
        "displayName": "Simplify",
        "name": "simplify",
        "type": "boolean",
        "default": True,
        "description": "Whether to return a simplified version of the response instead of the raw data",
    }


def own_options(tool_id: str) -> list[Property]:
    """Return the options of the node itself, besides the tool's inputs."""
    parallel: Property = {
        "displayName": "Items at Once",
        "name": "maxParallel",
        "type": "number",
        "typeOptions": {"minValue": 1, "maxValue": 25, "numberPrecision": 0},
        "default": 5,
        "description": "How many items are worked on at the same time",
    }
    fail: Property = {
        "displayName": "Fail on Run Error",
        "name": "failOnRunError",
        "type": "boolean",
        "default": True,
        "description": (
            "Whether a run that ends in another way than completed fails the item. "
            "Otherwise the item has the run's status."
        ),
    }
    return [parallel] if tool_id == "hex_ask" else [parallel, fail]


def _collection(name: str, options: Sequence[Property]) -> Property:
    """Return the collection field to which users add optional fields."""
    title = "Filter" if name == "filters" else "Option"
    return {
        "displayName": f"{title}s",
        "name": name,
        "type": "collection",
        "placeholder": f"Add {title}",
        "default": {},
        "options": sorted(options, key=lambda each: each["displayName"].casefold()),
    }


def resource_property(names: Mapping[str, str]) -> Property:
    """Return the field for the resource.

    Args:
        names: The names of the resources, by key.
    """
    options = [{"name": title, "value": key} for key, title in names.items()]
    return {
        "displayName": "Resource",
        "name": "resource",
        "type": "options",
        "noDataExpression": True,
        "options": sorted(options, key=lambda each: each["name"]),
        "default": "run" if "run" in names else next(iter(names)),
    }


def operation_property(resource: str, shown: Sequence[Operation]) -> Property:
    """Return the field for the operation of a resource."""
    options = [_operation_option(each) for each in shown]
    values = [each.value for each in shown]
    return {
        "displayName": "Operation",
        "name": "operation",
        "type": "options",
        "noDataExpression": True,
        "displayOptions": {"show": {"resource": [resource]}},
        "options": sorted(options, key=lambda each: str(each["name"])) if len(options) >= SORTED_FROM else options,
        "default": "runProject" if "runProject" in values else values[0],
    }


def _operation_option(operation: Operation) -> Property:
    made: Property = {
        "name": operation.name,
        "value": operation.value,
        "action": operation.action,
        "description": describe(operation.tool.description()),
    }
    if operation.hidden_from_agents:
        made["displayOptions"] = {"hide": {"@tool": [True]}}
    return made


def resource_fields(forms: Sequence[Form]) -> list[Property]:
    """Return the fields of a resource's operations. Equal fields are merged and shown for several operations."""
    merged: list[tuple[Property, list[str]]] = []
    for form in forms:
        for field in form.fields:
            known = next((values for other, values in merged if other == field), None)
            if known is None:
                merged.append((field, [form.operation.value]))
            else:
                known.append(form.operation.value)
    return [_shown_for(field, values) for field, values in merged]


def _shown_for(field: Property, values: list[str]) -> Property:
    own = field.get("displayOptions", {}).get("show", {})
    made = {name: value for name, value in field.items() if name != "displayOptions"}
    shown = {"displayOptions": {"show": {"operation": values} | own}}
    # The order of keys in n8n's own nodes: after the type, before the description.
    place = list(made).index("type") + 1
    entries = list(made.items())
    return dict([*entries[:place], *shown.items(), *entries[place:]])
