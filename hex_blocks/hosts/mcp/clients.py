"""Configuration for the usual clients, in each one's own form, to be pasted into their files."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hex_blocks import __version__

TOKEN = "HEX_API_TOKEN"  # noqa: S105
PLACEHOLDER = "hxtp_…"
PACKAGE = "hex-blocks"
SERVER = "hex"
# Longer than hex_run_and_wait waits unless told otherwise, where a client would give up sooner.
CALL_SECONDS = 660
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
# Words that YAML reads as something else than a text.
_NO_TEXTS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


class Start(NamedTuple):
    """How a client starts the server."""

    command: str
    arguments: list[str]


class Client(NamedTuple):
    """A client: where its file lies, what goes into it, and how that is written."""

    place: str
    document: Callable[[Start], dict[str, Any]]
    write: Callable[[dict[str, Any]], str]


def configuration(client: str, arguments: list[str], *, uvx: list[str] | None = None) -> str:
    """Write what goes into a client's file to start this server with these arguments.

    uvx: the command that gets a package and runs it, so that nothing need be installed.
    """
    mcp = ["mcp", *arguments]
    source = ["--from", f"{PACKAGE}[mcp]=={__version__}", PACKAGE]
    start = Start(uvx[0], [*uvx[1:], *source, *mcp]) if uvx else Start(command(), mcp)
    chosen = CLIENTS[client]
    return chosen.write(chosen.document(start))


def place(client: str) -> str:
    """Say where the configuration goes."""
    return CLIENTS[client].place


def command() -> str:
    """Return the command that starts this, with its whole path: programs of the desktop have another PATH."""
    beside = Path(sys.argv[0])
    if beside.stem == "hex-blocks" and beside.is_file():
        return str(beside.absolute())
    beside = Path(sys.executable).with_name("hex-blocks" + Path(sys.executable).suffix)
    return str(beside) if beside.is_file() else shutil.which("hex-blocks") or "hex-blocks"


def find_uvx() -> list[str] | None:
    """Return the command by which uv gets a package and runs it, with its whole path; None where there is no uv."""
    for name, arguments in (("uvx", []), ("uv", ["tool", "run"])):
        if found := shutil.which(name):
            return [str(Path(found).absolute()), *arguments]
    return None


def _entry(start: Start, token: str = PLACEHOLDER) -> dict[str, Any]:
    return {"command": start.command, "args": start.arguments, "env": {TOKEN: token}}


def _named(servers: str, **more: Any) -> Callable[[Start], dict[str, Any]]:
    """Make the usual document: a mapping of servers, under the client's own name for it."""
    return lambda start: {servers: {SERVER: {**more, **_entry(start)}}}


def _vscode(start: Start) -> dict[str, Any]:
    # VS Code asks once and keeps it encrypted.
    asked = {"type": "promptString", "id": "hex-token", "description": "Hex API token", "password": True}
    return {"servers": {SERVER: {"type": "stdio", **_entry(start, "${input:hex-token}")}}, "inputs": [asked]}


def _codex(start: Start) -> dict[str, Any]:
    entry = _entry(start)
    environment = entry.pop("env")
    return {"mcp_servers": {SERVER: {**entry, "tool_timeout_sec": CALL_SECONDS, "env": environment}}}


def _goose(start: Start) -> dict[str, Any]:
    entry = {
        "enabled": True,
        "type": "stdio",
        "name": SERVER,
        "description": "Hex",
        "cmd": start.command,
        "args": start.arguments,
        "envs": {TOKEN: PLACEHOLDER},
        "timeout": CALL_SECONDS,
    }
    return {"extensions": {SERVER: entry}}


def _opencode(start: Start) -> dict[str, Any]:
    entry = {
        "type": "local",
        "command": [start.command, *start.arguments],
        "enabled": True,
        "environment": {TOKEN: PLACEHOLDER},
    }
    return {"mcp": {SERVER: entry}}


def _copilot(start: Start) -> dict[str, Any]:
    # It shows no tool that is not named here.
    return {"mcpServers": {SERVER: {"type": "local", **_entry(start), "tools": ["*"]}}}


