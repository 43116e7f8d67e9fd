"""Shell completion of tools, their inputs, a project's parameters, and values."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.output import load_registry
from hex_blocks.i18n.texts import current_language

if TYPE_CHECKING:
    from hex_blocks.tools.spec.values import Input

# The characters at which bash splits words.
SIGNS = ("=", ":=")
PARAMETERS = "inputParams."
# Seconds to wait for a project's inputs, while the user waits at a prompt.
PATIENCE = 5.0


def complete_tool(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Return the tool IDs that begin with a text."""
    return [name for name in load_registry() if name.startswith(incomplete) or name[4:].startswith(incomplete)]


def complete_group(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Return the groups of tools that begin with a text."""
    return [name for name in load_registry().groups if name.startswith(incomplete)]


def complete_input(context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Return completions of the name of an input, or of its value if it has a fixed set of values."""
    registry = load_registry()
    if context.params.get("tool_id") not in registry:
        return []
    tool = registry[context.params["tool_id"]]
    values = context.params.get("values") or ()
    name, before, begun = _begun(values, incomplete)
    if (incomplete if name is None else name).startswith(PARAMETERS) and PARAMETERS[:-1] in tool.spec.inputs:
        given = [value for each, _, value in (word.partition("=") for word in _joined(values)) if each == "projectId"]
        return _parameters(context, given[-1] if given else None, incomplete, PARAMETERS)
    if name is None:
        return [f"{each}=" for each in tool.spec.inputs if each.startswith(incomplete)]
    field = tool.spec.inputs.get(name.removesuffix(":"))
    return [before + value for value in _values(field) if value.startswith(begun)] if field else []


def complete_parameter(context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Return completions of a parameter of the project to run, or of its value if it has a fixed set of values."""
    return _parameters(context, context.params.get("project"), incomplete)


def _parameters(context: click.Context, project: str | None, incomplete: str, ahead: str = "") -> list[str]:
    """Return completions of a parameter of a project, whose inputs are requested from Hex.

    Args:
        context: The command line so far.
        project: The project, as it was given.
        incomplete: The beginning of the word.
        ahead: The prefix of each parameter's name.
    """
    name, before, begun = _begun(context.params.get("values") or (), incomplete)
    found = {ahead + each["name"]: each for each in _inputs_of(context, project) if each["settable"]}
    if name is None:
        return [each + _sign(field) for each, field in found.items() if each.startswith(incomplete)]
    field = found.get(name.removesuffix(":"))
    return [before + value for value in _choices(field) if value.startswith(begun)] if field else []


def _sign(field: dict[str, Any]) -> str:
    """Return the sign between a parameter and its value: `=` for text, `:=` for JSON."""
    return "=" if field["type"] == "string" else ":="


def _choices(field: dict[str, Any]) -> list[str]:
    if field["type"] == "boolean":
        return ["true", "false"]
    values = [each["value"] for each in field["choices"] or ()]
    return [each if isinstance(each, str) else json.dumps(each) for each in values]


def _inputs_of(context: click.Context, project: str | None) -> list[dict[str, Any]]:
    """Return the inputs of a project; empty on any error or timeout, which a prompt cannot show."""
    from hex_blocks.cli.connecting import open_client
    from hex_blocks.errors.classes import HexError

    if not project:
        return []
    stop = threading.Event()
    timer = threading.Timer(PATIENCE, stop.set)
    timer.start()
    try:
        with open_client(
            context.params.get("on_sandbox", False), context.params.get("profile"), current_language()
        ) as client:
            matches = client.call("hex_find_project", {"query": project}, stop=stop)["matches"]
            if len(matches) != 1:
                return []
            asked = {"projectId": matches[0]["id"]}
            inputs: list[dict[str, Any]] = client.call("hex_get_project_inputs", asked, stop=stop)["inputs"]
            return inputs
    except (HexError, click.UsageError):
        return []
    finally:
        timer.cancel()


def _joined(words: Iterable[str]) -> list[str]:
    """Join the words that bash split at `=` and `:=`."""
    joined: list[str] = []
    is_open = False
    for word in words:
        if joined and (is_open or word in SIGNS):
            joined[-1] += word
        else:
            joined.append(word)
        is_open = word in SIGNS
    return joined


def _begun(values: tuple[str, ...], incomplete: str) -> tuple[str | None, str, str]:
    """Return the input whose value is being completed, the text before the value, and the beginning of the value.

    Bash splits words at `=` and `:=`, so name, sign and value are three words.
    """
    if not incomplete and values and "=" not in values[-1]:
        # click omits a sign at the end of the word.
        return values[-1], "", ""
    if len(values) > 1 and values[-1] in SIGNS:
        return values[-2], "", incomplete
    if incomplete in SIGNS and values:
        return values[-1], "", ""
    name, sign, begun = incomplete.partition("=")
    return (name, f"{name}=", begun) if sign else (None, "", incomplete)


def _values(field: Input) -> list[str]:
    if field.type == "boolean":
        return ["true", "false"]
    of = field.items if field.type == "array" and field.items else field
    return [str(each) for each in of.enum or ()]


def complete_tools(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Return completions of the last of several toolsets or tools, separated by commas."""
    from hex_blocks.hosts.models.toolsets import names

    *before, last = incomplete.split(",")
    registry = load_registry()
    return [",".join([*before, each]) for each in [*names(registry), *registry] if each.startswith(last)]
