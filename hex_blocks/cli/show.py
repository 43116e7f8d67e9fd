"""hex-blocks show: one tool in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.base import language_option
from hex_blocks.cli.completion import complete_tool
from hex_blocks.cli.output import load_registry, print_json, print_table, say
from hex_blocks.i18n.formats import number
from hex_blocks.i18n.texts import text

if TYPE_CHECKING:
    from hex_blocks.tools.spec.values import Value
    from hex_blocks.tools.tool import Tool


@click.command()
@click.argument("tool_id", metavar="TOOL", shell_complete=complete_tool)
@language_option
@click.option("--strict", is_flag=True, help="Every input required, optional ones nullable, as models demand it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(tool_id: str, language: str, strict: bool, as_json: bool) -> None:
    """Show one tool: what it does, its inputs and outputs, and an example.

    \b
    Examples:
      hex-blocks show hex_run_project
      hex-blocks show run_project --strict --json
    """
    tool = load_registry()[tool_id]
    if as_json:
        print_json(describe(tool, language, strict=strict))
    else:
        print_tool(tool, language, strict=strict)


def print_tool(tool: Tool, language: str, *, strict: bool = False) -> None:
    """Print what a tool does, its inputs and outputs to the last level, and its examples."""
    click.secho(f"{tool.title(language)}  ({tool.id})", bold=True)
    click.echo(tool.description(language))
    if request := tool.spec.request:
        click.echo(say("Hex's operation: {name}", name=f"{request.operation_id}, {request.method} {request.path}"))
    click.echo()
    print_table(
        [say("Input"), say("Type"), say("Required"), say("Allowed"), say("Description")],
        list(_input_rows(tool.spec.inputs, language, strict=strict)),
    )
    click.echo()
    print_table([say("Output"), say("Type"), say("Description")], list(_output_rows(tool.spec.outputs, language)))
    for example in tool.spec.examples:
        click.echo()
        click.secho(say("Example: {title}", title=text(example.title, language)), bold=True)
        click.echo(f"hex-blocks call {tool.id} --input '{json.dumps(example.inputs, ensure_ascii=False)}'")
        click.echo(json.dumps(example.outputs, ensure_ascii=False, indent=2))


def describe(tool: Tool, language: str | None = None, *, strict: bool = False) -> dict[str, Any]:
    """Return what `show --json` prints."""
    document = {
        "id": tool.id,
        "title": tool.title(language),
        "description": tool.description(language),
        "group": tool.group,
        "operation": tool.operation,
        "destructive": tool.destructive,
        "inputSchema": tool.input_schema(strict=strict, language=language),
        "outputSchema": tool.output_schema(language=language),
        "examples": [{"inputs": each.inputs, "outputs": each.outputs} for each in tool.spec.examples],
    }
    if request := tool.spec.request:
        document["request"] = {
            "operationId": request.operation_id,
            "method": request.method,
            "path": request.path,
        }
    return document


def _type(field: Value) -> str:
    return field.type + (f" ({field.format})" if field.format else "") + (" | null" if field.nullable else "")


def _allowed(field: Any, language: str) -> str:
    parts = [
        ", ".join(field.enum) if field.enum else "",
        f"≥ {number(field.minimum, language)}" if field.minimum is not None else "",
        f"≤ {number(field.maximum, language)}" if field.maximum is not None else "",
        f"= {json.dumps(field.default)}" if field.default is not None else "",
    ]
    return " ".join(part for part in parts if part)


def _input_rows(fields: Mapping[str, Any], language: str, *, strict: bool, depth: int = 0) -> Iterator[list[str]]:
    """Return the rows of a table of inputs, those inside others below them."""
    for name, field in fields.items():
        required = say("yes") if strict or field.required else say("no")
        yield [
            _indented(name, depth),
            _type(field),
            required,
            _allowed(field, language),
            text(field.description, language),
        ]
        if nested := _nested(field):
            yield from _input_rows(nested, language, strict=strict, depth=depth + 1)


def _nested(field: Any) -> Mapping[str, Any] | None:
    """Return the fields inside a value, or inside the entries of a list."""
    inside: Mapping[str, Any] | None = field.fields or (field.items.fields if field.items else None)
    return inside


def _indented(name: str, depth: int) -> str:
    return "  " * depth + ("↳ " if depth else "") + name


def _output_rows(fields: Mapping[str, Any], language: str, depth: int = 0) -> Iterator[list[str]]:
    for name, field in fields.items():
        yield [_indented(name, depth), _type(field), text(field.description, language)]
        if nested := _nested(field):
            yield from _output_rows(nested, language, depth + 1)
