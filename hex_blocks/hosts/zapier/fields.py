"""The input fields of forms, the output fields for later steps, and samples of outputs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from hex_blocks.hosts.javascript.forms import SEARCHES_LONG, picked_from
from hex_blocks.hosts.javascript.titles import name_of_value
from hex_blocks.hosts.zapier.operations import DOCUMENT, ENTRIES, NAMED, Operation, titled
from hex_blocks.i18n.texts import SOURCE_LANGUAGE, phrase, text
from hex_blocks.tools.spec.values import Input, OutputField

Field = dict[str, Any]
MORE = "more"
MORE_LABEL = phrase("More inputs")
RESULTS = "hex_get_run_results"
INPUT_PARAMS = "inputParams"
# The maximum length of a help text in Zapier.
_LONGEST_HELP = 1000
# Inputs with several lines of text.
_LONG = ("prompt", "description", "inputParamsJson")
# The search that the button beside a list offers.
_FOUND_WITH = {
    "projects": "find_project.id",
    "users": "find_user.id",
    "groups": "find_group.id",
    "collections": "find_collection.id",
}
_TYPES = {"integer": "integer", "number": "number", "boolean": "boolean"}
_NUMBERS_AS_TEXT = phrase(
    "Values that are JSON numbers, true, false or JSON lists are sent as such, others as text; a date is YYYY-MM-DD."
)
_JSON = phrase("Give JSON.")


def form_of(operation: Operation, searches: set[str], language: str) -> list[Field]:
    """Return the input fields of an operation.

    Args:
        operation: The action or search.
        searches: The keys of the searches that the app has.
        language: The language of texts.
    """
    return [_field(operation, name, field, searches, language) for name, field in operation.fields.items()]


def dictionaries(operation: Operation) -> list[str]:
    """Return the names of the inputs whose keys and values users enter freely."""
    return [name for name, field in operation.fields.items() if _is_dictionary(field)]


def _is_dictionary(field: Input) -> bool:
    return field.type == "object" and field.fields is None


def _field(operation: Operation, name: str, field: Input, searches: set[str], language: str) -> Field:
    made: Field = {
        "key": name,
        "label": titled(text(field.title, language), language),
        "type": _type(name, field),
        "required": field.required,
        "helpText": _help(operation, name, field, language),
    }
    if _is_dictionary(field):
        made["dict"] = True
    elif field.type == "array" and field.items and field.items.type == "string":
        made["list"] = True
    if field.enum or (field.items and field.items.enum):
        made["choices"] = choices(field.enum or (field.items and field.items.enum) or (), language)
    listing = picked_from(name) if operation.search.how != NAMED else None
    if listing:
        made |= picker(listing, searches)
    if field.default is not None and not isinstance(field.default, dict | list):
        made["default"] = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
    if isinstance(field.example, str | int | float) and not isinstance(field.example, bool) and not listing:
        made["placeholder"] = str(field.example)
    if field.advanced:
        made["group"] = MORE
    return made


def picker(listing: str, searches: set[str]) -> Field:
    """Return the properties that make a field a list to pick from."""
    made: Field = {"dynamic": f"list_{listing}.id.name"}
    if _FOUND_WITH.get(listing, "").partition(".")[0] in searches:
        made["search"] = _FOUND_WITH[listing]
    if listing in ("runs", "charts"):
        made["dependsOn"] = ["projectId"]
    return made


def choices(values: tuple[str, ...], language: str) -> dict[str, str]:
    """Return the options for values of Hex's API, in English with labels."""
    return {value: name_of_value(value) if language == SOURCE_LANGUAGE else value for value in values}


def _type(name: str, field: Input) -> str:
    if field.type in ("array", "object", "any") and not _is_dictionary(field):
        entries = field.items
        return "string" if entries and entries.type == "string" else "text"
    return "text" if name in _LONG else _TYPES.get(field.type, "string")


def _help(operation: Operation, name: str, field: Input, language: str) -> str:
    parts = [text(field.description, language)]
    if name == INPUT_PARAMS:
        parts.append(_NUMBERS_AS_TEXT.said(language))
    elif _type(name, field) == "text" and field.type in ("array", "object", "any"):
        parts.append(_JSON.said(language))
    if operation.key == "get_notebook_run_status" and name == "projectId":
        parts.append(SEARCHES_LONG.said(language))
    return " ".join(parts)[:_LONGEST_HELP]


def outputs_of(operation: Operation) -> list[Field]:
    """Return the output fields for later steps; for a list, those of one entry."""
    if operation.tool.id == RESULTS:
        plain = {name: output for name, output in operation.tool.spec.outputs.items() if name != "charts"}
        charts = [{"key": "charts[]staticId"}, {"key": "charts[]label"}, {"key": "chart_1", "type": "file"}]
        return [*_flat(plain), *charts]
    if operation.search.how in (ENTRIES, NAMED):
        entry = next(iter(operation.entries.values())).items
        return list(_flat(entry.fields or {}))
    return list(_flat(operation.tool.spec.outputs))


def _flat(outputs: Mapping[str, OutputField], place: str = "", *, listed: bool = False) -> Iterator[Field]:
    """Yield output fields with Zapier's names for nested fields, such as `owner__email` and `runs[]status`."""
    for name, output in outputs.items():
        key = f"{place}{name}"
        if output.type == "object" and output.fields:
            yield from _flat(output.fields, f"{key}__", listed=listed)
        elif output.type == "array" and output.items and output.items.fields and not listed:
            yield from _flat(output.items.fields, f"{key}[]", listed=True)
        else:
            kind = "datetime" if output.format == "date-time" else _TYPES.get(output.type)
            yield {"key": key, **({"type": kind} if kind else {})}


def sample_of(operation: Operation) -> dict[str, Any]:
    """Return sample outputs of an operation, from the example in the tool's spec."""
    example = operation.tool.raw["examples"][0]
    given: dict[str, Any] = json.loads(json.dumps(example["outputs"]))
    if operation.search.how != DOCUMENT:
        entries = given[next(iter(operation.entries))]
        given = entries[0] if entries else {}
    if operation.tool.id == RESULTS:
        charts = given["charts"]
        given["charts"] = [{"staticId": chart["staticId"], "label": chart["label"]} for chart in charts]
        given |= {f"chart_{number}": f"{chart['label']}.png" for number, chart in enumerate(charts, 1)}
    return with_id(given)


def with_id(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with an `id`, which Zapier requires: its own, or that of its run, thread or project."""
    own = next((given[name] for name in ("id", "runId", "threadId", "projectId") if given.get(name)), None)
    own = own or (given.get("project") or {}).get("id")
    return {"id": own, **given} if own is not None else dict(given)
