"""Generates the source files of Sim's tools: one for each tool, their types, and the index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hex_blocks.hosts.builders.connecting import CUSTOM, REGIONS
from hex_blocks.hosts.sim.operations import Operation
from hex_blocks.hosts.sim.typescript import Code, expression, input_type, interface, output_type
from hex_blocks.i18n.texts import SOURCE_LANGUAGE, phrase, text
from hex_blocks.tools.spec.values import Input, InputField, Output, OutputField

Declared = dict[str, Any]
REGION = phrase(
    "Where the workspace is: app, eu, hc, or custom for another address of Hex, given as the base URL. Default: app."
)
TOKEN = phrase("Hex API token, personal or of the workspace.")
FILE = phrase("The picture as a file.")
FILES = phrase("The charts as files.")
FILE_NAME = phrase("Name of the picture's file.")
HINT = phrase("How to continue if the wait is over before the run has ended.")
WARNINGS = phrase("What a person should know beside the outputs.")
_PARAMETERS = {"integer": "number", "object": "json", "any": "json"}
_OUTPUTS = {"integer": "number", "any": "json"}
WARNED = "warnings"


def tool_name(operation: Operation) -> str:
    """Return the name of a tool's constant in its file."""
    return f"{operation.camel}Tool"


def public_name(operation: Operation) -> str:
    """Return the name of a tool in Sim's registry."""
    return f"hex{operation.pascal}Tool"


def parameters(operation: Operation, language: str) -> dict[str, Declared]:
    """Return the parameters of a tool: the token, the tool's inputs, and the region."""

    def of_the_connection(description: str, *, required: bool = False) -> Declared:
        translated = text(description, language)
        return {"type": "string", "required": required, "visibility": "user-only", "description": translated}

    own = {name: _parameter(field, language) for name, field in operation.inputs.items()}
    return {
        "apiKey": of_the_connection(TOKEN, required=True),
        **own,
        "region": of_the_connection(REGION),
        "baseUrl": of_the_connection(operation.tool.spec.inputs["baseUrl"].description),
    }


def _parameter(field: Input, language: str) -> Declared:
    made: Declared = {"type": _PARAMETERS.get(field.type, field.type), "required": field.required}
    made["visibility"] = "user-only" if field.type == "boolean" else "user-or-llm"
    made["description"] = text(field.description, language)
    if field.type == "array":
        made["items"] = _schema(field.items, language) if field.items else {"type": "string"}
    return made


def _schema(field: InputField, language: str) -> Declared:
    """Return the schema of a list's entries, for models."""
    kind = "object" if field.type == "any" else field.type
    made: Declared = {"type": kind, "description": text(field.description, language)}
    if field.fields:
        made["properties"] = {name: _schema(each, language) for name, each in field.fields.items()}
        made["required"] = [name for name, each in field.fields.items() if each.required]
    return made


def outputs(operation: Operation, language: str) -> dict[str, Declared]:
    """Return the outputs of a tool, with pictures as files, and the outputs that Sim adds."""
    made = {name: _output(field, language) for name, field in operation.outputs.items()}
    if _has_picture(operation.outputs.get("image")):
        made["file"] = {"type": "file", "description": text(FILE, language), "optional": True}
    charts = operation.outputs.get("charts")
    if charts and charts.items and charts.items.fields and _has_picture(charts.items.fields.get("image")):
        made["files"] = {"type": "file[]", "description": text(FILES, language), "optional": True}
    if "timeout" in operation.inputs:
        made["hint"] = {"type": "string", "description": text(HINT, language), "optional": True}
    made[WARNED] = {"type": "array", "description": text(WARNINGS, language), "optional": True}
    return made


def _has_picture(field: OutputField | None) -> bool:
    return field is not None and field.fields is not None and "base64" in field.fields


