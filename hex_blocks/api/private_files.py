"""Small files of JSON that are for one person only: whole at any moment, and readable by their owner alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_private(path: Path, document: Any) -> None:
    """Write a file whole, in a folder that is made where it is not there, readable by its owner only.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = path.with_suffix(f".{os.getpid()}")
    made.unlink(missing_ok=True)
    with os.fdopen(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as opened:
        json.dump(document, opened, indent=2)
    made.replace(path)


def read_private(path: Path) -> Any:
    """Return what a file holds.

    Raises:
        OSError: It is not there, cannot be read, or is somebody else's, which is not believed.
        ValueError: It is not JSON.
    """
    if hasattr(os, "getuid") and path.stat().st_uid != os.getuid():
        raise PermissionError(f"{path} belongs to somebody else")
    return json.loads(path.read_bytes())
