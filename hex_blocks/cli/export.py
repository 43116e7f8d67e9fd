"""hex-blocks export: function schemas for models, and the files that hosts are installed from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.base import experimental_option, language_option
from hex_blocks.cli.completion import complete_tools
from hex_blocks.cli.output import load_registry, print_json, say, wants_json, warn
from hex_blocks.cli.tables import print_table
from hex_blocks.hosts.models.toolsets import DEFAULT, EXPERIMENTAL
from hex_blocks.i18n.plurals import Plural

if TYPE_CHECKING:
    from hex_blocks.hosts.exports import ExportTarget, FolderError

EXEMPT = "exempt: "
SCHEMAS = ("openai", "anthropic", "gemini", "json-schema")


def complete_target(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Return the targets of exports that begin with a text."""
    from hex_blocks.hosts.exports import targets

    return [name for name in [*SCHEMAS, *targets()] if name.startswith(incomplete)]


@click.command()
@click.argument("target", required=False, metavar="[TARGET]", shell_complete=complete_target)
@click.option("--list", "listed", is_flag=True, help="List the targets, with what each shows and what it cannot.")
@click.option("--json", "as_json", is_flag=True, help="With --list: print JSON.")
@click.option(
    "--tools",
    shell_complete=complete_tools,
    metavar="NAMES",
    help=(
        "Toolsets or tools, separated by commas; all for every tool. "
        "Default: the toolset default for schemas, the host's own for a folder."
    ),
)
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="The folder to write to, absent or empty.")
@click.option("--pack", is_flag=True, help="Also write the archive that the host installs, next to DIR.")
@click.option("--force", is_flag=True, help="Replace an earlier export in DIR.")
@click.option("--translated", is_flag=True, help="The form with translations, if the host has two forms.")
@click.option("--strict", is_flag=True, help="Strict schemas, which the vendor can enforce on the model's output.")
@click.option("--responses", is_flag=True, help="For OpenAI's Responses instead of its Chat Completions.")
@experimental_option
@click.option("--read-only", is_flag=True, help="Leave out tools that write.")
@click.option("--no-search", is_flag=True, help="Leave out the two tools that find and call all other tools.")
@language_option
def export(target: str | None, *, listed: bool, as_json: bool, language: str, **options: Any) -> None:
    """Export the tools: as function schemas for models, or as the files that a host is installed from.

    \b
    Schemas, what goes under `tools` in a request: openai, anthropic, gemini, json-schema.
    For folders, see: hex-blocks export --list

    \b
    Examples:
      hex-blocks export openai --strict
      hex-blocks export anthropic --tools run,projects
      hex-blocks export json-schema --tools hex_run_and_wait
      hex-blocks export --list
    """
    from hex_blocks.hosts.exports import targets

    folders = targets()
    if listed:
        _list(folders, as_json=wants_json(as_json))
    elif target is None:
        raise click.UsageError(say("Name a target: {targets}.", targets=", ".join([*SCHEMAS, *folders])))
    elif target in SCHEMAS:
        _print_schemas(target, language=language, **options)
    elif target in folders:
        _write_folder(folders[target], language=language, **options)
    else:
        known = ", ".join([*SCHEMAS, *folders])
        message = say("{name} is not a target. Targets: {targets}.", name=target or '""', targets=known)
        raise click.BadParameter(message, param_hint="TARGET")


def _list(folders: dict[str, ExportTarget], *, as_json: bool) -> None:
    """Print the targets, of stdout and of folders."""
    if as_json:
        schemas = [{"target": name, "title": name, "output": "stdout", "level": {}} for name in SCHEMAS]
        made = [
            {"target": name, "title": each.title, "output": "folder", "level": dict(each.level)}
            for name, each in folders.items()
        ]
        print_json({"targets": [*schemas, *made]})
        return
    rows = [[name, "stdout", ""] for name in SCHEMAS]
    for name, each in folders.items():
        exempt = [
            f"{part}: {said.removeprefix(EXEMPT).rstrip('.')}"
            for part, said in each.level.items()
            if said.startswith(EXEMPT)
        ]
        rows.append([name, "--out DIR", "; ".join(exempt)])
    print_table([say("Target"), say("Goes to"), say("What it does not show")], rows)


def _print_schemas(target: str, *, language: str, **options: Any) -> None:
    """Print function schemas for models."""
    from hex_blocks.hosts.functions import EXPORTS
    from hex_blocks.hosts.models.toolbox import Toolbox

    if options["responses"] and target != "openai":
        raise click.UsageError(say("--responses is for openai."))
    for name in ("out", "pack", "force", "translated"):
        if options[name]:
            raise click.UsageError(say("--{option} is for targets that are written to a folder.", option=name))
    tools = options["tools"] or DEFAULT
    tools = f"{tools},{EXPERIMENTAL}" if options["experimental"] else tools
    read_only, search, strict = options["read_only"], not options["no_search"], options["strict"]
    box = Toolbox(tools, registry=load_registry(), read_only=read_only, search=search, language=language)
    more = {"responses": True} if options["responses"] else {}
    made = EXPORTS[target](box, strict=strict, **more)
    print_json(made)
    if strict and target == "anthropic" and (plain := [each["name"] for each in made if not each.get("strict")]):
        warn(say("Not strict, since a request may hold only so many optional inputs: {tools}", tools=", ".join(plain)))


def _write_folder(target: ExportTarget, *, language: str, **options: Any) -> None:
    """Write the files of a host to a folder."""
    from hex_blocks.hosts.exports import FolderError, archives, request_for, write_files

    folder: Path | None = options["out"]
    if folder is None:
        raise click.UsageError(say("Give the folder to write to: --out DIR."))
    for name in ("strict", "responses", "read_only", "no_search"):
        if options[name]:
            raise click.UsageError(say("--{option} is for schemas.", option=name.replace("_", "-")))
    if options["translated"] and not target.two_forms:
        raise click.UsageError(say("--translated is for a host that has a form without translations."))
    if options["pack"] and target.pack is None:
        raise click.UsageError(say("{target} is installed from its folder: there is no archive.", target=target.name))
    request = request_for(
        target,
        load_registry(),
        tools=[name.strip() for name in options["tools"].split(",")] if options["tools"] else None,
        experimental=options["experimental"],
        language=language,
        translated=options["translated"],
    )
    files = target.files(request)
    try:
        write_files(target, files, folder, replace=options["force"])
    except FolderError as error:
        raise click.UsageError(_refusal(error, target)) from None
    warn(say(Plural("{count} file is in {folder}.", "{count} files are in {folder}."), count=len(files), folder=folder))
    if options["pack"]:
        for path, content in archives(target, request, files, folder.absolute()).items():
            path.write_bytes(content)
            click.echo(str(path))


def _refusal(error: FolderError, target: ExportTarget) -> str:
    """Return the error of a folder that an export cannot be written to."""
    from hex_blocks.hosts.exports import A_FILE, IN_THE_WAY, IN_USE

    path = str(error.path)
    if error.reason == A_FILE:
        return say("{path} is a file. Give a folder.", path=path)
    if error.reason == IN_USE:
        return say("{path} is not empty. Give another folder, or --force to replace an earlier export.", path=path)
    if error.reason == IN_THE_WAY:
        return say("{path} is not of an earlier export, and would be overwritten. Give another folder.", path=path)
    return say("{path} holds no earlier export for {target}. Give another folder.", path=path, target=target.name)
