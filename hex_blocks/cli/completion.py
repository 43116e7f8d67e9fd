"""What the shell completes: tools, their inputs, and the values of these."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hex_blocks.cli.output import load_registry

if TYPE_CHECKING:
    from hex_blocks.tools.spec.values import Input


def complete_tool(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Complete a tool id."""
    return [name for name in load_registry() if name.startswith(incomplete) or name[4:].startswith(incomplete)]


def complete_input(context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of an input, or its value where that is one of a few."""
    tool = load_registry()[context.params["tool_id"]]
    name, before, begun = _begun(context.params.get("values") or (), incomplete)
    if name is None:
        return [f"{each}=" for each in tool.spec.inputs if each.startswith(incomplete)]
    field = tool.spec.inputs.get(name.removesuffix(":"))
    return [before + value for value in _values(field) if value.startswith(begun)] if field else []


def _begun(values: tuple[str, ...], incomplete: str) -> tuple[str | None, str, str]:
    """Return the input whose value is being completed, what stands before the value, and what there is of it.

    Bash cuts words at `=`, so that name, sign and value come as three.
    """
    if not incomplete and values and "=" not in values[-1]:
        # click leaves a sign out that ends what is completed.
        return values[-1], "", ""
    if len(values) > 1 and values[-1] == "=":
        return values[-2], "", incomplete
    name, sign, begun = incomplete.partition("=")
    return (name, f"{name}=", begun) if sign else (None, "", incomplete)


def _values(field: Input) -> list[str]:
    if field.type == "boolean":
        return ["true", "false"]
    of = field.items if field.type == "array" and field.items else field
    return [str(each) for each in of.enum or ()]


def complete_tools(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Complete the last of several toolsets or tools, by comma."""
    from hex_blocks.hosts.models.toolsets import names

    *before, last = incomplete.split(",")
    registry = load_registry()
    return [",".join([*before, each]) for each in [*names(registry), *registry] if each.startswith(last)]