def _continue(start: Start) -> dict[str, Any]:
    entry = {"name": SERVER, "type": "stdio", **_entry(start)}
    return {"name": "Hex", "version": __version__, "schema": "v1", "mcpServers": [entry]}


def as_json(document: dict[str, Any]) -> str:
    """Write a document as JSON."""
    return json.dumps(document, ensure_ascii=False, indent=2)


def as_toml(document: dict[str, Any]) -> str:
    """Write a document of tables, texts, numbers and lists as TOML."""
    return "\n".join(_tables(document, [])).strip("\n")


def as_yaml(document: dict[str, Any]) -> str:
    """Write a document of mappings, lists and plain values as YAML."""
    return "\n".join(_block(document))


CLIENTS: dict[str, Client] = {
    "claude": Client("claude_desktop_config.json (Claude Desktop)", _named("mcpServers"), as_json),
    "claude-code": Client(".mcp.json (Claude Code)", _named("mcpServers", type="stdio"), as_json),
    "cursor": Client(".cursor/mcp.json (Cursor)", _named("mcpServers"), as_json),
    "vscode": Client(".vscode/mcp.json (VS Code)", _vscode, as_json),
    "windsurf": Client("~/.codeium/windsurf/mcp_config.json (Windsurf)", _named("mcpServers"), as_json),
    "zed": Client("settings.json (Zed)", _named("context_servers"), as_json),
    "gemini": Client("~/.gemini/settings.json (Gemini CLI)", _named("mcpServers"), as_json),
    "cline": Client("cline_mcp_settings.json (Cline)", _named("mcpServers"), as_json),
    "codex": Client("~/.codex/config.toml (Codex)", _codex, as_toml),
    "goose": Client("~/.config/goose/config.yaml (goose)", _goose, as_yaml),
    "roo": Client(".roo/mcp.json (Roo Code)", _named("mcpServers"), as_json),
    "kiro": Client(".kiro/settings/mcp.json (Kiro)", _named("mcpServers"), as_json),
    "junie": Client(".junie/mcp/mcp.json (Junie)", _named("mcpServers"), as_json),
    "lmstudio": Client("~/.lmstudio/mcp.json (LM Studio)", _named("mcpServers"), as_json),
    "qwen": Client("~/.qwen/settings.json (Qwen Code)", _named("mcpServers"), as_json),
    "copilot": Client("~/.copilot/mcp-config.json (Copilot CLI)", _copilot, as_json),
    "opencode": Client("opencode.json (OpenCode)", _opencode, as_json),
    "continue": Client(".continue/mcpServers/hex.yaml (Continue)", _continue, as_yaml),
}


def _tables(table: dict[str, Any], path: list[str]) -> Iterator[str]:
    values = {name: value for name, value in table.items() if not isinstance(value, dict)}
    if path and (values or not table):
        yield f"\n[{'.'.join(_key(step) for step in path)}]"
    yield from (f"{_key(name)} = {_quoted(value)}" for name, value in values.items())
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _tables(value, [*path, name])


def _key(name: str) -> str:
    """Write a key, which is bare where both languages read it as this text."""
    bare = _BARE.fullmatch(name) and name.lower() not in _NO_TEXTS
    return name if bare else _quoted(name)


def _block(value: Any) -> Iterator[str]:
    """Write the lines of a mapping or a list of YAML. Texts are in quotes: without, some are read as other things."""
    for name, part in value.items() if isinstance(value, dict) else ((None, each) for each in value):
        lead = "-" if name is None else f"{_key(name)}:"
        if not isinstance(part, (dict, list)) or not part:
            yield f"{lead} {_quoted(part)}"
            continue
        lines = [f"  {line}" for line in _block(part)]
        if name is None:
            yield f"- {lines[0].removeprefix('  ')}"
            yield from lines[1:]
        else:
            yield lead
            yield from lines


def _quoted(value: Any) -> str:
    # What JSON writes is read alike by TOML and YAML, but for characters that are not seen, which these want escaped.
    written = json.dumps(value, ensure_ascii=False)
    return "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in written)
