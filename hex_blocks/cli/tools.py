"""hex-blocks tools and hex-blocks show: what there is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.base import experimental_option, language_option
from hex_blocks.cli.output import load_registry, print_json, print_table, say, wants_json
from hex_blocks.i18n.formats import number
from hex_blocks.i18n.texts import text

if TYPE_CHECKING:
    from hex_blocks.tools.spec.values import Value
    from hex_blocks.tools.tool import Tool


def complete_tool(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Complete a tool id."""
    return [name for name in load_registry() if name.startswith(incomplete) or name[4:].startswith(incomplete)]


@click.command()
@click.option("--group", metavar="G", help="Only tools of this group.")
@experimental_option
@language_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as is done when piped.")
def tools(group: str | None, experimental: bool, language: str, as_json: bool) -> None:
    """List the tools: id, title, group and operation.

    \b
    Examples:
      hex-blocks tools
      hex-blocks tools --group runs
      hex-blocks tools --json | jq -r '.[].id'
    """
    registry = load_registry()
    if group is not None and group not in registry.groups:
        known = ", ".join(registry.groups)
        raise click.BadParameter(say("There is no group {group}; there are {known}.", group=group, known=known))
    listed = [tool for tool in registry.values() if group in (None, tool.group)]
    listed = [tool for tool in listed if experimental or not tool.experimental]
    if wants_json(as_json):
        print_json(
            [
                {
                    "id": tool.id,
                    "title": tool.title(language),
                    "group": tool.group,
                    "operation": tool.operation,
                }
                for tool in listed
            ]
        )
        return
    columns = [say("Tool"), say("Title"), say("Group"), say("Operation")]
    print_table(columns, [[tool.id, tool.title(language), tool.group, tool.operation] for tool in listed])


@click.command()
@click.argument("tool_id", metavar="TOOL", shell_complete=complete_tool)
@language_option
@click.option("--strict", is_flag=True, help="Every input required, optional ones nullable, as models demand it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as is done when piped.")
def show(tool_id: str, language: str, strict: bool, as_json: bool) -> None:
    """Show one tool: what it does, its inputs and outputs, and an example.

    \b
    Examples:
      hex-blocks show hex_run_project
      hex-blocks show run_project --strict --json
    """
    tool = load_registry()[tool_id]
    if wants_json(as_json):
        print_json(describe(tool, language, strict=strict))
        return
    click.secho(f"{tool.title(language)}  ({tool.id})", bold=True)
    click.echo(tool.description(language))
    if request := tool.spec.request:
        click.echo(say("Hex's operation: {name}", name=f"{request.operation_id}, {request.method} {request.path}"))
    required, optional = say("yes"), say("no")
    rows = [
        [
            name,
            _type(field),
            required if strict or field.required else optional,
            _allowed(field, language),
            text(field.description, language),
        ]
        for name, field in tool.spec.inputs.items()
    ]
    click.echo()
    print_table([say("Input"), say("Type"), say("Required"), say("Allowed"), say("Description")], rows)
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


def _output_rows(fields: Any, language: str, depth: int = 0) -> Any:
    for name, field in fields.items():
        yield ["  " * depth + ("↳ " if depth else "") + name, _type(field), text(field.description, language)]
        nested = field.fields or (field.items.fields if field.items else None)
        if nested:
            yield from _output_rows(nested, language, depth + 1)
