"""The operations of Hex's API. Each module registers its own with `@operation`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from hex_blocks.sandbox.operation_table import registered

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

OPERATIONS = registered()
# Operations that are not in Hex's API document.
EXPERIMENTAL = registered(experimental=True)
