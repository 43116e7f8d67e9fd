"""hex-blocks new-tool: create the beginning of a spec."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import click

from hex_blocks.cli.base import language_option
from hex_blocks.cli.output import load_registry, say
from hex_blocks.i18n.plurals import Plural

BLANK = "TO BE WRITTEN"


@click.command("new-tool")
@click.argument("tool_id", metavar="ID")
@click.option(
    "--method",
    required=True,
    type=click.Choice(["GET", "POST", "PUT", "PATCH", "DELETE"], case_sensitive=False),
    help="The request's method.",
)
@click.option("--path", required=True, help="The request's path below /v1, such as /projects/{projectId}/runs.")
@click.option("--group", default=None, help="The tool's group.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Folder to write to. Default: the project's own specs.",
)
@partial(language_option, told=False)
def new_tool(tool_id: str, method: str, path: str, group: str | None, out: Path | None) -> None:
    """Begin the spec of a tool that is one request. What is left to write is marked.

    \b
    Example:
      hex-blocks new-tool hex_list_things --method GET --path /things
    """
    registry = load_registry()
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)+", tool_id):
        raise click.BadParameter(
            say("{id} is not a tool ID; write it like hex_list_things.", id=tool_id), param_hint="ID"
        )
    if not re.fullmatch(r"(/[A-Za-z-]+|/\{[A-Za-z]+\})+", path):
        raise click.BadParameter(
            say("{path} is not a path; write it like /things/{{thingId}}.", path=path), param_hint="--path"
        )
    if tool_id in registry:
        raise click.BadParameter(say("{id} already exists.", id=tool_id), param_hint="ID")
    group = group or next(iter(registry.groups))
    if group not in registry.groups:
        raise click.BadParameter(
            say("There is no group {group}; there are {known}.", group=group, known=", ".join(registry.groups)),
            param_hint="--group",
        )
    file = (out or registry.folder) / f"{tool_id}.json"
    document = skeleton(tool_id, method.upper(), path, group)
    content = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as writing:
            writing.write(content)
    except OSError as error:
        raise click.ClickException(
            say("{file} cannot be written: {reason}", file=file, reason=error.strerror)
        ) from None
    left = content.count(BLANK)
    click.echo(
        say(
            Plural(
                "Wrote {file}: write the {count} text marked {mark}, then run hex-blocks check.",
                "Wrote {file}: write the {count} texts marked {mark}, then run hex-blocks check.",
            ),
            file=file,
            count=left,
            mark=BLANK,
        )
    )


def skeleton(tool_id: str, method: str, path: str, group: str) -> dict[str, Any]:
    """Return a spec that is valid except for its placeholder texts."""
    words = tool_id.split("_")[1:]
    inputs = {
        name: {
            "type": "string",
            "format": "uuid",
            "in": "path",
            "required": True,
            "title": BLANK,
            "description": BLANK,
        }
        for name in re.findall(r"\{([A-Za-z]+)\}", path)
    }
    example = dict.fromkeys(inputs, "5a8591dd-4039-49df-9202-96385ba3eff8")
    return {
        "$schema": "tool.schema.json",
        "id": tool_id,
        "group": group,
        "operation": "query" if method == "GET" else "mutation",
        "title": " ".join(words).capitalize(),
        "description": BLANK,
        "request": {
            "operationId": "".join(word.capitalize() for word in words),
            "method": method,
            "path": path,
            "success": 204 if method == "DELETE" else 200,
        },
        "inputs": inputs,
        "outputs": {"id": {"type": "string", "description": BLANK}},
        "examples": [{"title": BLANK, "inputs": example, "reply": {"id": "1"}, "outputs": {"id": "1"}}],
    }
