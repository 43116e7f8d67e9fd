"""hex-blocks tools: list the tools."""

from __future__ import annotations

import click

from hex_blocks.cli.base import experimental_option, language_option
from hex_blocks.cli.completion import complete_group
from hex_blocks.cli.output import load_registry, print_json, say, wants_json


@click.command()
@click.option("--group", metavar="G", shell_complete=complete_group, help="Only tools of this group.")
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
        message = say("There is no group {group}; there are {known}.", group=group or '""', known=known)
        raise click.BadParameter(message, param_hint="'--group'")
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
    from hex_blocks.cli.tables import print_table

    columns = [say("Tool"), say("Title"), say("Group"), say("Operation")]
    print_table(columns, [[tool.id, tool.title(language), tool.group, tool.operation] for tool in listed])
