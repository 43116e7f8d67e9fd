"""Lets Hex's clock go faster in every process of a cluster: installed there as `sitecustomize`, and named by a test.

All of them, and the sandbox, share one moment at which it began. Airflow's own time stays as it is.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from types import ModuleType
from typing import Any

CLOCK = "HEX_BLOCKS_TEST_CLOCK"
PATCHED = "hex_blocks.api.connection"


def fast_clock() -> Any:
    """Return the clock that the environment tells of: its speed, and its beginning by both of the machine's clocks."""
    from hex_blocks.clock import FastClock

    speed, time, monotonic = map(float, os.environ[CLOCK].split())
    clock = FastClock(speed)
    clock._started_at, clock._origin = time, monotonic
    return clock


class Patching:
    """Gives connections the fast clock, when somebody imports their module."""

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> Any:
        if name != PATCHED:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        assert spec
        assert spec.loader
        execute = spec.loader.exec_module

        def patch(module: Any) -> None:
            execute(module)
            module.SystemClock = fast_clock

        loader: Any = spec.loader
        loader.exec_module = patch
        return spec


if os.environ.get(CLOCK):
    sys.meta_path.insert(0, Patching())
