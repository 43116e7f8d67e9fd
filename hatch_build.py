"""What the build adds to the package: translations, compiled from their .po files.

For a wheel they go in under hex_blocks/locales/; for an editable installation they stand beside their sources.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface[Any]):
    """Compiles the translations."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile every language before files are gathered."""
        sys.path.insert(0, self.root)
        try:
            from hex_blocks.dev.catalogues import compile_catalogues
        finally:
            sys.path.remove(self.root)
        for compiled in compile_catalogues(Path(self.root) / "locales"):
            if version != "editable":
                build_data["force_include"][str(compiled)] = f"hex_blocks/locales/{compiled.name}"
