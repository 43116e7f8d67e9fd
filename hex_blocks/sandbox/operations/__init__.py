"""Hex's operations. Each module here registers its own with `@operation`, beside the functions."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from hex_blocks.sandbox.operation_table import registered

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

OPERATIONS = registered()
# What Hex has beside its document, as far as that is known.
EXPERIMENTAL = registered(experimental=True)
