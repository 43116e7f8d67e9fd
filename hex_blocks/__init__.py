"""Blocks for Hex (hex.tech): run projects, read their results and manage a workspace, from code or a workflow host.

>>> from hex_blocks import Hex
>>> result = Hex("hxtp_…").call("hex_run_project", {"projectId": "…"})
"""

from __future__ import annotations

# Not imported from typing, which takes most of the time until the command can handle Ctrl-C.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hex_blocks.api.connection import Connection
    from hex_blocks.client import Hex
    from hex_blocks.errors.classes import HexError
    from hex_blocks.tools.registry import Registry
    from hex_blocks.tools.tool import Tool

__version__ = "0.1.0"
__all__ = ["Connection", "Hex", "HexError", "Registry", "Tool", "__version__"]

_MODULES = {
    "Connection": "hex_blocks.api.connection",
    "Hex": "hex_blocks.client",
    "HexError": "hex_blocks.errors.classes",
    "Registry": "hex_blocks.tools.registry",
    "Tool": "hex_blocks.tools.tool",
}


def __getattr__(name: str) -> Any:
    # Loaded on first use, because a listing needs little of it.
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
