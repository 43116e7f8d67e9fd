"""Configuration of common MCP clients: what users paste into each client's file to start the server."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hex_blocks import __version__

TOKEN = "HEX_API_TOKEN"  # noqa: S105
PLACEHOLDER = "hxtp_…"
PACKAGE = "hex-blocks"
SERVER = "hex"
# How long clients with a shorter default are set to wait for a call: longer than hex_run_and_wait waits by default.
CALL_TIMEOUT_SECONDS = 660
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
# Words that YAML does not read as strings unless they are quoted.
_YAML_KEYWORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


class StartCommand(NamedTuple):
    """The command, the arguments and the environment variables with which a client starts the server."""

    command: str
    arguments: list[str]
    settings: Mapping[str, str]

    def environment(self, token: str = PLACEHOLDER) -> dict[str, str]:
        """Return the variables, that of the token among them."""
        return {TOKEN: token, **self.settings}


class Client(NamedTuple):
    """A client.

    Attributes:
        place: The file that the configuration goes into.
        document: Returns the configuration for a start command.
        write: Returns the configuration as text.
    """

    place: str
    document: Callable[[StartCommand], dict[str, Any]]
    write: Callable[[dict[str, Any]], str]


def configuration(
    client: str, arguments: list[str], *, uvx: list[str] | None = None, settings: Mapping[str, str] | None = None
) -> str:
    """Return the text that goes into a client's file to start this server.

    Args:
        client: The client's name, a key of CLIENTS.
        arguments: The arguments of `hex-blocks mcp`.
        uvx: The command that downloads and runs a package, if the server is to be started without an installation.
        settings: Environment variables to set besides that of the token.
    """
    mcp = ["mcp", *arguments]
    source = ["--from", f"{PACKAGE}[mcp]=={__version__}", PACKAGE]
    variables = settings or {}
    if uvx:
        start = StartCommand(uvx[0], [*uvx[1:], *source, *mcp], variables)
    else:
        start = StartCommand(command(), mcp, variables)
    chosen = CLIENTS[client]
    return chosen.write(chosen.document(start))


def place(client: str) -> str:
    """Return the file that the client's configuration goes into."""
    return CLIENTS[client].place


def command() -> str:
    """Return the command `hex-blocks` with its full path, because desktop applications have a different PATH."""
    beside = Path(sys.argv[0])
    if beside.stem == "hex-blocks" and beside.is_file():
        return str(beside.absolute())
    beside = Path(sys.executable).with_name("hex-blocks" + Path(sys.executable).suffix)
    return str(beside) if beside.is_file() else shutil.which("hex-blocks") or "hex-blocks"


def find_uvx() -> list[str] | None:
    """Return uv's command to download and run a package, with its full path; None if uv is not installed."""
    for name, arguments in (("uvx", []), ("uv", ["tool", "run"])):
        if found := shutil.which(name):
            return [str(Path(found).absolute()), *arguments]
    return None


def _entry(start: StartCommand, token: str = PLACEHOLDER) -> dict[str, Any]:
    return {"command": start.command, "args": start.arguments, "env": start.environment(token)}


def _servers_under(key: str, **more: Any) -> Callable[[StartCommand], dict[str, Any]]:
    """Return a function that makes the common document: a mapping of servers under the key that the client uses."""
    return lambda start: {key: {SERVER: {**more, **_entry(start)}}}


def _vscode(start: StartCommand) -> dict[str, Any]:
    # VS Code asks the user for the token once and stores it encrypted.
    token_input = {"type": "promptString", "id": "hex-token", "description": "Hex API token", "password": True}
    return {"servers": {SERVER: {"type": "stdio", **_entry(start, "${input:hex-token}")}}, "inputs": [token_input]}


def _codex(start: StartCommand) -> dict[str, Any]:
    entry = _entry(start)
    environment = entry.pop("env")
    return {"mcp_servers": {SERVER: {**entry, "tool_timeout_sec": CALL_TIMEOUT_SECONDS, "env": environment}}}


