"""The form of an action: converts inputs to properties of Activepieces."""

from __future__ import annotations

from typing import Any

from hex_blocks.hosts.activepieces.words import Words
from hex_blocks.hosts.builders.forms import FAIL_ON_RUN_ERROR, RAISING, has_three_states
from hex_blocks.hosts.javascript.forms import SEARCHES_LONG, in_order, inputs_of, picked_from
from hex_blocks.hosts.javascript.render import Code, literal
from hex_blocks.i18n.texts import phrase
from hex_blocks.tools.spec.values import Input
from hex_blocks.tools.tool import Tool

INPUT_PARAMS = "inputParams"
ROW_TYPES = ("string", "number", "boolean", "date", "dateTime", "list", "json")
# Default waits in seconds. A flow ends after ten minutes; a wait must end before, so that it can return the state.
WAITING = {"hex_run_and_wait": 240, "hex_wait_for_run": 240, "hex_ask": 240}
_TIMEOUT = phrase("Seconds to wait, at most 540: a flow ends after ten minutes. Default: 240.")
_FAIL = phrase("Whether a run that does not complete fails the step. If not, the step gives its status. Default: true.")
_LONG = ("prompt", "description", "inputParamsJson", "contents", "code", "sql", "markdown")


def form_of(tool: Tool, words: Words) -> dict[str, Code]:
    """Return the properties of an action as source code, by name."""
    fields = in_order(inputs_of(tool))
    made = {name: _property(tool, name, field, words) for name, field in fields.items()}
    if tool.id in RAISING:
        given = {
            "displayName": words.label(phrase("Fail on run error")),
            "description": words.text(_FAIL),
            "required": False,
        }
        made[FAIL_ON_RUN_ERROR] = _made("Property.Checkbox", given | {"defaultValue": True})
    return made


def _made(maker: str, given: dict[str, Any]) -> Code:
    return Code(f"{maker}({literal(given, 2)})")


def _property(tool: Tool, name: str, field: Input, words: Words) -> Code:
    given: dict[str, Any] = {
        "displayName": words.label(field.title),
        "description": words.text(_description(tool, name, field)),
        "required": field.required,
    }
    default = WAITING[tool.id] if name == "timeout" and tool.id in WAITING else field.default
    if default is not None and not isinstance(default, dict | list):
        given["defaultValue"] = default
    listing = picked_from(name)
    if listing:
        made = "manyFrom" if field.type == "array" else "oneFrom"
        return Code(f"{made}({literal(listing)}, {literal(given, 2)})")
    if name == INPUT_PARAMS:
        return Code(f"Property.Array({literal(given | {'properties': _rows(words)}, 2)})")
    if field.enum:
        return _made("Property.StaticDropdown", given | {"options": _options(field.enum, words)})
    if has_three_states(field):
        return _made("Property.StaticDropdown", given | {"options": _yes_or_no(words)})
    return _made(f"Property.{_kind(name, field)}", given)


def _description(tool: Tool, name: str, field: Input) -> str:
    if name == "timeout" and tool.id in WAITING:
        return str(_TIMEOUT)
    more = str(SEARCHES_LONG) if tool.id == "hex_get_notebook_run_status" and name == "projectId" else ""
    return " ".join(part for part in (field.description, more) if part)


def _kind(name: str, field: Input) -> str:
    if field.type == "array":
        return "Array" if field.items and field.items.type == "string" else "Json"
    if field.type in ("object", "any"):
        return "Json"
    if field.type in ("integer", "number"):
        return "Number"
    if field.type == "boolean":
        return "Checkbox"
    if field.format == "date-time":
        return "DateTime"
    return "LongText" if name in _LONG else "ShortText"


def _options(values: tuple[str, ...], words: Words) -> dict[str, Any]:
    return {"options": [{"label": words.value(value), "value": value} for value in values]}


def _yes_or_no(words: Words) -> dict[str, Any]:
    return {
        "options": [{"label": words.text(label), "value": value} for label, value in (("Yes", True), ("No", False))]
    }


def _rows(words: Words) -> dict[str, Code]:
    def row(maker: str, title: str, **more: Any) -> Code:
        return Code(f"Property.{maker}({literal({'displayName': words.label(title), 'required': True, **more}, 4)})")

    return {
        "name": row("ShortText", phrase("Name")),
        "type": row("StaticDropdown", phrase("Type"), options=_options(ROW_TYPES, words), defaultValue="string"),
        "value": row("LongText", phrase("Value")),
    }
