"""A tool's form: its fields, what stands in them, and the inputs that are read from what is sent."""

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
    """Something that can be chosen; the empty value stands for nothing."""

    value: str
    label: str


@dataclass(frozen=True)
class Field:
    """One field of a form.

    Attributes:
        kind: What it is shown as: text, number, date, password, select, lines, json.
        placeholder: What an empty field shows: its default, else an example.
        faults: What is wrong with what stands in it.
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
        """Its name in the page."""
        return f"field-{self.name.replace('.', '-')}"


def fields_of(tool: Tool, given: Mapping[str, str], language: str) -> list[Field]:
    """Return the fields of a tool's form with what was given: required ones first, advanced ones last."""
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
        # A page that holds a secret would be kept where pages are kept.
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
    """Return what an empty field shows: its default, else an example."""
    if spec.secret:
        return ""
    if spec.default is not None:
        return _words(spec.default, language)
    if spec.example is None:
        return ""
    if spec.type == "array" and spec.items is not None and spec.items.type in _PLAIN:
        return "\n".join(map(str, spec.example))
    return spec.example if isinstance(spec.example, str) else json.dumps(spec.example, ensure_ascii=False)


def _words(value: Any, language: str) -> str:
    if isinstance(value, bool):
        return text("yes", language) if value else text("no", language)
    return str(value) if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)


def _choices(spec: Input, language: str) -> tuple[Choice, ...]:
    if spec.enum:
        return (Choice("", ""), *(Choice(each, each) for each in spec.enum))
    if spec.type == "boolean":
        nothing = text("not given", language) if spec.default is None else ""
        said = nothing or text("default: {value}", language).format(value=_words(spec.default, language))
        return Choice("", said), Choice("true", text("yes", language)), Choice("false", text("no", language))
    return ()


def project_fields(found: Iterable[Mapping[str, Any]], given: Mapping[str, str]) -> list[Field]:
    """Return fields for the inputs that a project takes itself, as hex_get_project_inputs tells of them."""
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
    """Return the inputs that a form says. What is blank is not given; what is JSON is left to the tool to read.

    kinds: of the project's own inputs, by their names in the form.
    """
    shown = for_models(tool.spec).inputs
    inputs: dict[str, Any] = {}
    for name, spec in shown.items():
        value = given.get(name, "").replace("\r\n", "\n")
        if value.strip():
            inputs[name] = _lines(value) if _kind(name, spec) == "lines" else value
    own = {
        name.removeprefix(PARAM_PREFIX): _own_value(value, (kinds or {}).get(name, "text"))
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


def _own_value(value: str, kind: str) -> Any:
    """Return a value of a project's own input: a number or a choice as JSON has it, everything else as text."""
    if kind == "lines":
        return [_own_value(line, "select") for line in value.splitlines() if line.strip()]
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
    """Return fields with what is wrong with each, and what is wrong with none of them alone."""
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


def as_given(inputs: Mapping[str, Any]) -> dict[str, str]:
    """Return inputs as they stand in a form."""
    return {
        name: "\n".join(map(str, value))
        if isinstance(value, list) and all(isinstance(each, str | int | float) for each in value)
        else value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, indent=2)
        for name, value in inputs.items()
    }
