"""The input fields of components: those of the connection and those of tools."""

from __future__ import annotations

from typing import Any

from lfx.io import (
    BoolInput,
    DropdownInput,
    FloatInput,
    IntInput,
    MessageTextInput,
    MultilineInput,
    SecretStrInput,
)

from hex_blocks.hosts.builders.connecting import CUSTOM, REGIONS
from hex_blocks.hosts.builders.forms import (
    FAIL_ON_RUN_ERROR,
    NAMED_PROJECTS,
    RAISING,
    has_three_states,
    is_json,
    shown_inputs,
)
from hex_blocks.hosts.langflow.palette import input_name
from hex_blocks.tools.registry import Registry
from hex_blocks.tools.spec.values import Input

TOKEN_VARIABLE = "HEX_API_TOKEN"  # noqa: S105
CONNECTION = ("api_key", "region", "base_url")
ANY_STATE = ["", "true", "false"]

Fields = list[Any]


def connection_fields() -> Fields:
    """Return the fields of the connection, which all components have."""
    return [
        SecretStrInput(
            name="api_key",
            display_name="API token",
            info="A Hex API token, personal or of a workspace: the name of a global variable.",
            value=TOKEN_VARIABLE,
            required=True,
        ),
        DropdownInput(
            name="region",
            display_name="Region",
            info="Where you open Hex.",
            options=[*REGIONS, CUSTOM],
            value="app",
            advanced=True,
        ),
        MessageTextInput(
            name="base_url",
            display_name="Base URL",
            info="Only for the region custom: the address where you open Hex.",
            value="",
            advanced=True,
        ),
    ]


def tool_fields(registry: Registry, *tools: str) -> Fields:
    """Return the fields of tools, without duplicates. A field is required if it is required by all of the tools."""
    made: dict[str, Any] = {}
    needed: dict[str, int] = {}
    for tool in tools:
        for name, field in shown_inputs(registry[tool]).items():
            needed[name] = needed.get(name, 0) + field.required
            made.setdefault(name, field)
    fields = [_field(name, each, required=needed[name] == len(tools)) for name, each in made.items()]
    if any(tool in RAISING for tool in tools):
        fields.append(
            BoolInput(
                name=input_name(FAIL_ON_RUN_ERROR),
                display_name="Fail where the run fails",
                info="Whether a run that ends badly fails the component. If not, the data has its status.",
                value=True,
                advanced=True,
            )
        )
    return fields


def fields_of(*tools: str) -> Fields:
    """Return all fields of a component that runs tools."""
    registry = Registry.load()
    return [*tool_fields(registry, *tools), *connection_fields()]


def _field(name: str, field: Input, *, required: bool) -> Any:
    common: dict[str, Any] = {
        "name": input_name(name),
        "display_name": field.title,
        "info": _info(name, field),
        "advanced": field.advanced,
        "required": required,
    }
    if field.enum:
        return DropdownInput(**common, options=["", *field.enum], value=field.default or "")
    if has_three_states(field):
        return DropdownInput(**common, options=ANY_STATE, value="")
    if field.type == "boolean":
        return BoolInput(**common, value=bool(field.default))
    # Langflow reads a blank number field as 0, so a number without a default gets a text field.
    if field.type in ("integer", "number") and field.default is not None:
        kind = IntInput if field.type == "integer" else FloatInput
        return kind(**common, value=field.default)
    kind = MultilineInput if is_json(field) else MessageTextInput
    # Agents set only these fields; people set the others.
    return kind(**common, value="", tool_mode=not field.advanced)


def _info(name: str, field: Input) -> str:
    sentences = [field.description]
    if name in NAMED_PROJECTS:
        sentences.append("Title, address or ID.")
    if is_json(field):
        sentences.append(
            "As JSON text, or by commas." if field.type == "array" and _is_plain(field) else "As JSON text."
        )
    return " ".join(sentences)


def _is_plain(field: Input) -> bool:
    return field.items is not None and field.items.type == "string" and bool(field.items.enum or field.items.format)
