"""hex-blocks check: whether every spec, text and page is right."""

from __future__ import annotations

import click

from hex_blocks.cli.output import load_registry, print_json, say


@click.command()
@click.option("--fix", is_flag=True, help="Write anew what is generated.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(fix: bool, as_json: bool) -> None:
    """Check every spec with its examples, handler and schema; say where something is wrong and what would be right.

    \b
    Example:
      hex-blocks check --fix
    """
    from hex_blocks.verify import problems, write_schemas

    registry = load_registry()
    if fix:
        write_schemas(registry.folder)
    found = problems(registry)
    if as_json:
        print_json({"tools": len(registry), "problems": found})
    else:
        for problem in found:
            click.echo(problem)
        click.echo(say("{tools} tools, {problems} problems", tools=len(registry), problems=len(found)))
    if found:
        raise click.exceptions.Exit(1)