def _output(field: OutputField, language: str) -> Declared:
    made: Declared = {"type": _OUTPUTS.get(field.type, field.type), "description": text(field.description, language)}
    if field.nullable:
        made["optional"] = True
    if _has_picture(field):
        properties = {name: _output(each, language) for name, each in (field.fields or {}).items() if name != "base64"}
        made["properties"] = properties | {"fileName": {"type": "string", "description": text(FILE_NAME, language)}}
    elif field.fields:
        made["properties"] = {name: _output(each, language) for name, each in field.fields.items()}
    elif field.type == "object":
        made["type"] = "json"
    if field.items:
        made["items"] = {name: each for name, each in _output(field.items, language).items() if name != "optional"}
    return made


def tool_source(operation: Operation, language: str) -> str:
    """Return the source of a tool."""
    stem = f"Hex{operation.pascal}"
    tool = operation.tool
    config = {
        "id": tool.id,
        "name": f"Hex {operation.name(language)}" if language == SOURCE_LANGUAGE else f"Hex: {tool.title(language)}",
        "description": tool.description(language),
        "version": "1.0.0",
        "params": parameters(operation, language),
        "request": Code(f"requestOf('{tool.id}')"),
        "directExecution": Code(f"runOf('{tool.id}')"),
        "outputs": outputs(operation, language),
    }
    names = ["requestOf", "runOf"]
    if answers_itself(operation):
        config["transformResponse"] = Code(f"answerOf<{stem}Response>('{tool.id}')")
        names.insert(0, "answerOf")
    return (
        f"import {{ {', '.join(names)} }} from '@/lib/hex/tool'\n"
        f"import type {{ {stem}Params, {stem}Response }} from '@/tools/hex/types'\n"
        "import type { ToolConfig } from '@/tools/types'\n\n"
        f"export const {tool_name(operation)}: ToolConfig<{stem}Params, {stem}Response> = {expression(config)}\n"
    )


def answers_itself(operation: Operation) -> bool:
    """Return whether a tool is one request whose reply contains its outputs."""
    return operation.tool.spec.request is not None and operation.tool.spec.handler is None


def types_source(shown: Sequence[Operation]) -> str:
    """Return the source of the types."""
    regions = " | ".join(f"'{each}'" for each in (*REGIONS, CUSTOM))
    connection = {"apiKey": "string", "region?": f"{regions} | string", "baseUrl?": "string"}
    parts = [
        "import type { ToolResponse } from '@/tools/types'\n",
        "/** Where the workspace is, and the token for it. */\n" + interface("HexConnectionParams", connection),
    ]
    for operation in shown:
        stem = f"Hex{operation.pascal}"
        fields = {name + ("" if field.required else "?"): input_type(field) for name, field in operation.inputs.items()}
        parts.append(interface(f"{stem}Params", fields, "HexConnectionParams") if fields else _empty(stem))
        parts.append(interface(f"{stem}Response", {"output": _object(operation.outputs)}, "ToolResponse"))
    union = "".join(f"\n  | Hex{operation.pascal}Response" for operation in shown)
    return "\n".join([*parts, f"export type HexResponse ={union}\n"])


def _empty(stem: str) -> str:
    return f"export type {stem}Params = HexConnectionParams\n"


def _object(fields: Mapping[str, Output]) -> str:
    lines = "".join(f"    {name}: {output_type(field, 2)}\n" for name, field in fields.items())
    return f"{{\n{lines}  }}"


def index_source(shown: Sequence[Operation]) -> str:
    """Return the source of the index: each tool under the name that Sim's registry imports, and all by ID."""
    by_name = sorted(shown, key=lambda each: each.key)
    imports = "".join(f"import {{ {tool_name(each)} }} from '@/tools/hex/{each.key}'\n" for each in by_name)
    named = "".join(f"export const {public_name(each)} = {tool_name(each)}\n" for each in by_name)
    listed = "".join(f"  {each.tool.id}: {tool_name(each)},\n" for each in by_name)
    return f"{imports}\n{named}\n/** All of them, by their ids. */\nexport const hexTools = {{\n{listed}}}\n"