def _goose(start: StartCommand) -> dict[str, Any]:
    entry = {
        "enabled": True,
        "type": "stdio",
        "name": SERVER,
        "description": "Hex",
        "cmd": start.command,
        "args": start.arguments,
        "envs": start.environment(),
        "timeout": CALL_TIMEOUT_SECONDS,
    }
    return {"extensions": {SERVER: entry}}


def _opencode(start: StartCommand) -> dict[str, Any]:
    entry = {
        "type": "local",
        "command": [start.command, *start.arguments],
        "enabled": True,
        "environment": start.environment(),
    }
    return {"mcp": {SERVER: entry}}


def _copilot(start: StartCommand) -> dict[str, Any]:
    # Copilot CLI shows only the tools that are listed here.
    return {"mcpServers": {SERVER: {"type": "local", **_entry(start), "tools": ["*"]}}}


def _continue(start: StartCommand) -> dict[str, Any]:
    entry = {"name": SERVER, "type": "stdio", **_entry(start)}
    return {"name": "Hex", "version": __version__, "schema": "v1", "mcpServers": [entry]}


def as_json(document: dict[str, Any]) -> str:
    """Return a document as JSON."""
    return json.dumps(document, ensure_ascii=False, indent=2)


def as_toml(document: dict[str, Any]) -> str:
    """Return a document of tables, strings, numbers and lists as TOML."""
    return "\n".join(_tables(document, [])).strip("\n")


def as_yaml(document: dict[str, Any]) -> str:
    """Return a document of mappings, lists and scalars as YAML."""
    return "\n".join(_block(document))


CLIENTS: dict[str, Client] = {
    "claude": Client("claude_desktop_config.json (Claude Desktop)", _servers_under("mcpServers"), as_json),
    "claude-code": Client(".mcp.json (Claude Code)", _servers_under("mcpServers", type="stdio"), as_json),
    "cursor": Client(".cursor/mcp.json (Cursor)", _servers_under("mcpServers"), as_json),
    "vscode": Client(".vscode/mcp.json (VS Code)", _vscode, as_json),
    "windsurf": Client("~/.codeium/windsurf/mcp_config.json (Windsurf)", _servers_under("mcpServers"), as_json),
    "zed": Client("settings.json (Zed)", _servers_under("context_servers"), as_json),
    "gemini": Client("~/.gemini/settings.json (Gemini CLI)", _servers_under("mcpServers"), as_json),
    "cline": Client("cline_mcp_settings.json (Cline)", _servers_under("mcpServers"), as_json),
    "codex": Client("~/.codex/config.toml (Codex)", _codex, as_toml),
    "goose": Client("~/.config/goose/config.yaml (goose)", _goose, as_yaml),
    "roo": Client(".roo/mcp.json (Roo Code)", _servers_under("mcpServers"), as_json),
    "kiro": Client(".kiro/settings/mcp.json (Kiro)", _servers_under("mcpServers"), as_json),
    "junie": Client(".junie/mcp/mcp.json (Junie)", _servers_under("mcpServers"), as_json),
    "lmstudio": Client("~/.lmstudio/mcp.json (LM Studio)", _servers_under("mcpServers"), as_json),
    "qwen": Client("~/.qwen/settings.json (Qwen Code)", _servers_under("mcpServers"), as_json),
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
    """Return a key for TOML or YAML: unquoted if both languages read it as this string."""
    bare = _BARE.fullmatch(name) and name.lower() not in _YAML_KEYWORDS
    return name if bare else _quoted(name)


def _block(value: Any) -> Iterator[str]:
    """Yield the lines of a mapping or a list in YAML. Strings are quoted, because YAML reads some as other types."""
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
    # TOML and YAML read JSON values, but require invisible characters to be escaped.
    written = json.dumps(value, ensure_ascii=False)
    return "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in written)
