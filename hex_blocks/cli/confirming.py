"""The confirmation before a tool that cannot be undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.output import can_ask, plain, say, warn
from hex_blocks.errors.classes import HexError, NotFoundError

if TYPE_CHECKING:
    from hex_blocks.client import Hex
    from hex_blocks.tools.tool import Tool

Inputs = Mapping[str, Any]
Outputs = dict[str, Any]


def _of_list(outputs: Outputs, place: str, identity: str, wanted: Any, name: str) -> str | None:
    return next((each.get(name) for each in outputs[place] if each.get(identity) == wanted), None)


# How the name of the object is looked up: the tool, its inputs, and the path of the name in its outputs.
_NAMES: dict[str, tuple[str, Callable[[Inputs], Outputs], Callable[[Outputs, Inputs], str | None]]] = {
    "hex_delete_group": (
        "hex_get_group",
        lambda inputs: {"groupId": inputs["groupId"]},
        lambda outputs, _inputs: outputs.get("name"),
    ),
    "hex_delete_cell": (
        "hex_get_cell",
        lambda inputs: {"cellId": inputs["cellId"]},
        lambda outputs, _inputs: outputs.get("label"),
    ),
    "hex_delete_guide_draft": (
        "hex_list_draft_guides",
        lambda _inputs: {},
        lambda outputs, inputs: _of_list(outputs, "guides", "id", inputs["orgGuideFileId"], "filePath"),
    ),
    "hex_deactivate_user": (
        "hex_list_users",
        lambda inputs: {"userIds": [inputs["userId"]]},
        lambda outputs, inputs: _of_list(outputs, "users", "id", inputs["userId"], "name"),
    ),
    "hex_cancel_active_runs": (
        "hex_get_project",
        lambda inputs: {"projectId": inputs["projectId"]},
        lambda outputs, _inputs: outputs.get("title"),
    ),
}


def confirm(client: Hex, tool: Tool, inputs: Inputs, *, yes: bool) -> None:
    """Ask for confirmation before a tool that removes something, unless --yes is given.

    Raises:
        click.UsageError: There is no terminal to ask on.
        click.exceptions.Exit: The answer is no.
        HexError: The inputs are invalid, or the object does not exist.
    """
    if not tool.removes or yes:
        return
    checked = tool.check(inputs)
    if not can_ask():
        raise click.UsageError(
            say(
                "{title} asks for confirmation, and there is no terminal: give --yes.",
                title=tool.title(client.language),
            )
        )
    question = say(
        "{title}: {what}. Continue?", title=tool.title(client.language), what=_what(client, tool, inputs, checked)
    )
    if not answer_is_yes(question):
        warn(say("Nothing was changed."))
        raise click.exceptions.Exit(1)


def answer_is_yes(question: str) -> bool:
    """Ask a question on stderr and return whether the answer is yes, in English or the user's language. Default: no."""
    word = say("yes")
    given = click.prompt(f"{plain(question)} [{word}/{say('no')}]", default="", show_default=False, err=True)
    said = given.strip().casefold()
    return bool(said) and said in {"y", "yes", word.casefold(), word.casefold()[:1]}


def _what(client: Hex, tool: Tool, inputs: Inputs, checked: Inputs) -> str:
    """Return the name, if it can be looked up, and the ID of the object that a call removes."""
    ids = ", ".join(
        str(checked[name]) for name, field in tool.spec.inputs.items() if field.required and name in checked
    )
    name = _name(client, tool, inputs, checked)
    return f"{name} ({ids})" if name else ids


def _name(client: Hex, tool: Tool, inputs: Inputs, checked: Inputs) -> str | None:
    if tool.id not in _NAMES:
        return None
    lookup, asked, read = _NAMES[tool.id]
    credentials = {name: inputs[name] for name in ("apiKey", "baseUrl") if inputs.get(name)}
    try:
        return read(client.call(lookup, asked(checked) | credentials), checked)
    except NotFoundError:
        raise
    except HexError:
        # The token may be allowed to delete and not to read; the ID identifies the object.
        return None
