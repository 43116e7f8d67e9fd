"""Exports the skill as a folder: SKILL.md, and the references and scripts that it links to.

The pages are in `pages/`. Lists of tools, errors, limits and requests are generated from the registry and replace
placeholders such as `%%NAME%%`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from hex_blocks.api.limits.groups import ALL, HEX_LIMITS
from hex_blocks.errors.sentences import SENTENCES
from hex_blocks.hosts.exports import ExportRequest, ExportTarget, Files
from hex_blocks.hosts.mcp.clients import CLIENTS
from hex_blocks.hosts.mcp.resources import tool_page
from hex_blocks.hosts.models.toolbox import Toolbox
from hex_blocks.hosts.packing import own_wheel, zip_of
from hex_blocks.tools.tool import Tool

PAGES = Path(__file__).parent / "pages"
FOLDER = "hex-blocks"
KINDS = {
    "input": "Something in the call is wrong. Change the inputs.",
    "token": "The token is missing, is refused, or lacks a right. Tell the user.",
    "not_found": "What the call names does not exist, or is not visible with this token.",
    "busy": "Hex refused for now and did nothing. Wait, then repeat the same call.",
    "down": "There was no usable answer. Look whether the work was done before you repeat the call.",
    "run": "A run was started and did not complete. Tell the user, with its page.",
}
SPANS = {60: "a minute", 3600: "an hour"}
_PLACE = re.compile(r"%%(\w+)%%")


def files(request: ExportRequest) -> Files:
    """Return the files of the skill."""
    made = {path: text.encode() for path, text in pages(request).items()}
    made |= {f"scripts/{file.name}": file.read_bytes() for file in sorted((PAGES / "scripts").glob("*.py"))}
    name, wheel = own_wheel()
    # The package is not on an index, so an agent installs the command from this wheel.
    made[f"assets/{name}"] = wheel
    return {f"{FOLDER}/{path}": content for path, content in made.items()}


def pages(request: ExportRequest) -> dict[str, str]:
    """Return the pages, by path in the skill's folder."""
    written = {file.relative_to(PAGES).as_posix(): file.read_text("utf-8") for file in sorted(PAGES.rglob("*.md"))}
    filled = {path: _PLACE.sub(lambda found: PLACES[found[1]](request), page) for path, page in written.items()}
    return (
        filled | {"references/errors.md": _errors(), "references/tools.md": _overview(request)} | _tool_pages(request)
    )


def _groups(request: ExportRequest) -> dict[str, list[Tool]]:
    """Return the tools by group, without empty groups."""
    groups = {key: [tool for tool in request.tools if tool.group == key] for key in request.registry.groups}
    return {key: tools for key, tools in groups.items() if tools}


def _tool_pages(request: ExportRequest) -> dict[str, str]:
    pages = {}
    for key, tools in _groups(request).items():
        group = request.registry.groups[key]
        head = f"# {group['title']}\n\n{group['description']}\n"
        pages[f"references/tools-{key}.md"] = "\n".join([head, *map(_tool_page, tools)])
    return pages


def _tool_page(tool: Tool) -> str:
    does = "Destructive: get the user's consent first." if tool.destructive else None
    does = does or ("Only reads." if tool.operation == "query" else "Makes changes.")
    head, _, rest = tool_page(tool).partition("\n\n")
    return f"{head}\n\n{does}\n\n{rest}"


def _overview(request: ExportRequest) -> str:
    lines = ["# All tools", "", "Each page has the inputs and outputs of its tools, and an example of each.", ""]
    for key, tools in _groups(request).items():
        lines += [f"## [{request.registry.groups[key]['title']}](tools-{key}.md)", ""]
        lines += [f"- `{tool.id}`: {tool.description()}" for tool in tools]
        lines.append("")
    return "\n".join(lines)


def _errors() -> str:
    lines = ["# Errors", "", "Keys never change. Text in braces is filled in.", ""]
    for kind, meaning in KINDS.items():
        rows = [(key, each) for key, each in SENTENCES.items() if each.kind == kind]
        lines += [f"## {kind}", "", meaning, "", "| Key | What happened | What to do |", "|---|---|---|"]
        lines += [f"| `{key}` | {each.message} | {each.hint} |" for key, each in rows]
        lines.append("")
    return "\n".join(lines)


def _limits(request: ExportRequest) -> str:
    rows = [("all requests", ALL)]
    for group in HEX_LIMITS:
        sent = [
            tool.id for tool in request.tools if (hex_request := tool.spec.request) and hex_request.limit_group == group
        ]
        if group != ALL and sent:
            rows.append((", ".join(f"`{tool_id}`" for tool_id in sent), group))
    return "\n".join(f"| {what} | {', '.join(_each_limit(group))} |" for what, group in rows)


def _each_limit(group: str) -> Iterator[str]:
    return (f"{count:,} {SPANS[seconds]}" for count, seconds in HEX_LIMITS[group])


def _operations(request: ExportRequest) -> str:
    return "\n".join(
        f"| `{tool.id}` | {hex_request.method} `{hex_request.path}` |"
        for tool in request.tools
        if (hex_request := tool.spec.request)
    )


PLACES: dict[str, Callable[[ExportRequest], str]] = {
    "version": lambda request: request.version,
    "tools": lambda request: str(len(request.tools)),
    "wheel": lambda request: f"hex_blocks-{request.version}-py3-none-any.whl",
    "clients": lambda _request: ", ".join(f"`{client}`" for client in CLIENTS),
    "listed": lambda request: ", ".join(f"`{name}`" for name in Toolbox(registry=request.registry).shown),
    "limits": _limits,
    "operations": _operations,
}

TARGET = ExportTarget(
    name="skill",
    title="Agent skill",
    level={
        "pages and references": "done: tests/hosts/skill/test_skill.py",
        "commands, calls and scripts": "done: tests/hosts/skill/test_skill.py",
        "the format's own validator": "done: tests/hosts/skill/validator/test_format.py",
        "translations": "exempt: an agent reads English and answers in its user's language",
    },
    files=files,
    pack=lambda _request, made: {".zip": zip_of(made)},
)
