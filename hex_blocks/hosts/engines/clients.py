"""The clients of an engine's process: one for each connection, so that its tasks share rate limits and the watcher."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from hex_blocks.api.secret import HoldsSecret, Secret, revealed
from hex_blocks.client import Hex

if TYPE_CHECKING:
    from hex_blocks.tools.tool import Tool

MOST_CLIENTS = 16
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def client_for(api_key: str | HoldsSecret | None = None, base_url: str | None = None) -> Hex:
    """Return this process's client for a token and a base URL. Default: those of the environment."""
    token = None if api_key is None else Secret(revealed(api_key))
    # A forked process gets new clients, because processes must not share network connections.
    return _client(token, base_url, os.getpid())


@lru_cache(maxsize=MOST_CLIENTS)
def _client(token: Secret | None, base_url: str | None, _process: int) -> Hex:
    return Hex(token, base_url)


def snake_case(name: str) -> str:
    """Return the name of an input in snake case, as engines use it: inputParams becomes input_params."""
    return _CAPITAL.sub("_", name).lower()


def hex_inputs(tool: Tool, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs with the tool's names instead of snake case (top level only), without those that are None."""
    names = {snake_case(name): name for name in tool.spec.inputs}
    return {names.get(name, name): value for name, value in given.items() if value is not None}


def call_tool(hex: Hex, tool: str, inputs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Call a tool and return its outputs. The names of inputs may be in snake case.

    Raises:
        HexError: The call failed.
    """
    return hex.call(tool, hex_inputs(hex.tools[tool], inputs or {}))


def forget_clients() -> None:
    """Remove the clients of this process, so that new ones read the environment again."""
    _client.cache_clear()
