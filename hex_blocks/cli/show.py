"""hex-blocks show: describe a tool."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.base import language_option, wrapped
from hex_blocks.cli.completion import complete_tool
from hex_blocks.cli.output import load_registry, print_json, say
from hex_blocks.i18n.formats import number
from hex_blocks.i18n.texts import text

if TYPE_CHECKING:
    from hex_blocks.tools.tool import Tool

WIDEST = 100
Fields = Mapping[str, Mapping[str, Any]]


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
    """Print what a tool does, its inputs and outputs to the last level, and its examples.

    The spec is read as JSON without validation, which would take longer.
    """
    raw = tool.raw
    click.secho(f"{tool.title(language)}  ({tool.id})", bold=True)
    _print_words(tool.description(language), 0)
    if request := raw.get("request"):
        line = f"{request['operationId']}, {request['method']} {request['path']}"
        click.echo(say("Hex's operation: {name}", name=line))
    _print_fields(say("Inputs"), _inputs_of(tool), language, _required(strict))
    _print_fields(say("Outputs"), raw["outputs"], language, lambda _field: "")
    for example in raw["examples"]:
        click.echo()
        click.secho(say("Example: {title}", title=text(example["title"], language)), bold=True)
        given = json.dumps(example["inputs"], ensure_ascii=False)
        click.echo(f"hex-blocks call {tool.id} --input {shlex.quote(given)}")
        click.echo(json.dumps(example["outputs"], ensure_ascii=False, indent=2))


def _inputs_of(tool: Tool) -> Fields:
    """Return a tool's inputs. Those of the connection are first if required, else last."""
    needed = tool.raw.get("connectionRequired", ())
    shared = load_registry().raw_connection
    first = {name: {**field, "required": True} for name, field in shared.items() if name in needed}
    return {**first, **tool.raw["inputs"], **{name: field for name, field in shared.items() if name not in needed}}


def _required(strict: bool) -> Callable[[Mapping[str, Any]], str]:
    return lambda field: say("required") if strict or field.get("required") else ""


def _print_fields(heading: str, fields: Fields, language: str, mark: Callable[[Mapping[str, Any]], str]) -> None:
    click.echo()
    click.secho(heading, bold=True)
    for depth, name, field in _flat(fields):
        indent = "  " * (depth + 1)
        facts = ", ".join(filter(None, [_type(field), mark(field), _allowed(field, language)]))
        if len(f"{indent}{name}  {facts}") <= shutil.get_terminal_size().columns:
            click.echo(f"{indent}{click.style(name, bold=True)}  {facts}")
        else:
            click.echo(indent + click.style(name, bold=True))
            _print_words(facts, len(indent) + 2)
        _print_words(text(field["description"], language), len(indent) + 4)


def _flat(fields: Fields, depth: int = 0) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    """Return each field with its depth, followed by its nested fields."""
    for name, field in fields.items():
        yield depth, name, field
        yield from _flat(field.get("fields") or field.get("items", {}).get("fields") or {}, depth + 1)


def _print_words(words: str, indent: int) -> None:
    width = max(20, min(shutil.get_terminal_size().columns, WIDEST) - indent)
    for line in wrapped(words, width):
        click.echo(" " * indent + line)


def describe(tool: Tool, language: str | None = None, *, strict: bool = False) -> dict[str, Any]:
    """Return the document that `show --json` prints."""
    document = {
        **tool.headline(language),
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


def _type(field: Mapping[str, Any]) -> str:
    named: str = field["type"]
    if named == "array" and (of := field.get("items", {}).get("type")):
        named = say("list of {type}", type=of)
    named = " | ".join([named, *(json.dumps(word) for word in field.get("words") or ())])
    return named + (f" ({field['format']})" if "format" in field else "") + (" | null" if field.get("nullable") else "")


def _allowed(field: Mapping[str, Any], language: str) -> str:
    choices = field.get("enum") or field.get("items", {}).get("enum")
    parts = [
        " | ".join(choices) if choices else "",
        f"≥ {number(field['minimum'], language)}" if "minimum" in field else "",
        f"≤ {number(field['maximum'], language)}" if "maximum" in field else "",
        say("default {value}", value=json.dumps(field["default"])) if "default" in field else "",
    ]
    return ", ".join(part for part in parts if part)
