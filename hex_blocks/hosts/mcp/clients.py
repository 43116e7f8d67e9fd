"""Configuration for the usual clients, to be pasted into their files."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

# The client's own name for its list of servers, where the file lies, and what an entry says beside the command.
CLIENTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "claude": ("mcpServers", "claude_desktop_config.json (Claude Desktop)", {}),
    "claude-code": ("mcpServers", ".mcp.json (Claude Code)", {"type": "stdio"}),
    "cursor": ("mcpServers", ".cursor/mcp.json (Cursor)", {}),
    "vscode": ("servers", ".vscode/mcp.json (VS Code)", {"type": "stdio"}),
    "windsurf": ("mcpServers", "~/.codeium/windsurf/mcp_config.json (Windsurf)", {}),
    "zed": ("context_servers", "settings.json (Zed)", {}),
    "gemini": ("mcpServers", "~/.gemini/settings.json (Gemini CLI)", {}),
    "cline": ("mcpServers", "cline_mcp_settings.json (Cline)", {}),
}
TOKEN = "HEX_API_TOKEN"  # noqa: S105
PLACEHOLDER = "hxtp_…"


def configuration(client: str, arguments: list[str]) -> dict[str, Any]:
    """Give what goes into a client's file to start this server with these arguments."""
    servers, _, more = CLIENTS[client]
    environment = {TOKEN: "${input:hex-token}" if client == "vscode" else PLACEHOLDER}
    entry = {**more, "command": command(), "args": ["mcp", *arguments], "env": environment}
    document: dict[str, Any] = {servers: {"hex": entry}}
    if client == "vscode":
        # VS Code asks once and keeps it encrypted.
        document["inputs"] = [
            {"type": "promptString", "id": "hex-token", "description": "Hex API token", "password": True}
        ]
    return document


def command() -> str:
    """Give the command that starts this, with its whole path: programs of the desktop have another PATH."""
    beside = Path(sys.argv[0])
    if beside.stem == "hex-blocks" and beside.is_file():
        return str(beside.absolute())
    beside = Path(sys.executable).with_name("hex-blocks" + Path(sys.executable).suffix)
    return str(beside) if beside.is_file() else shutil.which("hex-blocks") or "hex-blocks"


def place(client: str) -> str:
    """Say where the configuration goes."""
    return CLIENTS[client][1]
