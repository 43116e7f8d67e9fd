"""Output formats of a result: JSON, JSON Lines, CSV, YAML and table, and the jq filter."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.output import as_json_text, can_be_shown, plain, print_json, say, warn

if TYPE_CHECKING:
    from hex_blocks.tools.spec.values import OutputField
    from hex_blocks.tools.tool import Tool

FORMS = ("json", "jsonl", "csv", "yaml", "table")
# More columns do not fit on most terminals; --columns chooses others.
MAX_COLUMNS = 5
# Keys that a result can have in addition to its tool's outputs.
ADDED = ("warnings", "file")
Document = dict[str, Any]


@dataclass(frozen=True)
class Form:
    """How to print a result.

    Attributes:
        name: One of FORMS. Default: table for a list on a terminal, else JSON.
        columns: The columns of a table or CSV; a dot separates the levels of an object.
        filter: A jq filter.
        optional: Whether columns that do not fit are left out, because the user did not name them.
    """

    name: str | None = None
    columns: tuple[str, ...] = ()
    filter: str | None = None
    optional: bool = False


def form_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --output, --columns and --jq, which the command gets as `form`, together with its option --json."""
    from functools import wraps

    @wraps(function)
    def with_form(
        *given: Any, output: str | None, columns: str | None, jq: str | None, as_json: bool, **options: Any
    ) -> Any:
        named = tuple(name.strip() for name in (columns or "").split(",") if name.strip())
        if as_json and (output not in (None, "json") or named):
            raise click.UsageError(say("--json is the same as --output json: give it without --output and --columns."))
        preferred = output or _preferred()
        form = Form("json" if as_json else preferred, named, jq)
        return function(*given, form=_checked(form, output), **options)

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
    """Return the output format of the configuration."""
    from hex_blocks.api.configuration import CONFIG, configuration

    preferred = configuration().get("output")
    if preferred is not None and preferred not in FORMS:
        known = ", ".join(FORMS)
        raise click.UsageError(say("output in {file} is not one of {known}.", file=CONFIG, known=known))
    return preferred


def _checked(form: Form, asked: str | None) -> Form:
    """Raise a usage error for options that contradict each other."""
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
    """Return a compiled jq filter."""
    try:
        import jq
    except ImportError:
        raise click.UsageError(say("--jq needs the library jq: install hex-blocks[cli].")) from None
    try:
        return jq.compile(filter_)
    except ValueError as error:
        said = str(error).strip().splitlines()[0]
        raise click.UsageError(say("--jq is not a jq filter: {problem}", problem=said)) from None


def form_of_list(form: Form, columns: tuple[str, ...]) -> Form:
    """Return the format of a list. Default on a terminal: a table of the given columns."""
    return Form("table", columns, optional=True) if form == Form() and sys.stdout.isatty() else form


def print_result(document: Document, form: Form, tool: Tool | None = None) -> None:
    """Print a result in a format.

    Args:
        document: The result.
        form: The format.
        tool: The tool that returned it, which declares the output with the list.
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
        listed = document.get(place) if place else None
        rows = listed if isinstance(listed, list) else [document]
        _ROWS[name](rows, form if rows or name != "csv" else replace(form, columns=form.columns or _fields(tool)))


def check_columns(form: Form, tool: Tool) -> None:
    """Refuse columns that a tool's result does not have. Raises click.UsageError."""
    for column in form.columns:
        fields: Mapping[str, OutputField] | None = _rows_of(tool)
        for part in column.split("."):
            # The object's keys are Hex's and not declared in a spec.
            if not fields:
                break
            if part not in fields and column not in ADDED:
                known = ", ".join(fields)
                raise click.UsageError(say("There is no column {name}; there are {known}.", name=column, known=known))
            fields = fields[part].fields if part in fields else None


def _rows_of(tool: Tool) -> Mapping[str, OutputField]:
    """Return the fields of a row: of an entry of the list, or of the whole result."""
    place = list_place(tool)
    items = tool.spec.outputs[place].items if place else None
    return (items and items.fields) or tool.spec.outputs


def _fields(tool: Tool | None) -> tuple[str, ...]:
    return tuple(_rows_of(tool)) if tool else ()


def list_place(tool: Tool) -> str | None:
    """Return the name of the output with a tool's list, or None if it has none."""
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
        # Text without quotes, like jq -r, for use in shell variables.
        click.echo(_bare(each) if isinstance(each, str) else as_json_text(each))


def _bare(found: str) -> str:
    """Return text, without control characters if stdout is a terminal."""
    return "\n".join(map(plain, found.split("\n"))) if sys.stdout.isatty() else found


def _print_yaml(document: Document) -> None:
    import yaml

    written = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
    click.echo(written if can_be_shown(written) else yaml.safe_dump(document, sort_keys=False), nl=False)


def _print_lines(rows: Iterable[Any], form: Form) -> None:
    for row in rows:
        shown = {name: value_at(row, name) for name in form.columns} if form.columns else row
        click.echo(as_json_text(shown))


def _print_csv(rows: list[Any], form: Form) -> None:
    names = form.columns or tuple(dict.fromkeys(name for row in rows for name in row))
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([cell(value_at(row, name)) for name in names] for row in rows)
    if not can_be_shown(written.getvalue()):
        encoding = sys.stdout.encoding
        warn(
            say(
                "Note: {encoding} does not have every character of this. For UTF-8, set PYTHONUTF8=1.",
                encoding=encoding,
            )
        )
    click.echo(written.getvalue(), nl=False)


def _print_table(rows: list[Any], form: Form) -> None:
    if not rows:
        warn(say("Nothing was found."))
        return
    from hex_blocks.cli.tables import print_table

    names = form.columns or _columns_of(rows)
    cells = [[cell(value_at(row, name)) for name in names] for row in rows]
    print_table(list(names), cells, optional=form.optional or not form.columns)


_ROWS: dict[str, Callable[[list[Any], Form], None]] = {
    "jsonl": _print_lines,
    "csv": _print_csv,
    "table": _print_table,
}


def _columns_of(rows: list[Any]) -> tuple[str, ...]:
    """Return the columns with scalar values that are not empty in all rows."""
    names = dict.fromkeys(name for row in rows if isinstance(row, Mapping) for name in row)
    telling = [name for name in names if any(_is_plain(row.get(name)) for row in rows)]
    return tuple(telling[:MAX_COLUMNS])


def _is_plain(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list)


def value_at(row: Any, path: str) -> Any:
    """Return the value at a column's path, or None."""
    for part in path.split("."):
        row = row.get(part) if isinstance(row, Mapping) else None
    return row


def cell(value: Any) -> str:
    """Return a value as the text of a cell."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
