"""The form of a tool: its fields with their values, and the inputs that are read from a submitted form."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hex_blocks.errors.classes import Fault
from hex_blocks.hosts.models.schemas import for_models
from hex_blocks.i18n.texts import text
from hex_blocks.tools.spec.values import Input
from hex_blocks.tools.tool import Tool

PARAMS = "inputParams"
PARAM_PREFIX = f"{PARAMS}."
PROJECT = "projectId"
LONG_TEXTS = ("prompt", "description", "source", "content", "message")
_PLAIN = ("string", "integer", "number")


@dataclass(frozen=True)
class Choice:
    """An option of a select field; the empty value means that nothing is selected."""

    value: str
    label: str


@dataclass(frozen=True)
class Field:
    """One field of a form.

    Attributes:
        kind: How it is shown: text, long, number, date, password, select, lines or json.
        placeholder: What an empty field shows: its default or an example.
        longest: The maximum number of characters.
        faults: What is wrong with its value.
    """

    name: str
    title: str
    kind: str
    description: str = ""
    required: bool = False
    value: str = ""
    placeholder: str = ""
    minimum: float | int | None = None
    maximum: float | int | None = None
    longest: int | None = None
    step: str = "any"
    choices: tuple[Choice, ...] = ()
    advanced: bool = False
    faults: tuple[str, ...] = field(default=())

    @property
    def id(self) -> str:
        """The ID of its HTML element."""
        return f"field-{self.name.replace('.', '-')}"


def fields_of(tool: Tool, given: Mapping[str, str], language: str) -> list[Field]:
    """Return the fields of a tool's form with the given values: required ones first, advanced ones last."""
    shown = for_models(tool.spec).inputs
    made = [_field(name, each, given.get(name, ""), language) for name, each in shown.items()]
    return sorted(made, key=lambda each: (not each.required, each.advanced))


def _field(name: str, spec: Input, value: str, language: str) -> Field:
    return Field(
        name=name,
        title=text(spec.title, language),
        kind=_kind(name, spec),
        description=text(spec.description, language),
        required=spec.required,
        # A secret is never put into a page, because pages may be cached or saved.
        value="" if spec.secret else value,
        placeholder=_placeholder(spec, language),
        minimum=spec.minimum,
        maximum=spec.maximum,
        longest=spec.max_length if spec.type == "string" else None,
        step="1" if spec.type == "integer" else "any",
        choices=_choices(spec, language),
        advanced=spec.advanced and not spec.required,
    )


def _kind(name: str, spec: Input) -> str:
    if spec.secret:
        return "password"
    if spec.enum or spec.type == "boolean":
        return "select"
    if spec.type == "array":
        return "lines" if spec.items is not None and spec.items.type in _PLAIN else "json"
    if spec.type in ("object", "any") or spec.format == "json-object":
        return "json"
    if spec.type in ("integer", "number"):
        return "number"
    return "long" if name in LONG_TEXTS else "text"


def _placeholder(spec: Input, language: str) -> str:
    """Return what an empty field shows: its default or an example."""
    if spec.secret:
        return ""
    if spec.default is not None:
        return _value_text(spec.default, language)
    if spec.example is None:
        return ""
    if spec.type == "array" and spec.items is not None and spec.items.type in _PLAIN:
        return "\n".join(map(str, spec.example))
    return spec.example if isinstance(spec.example, str) else json.dumps(spec.example, ensure_ascii=False)


def _value_text(value: Any, language: str) -> str:
    if isinstance(value, bool):
        return text("yes", language) if value else text("no", language)
    return str(value) if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)


def _choices(spec: Input, language: str) -> tuple[Choice, ...]:
    if spec.enum:
        return (Choice("", ""), *(Choice(each, each) for each in spec.enum))
    if spec.type == "boolean":
        nothing = text("not given", language) if spec.default is None else ""
        no_choice = nothing or text("default: {value}", language).format(value=_value_text(spec.default, language))
        return Choice("", no_choice), Choice("true", text("yes", language)), Choice("false", text("no", language))
    return ()


