"""hex-blocks export: the tools in the shapes of those who take function schemas."""

from __future__ import annotations

import click

from hex_blocks.cli.base import experimental_option, language_option
from hex_blocks.cli.output import load_registry, print_json, say, warn
from hex_blocks.hosts.models.toolsets import DEFAULT, EXPERIMENTAL

TARGETS = ("openai", "anthropic", "gemini", "json-schema")


@click.command()
@click.argument("target", type=click.Choice(TARGETS))
@click.option(
    "--tools",
    default=DEFAULT,
    show_default=True,
    metavar="NAMES",
    help="Toolsets or tools, by comma; all for every tool.",
)
@click.option("--strict", is_flag=True, help="Schemas that the vendor's decoder can hold a model to.")
@click.option("--responses", is_flag=True, help="For OpenAI's responses instead of its chat completions.")
@experimental_option
@click.option("--read-only", is_flag=True, help="Leave out tools that write.")
@click.option("--no-search", is_flag=True, help="Leave out the two tools that find and call all other tools.")
@language_option
def export(
    target: str,
    tools: str,
    strict: bool,
    responses: bool,
    experimental: bool,
    read_only: bool,
    no_search: bool,
    language: str,
) -> None:
    """Print the tools as function schemas for models: what goes under `tools` in a request.

    \b
    Examples:
      hex-blocks export openai --strict
      hex-blocks export anthropic --tools run,projects
      hex-blocks export json-schema --tools hex_run_and_wait
    """
    from hex_blocks.hosts.functions import EXPORTS
    from hex_blocks.hosts.models.toolbox import Toolbox

    if responses and target != "openai":
        raise click.UsageError(say("--responses is for openai."))
    tools = f"{tools},{EXPERIMENTAL}" if experimental else tools
    box = Toolbox(tools, registry=load_registry(), read_only=read_only, search=not no_search, language=language)
    more = {"responses": True} if responses else {}
    made = EXPORTS[target](box, strict=strict, **more)
    print_json(made)
    if strict and target == "anthropic" and (plain := [each["name"] for each in made if not each.get("strict")]):
        warn(say("Not strict, since a request may hold only so many optional inputs: {tools}", tools=", ".join(plain)))
