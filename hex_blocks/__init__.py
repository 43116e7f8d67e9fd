"""Hex on every workflow canvas and in every agent's toolbox.

>>> from hex_blocks import Hex
>>> result = Hex("hxtp_…").call("hex_run_project", {"projectId": "…"})
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection
    from hex_blocks.client import Hex
    from hex_blocks.errors.classes import HexError
    from hex_blocks.tools.registry import Registry
from hex_blocks.tools.tool import Tool

__version__ = "0.1.0"
__all__ = ["Connection", "Hex", "HexError", "Registry", "Tool", "__version__"]

_HOMES = {
    "Connection": "hex_blocks.api.connection",
    "Hex": "hex_blocks.client",
    "HexError": "hex_blocks.errors.classes",
    "Registry": "hex_blocks.tools.registry",
    "Tool": "hex_blocks.tools.tool",
}


def __getattr__(name: str) -> Any:
    # A listing must not pay for what only a call needs.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
