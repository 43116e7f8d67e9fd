"""JSON files that only their owner can read, written atomically."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_private(path: Path, document: Any) -> None:
    """Write a JSON file atomically, readable by its owner only, and create its folder if needed.

    Raises:
        OSError: The file cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as opened:
        json.dump(document, opened, indent=2)
    temporary.replace(path)


def read_private(path: Path) -> Any:
    """Return the JSON document in a file.

    Raises:
        OSError: The file does not exist, cannot be read, or belongs to another user and so cannot be trusted.
        ValueError: It is not JSON.
    """
    if hasattr(os, "getuid") and path.stat().st_uid != os.getuid():
        raise PermissionError(f"{path} belongs to somebody else")
    return json.loads(path.read_bytes())