def project_fields(found: Iterable[Mapping[str, Any]], given: Mapping[str, str]) -> list[Field]:
    """Return fields for the inputs of a project.

    Args:
        found: The inputs, as hex_get_project_inputs returns them.
        given: The values of the form, by field.
    """
    made = []
    for each in found:
        if not each.get("settable", True):
            continue
        name = PARAM_PREFIX + str(each["name"])
        default = each.get("default")
        made.append(
            Field(
                name=name,
                title=str(each.get("label") or each["name"]),
                kind=_project_kind(each),
                value=given.get(name, ""),
                placeholder="" if default is None or isinstance(default, dict) else _as_text(default),
                minimum=each.get("minimum"),
                maximum=each.get("maximum"),
                choices=_project_choices(each),
            )
        )
    return made


def _project_kind(found: Mapping[str, Any]) -> str:
    if (found.get("choices") and found.get("type") != "array") or found.get("type") == "boolean":
        return "select"
    if found.get("type") == "array":
        return "lines"
    if found.get("format") == "date":
        return "date"
    return "number" if found.get("type") == "number" else "text"


def _project_choices(found: Mapping[str, Any]) -> tuple[Choice, ...]:
    if found.get("type") == "boolean":
        return Choice("", ""), Choice("true", "true"), Choice("false", "false")
    choices = found.get("choices") or ()
    return (Choice("", ""), *(Choice(_as_text(each["value"]), str(each["label"])) for each in choices))


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def inputs_of_form(tool: Tool, given: Mapping[str, str], kinds: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the inputs of a submitted form. Blank fields are left out, and JSON text is left for the tool to parse.

    Args:
        tool: The tool.
        given: The values of the form, by field.
        kinds: The kinds of the fields for the project's inputs, by field.
    """
    shown = for_models(tool.spec).inputs
    inputs: dict[str, Any] = {}
    for name, spec in shown.items():
        value = given.get(name, "").replace("\r\n", "\n")
        if value.strip():
            inputs[name] = _lines(value) if _kind(name, spec) == "lines" else value
    own = {
        name.removeprefix(PARAM_PREFIX): _project_value(value, (kinds or {}).get(name, "text"))
        for name, value in given.items()
        if name.startswith(PARAM_PREFIX) and value.strip()
    }
    if own and PARAMS in shown:
        inputs[PARAMS] = {**_object(inputs.get(PARAMS)), **own}
    return inputs


def _lines(value: str) -> Any:
    if value.lstrip().startswith("["):
        return value
    return [line.strip() for line in value.splitlines() if line.strip()]


def _project_value(value: str, kind: str) -> Any:
    """Return the value of a project's input: numbers and choices parsed as JSON, all others as text."""
    if kind == "lines":
        return [_project_value(line, "select") for line in value.splitlines() if line.strip()]
    if kind in ("number", "select"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _object(value: Any) -> dict[str, Any]:
    try:
        read = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def with_faults(fields: Iterable[Field], faults: Iterable[Fault], language: str) -> tuple[list[Field], list[str]]:
    """Return the fields with the faults of each, and the faults that belong to no field."""
    found: dict[str, list[str]] = {}
    others = []
    fields = list(fields)
    known = {each.name for each in fields}
    for fault in faults:
        name = fault.input.partition(".")[0].partition("[")[0]
        place = fault.input if fault.input in known else name
        if place in known:
            found.setdefault(place, []).append(fault.message(language))
        else:
            others.append(fault.message(language))
    return [replace(each, faults=tuple(found.get(each.name, ()))) for each in fields], others


def form_values(inputs: Mapping[str, Any]) -> dict[str, str]:
    """Return inputs as values of a form."""
    return {
        name: "\n".join(map(str, value))
        if isinstance(value, list) and all(isinstance(each, str | int | float) for each in value)
        else value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, indent=2)
        for name, value in inputs.items()
    }
