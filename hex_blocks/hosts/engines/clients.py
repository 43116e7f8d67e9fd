"""The clients of an engine's process: one for each connection, so that all its tasks share limits and watcher."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from hex_blocks.client import Hex

if TYPE_CHECKING:
    from hex_blocks.tools.tool import Tool

MOST_CLIENTS = 16
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def client_for(api_key: str | SecretStr | None = None, base_url: str | None = None) -> Hex:
    """Return this process's client for a token and a base URL; those of the environment where none are given."""
    token = SecretStr(api_key) if isinstance(api_key, str) else api_key
    # A process that was forked has clients of its own: a network connection serves one.
    return _client(token, base_url, os.getpid())


@lru_cache(maxsize=MOST_CLIENTS)
def _client(token: SecretStr | None, base_url: str | None, _process: int) -> Hex:
    return Hex(token, base_url)


def snake_case(name: str) -> str:
    """Return the name of an input as engines write it: inputParams is input_params."""
    return _CAPITAL.sub("_", name).lower()


def hex_inputs(tool: Tool, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs under the tool's own names: at the top they may be in snake case. None means not given."""
    names = {snake_case(name): name for name in tool.spec.inputs}
    return {names.get(name, name): value for name, value in given.items() if value is not None}


def call_tool(hex: Hex, tool: str, inputs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Run a tool with inputs that may be in snake case at the top. Raises HexError."""
    return hex.call(tool, hex_inputs(hex.tools[tool], inputs or {}))


def forget_clients() -> None:
    """Forget the clients of this process, so that the next ones read its environment anew."""
    _client.cache_clear()
