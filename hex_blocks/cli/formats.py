"""The forms of a result: JSON, lines of JSON, CSV, YAML, or a table; and a filter in the language of jq."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.output import plain, print_json, print_table, say, steering_escaped

if TYPE_CHECKING:
    from hex_blocks.tools.tool import Tool

FORMS = ("json", "jsonl", "csv", "yaml", "table")
# A table of more columns is cut on most terminals; --columns names others.
MOST_COLUMNS = 5
Document = dict[str, Any]


@dataclass(frozen=True)
class Form:
    """How a result is to be printed.

    Attributes:
        name: One of FORMS; None for what suits: a table for a list on a terminal, else JSON.
        columns: The columns of a table or of CSV, by name; a dot leads into an object.
        filter: A filter in the language of jq.
    """

    name: str | None = None
    columns: tuple[str, ...] = ()
    filter: str | None = None


def form_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --output, --columns and --jq, which the command is given as `form`."""
    from functools import wraps

    @wraps(function)
    def with_form(*given: Any, output: str | None, columns: str | None, jq: str | None, **options: Any) -> Any:
        named = tuple(name.strip() for name in (columns or "").split(",") if name.strip())
        return function(*given, form=_checked(Form(output or _preferred(), named, jq), output), **options)

    options = (
        click.option(
            "--output",
            "-o",
            type=click.Choice(FORMS),
            help="Form of the result. Default: a table for a list on a terminal, else json.",
        ),
        click.option("--columns", metavar="NAMES", help="Columns of a table or of csv, by comma, such as id,title."),
        click.option("--jq", metavar="FILTER", help="Print what this jq filter makes of the result."),
    )
    for option in reversed(options):
        with_form = option(with_form)
    return with_form


def _preferred() -> str | None:
    """Return the form that the configuration asks for."""
    from hex_blocks.api.profiles import CONFIG, configuration

    preferred = configuration().get("output")
    if preferred is not None and preferred not in FORMS:
        known = ", ".join(FORMS)
        raise click.UsageError(say("output in {file} is not one of {known}.", file=CONFIG, known=known))
    return preferred


def _checked(form: Form, asked: str | None) -> Form:
    """Refuse options that contradict each other, before anything is called."""
    if form.filter is not None:
        if asked or form.columns:
            raise click.UsageError(say("--jq prints JSON: give it without --output and --columns."))
        _compiled(form.filter)
    if form.columns and form.name in ("json", "yaml"):
        if asked:
            raise click.UsageError(say("--columns is for table, csv and jsonl."))
        return Form("table" if sys.stdout.isatty() else "csv", form.columns)
    return form


def _compiled(filter_: str) -> Any:
    """Compile a jq filter."""
    try:
        import jq
    except ImportError:
        raise click.UsageError(say("--jq needs the library jq: install hex-blocks[cli].")) from None
    try:
        return jq.compile(filter_)
    except ValueError as error:
        said = str(error).strip().splitlines()[0]
        raise click.UsageError(say("--jq is not a jq filter: {problem}", problem=said)) from None


def form_of_list(form: Form, columns: tuple[str, ...], *, as_json: bool) -> Form:
    """Return the form of a list: where none was asked for, on a terminal, a table of the columns that are named."""
    if as_json:
        return Form("json", filter=form.filter)
    return Form("table", columns) if form == Form() and sys.stdout.isatty() else form


def print_result(document: Document, form: Form, tool: Tool | None = None) -> None:
    """Print a result in a form.

    Args:
        document: The result.
        form: The form.
        tool: The tool that it is of, which says which of its parts is the list.
    """
    if form.filter is not None:
        _print_filtered(document, form.filter)
        return
    place = tool and list_place(tool)
    on_terminal = sys.stdout.isatty()
    name = form.name or ("table" if form.columns or (place and on_terminal) else "json")
    if form.columns and form.name is None and not on_terminal:
        name = "csv"
    if name == "json":
        print_json(document)
    elif name == "yaml":
        _print_yaml(document)
    else:
        rows = document.get(place) if place else None
        _ROWS[name](rows if isinstance(rows, list) else [document], form.columns)


def list_place(tool: Tool) -> str | None:
    """Name the output that holds a tool's list; None where it gives one document."""
    if tool.spec.paging:
        return tool.spec.paging.items
    lists = [
        name
        for name, field in tool.spec.outputs.items()
        if field.type == "array" and field.items and field.items.fields
    ]
    plain_ones = [name for name, field in tool.spec.outputs.items() if field.type != "array" and name != "total"]
    return lists[0] if len(lists) == 1 and not plain_ones else None


def _print_filtered(document: Document, filter_: str) -> None:
    try:
        found = _compiled(filter_).input_value(document).all()
    except ValueError as error:
        raise click.ClickException(say("The jq filter failed: {problem}", problem=str(error).strip())) from None
    for each in found:
        # As jq -r does: text as it is, so that it can be put into a variable of the shell.
        click.echo(plain(each) if isinstance(each, str) else steering_escaped(json.dumps(each, ensure_ascii=False)))


def _print_yaml(document: Document) -> None:
    import yaml

    click.echo(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), nl=False)


def _print_lines(rows: Iterable[Any], columns: tuple[str, ...]) -> None:
    for row in rows:
        shown = {name: value_at(row, name) for name in columns} if columns else row
        click.echo(steering_escaped(json.dumps(shown, ensure_ascii=False)))


def _print_csv(rows: list[Any], columns: tuple[str, ...]) -> None:
    names = columns or tuple(dict.fromkeys(name for row in rows for name in row))
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([cell(value_at(row, name)) for name in names] for row in rows)
    click.echo(written.getvalue(), nl=False)


def _print_table(rows: list[Any], columns: tuple[str, ...]) -> None:
    names = columns or _columns_of(rows)
    print_table(list(names), [[cell(value_at(row, name)) for name in names] for row in rows])
    if not rows:
        click.echo(say("Nothing was found."), err=True)


_ROWS: dict[str, Callable[[list[Any], tuple[str, ...]], None]] = {
    "jsonl": _print_lines,
    "csv": _print_csv,
    "table": _print_table,
}


def _columns_of(rows: list[Any]) -> tuple[str, ...]:
    """Choose the columns that say something: values that are not objects, and not empty in all rows."""
    names = dict.fromkeys(name for row in rows if isinstance(row, Mapping) for name in row)
    telling = [name for name in names if any(_is_plain(row.get(name)) for row in rows)]
    return tuple(telling[:MOST_COLUMNS])


def _is_plain(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list)


def value_at(row: Any, path: str) -> Any:
    """Return the value that a column's name leads to; None where nothing is there."""
    for part in path.split("."):
        row = row.get(part) if isinstance(row, Mapping) else None
    return row


def cell(value: Any) -> str:
    """Return a value as the text of one cell."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
